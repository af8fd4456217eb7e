"""Which addresses a source is made of at a moment. Pure.

- A plain `url` is itself. One with `{date}` is that of today and that of yesterday, in UTC.
- `arxiv = [...]` is one feed for each category or archive, https://rss.arxiv.org/rss/cs.LG: a feed of several is cut at
  2,000 papers, the new ones first (info.arxiv.org/help/rss.html). An archive that is cut all the same is asked by category.
- An answer of bioRxiv (api.biorxiv.org/details/SERVER/FROM/TO/CURSOR) has further pages.
- Papers of days that were missed: see `missed`.
"""

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from bot.settings import EVERYTHING, SourceSettings
from subscriptions.categories.tree import CLASSES

DATE = "{date}"
MOST_PAGES = 100  # of one answer: more is a server that repeats itself
MOST_OLDER = 12  # pages of an operator's own question to arXiv's API, after an outage
PAGE = 500  # papers a page of arXiv's API: it asks not to be asked for more than 1,000 at once
_CURSOR = re.compile(r"(?P<before>/details/[^/]+/[^/]+/[^/]+)(?:/(?P<cursor>\d+))?(?P<after>(?:/[^/]*)?/?)")
_TOTAL = re.compile(rb"totalResults\b[^>]*>\s*(\d{1,9})\s*<")
_ENTRY = re.compile(rb"<(?:\w+:)?entry[\s>]")
_START = re.compile(r"(?P<before>[?&]start=)(?P<start>\d+)")


@dataclass(frozen=True, slots=True)
class Sites:
    """Where arXiv is."""

    feeds: str = "https://rss.arxiv.org/rss/"
    api: str = "https://export.arxiv.org/api/query"


ARXIV = Sites()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One address to be asked."""

    url: str
    unit: str = ""  # the part of the source that it is: a category; "" the source as a whole
    format: str | None = None  # None: told by the content
    may_miss: bool = False  # what is not there is not there yet
    page: int = 1
    history: bool = False  # it brings older papers and says nothing of today's
    day: date | None = None  # of which day it is, where the address says so


def requests_of(
    source: SourceSettings, now: datetime, *, split: Collection[str] = (), sites: Sites = ARXIV
) -> tuple[FetchRequest, ...]:
    """What a source is made of at `now`, without further pages; () for files. `split`: archives too large for one feed."""
    if source.url is not None:
        return _by_address(source, source.url, now)
    categories = [part for code in source.arxiv for part in (_classes(code) if code in split else (code,))]
    form = source.format or "arxiv_rss"
    return tuple(FetchRequest(url=sites.feeds + code, unit=code, format=form) for code in dict.fromkeys(categories))


def _by_address(source: SourceSettings, url: str, now: datetime) -> tuple[FetchRequest, ...]:
    if DATE not in url:
        return (FetchRequest(url=url, format=source.format),)
    today = now.astimezone(UTC).date()
    days = (today, today - timedelta(days=1))
    return tuple(
        FetchRequest(url=url.replace(DATE, day.isoformat()), format=source.format, may_miss=True, day=day)
        for day in days
    )


def _classes(code: str) -> tuple[str, ...]:
    return tuple(f"{code}.{name}" for name in CLASSES.get(code, ())) or (code,)


def everything() -> SourceSettings:
    """The source that there is when the settings name none: the feeds of all archives of arXiv."""
    return SourceSettings(name=EVERYTHING, arxiv=tuple(CLASSES), schedule="arxiv")


def next_page(ask: FetchRequest, data: bytes) -> FetchRequest | None:
    """The page after the one that was answered with `data`; None: it was the last.

    It goes on by what was received, since no server keeps to the size of a page, and ends with a page that is empty.
    """
    if ask.page >= MOST_PAGES:
        return None
    url = _next_start(ask.url, data) if ask.history else _next_cursor(ask.url, data)
    return replace(ask, url=url, page=ask.page + 1) if url else None


def older_page(ask: FetchRequest, data: bytes) -> FetchRequest | None:
    """The page after the one that an operator's own question to arXiv's API was answered with; None: there is none."""
    if ask.page >= MOST_OLDER or not is_api(ask.url):
        return None
    url = _next_start(ask.url if _START.search(ask.url) else f"{ask.url}&start=0", data)
    return replace(ask, url=url, page=ask.page + 1) if url else None


def _next_start(url: str, data: bytes) -> str | None:
    total, start = _TOTAL.search(data), _START.search(url)
    received = len(_ENTRY.findall(data))
    if not (total and start and received):
        return None
    following = int(start["start"]) + received
    return _START.sub(rf"\g<before>{following}", url) if following < int(total[1]) else None


def _next_cursor(url: str, data: bytes) -> str | None:
    """Of api.biorxiv.org: `messages[0].total` is a text, `collection` what was received."""
    parts = urlsplit(url)
    path = _CURSOR.fullmatch(parts.path)
    if path is None:
        return None
    total, received = _counts(data)
    following = int(path["cursor"] or 0) + received
    if not received or following >= total:
        return None
    return parts._replace(path=f"{path['before']}/{following}{path['after']}").geturl()


def _counts(data: bytes) -> tuple[int, int]:
    """(total, received); (0, 0) for what is no such answer."""
    try:
        answer = json.loads(data)
        message = answer["messages"][0]
        return int(message["total"]), len(answer["collection"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return 0, 0


def is_api(url: str) -> bool:
    """Whether an address is a question to arXiv's API."""
    return urlsplit(url).path.rstrip("/").endswith("/api/query")


def address_key(url: str) -> str:
    """By which an address is remembered: it may hold a secret, so it is not stored itself."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def document_name(source: str, url: str) -> str:
    """What sentences call a document: the source, and the last part of its path, which may tell its date."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return f"{source}/{last}" if last else source
