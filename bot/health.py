"""What the web address answers: `/health/live` and `/health/ready` about the process itself, hooks and doors of platforms.

More pages come later. Whatever is refused is refused in one line that tells nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.ports import Door, Hook, WebCall

log = logging.getLogger("paperwire")

Health = Callable[[], Mapping[str, object]]

LARGEST_BODY = 1024 * 1024  # bytes; an update of Telegram has some thousand
LONGEST_BODY = 20.0  # seconds for it to arrive

_WORDS = {
    400: "That cannot be read.",
    404: "There is no such page.",
    405: "Not so.",
    408: "That took too long.",
    413: "That is too large.",
    415: "That is no JSON.",
    503: "Not now.",
}


def health_app(problems: Health, hooks: Sequence[Hook] = (), doors: Sequence[Door] = ()) -> Starlette:
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
        routes += _routes(hook.path, _answering(hook), "POST")
    for door in doors:
        routes += _routes(door.path, _opening(door), door.method)
    return Starlette(routes=routes, exception_handlers={HTTPException: refused})


def _routes(path: str, answer: Callable[[Request], object], method: str) -> list[Route]:
    """A proxy in front may keep its own part of the address, or cut it off."""
    return [Route(one, answer, methods=[method]) for one in (path, "/{before:path}" + path)]


def _opening(door: Door) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if not door.admits(request.headers):
            return _line(404)
        body = await _in_time(request)
        if isinstance(body, Response):
            return body
        call = WebCall(headers=request.headers, query=request.query_params, cookies=request.cookies, body=body)
        said = await door.answer(call)
        return Response(said.body, said.status, dict(said.headers), media_type=said.kind if said.body else None)

    return answer


def _answering(hook: Hook) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if not hook.admits(request.headers):
            log.warning("Somebody asked at the address for updates without the secret, and got nothing.")
            return _line(404)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _line(415)
        body = await _in_time(request)
        if isinstance(body, Response):
            return body
        try:
            return Response() if await hook.take(body) else _line(503)
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
