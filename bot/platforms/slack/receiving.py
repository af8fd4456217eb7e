"""Receives Slack's events: by Socket Mode (how many connections, how long) or by HTTP (whether Slack signed a request lately).

Socket Mode uses WebSockets that we open; requests by HTTP are signed with the app's secret (docs.slack.dev). Slack
repeats an event that is not acknowledged within three seconds. So we acknowledge once the effect is committed, and
recognize a repetition by its id.

We do not use the Socket Mode client of slack-sdk (3.47). That client closes a connection before it opens the next one, may
acknowledge an event on a connection that did not bring it, and retries a refused token without end. Here, when Slack
announces the end of a connection, the next one is opened, and the old one still acknowledges its events. A second
connection receives events if the first is lost.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from bot.platforms.receiver_loop import ReceiverLoop
from bot.platforms.slack import incoming
from bot.platforms.slack.client import Client
from bot.platforms.slack.incoming import MalformedPayload, UnknownWorkspace, read
from bot.platforms.slack.manifest import PATHS
from bot.platforms.slack.workspaces import Workspaces
from bot.ports.channel import Clock
from bot.ports.conversation import MessageRequest, Request, RequestDispatcher, WebRequest, WebResponse, WebRoute
from subscriptions.errors import NotDelivered, RetryLater, StoreError

log = logging.getLogger("paperwire")

Dispatch = Callable[[Request], Awaitable[None]]

_IDENTIFY_INTERVAL = 60.0  # seconds between two attempts to identify workspaces of unknown tokens


class PayloadDispatcher:
    """Dispatches the payloads of one app.

    `app` is the app token; None for the app whose signing secret is set. `on_bot_name` is called with the bot's name.
    """

    def __init__(self, workspaces: Workspaces, app: SecretStr | None, *, on_bot_name: Callable[[str], None]) -> None:
        self._workspaces = workspaces
        self._app = app
        self._on_bot_name = on_bot_name
        self._identified_at = float("-inf")

    async def identify(self) -> None:
        """Asks Slack which workspace each token belongs to. Raises NotDelivered."""
        await self._workspaces.identify_all()
        me = next((one.identity for one in self._workspaces.all if one.identity is not None), None)
        if me is not None and me.name:
            self._on_bot_name(me.name)

    async def dispatch(self, kind: str, payload: object, dispatch_request: Dispatch) -> None:
        """Returns once the effect is committed. Raises what `dispatch_request` raises."""
        try:
            request = await self._read(kind, payload)
        except MalformedPayload as error:
            log.warning("Slack sent something of an unknown shape (%s, %s).", kind, error)
            return
        except UnknownWorkspace as error:
            log.info("Slack sent something of the workspace %s, which has no token here; it was dropped.", error)
            return
        if request is None:
            return
        if isinstance(request, MessageRequest) and request.direct_channel:
            self._workspaces.remember_direct(request.sender, request.direct_channel)
        await dispatch_request(request)

    async def _read(self, kind: str, payload: object) -> Request | None:
        try:
            return read(kind, payload, self._workspaces.served(self._app))
        except UnknownWorkspace:
            if not await self._identify_new_workspaces():
                raise
        return read(kind, payload, self._workspaces.served(self._app))

    async def _identify_new_workspaces(self) -> bool:
        """Asks Slack for the workspaces of tokens, at most once in _IDENTIFY_INTERVAL.

        Returns whether Slack named a new workspace.
        """
        before = len(self._workspaces.served(self._app))
        if time.monotonic() - self._identified_at < _IDENTIFY_INTERVAL:
            return False
        self._identified_at = time.monotonic()
        try:
            await self._workspaces.identify_all()
        except NotDelivered:
            return False
        return len(self._workspaces.served(self._app)) > before


HTTP_NAME = "slack requests"
TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"

STARTING = "it does not take requests yet"

_DONE = WebResponse()
_UNSIGNED = WebResponse(status=401, body="That is not signed by Slack.\n")
_UNREADABLE, _NOT_NOW = WebResponse(status=400), WebResponse(status=503)
_FORM = "application/x-www-form-urlencoded"


class SlackHttp:
    """A Receiver of requests by HTTP. `on_bot_name` is called with the bot's name."""

    name = HTTP_NAME
    is_exclusive = True

    def __init__(
        self, workspaces: Workspaces, secret: SecretStr, clock: Clock, *, on_bot_name: Callable[[str], None]
    ) -> None:
        self.routes = tuple(
            WebRoute(path=path, answer=self.answer, method="POST", accepts=_names_signature) for path in PATHS
        )
        seconds = SimpleNamespace(now=lambda: clock.wall().timestamp())
        self._verifier = SignatureVerifier(secret.get_secret_value(), seconds)  # type: ignore[arg-type]
        self._payloads = PayloadDispatcher(workspaces, None, on_bot_name=on_bot_name)
        self._loop = ReceiverLoop("Slack", clock)
        self._dispatcher: RequestDispatcher | None = None

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem or ("" if self._dispatcher else STARTING)

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Accepts requests once Slack has said who the bot is. Refuses them after a cancellation."""
        await self._loop.retry(self._payloads.identify)
        self._dispatcher = dispatcher
        try:
            await asyncio.Event().wait()
        finally:
            self._dispatcher = None

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since requests to a web address cannot be fetched later."""
        del dispatcher
        log.warning("Slack sends what people say to the web address, where only a paperwire run that goes on takes it.")

    async def answer(self, call: WebRequest) -> WebResponse:
        """See WebRoute."""
        if not self._is_signed(call):
            log.warning("Somebody asked at Slack's address without Slack's signature, and got nothing.")
            return _UNSIGNED
        try:
            return await self._receive(call)
        except (ValueError, RecursionError):
            return _UNREADABLE

    def _is_signed(self, call: WebRequest) -> bool:
        """Returns whether Slack signed the body in the last five minutes."""
        try:
            return self._verifier.is_valid(call.body, call.headers.get(TIMESTAMP), call.headers.get(SIGNATURE))
        except (ValueError, TypeError, OverflowError):  # the time is no number or too large, or bytes are no text
            return False

    async def _receive(self, call: WebRequest) -> WebResponse:
        """Dispatches a signed request. Raises ValueError if it cannot be read."""
        kind, payload = _read(call)
        if kind == "url_verification":
            return WebResponse(body=str(payload.get("challenge", "")).encode("utf-8", "replace").decode())
        if not kind:
            return _DONE
        if self._dispatcher is None:
            return _NOT_NOW
        try:
            await self._payloads.dispatch(kind, payload, self._dispatcher.dispatch_without_retry)
        except StoreError as error:
            log.error("Slack is asked to come again: %s", error)
            return _NOT_NOW
        return _DONE


def _names_signature(headers: Mapping[str, str]) -> bool:
    return bool(headers.get(TIMESTAMP) and headers.get(SIGNATURE, "").startswith("v0="))


def _read(call: WebRequest) -> tuple[str, dict[str, Any]]:
    """Returns (kind, payload) of a request; the kind is "" if there is nothing to do. Raises ValueError."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        payload = _object(call.body)
        kinds = {"url_verification": "url_verification", "event_callback": incoming.EVENTS}
        return kinds.get(str(payload.get("type")), ""), payload
    form = dict(parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=100))
    if "payload" in form:
        return incoming.INTERACTIONS, _object(form["payload"])
    return (incoming.COMMANDS, form) if "command" in form else ("", {})  # ssl_check: Slack only tests the certificate


def _object(text: str | bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - one error for all unreadable bodies
    return value


SOCKET_NAME = "slack events"
CONNECTIONS = 2  # connections that are open at the same time; Slack allows ten
LINGER = 15.0  # seconds to keep reading a connection after Slack announced its end, which comes after ten seconds
SHORT_LIVED = 5.0  # seconds; a connection that was open for less is short-lived
REST = 1.0  # seconds from the end of a short-lived connection to the next connection
CLOSE_SECONDS = 2.0  # seconds to acknowledge events in flight when the process stops
URL_LIFETIME = 20.0  # seconds for which the address of a connection is kept


class SocketMode:
    """A Receiver of the events of one app token. `on_bot_name` is called with the bot's name."""

    is_exclusive = True
    routes = ()

    def __init__(
        self,
        workspaces: Workspaces,
        app: SecretStr,
        clock: Clock,
        *,
        on_bot_name: Callable[[str], None],
        name: str = SOCKET_NAME,
    ) -> None:
        self.name = name
        self._connect = workspaces.connect
        self._app = app
        self._clock = clock
        self._payloads = PayloadDispatcher(workspaces, app, on_bot_name=on_bot_name)
        self._loop = ReceiverLoop("Slack", clock)
        self._client: Client | None = None
        self._reserved_url: tuple[str, float] | None = (
            None  # (address of a connection, monotonic second when Slack gave it)
        )
        self._open = 0  # connections on which Slack has sent hello

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
        """See Receiver. After a cancellation, the dispatcher finishes the requests that it already has."""
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
        """Closes the connections. Later calls open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _stay_connected(self, dispatcher: RequestDispatcher) -> None:
        """Opens one connection after another, each before the previous one is closed."""
        async with asyncio.TaskGroup() as group:
            await self._loop.run(lambda: self._use_connection(group, dispatcher))

    async def _use_connection(self, group: asyncio.TaskGroup, dispatcher: RequestDispatcher) -> None:
        """Opens a connection. Returns when the next one is needed."""
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
        payloads: PayloadDispatcher,
        dispatcher: RequestDispatcher,
    ) -> None:
        self._socket = socket
        self._payloads = payloads
        self._dispatcher = dispatcher
        self._in_flight: set[asyncio.Task[None]] = set()
        self.said_hello = False

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
        kind, payload = str(envelope.get("type")), envelope.get("payload")
        await self._payloads.dispatch(kind, payload, self._dispatcher.dispatch)
        # the connection is lost; Slack sends the event again, and it has no second effect
        with suppress(ConnectionError):
            await self._socket.send_json({"envelope_id": envelope["envelope_id"]})

    def _on_handled(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something that Slack sent was given up: %s", type(error).__name__)
