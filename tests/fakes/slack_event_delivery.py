"""Sends events to the app as Slack does, over WebSockets that the app opened.

The app must acknowledge each request in time, on the connection on which the request came; otherwise the request fails.
A failed event can be sent again. If a command or interaction fails, the person sees an error (docs.slack.dev, Using
Socket Mode).
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from tests.fakes.server import News

EVENTS, COMMANDS, INTERACTIONS = "events_api", "slash_commands", "interactive"
IN_TIME = 60.0  # seconds to acknowledge. Slack allows three, but a busy test machine may need more
CONNECTIONS = 10  # of one app


@dataclass(slots=True)
class SentEnvelope:
    """One event, command or interaction that Slack sends to the app."""

    kind: str
    payload: dict[str, Any]
    app: str
    number: int
    tries: int = 0
    acknowledged: bool = False
    failed: str = ""  # the error. The person sees it, or (if this is an event) the event can be sent again


@dataclass(slots=True, eq=False)
class SocketConnection:
    """One WebSocket that the app opened."""

    socket: web.WebSocketResponse
    app: str
    open: dict[str, SentEnvelope] = field(default_factory=dict)  # envelope id → an envelope that is not acknowledged


class EventDelivery:
    """Sends envelopes to the app. Except for `sent`, it is used only inside the fake's loop."""

    def __init__(self, news: News) -> None:
        self.sent: list[SentEnvelope] = []
        self.lines: list[SocketConnection] = []
        self.tickets: dict[str, str] = {}  # ticket of a connection that may be opened once → app token
        self.wants_events = False  # True if the app has requested a connection
        self._waiting: list[SentEnvelope] = []
        self._numbers = count(1)
        self._news = news
        self._tasks: set[asyncio.Task[None]] = set()

    def bring(self, kind: str, payload: dict[str, Any], app: str) -> SentEnvelope:
        """Begins to send an envelope to the app, and returns it."""
        sent = SentEnvelope(kind=kind, payload=payload, app=app, number=next(self._numbers))
        self.sent.append(sent)
        if kind == EVENTS and not self.wants_events:
            sent.failed = "nobody has ever listened"
            return sent
        self._start(self._try(sent))
        return sent

    def repeat(self, *, also_acknowledged: bool = False) -> int:
        """Sends failed events again; with `also_acknowledged`, all events. Returns their number."""
        again = [
            one for one in self.sent if one.tries and one.kind == EVENTS and (also_acknowledged or not one.acknowledged)
        ]
        for sent in again:
            sent.acknowledged, sent.failed = False, ""
            self._start(self._try(sent))
        return len(again)

    def ticket(self, app: str) -> str:
        """Returns a ticket that opens one connection."""
        number = hashlib.sha256(f"{app}{next(self._numbers)}".encode()).hexdigest()[:24]
        self.tickets[number] = app
        self.wants_events = True
        return number

    async def connect(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serves a connection that the app opens, until the connection is closed."""
        app = self.tickets.pop(request.query.get("ticket", ""), "")
        if not app or sum(line.app == app for line in self.lines) >= CONNECTIONS:
            return web.Response(status=403, text="no such ticket")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        line = SocketConnection(socket, app)
        self.lines.append(line)
        await socket.send_json(
            {"type": "hello", "num_connections": len(self.lines), "connection_info": {"app_id": "A0TEST"}}
        )
        self._news.tell()
        waiting, self._waiting = self._waiting, []
        for sent in waiting:
            self._start(self._try(sent))
        try:
            async for message in socket:
                self._on_acknowledgement(line, json.loads(message.data))
        finally:
            self.lines.remove(line)
            self._lost(line)
            self._news.tell()
        return socket

    async def drop(self) -> None:
        """Closes all connections. The app gets no close frame."""
        for line in list(self.lines):
            if line.socket._req is not None and line.socket._req.transport is not None:
                line.socket._req.transport.abort()

    async def hang_up(self) -> None:
        """Closes all connections and stops all sending. The server calls this when it stops."""
        await self.drop()
        for task in tuple(self._tasks):
            task.cancel()

    async def _try(self, sent: SentEnvelope) -> None:
        sent.tries += 1
        await self._send(sent)

    async def _send(self, sent: SentEnvelope) -> None:
        lines = [line for line in self.lines if line.app == sent.app]
        if not lines:
            if sent.kind == EVENTS:
                sent.tries -= 1
                self._waiting.append(sent)
            else:
                self._fail(sent, "dispatch_failed")
            return
        line = lines[sent.number % len(lines)]
        envelope = f"e{sent.number}-{sent.tries}"
        line.open[envelope] = sent
        await line.socket.send_json(
            {
                "type": sent.kind,
                "envelope_id": envelope,
                "payload": sent.payload,
                "accepts_response_payload": sent.kind != EVENTS,
                **({"retry_attempt": sent.tries - 1, "retry_reason": "timeout"} if sent.kind == EVENTS else {}),
            }
        )
        await asyncio.sleep(IN_TIME)
        if line.open.pop(envelope, None) is not None:
            self._fail(sent, "operation_timeout")

    def _on_acknowledgement(self, line: SocketConnection, said: Mapping[str, Any]) -> None:
        envelope = str(said.get("envelope_id", ""))
        sent = line.open.pop(envelope, None)
        if sent is None:  # it came over another connection, and fails there
            return
        sent.acknowledged = True
        self._news.tell()

    def _lost(self, line: SocketConnection) -> None:
        """Sends the unacknowledged events of a lost connection over another connection. Other requests fail."""
        for sent in line.open.values():
            if sent.kind == EVENTS:
                self._start(self._try(sent))
            else:
                self._fail(sent, "operation_timeout")
        line.open.clear()

    def _fail(self, sent: SentEnvelope, why: str) -> None:
        sent.failed = why
        self._news.tell()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
