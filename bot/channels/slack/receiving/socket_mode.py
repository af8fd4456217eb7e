"""Socket Mode: Slack sends events through WebSockets that we open (docs.slack.dev, Using Socket Mode).

An event is acknowledged on the connection that brought it, after its effect is committed. An event that is not
acknowledged comes again, and its id shows that it was handled.

The client of slack-sdk is not used: it closes a connection before it opens the next one, acknowledges on the connection
that is open then, and repeats without end a token that Slack refuses (3.47, slack_sdk/socket_mode/aiohttp). Here the next
connection opens when Slack announces the end of one, and the old one still acknowledges its events. A second connection
beside it receives events when the first one is lost without an announcement.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.channels.receiver_loop import ReceiverLoop
from bot.channels.slack.outbound import SlackChannel
from bot.channels.slack.receiving.payload_dispatcher import PayloadDispatcher
from bot.channels.slack.web_api.client import Client
from bot.ports.channel import Clock
from bot.ports.conversation import RequestDispatcher
from subscriptions.errors import RetryLater

log = logging.getLogger("paperwire")

NAME = "slack events"
CONNECTIONS = 2  # open at the same time; Slack allows ten
LINGER = 15.0  # seconds that a connection is read after Slack announced its end, which comes after ten seconds
SHORT_LIVED = 5.0  # seconds; a connection that was open for less is short-lived
REST = 1.0  # seconds from the end of a short-lived connection to the next one
CLOSE_SECONDS = 2.0  # seconds to acknowledge events in flight when the process stops
URL_LIFETIME = 20.0  # seconds that the address for a connection is kept


class SocketMode:
    """A Receiver of the events of one app token. `on_bot_name` is called with the bot's name."""

    webhook = None
    routes = ()

    def __init__(
        self,
        channel: SlackChannel,
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
        self._payloads = PayloadDispatcher(channel, app, on_bot_name=on_bot_name)
        self._loop = ReceiverLoop("Slack", clock)
        self._client: Client | None = None
        self._reserved_url: tuple[str, float] | None = None  # an address for a connection, and when Slack gave it
        self._open = 0  # connections on which Slack has said hello

    @property
    def problem(self) -> str:
        """See Receiver."""
        return "" if self._open else self._loop.problem

    async def check(self) -> None:
        """Asks Slack whether it accepts the token. Raises NotDelivered; SenderStopped and Rejected are final."""
        client = self._connect(self._app)
        try:
            self._reserved_url = (await _address(client), self._clock.monotonic())
        finally:
            await client.close()

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. After a cancellation the dispatcher finishes the requests that it has."""
        try:
            await self._loop.retry(self._payloads.identify, proves_health=False)
            async with asyncio.TaskGroup() as group:
                for _ in range(CONNECTIONS):
                    group.create_task(self._stay_connected(dispatcher))
        finally:
            await self.close()

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since Slack keeps no events that could be fetched."""
        del dispatcher
        log.warning("Slack sends what people say only to a paperwire run that goes on.")

    async def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    # ---------------------------------------------------------------------------------------------------- connections

    async def _stay_connected(self, dispatcher: RequestDispatcher) -> None:
        """Opens one connection after the other, each before the last one is closed."""
        async with asyncio.TaskGroup() as group:
            await self._loop.run(lambda: self._use_connection(group, dispatcher))

    async def _use_connection(self, group: asyncio.TaskGroup, dispatcher: RequestDispatcher) -> None:
        """Opens a connection, and returns when the next one is needed."""
        socket = await self._loop.retry(self._connect_socket, proves_health=False)
        opened_at, ending = self._clock.monotonic(), asyncio.Event()
        group.create_task(self._read_connection(socket, dispatcher, ending))
        await ending.wait()
        if self._clock.monotonic() - opened_at < SHORT_LIVED:
            await self._clock.sleep(REST)

    async def _connect_socket(self) -> aiohttp.ClientWebSocketResponse:
        reserved, self._reserved_url = self._reserved_url, None
        if self._client is None:
            self._client = self._connect(self._app)
        if reserved is not None and self._clock.monotonic() - reserved[1] < URL_LIFETIME:
            return await self._client.socket(reserved[0])
        return await self._client.socket(await _address(self._client))

    async def _read_connection(
        self, socket: aiohttp.ClientWebSocketResponse, dispatcher: RequestDispatcher, ending: asyncio.Event
    ) -> None:
        """Reads one connection to its end. Sets `ending` as soon as the end is announced or reached."""
        connection = _Connection(socket, self._payloads, dispatcher)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    async for message in socket:
                        kind = connection.read(message)
                        if kind == "hello":
                            self._on_hello(connection)
                        elif kind == "disconnect":
                            ending.set()
                            limit.reschedule(asyncio.get_running_loop().time() + LINGER)
        finally:
            self._open -= connection.said_hello
            ending.set()
            await connection.finish()

    def _on_hello(self, connection: "_Connection") -> None:
        self._open += not connection.said_hello
        connection.said_hello = True
        self._loop.mark_healthy()


async def _address(client: Client) -> str:
    """Returns the address of the next connection, good for one. Raises NotDelivered."""
    answer = await client.call_json("apps.connections.open")
    if not isinstance(address := answer.get("url"), str):
        raise RetryLater("Slack gave no address for a connection.")
    return address


class _Connection:
    """One connection, with its events that are not acknowledged yet."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, payloads: PayloadDispatcher, dispatcher: RequestDispatcher
    ) -> None:
        self._socket = socket
        self._payloads = payloads
        self._dispatcher = dispatcher
        self._in_flight: set[asyncio.Task[None]] = set()
        self.said_hello = False

    def read(self, message: aiohttp.WSMessage) -> str:
        """Starts to handle the event of a message. Returns the type of the message."""
        try:
            envelope = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
        except (ValueError, RecursionError):
            envelope = {}
        if not isinstance(envelope, dict):
            return ""
        if isinstance(envelope.get("envelope_id"), str):
            task = asyncio.create_task(self._handle_envelope(envelope))
            self._in_flight.add(task)
            task.add_done_callback(self._on_handled)
        return str(envelope.get("type", ""))

    async def finish(self) -> None:
        """Waits a moment for events in flight to be acknowledged, and closes the connection."""
        if self._in_flight and not self._socket.closed:
            await asyncio.wait(self._in_flight, timeout=CLOSE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.close()

    async def _handle_envelope(self, envelope: dict[str, Any]) -> None:
        kind, payload = str(envelope.get("type")), envelope.get("payload")
        answer = await self._payloads.dispatch(kind, payload, self._dispatcher.dispatch)
        acknowledgement = {"envelope_id": envelope["envelope_id"], **({"payload": answer} if answer else {})}
        with suppress(ConnectionError):  # the connection is lost; the event comes again and changes nothing
            await self._socket.send_json(acknowledgement)

    def _on_handled(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something that Slack sent was given up: %s", type(error).__name__)
