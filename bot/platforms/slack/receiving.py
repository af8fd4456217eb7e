"""Receives Slack's events by Socket Mode, over one connection that we open: how long each step may take.

Slack repeats an event that is not acknowledged within three seconds. So we acknowledge once the effect is committed, and
recognize a repetition by its id (docs.slack.dev). When Slack announces the end of a connection, we acknowledge what is in
flight and open the next one.

We do not use the Socket Mode client of slack-sdk (3.47), because it may acknowledge an event on a connection that did not
bring it, and retries a refused token without end.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.platforms.receiver_loop import ReceiverLoop
from bot.platforms.slack.client import BotIdentity, Client
from bot.platforms.slack.incoming import MalformedPayload, UnknownWorkspace, read
from bot.platforms.slack.workspace import Workspace
from bot.ports.channel import Clock
from bot.ports.conversation import MessageRequest, RequestDispatcher
from subscriptions.errors import RetryLater

log = logging.getLogger("paperwire")

SOCKET_NAME = "slack events"
SHORT_LIVED = 5.0  # seconds; a connection that was open for less is short-lived
REST = 1.0  # seconds from the end of a short-lived connection to the next connection
CLOSE_SECONDS = 2.0  # seconds to acknowledge events in flight when a connection ends
URL_LIFETIME = 20.0  # seconds for which the address of a connection is kept


class SocketMode:
    """A Receiver of the events of one app token. `on_bot_name` is called with the bot's name."""

    name = SOCKET_NAME
    routes = ()

    def __init__(
        self, workspace: Workspace, app: SecretStr, clock: Clock, *, on_bot_name: Callable[[str], None]
    ) -> None:
        self._workspace = workspace
        self._app = app
        self._clock = clock
        self._on_bot_name = on_bot_name
        self._loop = ReceiverLoop("Slack", clock)
        self._client: Client | None = None
        self._reserved_url: tuple[str, float] | None = (
            None  # (address of a connection, monotonic second when Slack gave it)
        )
        self._is_open = False  # Slack has sent hello on the connection

    @property
    def problem(self) -> str:
        """See Receiver."""
        return "" if self._is_open else self._loop.problem

    async def check(self) -> None:
        """Asks Slack whether it accepts the token. Raises NotDelivered; SenderStopped and Rejected are final."""
        client = self._workspace.connect(self._app)
        try:
            self._reserved_url = (await _address(client), self._clock.monotonic())
        finally:
            await client.close()

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. After a cancellation, the dispatcher finishes the requests that it already has."""
        try:
            me = await self._loop.retry(self._workspace.identify, proves_health=False)
            if me.name:
                self._on_bot_name(me.name)
            await self._loop.run(lambda: self._use_connection(me, dispatcher))
        finally:
            await self.close()

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since Slack keeps no events that could be fetched."""
        del dispatcher
        log.warning("Slack sends what people say only to a paperwire run that goes on.")

    async def close(self) -> None:
        """Closes the connections. Later calls open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _use_connection(self, me: BotIdentity, dispatcher: RequestDispatcher) -> None:
        """Opens a connection, and reads it until its end is announced or reached."""
        socket = await self._loop.retry(self._connect_socket, proves_health=False)
        opened_at, connection = self._clock.monotonic(), _Connection(socket, me, self._workspace, dispatcher)
        try:
            async for message in socket:
                kind = connection.read(message)
                if kind == "hello":
                    self._is_open = True
                    self._loop.mark_healthy()
                elif kind == "disconnect":
                    break
        finally:
            self._is_open = False
            await connection.finish()
        if self._clock.monotonic() - opened_at < SHORT_LIVED:
            await self._clock.sleep(REST)

    async def _connect_socket(self) -> aiohttp.ClientWebSocketResponse:
        reserved, self._reserved_url = self._reserved_url, None
        if self._client is None:
            self._client = self._workspace.connect(self._app)
        if reserved is not None and self._clock.monotonic() - reserved[1] < URL_LIFETIME:
            return await self._client.socket(reserved[0])
        return await self._client.socket(await _address(self._client))


async def _address(client: Client) -> str:
    """Returns the address of the next connection, which works once. Raises NotDelivered."""
    answer = await client.call_json("apps.connections.open")
    if not isinstance(address := answer.get("url"), str):
        raise RetryLater("Slack gave no address for a connection.")
    return address


class _Connection:
    """One connection, and its events that are still to be acknowledged."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        me: BotIdentity,
        workspace: Workspace,
        dispatcher: RequestDispatcher,
    ) -> None:
        self._socket = socket
        self._me = me
        self._workspace = workspace
        self._dispatcher = dispatcher
        self._in_flight: set[asyncio.Task[None]] = set()

    def read(self, message: aiohttp.WSMessage) -> str:
        """Starts handling the event in a message. Returns the type of the message."""
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
        """Waits up to CLOSE_SECONDS until events in flight are acknowledged, and closes the connection."""
        if self._in_flight and not self._socket.closed:
            await asyncio.wait(self._in_flight, timeout=CLOSE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.close()

    async def _handle_envelope(self, envelope: dict[str, Any]) -> None:
        await self._dispatch(str(envelope.get("type")), envelope.get("payload"))
        # the connection is lost; Slack sends the event again, and it has no second effect
        with suppress(ConnectionError):
            await self._socket.send_json({"envelope_id": envelope["envelope_id"]})

    async def _dispatch(self, kind: str, payload: object) -> None:
        """Dispatches the request in a payload. Returns once its effect is committed."""
        try:
            request = read(kind, payload, self._me)
        except MalformedPayload as error:
            log.warning("Slack sent something of an unknown shape (%s, %s).", kind, error)
            return
        except UnknownWorkspace as error:
            log.info("Slack sent something of the workspace %s, which has no token here; it was dropped.", error)
            return
        if request is None:
            return
        if isinstance(request, MessageRequest) and request.direct_channel:
            self._workspace.remember_direct(request.sender, request.direct_channel)
        await self._dispatcher.dispatch(request)

    def _on_handled(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something that Slack sent was given up: %s", type(error).__name__)
