"""The HTTP server: how many connections, also of one address, how long the head of a request may take, which refusals are logged."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn
from h11 import LocalProtocolError
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import SettingsError
from bot.operation.client_addresses import network_of
from bot.ports import channel, measurements, tasks
from bot.settings import Settings

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

log = logging.getLogger("paperwire")

LONGEST_HEAD = 10.0  # seconds for the head of a request, counted from the connection or from the previous answer
MOST_CONNECTIONS = 512
MOST_OF_AN_ADDRESS = 32  # connections from one address; loopback has no such limit, since it may be a proxy
SHARE_OF_DESCRIPTORS = 4  # connections may use a quarter of the file descriptors of the process
WAITING = 2048  # connections that the system holds until the server accepts them
ACCEPT_AGAIN = 1.0  # seconds until the next try if no file descriptor was free for a connection
MINUTE = 60.0  # seconds between two log lines about closed connections or refused requests


@asynccontextmanager
async def serving(
    settings: Settings, app: Starlette, *, observe: measurements.Observe = measurements.ignore
) -> AsyncIterator[str]:
    """Serves `app` while the body runs. Yields its address. Raises SettingsError if the port cannot be used."""
    listener = _listener(settings)
    config = uvicorn.Config(
        _observed(app, observe),
        http=LimitedProtocol,
        ws="none",
        log_config=None,  # uvicorn's own configuration would log secrets
        log_level="error",  # at "warning", each connection that does not speak HTTP writes a line
        access_log=False,
        lifespan="off",
    )
    server = _Server(config, observe)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # see bot.operation.ticks
    task = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.ends()
        await task


_REFUSED = range(400, 500)  # the statuses of refused requests


def _observed(app: ASGIApp, observe: measurements.Observe) -> ASGIApp:
    """Returns an application that answers like `app`, and observes the requests that it refuses."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSED:
                observe(measurements.RequestRefused(status=message["status"]))
            await send(message)

        await app(scope, receive, sent)

    return answer


class _Server(uvicorn.Server):
    """uvicorn's server, but it wakes once a second instead of ten times, has an event for its end, and accepts connections.

    asyncio's server accepts all waiting connections before any of them can be closed, and logs a line for each one that
    gets no file descriptor. This server accepts the next connection only when the last one has its protocol object. If
    there are too many connections, that object closes one.
    """

    def __init__(self, config: uvicorn.Config, observe: measurements.Observe) -> None:
        super().__init__(config)
        self._observe = observe
        self._ended = asyncio.Event()
        self._accepting: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to accept connections."""
        self.servers = []
        self._accepting = [asyncio.create_task(self._accept(one)) for one in sockets or ()]
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops accepting, and ends the connections once they are answered."""
        await tasks.end(*self._accepting)
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        loop, given = asyncio.get_running_loop(), {"config": self.config, "server_state": self.server_state}
        protocol = partial(LimitedProtocol, **given, app_state=self.lifespan.state, observe=self._observe)
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
                await loop.connect_accepted_socket(protocol, connection)
            except ConnectionError:  # the client has closed it already
                continue
            except OSError:
                self._observe(measurements.ConnectionClosed(kind="refused"))
                await asyncio.sleep(ACCEPT_AGAIN)

    def ends(self) -> None:
        """Makes the server finish the requests that it has begun, and stop."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """Updates the header `Date` of responses every second, until `ends` is called."""
        while not await self.on_tick(0):  # uvicorn updates this header at every tenth tick; with 0, at every call
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._ended.wait()


def _listener(settings: Settings) -> socket.socket:
    """Returns the bound socket of the web address.

    Raises SettingsError if the program may not or cannot listen there.
    """
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, port = settings.web_host, settings.web_port
    try:
        listener.bind((host, port))
        listener.listen(WAITING)  # before the address is printed, so that programs that read it can connect
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        why = (error.strerror or "unknown").lower()
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {why}.",
            "Choose another in PAPERWIRE_WEB_HOST and PAPERWIRE_WEB_PORT; port 0 takes any that is free.",
        ) from None
    return listener


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP protocol with two more limits: the number of connections, and the time for the head of a request.

    uvicorn's own `limit_concurrency` counts a connection only after the head of a request has come.
    """

    _deadline: asyncio.TimerHandle | None = None
    _opened_at = 0.0  # seconds of the event loop
    _network = ""  # the client's; "" for this machine

    def __init__(self, *args: Any, observe: measurements.Observe = measurements.ignore, **named: Any) -> None:  # noqa: ANN401 - uvicorn's arguments
        super().__init__(*args, **named)
        self._observe = observe

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepts the connection.

        If there are too many now, aborts the oldest one without a request; if all have a request, the oldest.
        """
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows the type as well
        self._opened_at, self._network = self.loop.time(), self._host()
        self._start_deadline()
        if rivals := self._rivals():
            ended = min(rivals, key=lambda one: (one._is_answering(), one._opened_at))  # noqa: SLF001 - of this class
            self.connections.discard(ended)
            ended.transport.abort()
            self._observe(measurements.ConnectionClosed(kind="connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the deadline."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuses input that is not HTTP.

        If h11 allows no response, as to HEAD with a damaged body, closes the connection.
        """
        self._observe(measurements.RequestRefused(status=400))
        if self.cycle is not None:
            self.cycle.disconnected = True  # discards what the application still sends
        try:
            super().send_400_response(msg)
        except LocalProtocolError:  # if raised, asyncio would log a traceback for each such request
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Reads data. Cancels the deadline once the head of a request is complete."""
        super().data_received(data)
        if self._is_answering():
            self._cancel_deadline()
        elif self._deadline is None:
            self._start_deadline()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _rivals(self) -> list["LimitedProtocol"]:
        """Returns the other connections, one of which must be aborted; an empty list if there are not too many."""
        connections = [one for one in self.connections if isinstance(one, LimitedProtocol)]
        if len(connections) > most_connections():
            return [one for one in connections if one is not self]
        if not self._network:
            return []
        alike = [one for one in connections if one._network == self._network]  # noqa: SLF001 - as above
        if len(alike) > MOST_OF_AN_ADDRESS:
            return [one for one in alike if one is not self]
        return []

    def _host(self) -> str:
        """Returns the network of the client; "" for a client on this machine or without an address."""
        if self.client:
            return network_of(self.client[0])
        return ""

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(LONGEST_HEAD, self._on_deadline)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if not self._is_answering():
            self.transport.abort()


class Refusals:
    """Counts the connections that were closed because there were too many, and the requests that were refused.

    Logs the counts once a minute, so that a flood of requests does not become a flood of lines.
    """

    def __init__(self, clock: channel.Clock) -> None:
        self._clock = clock
        self._closed: Counter[str] = Counter()
        self._refused: Counter[int] = Counter()

    def observe(self, measurement: measurements.Measurement) -> None:
        """Counts a measurement if it is about a closed connection or a refused request."""
        if isinstance(measurement, measurements.ConnectionClosed):
            self._closed[measurement.kind] += 1
        if isinstance(measurement, measurements.RequestRefused):
            self._refused[measurement.status] += 1

    async def watch(self) -> None:
        """Logs a line of each kind for each minute in which it happened, until it is cancelled."""
        while True:
            await self._clock.sleep(MINUTE)
            if self._closed:
                log.warning("%s", closed_line(self._closed))
                self._closed.clear()
            if self._refused:
                log.warning("%s", refused_line(self._refused))
                self._refused.clear()


def refused_line(refused: Mapping[int, int]) -> str:
    """Returns the line about the requests that were refused in a minute, by their statuses.

    It says nothing of their paths and headers, which may contain secrets.
    """
    counts = "; ".join(f"{refused[status]} with {status} {HTTPStatus(status).phrase}" for status in sorted(refused))
    return f"Refused requests to the web address in the last minute: {counts}."


def closed_line(closed: Mapping[str, int]) -> str:
    """Returns the line about the connections that were closed in a minute, by their kinds."""
    words = {
        "connection": f"closed, since {most_connections()} at most are served",
        "stream": "streams of open pages closed",
        "refused": "not accepted, since no file could be opened",
    }
    counts = "; ".join(f"{closed[kind]} {said}" for kind, said in words.items() if kind in closed)
    return f"Too many connections to the web address in the last minute: {counts}."


def most_connections() -> int:
    """Returns how many connections may be open at once. The limit leaves enough file descriptors for other work."""
    if not resource:
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < 0:  # no limit
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, files // SHARE_OF_DESCRIPTORS))
