"""The feeds of chats: the papers that a chat was sent, as Atom (RFC 4287) and JSON Feed (jsonfeed.org/version/1.1).

The key in the address opens a feed. It is looked up at each request, so a removed one opens nothing, in any process;
an unknown key gets the answer of an unknown page. The pages need no session and no cookie, so no other site can make a
browser open them.

Both forms say the same of a paper: its title and its short text as the chat's messages show them, and its whole
abstract. An id is made from the arXiv id or the DOI, so it is the same in all feeds. A feed does not contain its own
address, which is a secret: people pass feeds on.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app import App
from bot.http import SECRET_PAGE, with_any_prefix
from bot.log import error_location
from bot.rendering import buttons, cleaning, papers, views
from bot.rendering.dialects import draw
from subscriptions import model
from subscriptions.errors import Sentence, StoreError
from subscriptions.plan import why as delivered_papers
from subscriptions.text.cutting import clean

log = logging.getLogger("paperwire")

_KINDS = {"atom": "application/atom+xml", "json": "application/feed+json"}  # ending of the address → media type
_HEADERS = {
    **SECRET_PAGE,
    "cache-control": "private, no-cache",  # only the reader's own cache, which asks each time whether it is still right
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
_FEEDS = UUID("0d3a3f0e-6f2c-4c53-9a51-5f3c7e1b8a42")  # the name space of the ids of feeds
_SHORT = views.Measure(title=2000, text=2000, abstract=2000)
_TITLE, _TITLE_OF_GROUP = Sentence("paperwire feed"), Sentence("paperwire feed: {chat}")


def feed_routes(app: App) -> Sequence[Route]:
    """Return the routes of the feeds."""
    return [
        Route(path, partial(_feed, app, kind)) for kind in _KINDS for path in with_any_prefix(f"/feed/{{key}}.{kind}")
    ]


async def _feed(app: App, kind: str, request: Request) -> Response:
    """Return the feed that the key opens; without a body if the reader has these bytes already."""
    try:
        found = await app.store.read(delivered_papers.sent_papers, request.path_params["key"])
        body = await asyncio.to_thread(_written, found, kind) if found else None
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
    return Response(body, headers=headers, media_type=_KINDS[kind])


def _is_known(tag: str, given: str) -> bool:
    """Return whether a client has the bytes with this tag, as its If-None-Match tells (RFC 9110, 13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in given.split(",")]
    return tag in tags or tags == ["*"]


def _written(found: delivered_papers.SentPapers, kind: str) -> str:
    """Return a feed, newest papers first."""
    chat, reader, sent = found.chat, views.reader_of(found.chat), list(found.papers)
    is_private = chat.kind is model.ChatKind.PRIVATE or not chat.title
    title = clean(reader.language.say(_TITLE if is_private else _TITLE_OF_GROUP, chat=chat.title))
    items = [_item(known, at, reader) for known, at in sent]
    if kind == "json":
        document = {"version": "https://jsonfeed.org/version/1.1", "title": title, "items": items}
        return json.dumps(document, ensure_ascii=False) + "\n"
    return draw(
        "feed",
        "atom.xml",
        # the chat and when its feed was made name the feed, wherever the bot's pages are
        id=uuid5(_FEEDS, f"{chat.id} {found.begun.isoformat()}").urn,
        title=title,
        updated=_moment(max((at for _, at in sent), default=found.begun)),
        items=items,
    )


def _item(known: model.StoredPaper, at: datetime, reader: views.Reader) -> dict[str, Any]:
    """Return a paper that was sent then, as JSON Feed has it; what that has no name for is in `_paperwire`.

    All texts are on one line, without characters that XML forbids.
    """
    paper = known.paper
    view = papers.paper_view(model.Item(paper=known, because=(), position=0), reader, _SHORT)
    title = clean(str(view.title))
    short = view.withdrawn or " ".join(filter(None, (view.ai, clean(str(view.text)))))
    abstract = "" if view.withdrawn else cleaning.readable(clean(paper.abstract))
    content = abstract or short or title
    url = buttons.paper_url(paper)
    more = {"doi": paper.doi, "venue": paper.venue, "date": paper.published}
    found = {
        "id": url if paper.arxiv_id or paper.doi else f"tag:paperwire,2026:{quote(clean(paper.key))}",
        "url": url,
        "title": title,
        "summary": short if short != content else "",
        "content_text": content,
        "date_published": _moment(at),
        "authors": [{"name": name} for name in papers.author_names(paper)],
        "tags": papers.category_names(paper),
        "_paperwire": _known({name: clean(text or "") for name, text in more.items()}),
    }
    return _known(found)


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
