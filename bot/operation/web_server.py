"""The web server, and the address at which it listens."""

import asyncio
import logging
import socket
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import uvicorn
from h11 import LocalProtocolError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import SettingsError
from bot.operation.health import Problem
from bot.operation.sign_in import Lock, Tried, network_of
from bot.ports.channel import Clock, ConnectionClosed, Measurement, Observe, ignore
from bot.ports.conversation import WebRequest, WebRoute
from bot.settings import Settings
from subscriptions.errors import Sentence

_WORDS = {
    400: "That cannot be read.",
    401: "This needs the password.",
    403: "Not from there.",
    404: "There is no such page.",
    405: "Not so.",
    408: "That took too long.",
    413: "That is too large.",
    415: "That is no JSON.",
    429: "Too often. Try again in a minute.",
    421: "Nobody is called so here. PAPERWIRE_WEB_HOSTS names the hosts of these pages.",
    503: "Not now.",
}


def line(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Returns the refusal with this status."""
    return PlainTextResponse(_WORDS.get(status, "That did not work.") + "\n", status_code=status, headers=headers)


LARGEST_BODY = 1024 * 1024  # bytes; a request of a platform has a few thousand
LONGEST_BODY = 20.0  # seconds until the whole body must have arrived


async def body_in_time(
    request: Request, *, most: int = LARGEST_BODY, seconds: float = LONGEST_BODY
) -> bytes | Response:
    """Returns the body of a request, or a refusal if the body has more than `most` bytes or takes too long."""
    try:
        async with asyncio.timeout(seconds):
            body = await _read_body(request, most)
    except TimeoutError:
        return line(408)
    return line(413) if body is None else body


async def _read_body(request: Request, most: int) -> bytes | None:
    """Returns the body of a request; None if it is too large, and then the rest is not read."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


Problems = Callable[[], Mapping[str, Problem]]
Attention = Callable[[], Mapping[str, str]]
MetricsPage = Callable[[], Awaitable[tuple[bytes, str]]]  # returns the page and its media type


def health_app(
    problems: Problems,
    web_routes: Sequence[WebRoute] = (),
    metrics: MetricsPage | None = None,
    attention: Attention = dict,
    *,
    worker: str = "",
    pages: Sequence[Route] = (),
    metrics_lock: Lock | None = None,
) -> Starlette:
    """Returns the web application. `problems` returns what is wrong now, by name; if it is empty the process is ready.

    `attention` returns what a person should look at although the process is ready. `worker`: the process, as its database
    knows it, by which `paperwire status` sees that both work on the same one.

    `metrics` returns the page `/metrics`, which is found under this path only: a proxy that passes a prefix on, as for
    web routes, does not show it. So it is with `pages`, the routes of pages for people. `metrics_lock`: the lock of `/metrics`.
    """

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        wrong = problems()
        whys = {name: problem.why for name, problem in wrong.items()}
        ages = {name: problem.seconds for name, problem in wrong.items()}
        more = {"seconds": ages, "attention": dict(attention()), "worker": worker}
        said = {"ready": not wrong, "problems": whys, **{name: value for name, value in more.items() if value}}
        return JSONResponse(said, status_code=503 if wrong else 200)

    async def refused(_: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            return line(500)
        return line(error.status_code, error.headers)  # with 405 the methods that are allowed (RFC 9110, 15.5.6)

    routes = [Route("/health/live", live), Route("/health/ready", ready), *pages]
    if metrics is not None:
        routes.append(Route("/metrics", _metrics_handler(metrics, metrics_lock)))
    for route in web_routes:
        routes += _routes(route.path, _route_handler(route), route.method)
    return Starlette(routes=routes, exception_handlers={HTTPException: refused})


def _metrics_handler(metrics: MetricsPage, lock: Lock | None) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if lock is not None and (refusal := _refusal(lock, request)):
            return refusal
        page, kind = await metrics()
        return Response(page, media_type=kind)

    return answer


def _refusal(lock: Lock, request: Request) -> Response | None:
    """Returns a refusal unless the request bears a password of the lock: alone (Bearer), or with any name (Basic)."""
    asks = line(401, {"www-authenticate": 'Basic realm="paperwire"'})
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode().partition(":")[2]
        except ValueError:
            return asks
    if not given:
        return asks
    tried = lock.tries(given, address=request.client.host if request.client else "")
    return {Tried.OPENS: None, Tried.WRONG: asks, Tried.UNREAD: line(429)}[tried]


def _routes(path: str, answer: Callable[[Request], object], method: str) -> list[Route]:
    """Returns the routes of a path with and without a prefix, since a proxy may keep its prefix or remove it."""
    return [Route(one, answer, methods=[method]) for one in (path, "/{before:path}" + path)]


def _route_handler(route: WebRoute) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if not route.accepts(request.headers):
            return line(404)
        body = await body_in_time(request)
        if isinstance(body, Response):
            return body
        call = WebRequest(headers=request.headers, query=request.query_params, cookies=request.cookies, body=body)
        found = await route.answer(call)
        if found.status in _WORDS and not found.body:
            return line(found.status)
        return Response(found.body, found.status, dict(found.headers), media_type=found.kind if found.body else None)

    return answer


# -------------------------------------------------------------------------------------- the HTTP server of the process


try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

log = logging.getLogger("paperwire")

LONGEST_HEAD = 10.0  # seconds for the head of a request, counted from the connection or from the previous answer
MOST_CONNECTIONS = 512
MOST_OF_AN_ADDRESS = 32  # connections from one address; loopback has no such limit, since it may be a proxy
SHARE_OF_DESCRIPTORS = 4  # connections may use one fourth of the files that the process may have open
WAITING = 2048  # connections that the system holds ready until they are accepted
ACCEPT_AGAIN = 1.0  # seconds until it is tried again where no file could be opened for a connection
MINUTE = 60.0  # seconds between two lines about connections that were closed


@asynccontextmanager
async def serving(
    settings: Settings,
    problems: Problems,
    say: Callable[[str], None],
    routes: Sequence[WebRoute] = (),
    *,
    worker: str = "",
    metrics: MetricsPage | None = None,
    attention: Attention = dict,
    pages: Sequence[Route] = (),
    metrics_lock: Lock | None = None,
    observe: Observe = ignore,
) -> AsyncIterator[None]:
    """Serves the web address while the body runs. Raises SettingsError if its port cannot be used."""
    listener = _listener(settings)
    config = uvicorn.Config(
        health_app(problems, routes, metrics, attention, worker=worker, pages=pages, metrics_lock=metrics_lock),
        http=LimitedProtocol,
        ws="none",
        log_config=None,  # uvicorn's own configuration would log secrets
        log_level="error",  # at "warning" each connection that does not speak HTTP makes a line
        access_log=False,
        lifespan="off",
    )
    server = _Server(config, observe)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # see bot.operation.ticks
    task = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    say(f"Health: {address}health/ready")
    if pages:
        say(f"Pages: {address}")
    try:
        yield
    finally:
        server.ends()
        await task


class _Server(uvicorn.Server):
    """uvicorn's server, which wakes once a second instead of ten times, is told when it ends, and accepts by itself.

    asyncio's own server accepts all that wait at once, before any of them can be closed, and writes a line for each one that finds
    no file. Here the next connection is accepted when the last one has its protocol, which closes another one if there are too many.
    """

    def __init__(self, config: uvicorn.Config, observe: Observe) -> None:
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
        """Accepts no more, and ends the connections once they are answered."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        loop, given = asyncio.get_running_loop(), {"config": self.config, "server_state": self.server_state}
        protocol = partial(LimitedProtocol, **given, app_state=self.lifespan.state, observe=self._observe)
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
                await loop.connect_accepted_socket(protocol, connection)
            except ConnectionError:  # it is gone already
                continue
            except OSError:
                self._observe(ConnectionClosed(kind="refused"))
                await asyncio.sleep(ACCEPT_AGAIN)

    def ends(self) -> None:
        """Has it answer what it has begun to, and stop."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """Renews the header `Date` each second until the end."""
        while not await self.on_tick(0):  # the ticks are counted for this header alone: it is renewed at each tenth
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._ended.wait()


def _listener(settings: Settings) -> socket.socket:
    """Returns the bound socket of the web address. Raises SettingsError, with a sentence, if the port is in use."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, port = settings.web_host, settings.web_port
    try:
        listener.bind((host, port))
        listener.listen(WAITING)  # before the address is printed, so that readers of the output can connect
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise SettingsError(
            Sentence(
                "{address} cannot be listened on: {why}.",
                {"address": f"{host}:{port}", "why": (error.strerror or "unknown").lower()},
            ),
            Sentence("Choose another in PAPERWIRE_WEB_HOST and PAPERWIRE_WEB_PORT; port 0 takes any that is free."),
        ) from None
    return listener


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP protocol with two more limits: the number of connections, and the time for the head of a request.

    uvicorn's own `limit_concurrency` counts a connection only after the head of a request has come.
    """

    _deadline: asyncio.TimerHandle | None = None
    _opened_at = 0.0  # seconds of the event loop
    _network = ""  # of the client; "" for this machine

    def __init__(self, *args: Any, observe: Observe = ignore, **named: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        super().__init__(*args, **named)
        self._observe = observe

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepts the connection. If there are too many, aborts the oldest without a request, or else the oldest."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows the type, too
        self._opened_at, self._network = self.loop.time(), self._host()
        self._start_deadline()
        if rivals := self._rivals():
            ended = min(rivals, key=lambda one: (one._is_answering(), one._opened_at))  # noqa: SLF001 - of this class
            self.connections.discard(ended)
            ended.transport.abort()
            self._observe(ConnectionClosed(kind="connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the deadline."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP. Where h11 lets no answer out, as to HEAD with a damaged body, closes the connection."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # what the application answers now goes nowhere
        try:
            super().send_400_response(msg)
        except LocalProtocolError:  # asyncio would write it into the log with a traceback, as often as somebody asks
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Reads data. Cancels the deadline once the whole head of a request is there."""
        super().data_received(data)
        if self._is_answering():
            self._cancel_deadline()
        elif self._deadline is None:
            self._start_deadline()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _rivals(self) -> list["LimitedProtocol"]:
        """Returns the other connections if there are too many, so that one must be aborted; else none."""
        connections = [one for one in self.connections if isinstance(one, LimitedProtocol)]
        if len(connections) > most_connections():
            return [one for one in connections if one is not self]
        alike = [one for one in connections if one._network == self._network] if self._network else []  # noqa: SLF001 - as above
        return [one for one in alike if one is not self] if len(alike) > MOST_OF_AN_ADDRESS else []

    def _host(self) -> str:
        """Returns the network of the client; "" for a client on this machine, and if there is no address."""
        return network_of(self.client[0]) if self.client else ""

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


class ClosedConnections:
    """Counts the connections that were closed because there were too many, and says so once a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed: Counter[str] = Counter()

    def observe(self, measurement: Measurement) -> None:
        """Counts a measurement if it is such a connection."""
        if isinstance(measurement, ConnectionClosed):
            self._closed[measurement.kind] += 1

    async def watch(self) -> None:
        """Writes a line into the log for each minute in which some were closed, until it is cancelled."""
        while True:
            await self._clock.sleep(MINUTE)
            if self._closed:
                log.warning("%s", closed_line(self._closed))
                self._closed.clear()


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
    """Returns how many connections may be open at once, so that the process can still open files for its work."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE) if resource else (-1, -1)
    if files < 0:  # no limit
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, files // SHARE_OF_DESCRIPTORS))
