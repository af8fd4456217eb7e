"""The HTTP server of the process: uvicorn, with limits for connections that bring no request."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import SettingsError
from bot.operation.web_address import health_app
from bot.ports.web_route import Webhook, WebRoute
from bot.settings import Settings
from subscriptions.errors import Sentence

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

LONGEST_HEAD = 10.0  # seconds for the head of a request, from the connection or from the answer before it
MOST_CONNECTIONS = 512
MOST_OF_AN_ADDRESS = 32  # of those; a proxy on this machine stands for many people, so loopback has no such limit
SHARE_OF_DESCRIPTORS = 4  # connections take at most a fourth of the files that the process may have open


@asynccontextmanager
async def serving(
    settings: Settings,
    problems: Callable[[], dict[str, str]],
    say: Callable[[str], None],
    webhooks: Sequence[Webhook],
    routes: Sequence[WebRoute] = (),
) -> AsyncIterator[None]:
    """Serves the web address while the body runs. Raises SettingsError if it cannot be listened on."""
    listener = _listener(settings)
    config = uvicorn.Config(
        health_app(problems, webhooks, routes),
        http=LimitedProtocol,
        ws="none",
        log_config=None,  # uvicorn's own would write secrets beside our log
        log_level="error",  # at "warning" each connection that is no HTTP is a line
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # bot.app handles signals
    task = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    say(f"Health: http://{host}:{port}/health/ready")
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _listener(settings: Settings) -> socket.socket:
    """The socket of the web address. It is bound here, so that a port in use can be reported in a sentence."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, port = settings.web_host, settings.web_port
    try:
        listener.bind((host, port))
        listener.listen()  # before the address is printed, so that whoever reads it can connect
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
    """uvicorn's HTTP connections, limited in number and in the time that the head of a request may take.

    uvicorn has neither limit: its `limit_concurrency` counts a connection only after the head of a request has come.
    """

    _deadline: asyncio.TimerHandle | None = None
    _opened_at = 0.0  # seconds of the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepts the connection. If there are too many, aborts the one that has waited longest without a request."""
        super().connection_made(transport)  # type: ignore[arg-type]  # narrowed in the same way there
        self._opened_at = self.loop.time()
        self._start_deadline()
        rivals = self._rivals()
        if rivals:
            idle = [one for one in rivals if not one._is_answering()]  # noqa: SLF001 - of this class
            ended = min(idle, key=lambda one: one._opened_at, default=self)  # noqa: SLF001 - as above
            self.connections.discard(ended)
            ended.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the deadline."""
        self._cancel_deadline()
        super().connection_lost(exc)

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
        """The other connections, of which one must be aborted; empty while there is room."""
        connections = [one for one in self.connections if isinstance(one, LimitedProtocol)]
        if len(connections) > most_connections():
            return [one for one in connections if one is not self]
        host = self._host()
        alike = [one for one in connections if one._host() == host] if host else []  # noqa: SLF001 - as above
        return [one for one in alike if one is not self] if len(alike) > MOST_OF_AN_ADDRESS else []

    def _host(self) -> str:
        """The address of the other side; "" for this machine, and where there is none."""
        host = self.client[0] if self.client else ""
        return "" if not host or ipaddress.ip_address(host.partition("%")[0]).is_loopback else host

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


def most_connections() -> int:
    """How many connections may be open at once. The other files that the process may open are for its work."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE) if resource else (-1, -1)
    if files < 0:  # no limit
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, files // SHARE_OF_DESCRIPTORS))
