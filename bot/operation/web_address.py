"""What the web address answers: `/health/live` and `/health/ready` about the process itself, hooks and doors of platforms.

More pages come later. Whatever is refused is refused in one line that tells nothing. Connections are limited in number
and must bring a request soon, so that whoever opens many and says nothing cannot use up what the work needs.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.ports.web_route import Webhook, WebRequest, WebRoute

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

log = logging.getLogger("paperwire")

Health = Callable[[], Mapping[str, object]]

LARGEST_BODY = 1024 * 1024  # bytes; an update of Telegram has some thousand
LONGEST_BODY = 20.0  # seconds for it to arrive
LONGEST_HEAD = 10.0  # seconds for the head of a request, from the connection or the answer before it
MOST_CONNECTIONS = 512
MOST_OF_AN_ADDRESS = 32  # of those; a proxy on this machine stands for many people, so loopback has no such limit
SHARE_OF_DESCRIPTORS = 4  # connections take at most a fourth of the files that the process may have open

_WORDS = {
    400: "That cannot be read.",
    404: "There is no such page.",
    405: "Not so.",
    408: "That took too long.",
    413: "That is too large.",
    415: "That is no JSON.",
    503: "Not now.",
}


def health_app(problems: Health, hooks: Sequence[Webhook] = (), doors: Sequence[WebRoute] = ()) -> Starlette:
    """The web application. `problems` says what is wrong now, by name; nothing: ready."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        wrong = dict(problems())
        return JSONResponse({"ready": not wrong, "problems": wrong}, status_code=503 if wrong else 200)

    async def refused(_: Request, error: Exception) -> Response:
        return _line(error.status_code if isinstance(error, HTTPException) else 500)

    routes = [Route("/health/live", live), Route("/health/ready", ready)]
    for hook in hooks:
        routes += _routes(hook.path, _webhook_handler(hook), "POST")
    for door in doors:
        routes += _routes(door.path, _route_handler(door), door.method)
    return Starlette(routes=routes, exception_handlers={HTTPException: refused})


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP connections, limited in number and in the time that the head of a request may take.

    uvicorn has neither limit: `limit_concurrency` counts only after the head has come.
    """

    _deadline: asyncio.TimerHandle | None = None
    _since = 0.0  # when it was opened, seconds of the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection; where there are too many, one goes that has brought no request for longest."""
        super().connection_made(transport)  # type: ignore[arg-type]  # narrowed in the same way there
        self._since = self.loop.time()
        self._expect_head()
        rivals = self._rivals()
        if rivals:
            idle = [one for one in rivals if not one._is_answering()]  # noqa: SLF001 - of this class
            ended = min(idle, key=lambda one: one._since, default=self)  # noqa: SLF001 - as above
            self.connections.discard(ended)
            ended.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadline with the connection."""
        self._meet_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The deadline ends with the head, and not with its first bytes."""
        super().data_received(data)
        if self._is_answering():
            self._meet_deadline()
        elif self._deadline is None:
            self._expect_head()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _rivals(self) -> list["LimitedProtocol"]:
        """The connections of which one must go, without this one; [] while there is room."""
        there = [one for one in self.connections if isinstance(one, LimitedProtocol)]
        if len(there) > most_connections():
            return [one for one in there if one is not self]
        host = self._host()
        alike = [one for one in there if one._host() == host] if host else []  # noqa: SLF001 - as above
        return [one for one in alike if one is not self] if len(alike) > MOST_OF_AN_ADDRESS else []

    def _host(self) -> str:
        """The address on the other side; "" for this machine, and where there is none."""
        host = self.client[0] if self.client else ""
        return "" if not host or ipaddress.ip_address(host.partition("%")[0]).is_loopback else host

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(LONGEST_HEAD, self._end)

    def _meet_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self._deadline = None
        if not self._is_answering():
            self.transport.abort()


def most_connections() -> int:
    """How many connections may be open at once; the rest of the process's files is for the work."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE) if resource else (-1, -1)
    if files < 0:  # no limit
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, files // SHARE_OF_DESCRIPTORS))


def _routes(path: str, answer: Callable[[Request], object], method: str) -> list[Route]:
    """A proxy in front may keep its own part of the address, or cut it off."""
    return [Route(one, answer, methods=[method]) for one in (path, "/{before:path}" + path)]


def _route_handler(door: WebRoute) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if not door.accepts(request.headers):
            return _line(404)
        body = await _in_time(request)
        if isinstance(body, Response):
            return body
        call = WebRequest(headers=request.headers, query=request.query_params, cookies=request.cookies, body=body)
        said = await door.answer(call)
        return Response(said.body, said.status, dict(said.headers), media_type=said.kind if said.body else None)

    return answer


def _webhook_handler(hook: Webhook) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if not hook.accepts(request.headers):
            log.warning("Somebody asked at the address for updates without the secret, and got nothing.")
            return _line(404)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _line(415)
        body = await _in_time(request)
        if isinstance(body, Response):
            return body
        try:
            return Response() if await hook.receive(body) else _line(503)
        except ValueError:
            return _line(400)

    return answer


async def _in_time(request: Request) -> bytes | Response:
    """What was sent, or the refusal of what is too much or takes too long."""
    try:
        async with asyncio.timeout(LONGEST_BODY):
            body = await _body(request)
    except TimeoutError:
        return _line(408)
    return _line(413) if body is None else body


async def _body(request: Request) -> bytes | None:
    """What was sent; None: too much, and then the rest is not read."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


def _line(status: int) -> Response:
    return PlainTextResponse(_WORDS.get(status, "That did not work.") + "\n", status_code=status)
