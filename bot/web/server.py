"""The web server: /health and /metrics, its refusals (404, 413, 429), and who may open the pages."""

import asyncio
import hmac
import ipaddress
import socket
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.clock import Clock
from bot.log import system_words
from bot.pace import LastMinute
from bot.platforms.base import Receiver
from bot.settings import Settings
from bot.settings.values import is_loopback, local_url
from bot.web.health import Problem, Readiness
from subscriptions.errors import SettingsError

_WORDS = {
    400: "That cannot be read.",
    401: "This needs the password.",
    403: "Not from there.",
    404: "There is no such page.",
    405: "Not so.",
    413: "That is too large.",
    429: "Too often. Try again in a minute.",
    503: "Not now.",
}
MOST_CONNECTIONS = 256  # all others are answered with 503
MOST_UNFINISHED_REQUESTS = 128  # connections whose request has not arrived whole; the oldest makes room for a new one
MOST_TRIES = 100  # wrong passwords of one address in a minute; so many, because all users of a proxy share its address


def line(status: int, headers: Mapping[str, str] | None = None, words: str = "") -> Response:
    """Return the response that refuses a request with one line. `words`: the line, if it says more than the status."""
    said = words or _WORDS.get(status, "That did not work.")
    return PlainTextResponse(f"{said}\n", status_code=status, headers=headers)


Problems = Callable[[], Mapping[str, Problem]]
MetricsPage = Callable[[], Awaitable[tuple[bytes, str]]]  # returns the page and its media type


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages for people."""

    routes: Sequence[BaseRoute]
    receivers: Sequence[Receiver] = ()  # of what people say there; none where the pages are closed
    lines: Sequence[str] = ()  # what the operator should know of them


def network_of(address: str) -> str:
    """Return the network that counts as one client: an IPv4 address or an IPv6 /64; "" for this machine."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return ""
    if found.version == 4:  # noqa: PLR2004
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


class Lock:
    """Checks a password. After too many wrong ones of an address in a minute, further ones are not checked."""

    def __init__(self, clock: Clock, password: str) -> None:
        self._clock = clock
        self._password = _digest(password)
        self._wrong = LastMinute()  # tries of networks

    def opens(self, password: str, request: Request) -> bool | None:
        """Return whether the password in a request is right.

        None, unread, after too many wrong ones of its address in the last minute.
        """
        network = network_of(request.client.host if request.client else "")
        second = self._clock.monotonic()
        if len(self._wrong.of(network, second)) >= MOST_TRIES:
            return None
        if hmac.compare_digest(_digest(password), self._password):
            return True
        self._wrong.count(network, second, MOST_TRIES)
        return False


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()


def why_closed(settings: Settings) -> str:
    """Return why there are no pages, "" if there are: with a password, or on this machine only.

    If PAPERWIRE_WEB_URL is set, a proxy on this machine makes it reachable from outside.
    """
    if settings.web_password is not None:
        return ""
    if not is_loopback(settings.web_host):
        return f"{settings.web_host} can be reached from other machines"
    return "" if settings.web_url is None else "a proxy brings requests to this address"


def create_app(routes: Sequence[BaseRoute]) -> Starlette:
    """Return the web application: these routes, in this order, and a line of text for each refusal."""

    async def refused(_: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            return line(500)
        # for 405, the headers name the allowed methods (RFC 9110, 15.5.6)
        return line(error.status_code, error.headers)

    app = Starlette(routes=routes, exception_handlers={HTTPException: refused})
    app.router.redirect_slashes = False  # its redirects lead to the host that the request names
    return app


def health_routes(problems: Problems, attention: Problems = dict, *, process: str = "") -> list[Route]:
    """Return the routes of /health.

    Args:
        problems: Returns the current problems by name; if there are none, the process is ready.
        attention: Returns what a person should look at although the process is ready.
        process: The id of this process in its database, by which `paperwire status` sees that both use the same one.
    """

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        wrong, seen = problems(), attention()
        ages = {
            name: problem.seconds for name, problem in {**seen, **wrong}.items() if problem.seconds or name in wrong
        }
        said = Readiness(
            ready=not wrong,
            problems={name: problem.why for name, problem in wrong.items()},
            seconds=ages,
            attention={name: problem.why for name, problem in seen.items()},
            process=process,
        )
        return JSONResponse(said.model_dump(exclude_defaults=True), 503 if wrong else 200)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def metrics_routes(page: MetricsPage, lock: Lock | None) -> list[Route]:
    """Return the route of /metrics, which `lock` guards."""

    async def answer(request: Request) -> Response:
        if lock is not None and (refusal := _refusal(lock, request)):
            return refusal
        content, kind = await page()
        return Response(content, media_type=kind)

    return [Route("/metrics", answer)]


class Door:
    """An application that is served before the process has all its parts; then another one takes its place.

    Until then, all but /health is answered with 503.
    """

    def __init__(self, problems: Problems) -> None:
        async def not_now(_: Request) -> Response:
            return line(503)

        self.app: ASGIApp = create_app([*health_routes(problems), Route("/{path:path}", not_now)])
        self.address = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the present application does."""
        await self.app(scope, receive, send)


def _refusal(lock: Lock, request: Request) -> Response | None:
    """Return a refusal.

    None if the request has a password of the lock, alone (Bearer) or with any user name (Basic).
    """
    asks = line(401, {"www-authenticate": 'Basic realm="paperwire"'})
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode().partition(":")[2]
        except ValueError:
            return asks
    if not given:
        return asks
    opens = lock.opens(given, request)
    if opens:
        return None
    return line(429) if opens is None else asks


class _Connection(H11Protocol):
    """A connection. Clients that send no request, or half of one, keep nobody else out."""

    _unfinished: ClassVar[dict["_Connection", None]] = {}  # in the order in which they began

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._note(is_finished=False)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._note(is_finished=self.conn.their_state not in (h11.IDLE, h11.SEND_BODY))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._note(is_finished=True)

    def _note(self, *, is_finished: bool) -> None:
        if is_finished:
            self._unfinished.pop(self, None)
            return
        self._unfinished.setdefault(self)
        if len(self._unfinished) > MOST_UNFINISHED_REQUESTS:
            oldest = next(iter(self._unfinished))
            del self._unfinished[oldest]
            oldest.transport.close()


def _unambiguous(app: ASGIApp) -> ASGIApp:
    """Return the application without requests that give their length twice, which a proxy may divide otherwise.

    Such a request ends its connection (RFC 9112, 6.1).
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope.get("headers", ())}
        is_ambiguous = {b"content-length", b"transfer-encoding"} <= names
        await (line(400, {"connection": "close"}) if is_ambiguous else app)(scope, receive, send)

    return answer


@asynccontextmanager
async def serving(settings: Settings, app: ASGIApp) -> AsyncIterator[str]:
    """Serve `app` while the body runs. Yield its address. Raise SettingsError if the port cannot be used."""
    listener = _listener(settings)
    config = uvicorn.Config(
        _unambiguous(app),
        http=_Connection,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        log_config=None,  # uvicorn's own configuration would log secrets
        log_level="error",  # at "warning", each connection that does not speak HTTP writes a line
        access_log=False,
        lifespan="off",
        proxy_headers=settings.web_url is not None,  # without a proxy, anybody could name any address as their own
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # the process handles signals
    task = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    try:
        yield local_url(host, port)
    finally:
        server.should_exit = True
        await task


def _listener(settings: Settings) -> socket.socket:
    """Return the bound socket of the web address.

    Raise SettingsError if the program may not or cannot listen there.
    """
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, port = settings.web_host, settings.web_port
    try:
        listener.bind((host, port))
        listener.listen()  # before the address is printed, so that programs that read it can connect
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {system_words(error)}.",
            "Choose another in PAPERWIRE_WEB_HOST and PAPERWIRE_WEB_PORT; port 0 takes any that is free.",
        ) from None
    return listener
