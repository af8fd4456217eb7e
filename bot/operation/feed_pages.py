"""The feeds of chats: the key in the address opens one.

It is looked up at each request, so a removed one opens nothing, in any process.

The pages need no session and no cookie, so no other site can make a browser open them. An unknown key gets the answer
of an unknown page.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app import App
from bot.failures import error_location
from bot.ports.conversation import SECRET_PAGE, with_any_prefix
from bot.rendering import feed_documents
from subscriptions.errors import StoreError
from subscriptions.service import delivered_papers
from subscriptions.store.database.store import Store

log = logging.getLogger("paperwire")

_HEADERS = {
    **SECRET_PAGE,
    "cache-control": "private, no-cache",  # only the reader's own cache, which asks each time whether it is still right
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
_Write = Callable[[feed_documents.Feed], str]


def feed_routes(app: App) -> Sequence[Route]:
    """Returns the routes of the feeds."""
    forms = {
        "atom": (feed_documents.atom, feed_documents.ATOM),
        "json": (feed_documents.json_feed, feed_documents.JSON_FEED),
    }
    return [
        Route(path, partial(_feed, app, write, kind))
        for ending, (write, kind) in forms.items()
        for path in with_any_prefix(f"/feed/{{key}}.{ending}")
    ]


async def _feed(app: App, write: _Write, kind: str, request: Request) -> Response:
    """Returns the feed that the key opens; without a body if the reader has these bytes already."""
    try:
        body = await app.store.run(_written, request.path_params["key"], write)
    except StoreError as error:
        log.error("A feed cannot be shown: %s", error)
        raise HTTPException(503, headers={**_HEADERS, "retry-after": "60"}) from None
    except Exception as error:  # noqa: BLE001 - a bug in one page must not show its traceback
        log.error("A feed failed: %s", error_location(error))
        raise HTTPException(500, headers=_HEADERS) from None
    if body is None:
        raise HTTPException(404, headers=_HEADERS)
    headers = {**_HEADERS, "etag": f'"{sha256(body.encode()).hexdigest()[:32]}"'}
    if _is_known(headers["etag"], request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)


def _written(store: Store, key: str, write: _Write) -> str | None:
    """Returns the feed that has this key; None for any other text."""
    found = delivered_papers.sent_papers(store, key)
    if found is None:
        return None
    return write(feed_documents.feed_of(found.chat, found.papers, begun=found.begun))


def _is_known(tag: str, given: str) -> bool:
    """Returns whether a client has the bytes with this tag, as its If-None-Match tells (RFC 9110, 13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in given.split(",")]
    return tag in tags or tags == ["*"]
