"""Computes the regular requests of a source at a moment. Pure.

- A plain `url` makes one request. A `url` with `{date}` makes two: for today and for yesterday, in UTC.
- `arxiv = [...]` makes one request for the feed of each category or archive, https://rss.arxiv.org/rss/cs.LG. A feed of
  several is cut at 2,000 papers, new ones first (info.arxiv.org/help/rss.html). If the feed of an archive is cut, too, the
  feeds of its categories are requested.
- An answer of bioRxiv (api.biorxiv.org/details/SERVER/FROM/TO/CURSOR) has further pages.
- For missed days see bot.sources.http.backfill.
"""

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from bot.settings import EVERYTHING, SourceSettings
from subscriptions.categories import CLASSES

DATE = "{date}"
MOST_PAGES = 100  # most pages of one answer; a server that returns more repeats them
MOST_OLDER = 12  # most pages of an operator's own query to arXiv's API, after an outage
PAGE = 500  # papers per page of arXiv's API, whose manual recommends at most 1,000
_CURSOR = re.compile(r"(?P<before>/details/[^/]+/[^/]+/[^/]+)(?:/(?P<cursor>\d+))?(?P<after>(?:/[^/]*)?/?)")
_TOTAL = re.compile(rb"totalResults\b[^>]*>\s*(\d{1,9})\s*<")
_ENTRY = re.compile(rb"<(?:\w+:)?entry[\s>]")
_START = re.compile(r"(?P<before>[?&]start=)(?P<start>\d+)")


@dataclass(frozen=True, slots=True)
class Sites:
    """The addresses of arXiv's services."""

    feeds: str = "https://rss.arxiv.org/rss/"
    api: str = "https://export.arxiv.org/api/query"


ARXIV = Sites()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One request for a document."""

    url: str
    unit: str = ""  # the part of the source: a category; "": the whole source
    format: str | None = None  # None: recognised by the content
    may_miss: bool = False  # a missing document is no error: it has not been published yet
    page: int = 1
    history: bool = False  # the request returns papers of older days only
    day: date | None = None  # the day that is requested; None: the newest document


def requests_of(
    source: SourceSettings, now: datetime, *, split: Collection[str] = (), sites: Sites = ARXIV
) -> tuple[FetchRequest, ...]:
    """Returns the requests of a source at `now`, without further pages; () for files. `split`: archives too large for one feed."""
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
    """Returns the source that is used if the settings name none: the feeds of all archives of arXiv."""
    return SourceSettings(name=EVERYTHING, arxiv=tuple(CLASSES), schedule="arxiv")


def next_page(ask: FetchRequest, data: bytes) -> FetchRequest | None:
    """Returns the request for the page after the one that returned `data`; None after the last page.

    Servers return pages of any size, so the received papers are counted. An empty page is the last one.
    """
    if ask.page >= MOST_PAGES:
        return None
    url = _next_start(ask.url, data) if ask.history else _next_cursor(ask.url, data)
    return replace(ask, url=url, page=ask.page + 1) if url else None


def older_page(ask: FetchRequest, data: bytes) -> FetchRequest | None:
    """Returns the request for the next page of an operator's own query to arXiv's API; None if there is none."""
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
    """Returns the address of the next page of api.biorxiv.org, by `messages[0].total`, a text, and the length of `collection`."""
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
    """Returns (total, received) of an answer of api.biorxiv.org; (0, 0) for any other document."""
    try:
        answer = json.loads(data)
        message = answer["messages"][0]
        return int(message["total"]), len(answer["collection"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return 0, 0


def is_api(url: str) -> bool:
    """Returns whether an address is a query to arXiv's API."""
    return urlsplit(url).path.rstrip("/").endswith("/api/query")


def address_key(url: str) -> str:
    """Returns the key under which an address is remembered. The address itself is not stored, since it may hold a secret."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def document_name(source: str, url: str) -> str:
    """Returns the name of a document in sentences: the source and the last part of the path, which may hold the date."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return f"{source}/{last}" if last else source
