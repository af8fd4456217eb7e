"""What the web address answers: `/health/live` and `/health/ready` about the process itself, and hooks of platforms.

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

from bot.ports import Hook

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


def health_app(problems: Health, hooks: Sequence[Hook] = ()) -> Starlette:
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
        answer = _answering(hook)
        # A proxy in front may keep its own part of the address, or cut it off.
        routes += [Route(path, answer, methods=["POST"]) for path in (hook.path, "/{before:path}" + hook.path)]
    return Starlette(routes=routes, exception_handlers={HTTPException: refused})


def _answering(hook: Hook) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if not hook.admits(request.headers):
            log.warning("Somebody asked at the address for updates without the secret, and got nothing.")
            return _line(404)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _line(415)
        try:
            async with asyncio.timeout(LONGEST_BODY):
                body = await _body(request)
        except TimeoutError:
            return _line(408)
        if body is None:
            return _line(413)
        try:
            return Response() if await hook.take(body) else _line(503)
        except ValueError:
            return _line(400)

    return answer


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
