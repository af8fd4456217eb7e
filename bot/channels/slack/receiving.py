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

from bot.channels.slack.desk import Desk
from bot.channels.slack.patience import Patience
from bot.ports.clock import Clock
from bot.ports.receiver import Listener
from subscriptions import RetryLater

if TYPE_CHECKING:
    from bot.channels.slack._client import Client
    from bot.channels.slack.outbound import SlackChannel

log = logging.getLogger("paperwire")

NAME = "slack events"
LINES = 2  # connections beside each other; Slack allows ten
LINGER = 15.0  # seconds that a connection is still read which Slack takes away; it does so ten seconds after it said so
SHORT = 5.0  # seconds; after a connection that was shorter we rest
FAREWELL = 2.0  # seconds to acknowledge what is under way when the process stops
TICKET = 20.0  # seconds that an address for a connection is kept


class SocketMode:
    """A Receiver: what people say, by the app of one app token. `met` is told the bot's name."""

    hook = None
    doors = ()

    def __init__(
        self,
        channel: "SlackChannel",
        app: SecretStr,
        clock: Clock,
        *,
        met: Callable[[str], None],
        name: str = NAME,
    ) -> None:
        self.name = name
        self._connect = channel.workspaces.connect
        self._app = app
        self._clock = clock
        self._desk = Desk(channel, app, met=met)
        self._patience = Patience(clock)
        self._client: Client | None = None
        self._ticket: tuple[str, float] | None = None  # an address for a connection, and since when we have it
        self._open = 0  # connections that said hello

    @property
    def problem(self) -> str:
        """See Receiver."""
        return "" if self._open else self._patience.problem

    async def check(self) -> None:
        """Asks Slack whether it takes the token. Raises NotDelivered; SenderStopped or Rejected: it never will."""
        caller = self._connect(self._app)
        try:
            self._ticket = (await _address(caller), self._clock.monotonic())
        finally:
            await caller.close()

    async def listen(self, listener: Listener) -> None:
        """See Receiver. What was taken when it is cancelled is finished by the listener."""
        try:
            await self._patience.insist(self._desk.open)
            async with asyncio.TaskGroup() as group:
                for _ in range(LINES):
                    group.create_task(self._keep(listener))
        finally:
            await self.close()

    async def drain(self, listener: Listener) -> None:
        """See Receiver. Slack keeps nothing to ask for."""
        del listener
        log.warning("Slack sends what people say only to a paperwire run that goes on.")

    async def close(self) -> None:
        """Lets go of the connections; the next one is made anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    # ---------------------------------------------------------------------------------------------------- connections

    async def _keep(self, listener: Listener) -> None:
        """One connection after the other; the next one stands before the last one goes."""
        async with asyncio.TaskGroup() as group:
            while True:
                socket = await self._patience.insist(self._dial)
                began, going = self._clock.monotonic(), asyncio.Event()
                group.create_task(self._hear(socket, listener, going))
                await going.wait()
                if self._clock.monotonic() - began < SHORT:
                    await self._clock.sleep(1.0)

    async def _dial(self) -> aiohttp.ClientWebSocketResponse:
        ticket, self._ticket = self._ticket, None
        fresh = ticket is not None and self._clock.monotonic() - ticket[1] < TICKET
        if self._client is None:
            self._client = self._connect(self._app)
        address = ticket[0] if ticket is not None and fresh else await _address(self._client)
        return await self._client.socket(address)

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse, listener: Listener, going: asyncio.Event) -> None:
        """Reads one connection until it is gone. `going` is set as soon as that is known."""
        line = _Line(socket, self._desk, listener)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    async for message in socket:
                        kind = line.read(message)
                        if kind == "hello":
                            self._greeted(line)
                        elif kind == "disconnect":
                            going.set()
                            limit.reschedule(asyncio.get_running_loop().time() + LINGER)
        finally:
            self._open -= line.greeted
            going.set()
            await line.finish()

    def _greeted(self, line: "_Line") -> None:
        self._open += not line.greeted
        line.greeted = True
        self._patience.is_well()


async def _address(caller: "Client") -> str:
    """Where the next connection is opened, once. Raises NotDelivered."""
    answer = await caller.order("apps.connections.open")
    if not isinstance(address := answer.get("url"), str):
        raise RetryLater("Slack gave no address for a connection.")
    return address


class _Line:
    """One connection, with what it brought and has not acknowledged yet."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, desk: Desk, listener: Listener) -> None:
        self._socket = socket
        self._desk = desk
        self._listener = listener
        self._taking: set[asyncio.Task[None]] = set()
        self.greeted = False

    def read(self, message: aiohttp.WSMessage) -> str:
        """Begins with what a message brings; its type."""
        try:
            envelope = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
        except (ValueError, RecursionError):
            envelope = {}
        if not isinstance(envelope, dict):
            return ""
        if isinstance(envelope.get("envelope_id"), str):
            task = asyncio.create_task(self._take(envelope))
            self._taking.add(task)
            task.add_done_callback(self._taken)
        return str(envelope.get("type", ""))

    async def finish(self) -> None:
        """Acknowledges what is under way, as far as that is quick, and closes."""
        if self._taking and not self._socket.closed:
            await asyncio.wait(self._taking, timeout=FAREWELL)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.close()

    async def _take(self, envelope: dict[str, Any]) -> None:
        answer = await self._desk.take(str(envelope.get("type")), envelope.get("payload"), self._listener.dispatch)
        done = {"envelope_id": envelope["envelope_id"], **({"payload": answer} if answer else {})}
        with suppress(ConnectionError):  # it is gone: an event comes again, and changes nothing
            await self._socket.send_json(done)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something that Slack sent was given up: %s", type(error).__name__)
