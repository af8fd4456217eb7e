"""What is asked of a source: the requests of a day, and those of days that were missed."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from bot.settings import SourceSettings
from bot.settings.model import is_listing, place_of
from bot.sources.fetch_request import (
    ARXIV,
    FetchRequest,
    SourceSchedules,
    address_key,
    backfill_request,
    by_ids,
    by_title,
    categories_of,
    document_name,
    everything,
    next_page,
    requests_of,
    submitted_between,
)
from bot.sources.receipts import MOST_TRIES, MissedDays, ranges
from subscriptions.planning.source_calendar import ArxivCalendar
from tests.fakes import arxiv_pages as pages
from tests.make import paper

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)


def urls(now: datetime = NOON, split: tuple[str, ...] = (), **values: object) -> list[str]:
    source = SourceSettings(name="x", **values)  # type: ignore[arg-type]
    return [request.url for request in requests_of(source, now, split=split)]


def test_a_plain_address_is_itself_and_a_file_is_none() -> None:
    assert urls(url="https://example.org/list.md?x=1") == ["https://example.org/list.md?x=1"]
    assert urls() == []


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-01-22T00:00+00:00", ["2026-01-22", "2026-01-21"]),
        ("2026-01-22T23:59+00:00", ["2026-01-22", "2026-01-21"]),
        ("2026-01-22T19:30-05:00", ["2026-01-23", "2026-01-22"]),  # days of UTC
        ("2026-03-01T06:00+00:00", ["2026-03-01", "2026-02-28"]),
    ],
)
def test_a_dated_address_is_that_of_today_and_that_of_yesterday(now: str, days: list[str]) -> None:
    url = "https://api.example.org/{date}/{date}.md"
    found = requests_of(SourceSettings(name="x", url=url), datetime.fromisoformat(now))
    assert [request.url for request in found] == [f"https://api.example.org/{day}/{day}.md" for day in days]
    assert all(request.may_miss for request in found)


def test_categories_are_asked_apart_and_large_archives_by_them() -> None:
    feeds = "https://rss.arxiv.org/rss/"
    assert urls(arxiv=("cs.LG", "stat.ML", "hep-th")) == [f"{feeds}cs.LG", f"{feeds}stat.ML", f"{feeds}hep-th"]
    split = urls(arxiv=("econ", "econ.EM"), split=("econ",))
    assert split == [f"{feeds}econ.EM", f"{feeds}econ.GN", f"{feeds}econ.TH"]
    assert urls(arxiv=("hep-th",), split=("hep-th",)) == [f"{feeds}hep-th"]


def test_without_any_source_all_archives_are_read() -> None:
    requests = requests_of(everything(), NOON)
    assert len(requests) == 20
    assert {"cs", "math", "astro-ph", "hep-th", "quant-ph"} < {request.unit for request in requests}
    assert {request.format for request in requests} == {"arxiv_rss"}


def biorxiv(received: int, total: object) -> bytes:
    return json.dumps({"messages": [{"total": total, "count": received}], "collection": [{}] * received}).encode()


DETAILS = "https://api.biorxiv.org/details/biorxiv/2026-01-21/2026-01-22"


@pytest.mark.parametrize(
    ("url", "data", "following"),
    [
        (f"{DETAILS}/0", biorxiv(100, "230"), f"{DETAILS}/100"),
        (f"{DETAILS}/100", biorxiv(30, "230"), f"{DETAILS}/130"),  # for any size of a page
        (f"{DETAILS}/200", biorxiv(30, "230"), None),
        (f"{DETAILS}/0/json", biorxiv(100, 230), f"{DETAILS}/100/json"),
        (DETAILS, biorxiv(100, "230"), f"{DETAILS}/100"),
        (f"{DETAILS}/100", biorxiv(0, "230"), None),  # a short or empty page ends it
        (f"{DETAILS}/0", biorxiv(100, "many"), None),
        (f"{DETAILS}/0", b"[1, 2]", None),
        (f"{DETAILS}/0", b"<html>", None),
        ("https://example.org/list.json", biorxiv(100, "230"), None),
    ],
)
def test_the_next_page_of_biorxiv_begins_after_the_last(url: str, data: bytes, following: str | None) -> None:
    found = next_page(FetchRequest(url=url), data)
    assert (found.url if found else None) == following


def test_pages_of_the_api_go_on_until_the_total() -> None:
    papers = [paper(f"Paper {n}", "cs.LG") for n in range(3)]
    request: FetchRequest | None = backfill_request(everything(), date(2026, 1, 22), ArxivCalendar())
    starts: list[int] = []
    while request is not None and len(starts) < 9:
        start = int(request.url.partition("&start=")[2].partition("&")[0])
        starts.append(start)
        request = next_page(request, pages.answer(papers[: 8 - start], total=8, day=date(2026, 1, 22)))
    assert starts == [0, 3, 6]
    assert (
        next_page(FetchRequest(url="x&start=0", history=True), pages.answer([], total=8, day=date(2026, 1, 22))) is None
    )


def test_a_server_that_repeats_itself_is_left_after_100_pages() -> None:
    request: FetchRequest | None = FetchRequest(url=f"{DETAILS}/0")
    count = 0
    while request is not None:
        count += 1
        request = next_page(request, biorxiv(1, "1000000"))
    assert count == 100


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/a/2026-01-22.md?token=secret", "mine/2026-01-22.md"),
        ("https://rss.arxiv.org/rss/cs.LG", "mine/cs.LG"),
        ("https://example.org/", "mine"),
    ],
)
def test_a_document_is_called_by_its_source_and_its_file(url: str, name: str) -> None:
    assert document_name("mine", url) == name


def test_an_address_is_stored_and_shown_without_secrets() -> None:
    url = "https://user:password@example.org:8443/a/{date}.md?token=secret"
    assert place_of(SourceSettings(name="x", url=url)) == "https://example.org:8443/a/{date}.md"
    assert place_of(SourceSettings(name="x", arxiv=("cs.LG", "hep-th"))) == "cs.LG, hep-th"
    assert "secret" not in address_key(url)
    assert address_key(url) != address_key(f"{url}2")


def test_lists_of_arxiv_are_known_by_their_path() -> None:
    assert is_listing("https://arxiv.org/list/cs.LG/new")
    assert not is_listing("https://rss.arxiv.org/rss/cs.LG")
    assert ARXIV.feeds.endswith("/")


CALENDAR = ArxivCalendar()
THURSDAY, FRIDAY = date(2026, 1, 22), date(2026, 1, 23)
DAY = timedelta(days=1)


def source(**values: object) -> SourceSettings:
    return SourceSettings(name="x", **values)  # type: ignore[arg-type]


def asked(one: SourceSettings, day: date, *, oldest: bool = False) -> str:
    found = backfill_request(one, day, CALENDAR, oldest=oldest)
    return found.url if found else ""


@pytest.mark.parametrize(
    ("batch", "first", "last"),
    [
        ("2026-01-22", "2026-01-20 19:00", "2026-01-21 19:00"),
        ("2026-01-23", "2026-01-21 19:00", "2026-01-22 19:00"),
        ("2026-01-26", "2026-01-22 19:00", "2026-01-23 19:00"),  # Monday's: what came until Friday
        ("2026-01-27", "2026-01-23 19:00", "2026-01-26 19:00"),  # Tuesday's: what came over the weekend
        ("2026-01-21", "2026-01-16 19:00", "2026-01-20 19:00"),  # after Martin Luther King Day
        ("2026-07-02", "2026-06-30 18:00", "2026-07-01 18:00"),  # in summer
    ],
)
def test_when_the_papers_of_a_batch_were_submitted(batch: str, first: str, last: str) -> None:
    found = submitted_between(date.fromisoformat(batch), CALENDAR)
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in found] == [first, last]


def test_batches_of_a_year_leave_no_gap_between_them() -> None:
    days = CALENDAR.announcement_days(date(2026, 1, 1), date(2026, 12, 31))
    spans = [submitted_between(day, CALENDAR) for day in days]
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(first < last for first, last in spans)


def test_a_batch_of_arxiv_is_asked_for_by_category_and_time() -> None:
    api = "https://export.arxiv.org/api/query?search_query="
    rest = "&sortBy=submittedDate&sortOrder=descending&start=0&max_results=500"
    days = "submittedDate:[202601201900+TO+202601211900]"
    some = source(arxiv=("cs.LG", "econ", "hep-th"), schedule="arxiv")
    assert asked(some, THURSDAY) == f"{api}%28cat:cs.LG+OR+cat:econ.*+OR+cat:hep-th%29+AND+{days}{rest}"
    assert asked(everything(), THURSDAY) == f"{api}{days}{rest}"
    held = "submittedDate:[202601161900+TO+202601211900]"
    assert asked(everything(), THURSDAY, oldest=True) == f"{api}{held}{rest}"


@pytest.mark.parametrize(
    ("values", "categories"),
    [
        ({"arxiv": ("cs.LG",)}, ("cs.LG",)),
        ({"url": "https://arxiv.org/list/cs.LG/new", "schedule": "arxiv"}, ("cs.LG",)),
        ({"url": "https://rss.arxiv.org/rss/cs.LG+stat.ML", "schedule": "arxiv"}, ("cs.LG", "stat.ML")),
        ({"url": "https://rss.arxiv.org/atom/hep-th", "schedule": "arxiv"}, ("hep-th",)),
        ({"url": "https://rss.arxiv.org/rss/cs.LG", "schedule": "every 30m"}, ()),
        ({"url": "https://example.org/list/of-mine/new", "schedule": "arxiv"}, ()),
        ({"url": "https://example.org/today.md", "schedule": "arxiv"}, ()),
    ],
)
def test_of_which_categories_a_source_is(values: dict[str, object], categories: tuple[str, ...]) -> None:
    assert categories_of(source(**values)) == categories


def test_only_a_dated_address_is_asked_for_a_missed_day() -> None:
    dated = source(url="https://example.org/{date}/{date}.md", schedule="every 30m")
    assert asked(dated, THURSDAY) == "https://example.org/2026-01-22/2026-01-22.md"
    assert asked(source(url="https://example.org/today.md", schedule="arxiv"), THURSDAY) == ""


def test_papers_are_asked_for_by_ids_and_by_the_words_of_a_title() -> None:
    api = "https://export.arxiv.org/api/query?"
    assert by_ids(["2601.00001", "hep-th/9901001"]).url == (
        f"{api}id_list=2601.00001,hep-th%2F9901001&start=0&max_results=2"
    )
    assert by_title("graphs & Cafés", most=9).url == (
        f"{api}search_query=ti:%22graphs+%26+Caf%C3%A9s%22&start=0&max_results=9"
    )


# ── which days are due ───────────────────────────────────────────────────────────────────────────────────────────────

TIMING = SourceSchedules(None, "Asia/Tokyo")


def days(one: SourceSettings, after: date | None, now: str) -> list[str]:
    return [f"{day:%m-%d}" for day in TIMING.days_due(one, after, datetime.fromisoformat(now).replace(tzinfo=UTC))]


@pytest.mark.parametrize(
    ("values", "after", "now", "due"),
    [
        ({"url": "https://e.org/{date}"}, None, "2026-01-22 12:00", ["01-22"]),
        ({"url": "https://e.org/{date}"}, "2026-01-19", "2026-01-22 12:00", ["01-20", "01-21", "01-22"]),
        ({"url": "https://e.org/{date}"}, "2026-01-22", "2026-01-22 12:00", []),
        ({"url": "https://e.org/{date}"}, "2027-01-22", "2026-01-22 12:00", ["01-22"]),  # a clock that was set back
        ({"arxiv": ("cs.LG",)}, None, "2026-01-22 05:04", ["01-21"]),  # a minute before the next one is there
        ({"arxiv": ("cs.LG",)}, None, "2026-01-22 05:05", ["01-22"]),
        ({"arxiv": ("cs.LG",)}, "2026-01-15", "2026-01-22 05:05", ["01-16", "01-19", "01-21", "01-22"]),
        ({"arxiv": ("cs.LG",)}, "2026-01-15", "2026-01-24 12:00", ["01-16", "01-19", "01-21", "01-22", "01-23"]),
        ({"url": "https://arxiv.org/list/cs.LG/new", "schedule": "arxiv"}, "2026-01-21", "2026-01-22 01:05", ["01-22"]),
        ({"url": "https://e.org/x", "schedule": "0 6 * * mon"}, "2026-01-01", "2026-01-22 12:00", ["01-05", "01-12", "01-19"]),
        ({"url": "https://e.org/x", "schedule": "30 5 * * *"}, "2026-01-20", "2026-01-21 20:29", ["01-21"]),
        ({"url": "https://e.org/x", "schedule": "30 5 * * *"}, "2026-01-20", "2026-01-21 20:30", ["01-21", "01-22"]),
        ({"url": "https://e.org/x", "schedule": "every 30m"}, "2026-01-01", "2026-01-22 12:00", []),
    ],
)  # fmt: skip
def test_which_days_have_become_due(values: dict[str, object], after: str | None, now: str, due: list[str]) -> None:
    given = {"schedule": "arxiv" if "arxiv" in values else "every 30m", **values}
    found = days(source(**given), date.fromisoformat(after) if after else None, now)
    assert found == due


# ── how long they are owed ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_is_owed_until_it_was_read_or_is_empty() -> None:
    missed = MissedDays().with_due([THURSDAY - DAY, THURSDAY, FRIDAY], FRIDAY)
    assert (missed.upto, missed.past(FRIDAY)) == (FRIDAY, (THURSDAY - DAY, THURSDAY))
    after = missed.brought(THURSDAY - DAY).is_empty(THURSDAY).read(FRIDAY)
    assert after.days == {}
    assert after.notified(FRIDAY, partly=False) == "Fetched afterwards: 2026-01-21. There is nothing of 2026-01-22."


def test_a_day_is_asked_for_eight_times_within_a_fortnight() -> None:
    missed = MissedDays().with_due([THURSDAY], FRIDAY)
    for _ in range(MOST_TRIES):
        assert missed.past(FRIDAY) == (THURSDAY,)
        missed = missed.failed(THURSDAY, "No answer.").with_due([], FRIDAY)
    assert (missed.past(FRIDAY), missed.lost) == ((), (THURSDAY,))
    unanswered = MissedDays().with_due([THURSDAY], FRIDAY)
    for _ in range(3 * MOST_TRIES):
        unanswered = unanswered.failed(THURSDAY, "It was down.", answered=False).with_due([], FRIDAY)
    assert (unanswered.past(FRIDAY), unanswered.lost) == ((THURSDAY,), ())
    old = MissedDays().with_due([FRIDAY - 15 * DAY, FRIDAY - 14 * DAY], FRIDAY)
    assert (old.past(FRIDAY), old.lost) == ((FRIDAY - 14 * DAY,), (FRIDAY - 15 * DAY,))


def test_what_a_clock_that_ran_ahead_owed_is_forgotten() -> None:
    ahead = MissedDays().with_due([FRIDAY + 400 * DAY], FRIDAY + 400 * DAY)
    back = ahead.with_due([FRIDAY], FRIDAY)
    assert (back.days, back.lost, back.upto) == ({FRIDAY: 0}, (), FRIDAY)


def test_a_receipt_names_the_days_in_few_words() -> None:
    missed = MissedDays().with_due([THURSDAY - 3 * DAY, THURSDAY - DAY, THURSDAY, FRIDAY], FRIDAY)
    notified = missed.brought(THURSDAY - 3 * DAY).failed(THURSDAY - DAY, "It was down.").notified(FRIDAY, partly=True)
    assert notified == (
        "Fetched afterwards: 2026-01-19; cross-lists of older papers and new versions are not in it. "
        "Not fetched yet: 2026-01-21, 2026-01-22 (It was down)."
    )
    assert missed.is_gone(THURSDAY).notified(FRIDAY, partly=False) == "Missed: 2026-01-22; it shows only its newest."
    assert missed.notified(FRIDAY, partly=False) == ""


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([22], "2026-01-22"),
        ([23, 22], "2026-01-22, 2026-01-23"),
        ([19, 20, 21, 23, 21], "2026-01-19 to 2026-01-21, 2026-01-23"),
    ],
)
def test_days_that_follow_on_each_other_are_named_together(numbers: list[int], words: str) -> None:
    assert ranges([date(2026, 1, number) for number in numbers]) == words
