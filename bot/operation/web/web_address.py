"""The web application: `/health/live`, `/health/ready`, pages for people, and the web routes of platforms.

Every refusal is a single line without any information about the bot.
"""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.operation.web.health import Problem
from bot.operation.web.sign_in import Lock, Tried
from bot.ports.conversation import WebRequest, WebRoute

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


async def body_in_time(request: Request, *, most: int = LARGEST_BODY) -> bytes | Response:
    """Returns the body of a request, or a refusal if the body has more than `most` bytes or takes too long."""
    try:
        async with asyncio.timeout(LONGEST_BODY):
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
