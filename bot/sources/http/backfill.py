"""The requests for a day that was missed. Pure.

- A dated address is requested with the date of that day.
- A feed or list of arXiv shows only its newest batch. arXiv's API finds the papers of an older batch by the time of their
  submission. Papers submitted until 14:00 in New York are announced that evening; those submitted later on Friday, or at
  the weekend, on Monday evening; Sunday evening announces those until Friday (info.arxiv.org/help/availability.html).
- All other addresses have no history.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote, urlsplit

from bot.settings import SourceSettings
from bot.sources.http.fetch_request import ARXIV, DATE, PAGE, FetchRequest, Sites
from subscriptions.categories import CLASSES
from subscriptions.model import Announce, Paper
from subscriptions.planning.source_calendar import NEW_YORK, ArxivCalendar

DAY = timedelta(days=1)
CLOSES_AT = time(14, 0)  # in New York: papers submitted later are announced a day later
SUNDAY = 6
MODERATION_HOLD = timedelta(
    days=4
)  # so long arXiv's moderators may keep a paper that is announced in time for the oldest day
_CATEGORY = re.compile(r"/(?:list|rss|atom)/(?P<codes>[A-Za-z.+-]+?)(?:/|$)")


def categories_of(source: SourceSettings) -> tuple[str, ...]:
    """Returns the archives and categories of arXiv whose batches a source shows; () for sources other than arXiv."""
    if source.arxiv or source.url is None or source.schedule != "arxiv":
        return source.arxiv
    found = _CATEGORY.match(urlsplit(source.url).path)
    codes = tuple(found["codes"].split("+")) if found else ()
    return codes if all(code.partition(".")[0] in CLASSES for code in codes) else ()


def is_dated(source: SourceSettings) -> bool:
    """Returns whether the address of a source holds a date."""
    return source.url is not None and DATE in source.url


def backfill_request(
    source: SourceSettings,
    day: date,
    calendar: ArxivCalendar,
    *,
    missing: Collection[str] = (),
    oldest: bool = False,
    sites: Sites = ARXIV,
) -> FetchRequest | None:
    """Returns the request for a day that was missed; None if the source has no history.

    `missing`: the categories of arXiv that lack the day, if not all do. `oldest`: the day is the oldest missed one, so the
    request includes papers that moderators held back before that day.
    """
    if source.url is not None and is_dated(source):
        return FetchRequest(url=source.url.replace(DATE, day.isoformat()), format=source.format, may_miss=True, day=day)
    categories = missing or categories_of(source)
    if not categories:
        return None
    first, last = submitted_between(day, calendar)
    days = f"submittedDate:[{first - (MODERATION_HOLD if oldest else timedelta(0)):%Y%m%d%H%M}+TO+{last:%Y%m%d%H%M}]"
    query = f"{_in_categories(categories)}{days}"
    return api_request(f"search_query={query}&sortBy=submittedDate&sortOrder=descending", day=day, sites=sites)


def announced(paper: Paper, categories: Collection[str]) -> Paper:
    """Returns a paper of a missed day, with the announce type of the feeds of these categories: new or cross-list."""
    primary = paper.primary or ""
    here = any(primary == code or primary.startswith(f"{code}.") for code in categories)
    return replace(paper, announce_type=Announce.NEW if here else Announce.CROSS)


def api_request(query: str, *, most: int | None = None, day: date | None = None, sites: Sites = ARXIV) -> FetchRequest:
    """Returns the request for the first page of a query to arXiv's API (info.arxiv.org/help/api/user-manual.html)."""
    url = f"{sites.api}?{query}&start=0&max_results={most or PAGE}"
    return FetchRequest(url=url, format="arxiv_api_atom", history=True, day=day)


def by_ids(ids: Sequence[str], *, sites: Sites = ARXIV) -> FetchRequest:
    """Returns the request for the papers with these arXiv ids."""
    return api_request(f"id_list={','.join(quote(one, safe='') for one in ids)}", most=len(ids), sites=sites)


def by_title(words: str, *, most: int, sites: Sites = ARXIV) -> FetchRequest:
    """Returns the request for papers with these consecutive words in the title. The words hold no punctuation."""
    return api_request(f"search_query=ti:%22{quote(words, safe='').replace('%20', '+')}%22", most=most, sites=sites)


def submitted_between(batch: date, calendar: ArxivCalendar) -> tuple[datetime, datetime]:
    """Returns the times between which the papers of a batch were submitted; aware UTC."""
    before = batch - DAY
    while not calendar.has_batch(before):
        before -= DAY
    return _closed(before), _closed(batch)


def _closed(batch: date) -> datetime:
    """Returns the time until which papers could be submitted for a batch."""
    evening = batch - DAY
    day = evening - 2 * DAY if evening.weekday() == SUNDAY else evening
    return datetime.combine(day, CLOSES_AT, NEW_YORK).astimezone(UTC)


def _in_categories(categories: Collection[str]) -> str:
    """Returns the part of a query that restricts it to categories; "" for all of arXiv."""
    if set(categories) >= set(CLASSES):
        return ""
    codes = [f"{code}.*" if CLASSES.get(code) else code for code in dict.fromkeys(categories)]
    return f"%28{'+OR+'.join(f'cat:{code}' for code in codes)}%29+AND+"
