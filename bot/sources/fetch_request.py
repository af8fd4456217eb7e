"""Requests for documents, for each day and for missed days; when sources are due; and limits of a host."""

import asyncio
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from bot.errors import FetchError
from bot.ports.channel import Clock
from bot.settings import EVERYTHING, SourceSettings, is_listing
from bot.settings.cron import CronSchedule
from bot.sources.databases import DATABASES, MOST_PAGES, Question
from subscriptions import model
from subscriptions.categories import CLASSES
from subscriptions.errors import Sentence
from subscriptions.planning import source_calendar
from subscriptions.planning.receipts import Observation
from subscriptions.service.source_notices import claim_slot
from subscriptions.store.database.store import Store
from subscriptions.store.sources import release_slot
from subscriptions.zones import zone

GAP = 3.0  # seconds between requests to arXiv, all its hosts together (info.arxiv.org/help/api/tou.html)
PUBLISHER = "arxiv"
GAPS = dict.fromkeys(("api.openalex.org", "api.crossref.org", "eutils.ncbi.nlm.nih.gov"), 1.0)  # of other hosts
MAX_SLOT = 60.0  # seconds that a request waits for its slot at most; if it must wait longer, it fails
LONGEST_REQUEST = 240.0  # seconds after which the slot of a killed process is free again
MAX_DAYS_COUNTED = timedelta(days=60)  # days longer ago do not count as missed


class StoredHostSlots:
    """The slots that all processes of one store share: for each publisher, one request at a time. Raises StoreError."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def acquire(self, publisher: str, most: timedelta) -> timedelta:
        """Tries to acquire the slot for at most `most`. Returns zero if it succeeds, else how long the slot stays taken."""
        return await self._store.run(claim_slot, publisher, most, wall=self._clock.wall())

    async def release(self, publisher: str, gap: timedelta) -> None:
        """Releases the slot, which is free again after `gap`."""
        await self._store.run(release_slot, publisher, gap, wall=self._clock.wall())


def is_arxiv(host: str) -> bool:
    """Returns whether a host is arXiv's. arXiv's limits hold for all its hosts together."""
    name = host.rstrip(".").casefold()
    return name == "arxiv.org" or name.endswith(".arxiv.org")


class HostLimiter:
    """Lets one process send one request at a time to a host. arXiv's hosts count as one, and get further limits.

    There is a gap between the end of a request to arXiv, even a failed one, and the start of the next. So requests never
    arrive closer together, even over a slow network. With `others`, all processes together send arXiv one request at a
    time.
    """

    def __init__(
        self, clock: Clock, *, others: StoredHostSlots | None = None, is_limited: Callable[[str], bool] = is_arxiv
    ) -> None:
        self._clock = clock
        self._others = others
        self._is_limited = is_limited
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # host, or PUBLISHER for all hosts of arXiv -> the monotonic second from which the next request may start
        self._free: dict[str, float] = {}

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits for a slot for one request, and holds it. Raises FetchError if the host asked for a long wait."""
        lane, gap = (PUBLISHER, GAP) if self._is_limited(host) else (host, GAPS.get(host, 0.0))
        async with self._lanes[lane]:
            wait = self._free.get(lane, 0.0) - self._clock.monotonic()
            if wait > MAX_SLOT:
                raise asked_to_wait(host, timedelta(seconds=wait))
            if wait > 0:
                await self._clock.sleep(wait)
            async with self._alone(lane, gap):
                try:
                    yield
                finally:
                    self._reserve(lane, gap)

    @asynccontextmanager
    async def _alone(self, publisher: str, gap: float) -> AsyncIterator[None]:
        """Waits for and holds the slot that all processes share. Hosts without a gap need no slot."""
        if not gap or self._others is None:
            yield
            return
        while wait := await self._others.acquire(publisher, timedelta(seconds=LONGEST_REQUEST)):
            await self._clock.sleep(min(wait.total_seconds(), gap))
        try:
            yield
        finally:
            await self._others.release(publisher, timedelta(seconds=gap))

    def pause(self, host: str, wait: timedelta) -> None:
        """Lets no request to the host start until `wait` is over, because the host asked for this."""
        self._reserve(PUBLISHER if self._is_limited(host) else host, wait.total_seconds())

    def _reserve(self, lane: str, seconds: float) -> None:
        self._free[lane] = max(self._free.get(lane, 0.0), self._clock.monotonic() + seconds)


def asked_to_wait(host: str, wait: timedelta, status: int | None = None) -> FetchError:
    """Returns the FetchError for a host that asks to wait; `wait` is zero if the host did not say how long."""
    values = {"host": host, "status": status or "", "seconds": f"{wait.total_seconds():.0f}"}
    if wait:
        sentence = Sentence("{host} asks for a wait of {seconds} seconds.", values)
    # a page that says "Rate exceeded." but has a status of success
    elif status is None or status < HTTPStatus.BAD_REQUEST:
        sentence = Sentence("{host} is too busy to answer.", values)
    else:
        sentence = Sentence("{host} is too busy to answer ({status}).", values)
    return FetchError(sentence, Sentence("It is asked again by itself."), retry_after=wait, busy=True)


# --------------------------------------------------------------- computes the regular requests of a source at a moment


DATE = "{date}"
MOST_OLDER = 12  # most pages of an operator's own query to arXiv's API; several are needed after an outage
PAGE = 500  # papers per page of arXiv's API, whose manual recommends at most 1,000
_CURSOR = re.compile(r"(?P<before>/details/[^/]+/[^/]+/[^/]+)(?:/(?P<cursor>\d+))?(?P<after>(?:/[^/]*)?/?)")
_TOTAL = re.compile(rb"totalResults\b[^>]*>\s*(\d{1,9})\s*<")
_ENTRY = re.compile(rb"<(?:\w+:)?entry[\s>]")
_START = re.compile(r"(?P<before>[?&]start=)(?P<start>\d+)")


@dataclass(frozen=True, slots=True)
class Sites:
    """The addresses of the services that sources name without an address, and what these services are told."""

    feeds: str = "https://rss.arxiv.org/rss/"
    api: str = "https://export.arxiv.org/api/query"
    openalex: str = "https://api.openalex.org/works"
    crossref: str = "https://api.crossref.org/works"
    pubmed: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
    contact: str = ""  # how to reach the operator
    openalex_key: str = field(default="", repr=False)


ARXIV = Sites()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One request for a document."""

    url: str
    unit: str = ""  # the part of the source: a category; "": the whole source
    format: str | None = None  # None: it is recognised by the content
    may_miss: bool = False  # a missing document is no error: it may not be published yet
    page: int = 1
    history: bool = False  # a query to arXiv's API for papers of the past
    day: date | None = None  # the day that is requested; None: the newest document
    database: str = ""  # one of DATABASES
    received: int = 0  # papers of its pages so far


def requests_of(
    source: SourceSettings,
    now: datetime,
    *,
    split: Collection[str] = (),
    since: date | None = None,
    sites: Sites = ARXIV,
) -> tuple[FetchRequest, ...]:
    """Returns the requests of a source at `now`, each for the first page; () for files.

    `split`: archives that are too large for one feed; each of their categories gets a request. `since`: the day from
    which a database is asked for papers; None: today.
    """
    if source.url is not None:
        return _by_address(source, source.url, now)
    if source.database:
        return (_of_database(source, now.astimezone(UTC).date(), since, sites),)
    categories = [part for code in source.arxiv for part in (_classes(code) if code in split else (code,))]
    form = source.format or "arxiv_rss"
    return tuple(FetchRequest(url=sites.feeds + code, unit=code, format=form) for code in dict.fromkeys(categories))


def _of_database(source: SourceSettings, today: date, since: date | None, sites: Sites) -> FetchRequest:
    name, database = source.database, DATABASES[source.database]
    question = Question(
        getattr(sites, name), source.question, since or today, today, contact=sites.contact, key=sites.openalex_key
    )
    return FetchRequest(url=database.first(question), format=database.format, database=name)


def rest_of_answer(ask: FetchRequest, data: bytes) -> tuple[tuple[FetchRequest, ...], str]:
    """Returns (the requests that follow from an answer of a database, why papers are missing or "")."""
    rest = DATABASES[ask.database].rest(ask.url, data, ask.received)
    following = (replace(ask, url=url, page=ask.page + 1, received=rest.received) for url in rest.addresses)
    if ask.page >= MOST_PAGES and rest.addresses:
        return (), f"There are more than {rest.received:,} papers; a narrower question finds fewer."
    return tuple(following), rest.problem


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
    """Returns the address of the next page of api.biorxiv.org; None after the last page, and for other addresses.

    The page gives the total in `messages[0].total`; the papers in `collection` are counted.
    """
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
    """Returns the key under which an address is remembered.

    The address itself is not stored, since it may hold a secret.
    """
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def document_name(source: str, url: str) -> str:
    """Returns the name of a document in sentences: the source and the last part of the path, which may hold the date."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return f"{source}/{last}" if last else source


# ------------------------------------------------------------------------------ the requests for a day that was missed


DAY = timedelta(days=1)
CLOSES_AT = time(14, 0)  # in New York: papers submitted later are announced a day later
SUNDAY = 6
# arXiv's moderators may hold back papers; a paper of the oldest missed day may have been submitted this long before
MODERATION_HOLD = timedelta(days=4)
_CATEGORY = re.compile(r"/(?:list|rss|atom)/(?P<codes>[A-Za-z.+-]+?)(?:/|$)")


def categories_of(source: SourceSettings) -> tuple[str, ...]:
    """Returns the archives and categories of arXiv whose daily papers a source shows; () for other sources."""
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
    calendar: source_calendar.ArxivCalendar,
    *,
    missing: Collection[str] = (),
    oldest: bool = False,
    sites: Sites = ARXIV,
) -> FetchRequest | None:
    """Returns the request for a missed day; None if the source cannot show past days.

    `missing`: the categories of arXiv that lack the day; empty: all of the source. `oldest`: the day is the oldest missed
    one, so the request includes papers that were submitted earlier and held back by moderators.
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


def announced(paper: model.Paper, categories: Collection[str]) -> model.Paper:
    """Returns a paper of a missed day, with the announce type of the feeds of these categories: new or cross-list."""
    primary = paper.primary or ""
    here = any(primary == code or primary.startswith(f"{code}.") for code in categories)
    return replace(paper, announce_type=model.Announce.NEW if here else model.Announce.CROSS)


def api_request(query: str, *, most: int | None = None, day: date | None = None, sites: Sites = ARXIV) -> FetchRequest:
    """Returns the request for the first page of a query to arXiv's API (info.arxiv.org/help/api/user-manual.html)."""
    url = f"{sites.api}?{query}&start=0&max_results={most or PAGE}"
    return FetchRequest(url=url, format="arxiv_api_atom", history=True, day=day)


def by_ids(ids: Sequence[str], *, sites: Sites = ARXIV) -> FetchRequest:
    """Returns the request for the papers with these arXiv ids."""
    return api_request(f"id_list={','.join(quote(one, safe='') for one in ids)}", most=len(ids), sites=sites)


def by_title(words: str, *, most: int, sites: Sites = ARXIV) -> FetchRequest:
    """Returns the request for papers with these consecutive words in the title. `words` must not have punctuation."""
    return api_request(f"search_query=ti:%22{quote(words, safe='').replace('%20', '+')}%22", most=most, sites=sites)


def submitted_between(batch: date, calendar: source_calendar.ArxivCalendar) -> tuple[datetime, datetime]:
    """Returns (begin, end) of the time in which papers of a batch were submitted, in aware UTC."""
    before = batch - DAY
    while not calendar.has_batch(before):
        before -= DAY
    return _closed(before), _closed(batch)


def _closed(batch: date) -> datetime:
    """Returns the time until which papers could be submitted for a batch."""
    evening = batch - DAY
    day = evening - 2 * DAY if evening.weekday() == SUNDAY else evening
    return datetime.combine(day, CLOSES_AT, source_calendar.NEW_YORK).astimezone(UTC)


def _in_categories(categories: Collection[str]) -> str:
    """Returns the part of a query that restricts it to categories; "" for all of arXiv."""
    if set(categories) >= set(CLASSES):
        return ""
    codes = [f"{code}.*" if CLASSES.get(code) else code for code in dict.fromkeys(categories)]
    return f"%28{'+OR+'.join(f'cat:{code}' for code in codes)}%29+AND+"


# ------------------------------------------------------------------------------------------------- when sources are due


class SourceSchedules:
    """Tells when sources are due, by the schedules of the settings, arXiv's calendar and the operator's time zone."""

    def __init__(self, holidays: Sequence[date] | None, zone_name: str) -> None:
        self.calendar = source_calendar.ArxivCalendar(holidays=None if holidays is None else frozenset(holidays))
        self._zone = zone(zone_name)

    def schedule(self, source: SourceSettings) -> source_calendar.Schedule | None:
        """Returns the schedule of a source; None for a file that is only watched."""
        if source.schedule is None:
            return None
        return source_calendar.read_schedule(
            source.schedule, self._arxiv(source), lambda line: CronSchedule(line, self._zone)
        )

    def due(
        self, source: SourceSettings, observation: Observation, now: datetime
    ) -> tuple[source_calendar.Overdue | None, bool]:
        """Returns (what a unit should hold by now, or None; whether None means that nothing is announced today)."""
        schedule = self.schedule(source)
        if schedule is None:
            return None, False
        if observation.batch:
            return self._arxiv(source).due_now(now), True
        return schedule.due_now(now), schedule.awaited

    def is_awaited(self, source: SourceSettings) -> bool:
        """Returns whether documents of a source are due at known moments. If not, papers of any day count as new."""
        schedule = self.schedule(source)
        return schedule is not None and schedule.awaited

    def batch_due(self, source: SourceSettings, now: datetime) -> source_calendar.Overdue | None:
        """Returns the batch of arXiv that the source should show by now; None if none is due."""
        return self._arxiv(source).due_now(now)

    def current_days(self, source: SourceSettings, now: datetime) -> tuple[date, ...]:
        """Returns the days of the regular requests: today and yesterday for a dated address, else the day that is due."""
        today = now.astimezone(UTC).date()
        if is_dated(source):
            return today, today - DAY
        schedule = self.schedule(source)
        if self._follows_arxiv(source):
            due = self._arxiv(source).due_now(now)
            return (due.batch,) if due and due.batch else ()
        last = schedule.last_due(now) if schedule and schedule.awaited else None
        return (last.astimezone(self._zone).date(),) if last else ()

    def days_due(self, source: SourceSettings, after: date | None, now: datetime) -> tuple[date, ...]:
        """Returns the days after `after` that a source should have brought by `now`, oldest first.

        If `after` is None, returns only the current day.
        """
        if source.database:
            return ()  # each poll asks for all papers since the last one that was good
        current = self.current_days(source, now)
        today = now.astimezone(UTC).date()
        if after is None or after > today + DAY:  # a time in the future was stored before the clock was set back
            return current[:1]
        first = max(after, today - MAX_DAYS_COUNTED) + DAY
        if is_dated(source):
            return tuple(first + DAY * n for n in range((today - first).days + 1))
        if self._follows_arxiv(source):
            schedule = self._arxiv(source)
            days = self.calendar.announcement_days(first, today + DAY)
            return tuple(day for day in days if schedule.expected_at(day) <= now)
        return self._days_of_cron(source, first, now)

    def _days_of_cron(self, source: SourceSettings, first: date, now: datetime) -> tuple[date, ...]:
        schedule = self.schedule(source)
        if schedule is None or not schedule.awaited:
            return ()
        found: dict[date, None] = {}
        moment = schedule.next_poll(datetime(first.year, first.month, first.day, tzinfo=UTC) - DAY)
        while moment <= now:
            day = moment.astimezone(self._zone).date()
            found |= {day: None} if day >= first else {}
            moment = schedule.next_poll(moment + timedelta(hours=1))
        return tuple(found)

    def _follows_arxiv(self, source: SourceSettings) -> bool:
        """Returns whether a source follows arXiv's calendar."""
        return bool(source.arxiv) or source.schedule == "arxiv"

    def expected_at(self, source: SourceSettings, batch: date) -> datetime:
        """Returns the moment from which a source should hold a batch of arXiv."""
        return self._arxiv(source).expected_at(batch)

    def _arxiv(self, source: SourceSettings) -> source_calendar.ArxivSchedule:
        return source_calendar.ArxivSchedule(
            calendar=self.calendar, evening=source.url is not None and is_listing(source.url)
        )
