"""The papers that a chat was sent, as Atom (RFC 4287) and as JSON Feed (jsonfeed.org/version/1.1).

Both say the same of a paper: its title and its short text as the chat's messages show them, and its whole abstract. An
id is made from the arXiv id or the DOI, so it is the same in all feeds. A feed does not contain its own address, which
is a secret: people pass feeds on.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from bot.rendering import buttons, cleaning, papers, views
from bot.rendering.dialects import draw
from subscriptions import model
from subscriptions.errors import Sentence
from subscriptions.texts.cutting import clean

ATOM, JSON_FEED = "application/atom+xml", "application/feed+json"
_FEEDS = UUID("0d3a3f0e-6f2c-4c53-9a51-5f3c7e1b8a42")  # the name space of the ids of feeds
_SHORT = views.Measure(title=2000, text=2000, abstract=2000)
_TITLE, _TITLE_OF_GROUP = Sentence("paperwire feed"), Sentence("paperwire feed: {chat}")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, newest papers first."""

    id: str
    title: str
    updated: str
    items: Sequence[Mapping[str, Any]]  # the papers, as JSON Feed has them; what it has no name for is in `_paperwire`


def feed_of(chat: model.Chat, sent: Iterable[tuple[model.KnownPaper, datetime]], *, begun: datetime) -> Feed:
    """Returns the feed of a chat.

    `sent`: the papers with the moments when the chat was sent them. `begun`: when the feed was made, which counts as
    its last change as long as it is empty. With the chat it names the feed, wherever the bot's pages are.
    """
    reader, sent = views.reader_of(chat), list(sent)
    is_private = chat.kind is model.ChatKind.PRIVATE or not chat.title
    title = _TITLE if is_private else replace(_TITLE_OF_GROUP, values={"chat": chat.title})
    return Feed(
        id=uuid5(_FEEDS, f"{chat.id} {begun.isoformat()}").urn,
        title=clean(reader.language.say(title)),
        updated=_moment(max((at for _, at in sent), default=begun)),
        items=[_item(known, at, reader) for known, at in sent],
    )


def atom(feed: Feed) -> str:
    """Returns the feed as Atom."""
    return draw("feed", "atom.xml", feed=feed)


def json_feed(feed: Feed) -> str:
    """Returns the feed as JSON Feed."""
    document = {"version": "https://jsonfeed.org/version/1.1", "title": feed.title, "items": feed.items}
    return json.dumps(document, ensure_ascii=False) + "\n"


def _item(known: model.KnownPaper, at: datetime, reader: views.Reader) -> dict[str, Any]:
    """Returns a paper that was sent then. All texts are on one line, without characters that XML forbids."""
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
