"""Socket Mode: Slack sends what people say through WebSockets that we open (docs.slack.dev, Using Socket Mode).

What comes is acknowledged on the connection that brought it, and only after its effect is stored: an event that is not
acknowledged comes again, and its id tells that it was taken.

slack-sdk's own client is not used: it closes a connection before it opens the next one, acknowledges on whichever it has
then, and tries a token that Slack refuses for ever (3.47, slack_sdk/socket_mode/aiohttp). Here Slack announces that it
takes a connection away, the next one is opened, and the old one still acknowledges what it brought. A second connection
beside it takes what comes while the first one is lost without a word.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
from pydantic import SecretStr

from bot.channels.receiver_loop import SlackBackoff
from bot.channels.slack.payload_dispatcher import PayloadDispatcher
from bot.ports.clock import Clock
from bot.ports.receiver import RequestDispatcher
from subscriptions.errors import RetryLater

if TYPE_CHECKING:
    from bot.channels.slack._client import Client
    from bot.channels.slack.outbound import SlackChannel

log = logging.getLogger("paperwire")

NAME = "slack events"
CONNECTIONS = 2  # connections beside each other; Slack allows ten
LINGER = 15.0  # seconds that a connection is still read which Slack takes away; it does so ten seconds after it said so
SHORT_LIVED = 5.0  # seconds; after a connection that was shorter we rest
CLOSE_SECONDS = 2.0  # seconds to acknowledge what is under way when the process stops
URL_LIFETIME = 20.0  # seconds that an address for a connection is kept


class SocketMode:
    """A Receiver: what people say, by the app of one app token. `met` is told the bot's name."""

    webhook = None
    routes = ()

    def __init__(
        self,
        channel: "SlackChannel",
        app: SecretStr,
        clock: Clock,
        *,
        on_bot_name: Callable[[str], None],
        name: str = NAME,
    ) -> None:
        self.name = name
        self._connect = channel.workspaces.connect
        self._app = app
        self._clock = clock
        self._dispatcher = PayloadDispatcher(channel, app, on_bot_name=on_bot_name)
        self._backoff = SlackBackoff(clock)
        self._client: Client | None = None
        self._reserved_url: tuple[str, float] | None = None  # an address for a connection, and since when we have it
        self._open = 0  # connections that said hello

    @property
    def problem(self) -> str:
        """See Receiver."""
        return "" if self._open else self._backoff.problem

    async def check(self) -> None:
        """Asks Slack whether it takes the token. Raises NotDelivered; SenderStopped or Rejected: it never will."""
        caller = self._connect(self._app)
        try:
            self._reserved_url = (await _address(caller), self._clock.monotonic())
        finally:
            await caller.close()

    async def listen(self, listener: RequestDispatcher) -> None:
        """See Receiver. What was taken when it is cancelled is finished by the listener."""
        try:
            await self._backoff.retry_until_done(self._dispatcher.identify)
            async with asyncio.TaskGroup() as group:
                for _ in range(CONNECTIONS):
                    group.create_task(self._stay_connected(listener))
        finally:
            await self.close()

    async def drain(self, listener: RequestDispatcher) -> None:
        """See Receiver. Slack keeps nothing to ask for."""
        del listener
        log.warning("Slack sends what people say only to a paperwire run that goes on.")

    async def close(self) -> None:
        """Lets go of the connections; the next one is made anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    # ---------------------------------------------------------------------------------------------------- connections

    async def _stay_connected(self, listener: RequestDispatcher) -> None:
        """One connection after the other; the next one stands before the last one goes."""
        async with asyncio.TaskGroup() as group:
            while True:
                socket = await self._backoff.retry_until_done(self._connect_socket)
                began, going = self._clock.monotonic(), asyncio.Event()
                group.create_task(self._read_connection(socket, listener, going))
                await going.wait()
                if self._clock.monotonic() - began < SHORT_LIVED:
                    await self._clock.sleep(1.0)

    async def _connect_socket(self) -> aiohttp.ClientWebSocketResponse:
        ticket, self._reserved_url = self._reserved_url, None
        fresh = ticket is not None and self._clock.monotonic() - ticket[1] < URL_LIFETIME
        if self._client is None:
            self._client = self._connect(self._app)
        address = ticket[0] if ticket is not None and fresh else await _address(self._client)
        return await self._client.socket(address)

    async def _read_connection(
        self, socket: aiohttp.ClientWebSocketResponse, listener: RequestDispatcher, going: asyncio.Event
    ) -> None:
        """Reads one connection until it is gone. `going` is set as soon as that is known."""
        line = _Connection(socket, self._dispatcher, listener)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    async for message in socket:
                        kind = line.read(message)
                        if kind == "hello":
                            self._on_hello(line)
                        elif kind == "disconnect":
                            going.set()
                            limit.reschedule(asyncio.get_running_loop().time() + LINGER)
        finally:
            self._open -= line.said_hello
            going.set()
            await line.finish()

    def _on_hello(self, line: "_Connection") -> None:
        self._open += not line.said_hello
        line.said_hello = True
        self._backoff.mark_healthy()


async def _address(caller: "Client") -> str:
    """Where the next connection is opened, once. Raises NotDelivered."""
    answer = await caller.call_json("apps.connections.open")
    if not isinstance(address := answer.get("url"), str):
        raise RetryLater("Slack gave no address for a connection.")
    return address


class _Connection:
    """One connection, with what it brought and has not acknowledged yet."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, desk: PayloadDispatcher, listener: RequestDispatcher
    ) -> None:
        self._socket = socket
        self._desk = desk
        self._listener = listener
        self._taking: set[asyncio.Task[None]] = set()
        self.said_hello = False

    def read(self, message: aiohttp.WSMessage) -> str:
        """Begins with what a message brings; its type."""
        try:
            envelope = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
        except (ValueError, RecursionError):
            envelope = {}
        if not isinstance(envelope, dict):
            return ""
        if isinstance(envelope.get("envelope_id"), str):
            task = asyncio.create_task(self._handle_envelope(envelope))
            self._taking.add(task)
            task.add_done_callback(self._taken)
        return str(envelope.get("type", ""))

    async def finish(self) -> None:
        """Acknowledges what is under way, as far as that is quick, and closes."""
        if self._taking and not self._socket.closed:
            await asyncio.wait(self._taking, timeout=CLOSE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.close()

    async def _handle_envelope(self, envelope: dict[str, Any]) -> None:
        answer = await self._desk.dispatch(str(envelope.get("type")), envelope.get("payload"), self._listener.dispatch)
        done = {"envelope_id": envelope["envelope_id"], **({"payload": answer} if answer else {})}
        with suppress(ConnectionError):  # it is gone: an event comes again, and changes nothing
            await self._socket.send_json(done)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something that Slack sent was given up: %s", type(error).__name__)
