"""Requests for documents: the regular ones of a source, those for a missed day, questions to databases. Pure.

What an answer says of further pages: bot/sources/answers.py.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from bot.settings import EVERYTHING, SourceSettings
from subscriptions.query.categories import CLASSES
from subscriptions.schedule import calendar as source_calendar
from subscriptions.schedule.calendar import DAY, SUNDAY

CLOSES_AT = time(14, 0)  # in New York: papers submitted later are announced a day later
# arXiv's moderators may hold back papers; a paper of the oldest missed day may have been submitted this long before
MODERATION_HOLD = timedelta(days=4)
_CATEGORY = re.compile(r"/(?:list|rss|atom)/(?P<codes>[A-Za-z.+-]+?)(?:/|$)")
DATE = "{date}"
PAGE = 500  # papers per page of arXiv's API, whose manual recommends at most 1,000
API_RESULTS = 10  # of arXiv's API where a query does not say how many
DATABASES: Mapping[
    str, tuple[str, timedelta]
] = {  # → (the format of its papers, how much later than its day one comes)
    # only the day of publication can be asked for without a contract, and many records come weeks later
    "openalex": ("openalex_json", timedelta(days=30)),
    "crossref": ("crossref_json", timedelta(days=2)),
    "pubmed": ("pubmed_xml", timedelta(days=2)),
}
FIRST_DAYS = timedelta(days=7)  # how far back the first poll of a database asks
_MAIL = re.compile(r"[^\s<>:,;]+@[^\s<>,;]+")
_PUBMED_LIST = "esearch.fcgi"  # the end of the path of an answer that only lists papers
_MOST_IDS = 9_999  # ids in one answer of PubMed


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One request for a document."""

    url: str
    part: str = ""  # the part of the source: a category of arXiv; "": the whole source
    format: str | None = None  # None: it is recognised by the content
    page: int = 1
    history: bool = False  # a query to arXiv's API for papers of the past
    day: date | None = None  # the day that is requested; None: the newest document
    is_missed: bool = False  # `day` is one that earlier polls did not bring
    database: str = ""  # one of DATABASES
    received: int = 0  # papers of its pages so far
    pages: tuple[str, ...] = ()  # hashes of the keys on these pages

    @property
    def host(self) -> str:
        """The host that is asked."""
        return urlsplit(self.url).hostname or ""

    @property
    def document(self) -> str:
        """The name under which the store keeps what it knows about the last document."""
        return self.day.isoformat() if self.day else self.part

    @property
    def may_miss(self) -> bool:
        """Whether a missing document is no error: it may not be published yet."""
        return self.day is not None and not self.history

    @property
    def is_newest(self) -> bool:
        """Whether it asks for the document that an earlier poll may have fetched."""
        return self.page == 1 and not (self.is_missed or self.database)

    @property
    def is_list(self) -> bool:
        """Whether the answer only lists papers, which are requested next."""
        return self.database == "pubmed" and urlsplit(self.url).path.endswith(_PUBMED_LIST)

    @property
    def is_api(self) -> bool:
        """Whether it asks arXiv's API (info.arxiv.org/help/api/user-manual.html)."""
        return urlsplit(self.url).path.rstrip("/").endswith("/api/query")

    @property
    def start(self) -> int:
        """The number of papers before this page of arXiv's API."""
        return _number_in(self.url, "start", 0)

    @property
    def results(self) -> int:
        """The number of papers that are requested of arXiv's API."""
        return _number_in(self.url, "max_results", API_RESULTS)

    def named(self, source: str) -> str:
        """Return the name of the document in sentences: the source and the last part of the path."""
        last = urlsplit(self.url).path.rstrip("/").rpartition("/")[2]
        return f"{source}/{last}" if last else source


def requests_of(
    source: SourceSettings, now: datetime, *, since: date | None = None, sites: Sites
) -> tuple[FetchRequest, ...]:
    """Return the requests of a source at `now`, each for the first page; () for files.

    `since`: the day from which a database is asked for papers; None: today.
    """
    today = now.astimezone(UTC).date()
    if source.url is not None and is_dated(source):
        return tuple(_of_day(source, source.url, day) for day in (today, today - DAY))
    if source.url is not None:
        return (FetchRequest(url=source.url, format=source.format),)
    if name := source.database:
        form, _ = DATABASES[name]
        return (FetchRequest(url=_question(source, since or today, today, sites), format=form, database=name),)
    form = source.format or "arxiv_rss"
    return tuple(FetchRequest(url=sites.feeds + code, part=code, format=form) for code in dict.fromkeys(source.arxiv))


def by_category(ask: FetchRequest, sites: Sites) -> tuple[FetchRequest, ...]:
    """Return the requests for the categories of an archive whose papers are too many for one feed."""
    codes = [f"{ask.part}.{name}" for name in CLASSES.get(ask.part, ())]
    return tuple(replace(ask, url=sites.feeds + code, page=ask.page + 1) for code in codes)


def _of_day(source: SourceSettings, url: str, day: date, *, is_missed: bool = False) -> FetchRequest:
    """Return the request for the document of a day, whose address holds the date."""
    return FetchRequest(url=url.replace(DATE, day.isoformat()), format=source.format, day=day, is_missed=is_missed)


def everything() -> SourceSettings:
    """Return the source that is used if the settings name none: the feeds of all archives of arXiv."""
    return SourceSettings(name=EVERYTHING, arxiv=tuple(CLASSES), schedule="arxiv")


def categories_of(source: SourceSettings) -> tuple[str, ...]:
    """Return the archives and categories of arXiv whose daily papers a source shows; () for other sources."""
    if source.arxiv or source.url is None or source.schedule != "arxiv":
        return source.arxiv
    found = _CATEGORY.match(urlsplit(source.url).path)
    codes = tuple(found["codes"].split("+")) if found else ()
    if all(code.partition(".")[0] in CLASSES for code in codes):
        return codes
    return ()


def is_dated(source: SourceSettings) -> bool:
    """Return whether the address of a source holds a date."""
    return source.url is not None and DATE in source.url


def missed_day_request(
    source: SourceSettings,
    day: date,
    calendar: source_calendar.ArxivCalendar,
    *,
    is_oldest: bool,
    sites: Sites,
) -> FetchRequest | None:
    """Return the request for a missed day; None if the source cannot show past days.

    `is_oldest`: the day is the oldest missed one, so the request includes papers that were submitted earlier and held
    back by moderators.
    """
    if source.url is not None and is_dated(source):
        return _of_day(source, source.url, day, is_missed=True)
    categories = categories_of(source)
    if not categories:
        return None
    first, last = submitted_between(day, calendar)
    if is_oldest:
        first -= MODERATION_HOLD
    query = f"submittedDate:[{first:%Y%m%d%H%M}+TO+{last:%Y%m%d%H%M}]"
    if not set(categories) >= set(CLASSES):
        codes = [f"{code}.*" if CLASSES.get(code) else code for code in dict.fromkeys(categories)]
        query = f"%28{'+OR+'.join(f'cat:{code}' for code in codes)}%29+AND+{query}"
    url = f"{sites.api}?search_query={query}&sortBy=submittedDate&sortOrder=descending&start=0&max_results={PAGE}"
    return FetchRequest(url=url, format="arxiv_api_atom", history=True, day=day, is_missed=True)


def submitted_between(batch: date, calendar: source_calendar.ArxivCalendar) -> tuple[datetime, datetime]:
    """Return (begin, end) of the time in which papers of a batch were submitted, in aware UTC."""
    before = batch - DAY
    while not calendar.has_batch(before):
        before -= DAY
    return _closed(before), _closed(batch)


def _closed(batch: date) -> datetime:
    """Return the time until which papers could be submitted for a batch."""
    evening = batch - DAY
    day = evening - 2 * DAY if evening.weekday() == SUNDAY else evening
    return datetime.combine(day, CLOSES_AT, source_calendar.NEW_YORK).astimezone(UTC)


def asked_since(database: str, declared: datetime, looked_at: datetime | None, now: datetime) -> date:
    """Return the day since which a poll asks a database. `declared`: when the source was declared.

    `looked_at`: its last good poll.

    No poll goes further back than the first, so that old papers do not become news when papers come later than their day.
    """
    _, lag = DATABASES[database]
    return max(min(looked_at or declared, now) - lag, min(declared, now) - FIRST_DAYS).date()


def about_papers(service: str, names: Sequence[str], sites: Sites) -> FetchRequest:
    """Return the request for what "arxiv" knows of ids, "crossref" of DOIs, and "openalex" of DOIs or of addresses.

    A work of OpenAlex has one DOI, that of the article where there is one; addresses also find it by its preprint.
    """
    if service == "arxiv":
        return arxiv_query(f"id_list={','.join(quote(one, safe='') for one in names)}", len(names), sites)
    if service == "openalex":
        known_by = "locations.landing_page_url" if "://" in names[0] else "doi"
        url = _openalex(f"{known_by}:{'|'.join(names)}", sites)
    else:
        url = _crossref(",".join(f"doi:{one}" for one in names), sites)
    return FetchRequest(url=url, format=DATABASES[service][0], database=service)


def arxiv_query(question: str, most: int, sites: Sites) -> FetchRequest:
    """Return a request to arXiv's API (info.arxiv.org/help/api/user-manual.html) for at most `most` papers."""
    return FetchRequest(url=f"{sites.api}?{question}&start=0&max_results={most}", format="arxiv_api_atom")


def _question(source: SourceSettings, first: date, today: date, sites: Sites) -> str:
    """Return the address of the first page of a database's papers since the day `first`."""
    if source.openalex:
        return _openalex(f"{source.question},from_publication_date:{first}", sites)
    if source.crossref:
        return _crossref(f"{source.question},from-created-date:{first}", sites)
    days = {"datetype": "edat", "mindate": f"{first:%Y/%m/%d}", "maxdate": f"{today:%Y/%m/%d}"}
    asked = {"db": "pubmed", "term": source.question, **days, "retmax": str(_MOST_IDS), "retmode": "json"}
    return with_query(sites.pubmed + _PUBMED_LIST, **asked, tool="paperwire", email=_mail(sites))


def _openalex(filters: str, sites: Sites) -> str:
    page = {"filter": filters, "per-page": "100", "cursor": "*"}
    return with_query(sites.openalex, **page, mailto=_mail(sites), api_key=sites.openalex_key)


def _crossref(filters: str, sites: Sites) -> str:
    return with_query(sites.crossref, filter=filters, rows="200", cursor="*", mailto=_mail(sites))


def _mail(sites: Sites) -> str:
    found = _MAIL.search(sites.contact)
    return found[0] if found else ""


def with_query(url: str, **values: str) -> str:
    """Return an address with these values in its query, in place of former ones."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {name: value for name, value in values.items() if value}
    return parts._replace(query=urlencode(query)).geturl()


def _number_in(url: str, name: str, default: int) -> int:
    """Return the number in the query of an address."""
    found = dict(parse_qsl(urlsplit(url).query)).get(name, "")
    return int(found) if found.isascii() and found.isdigit() and len(found) < 10 else default  # noqa: PLR2004 - digits
