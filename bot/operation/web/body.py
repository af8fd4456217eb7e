"""Reads the body of a request, within limits of size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.operation.web.refusals import line

LARGEST_BODY = 1024 * 1024  # bytes; a request of a platform has a few thousand
LONGEST_BODY = 20.0  # seconds until the whole body must have arrived


async def body_in_time(request: Request, *, most: int = LARGEST_BODY) -> bytes | Response:
    """Returns the body of a request, or a refusal if the body has more than `most` bytes or takes too long."""
    try:
        async with asyncio.timeout(LONGEST_BODY):
            body = await _body(request, most)
    except TimeoutError:
        return line(408)
    return line(413) if body is None else body


async def _body(request: Request, most: int) -> bytes | None:
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
