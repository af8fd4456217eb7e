"""The requests to a source: those for a day, and those for days that were missed."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from bot.settings import SourceSettings
from bot.sources import fetch_request, receipts
from bot.sources.receipts import MissedDays
from subscriptions.planning.source_calendar import ArxivCalendar
from tests.fakes import arxiv_pages as pages
from tests.make import paper

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)


def urls(now: datetime = NOON, split: tuple[str, ...] = (), **values: object) -> list[str]:
    source = SourceSettings(name="x", **values)  # type: ignore[arg-type]
    return [request.url for request in fetch_request.requests_of(source, now, split=split)]


def test_a_plain_address_is_itself_and_a_file_is_none() -> None:
    assert urls(url="https://example.org/list.md?x=1") == ["https://example.org/list.md?x=1"]
    assert urls() == []


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-01-22T00:00+00:00", ["2026-01-22", "2026-01-21"]),
        ("2026-01-22T23:59+00:00", ["2026-01-22", "2026-01-21"]),
        ("2026-01-22T19:30-05:00", ["2026-01-23", "2026-01-22"]),  # days in UTC
        ("2026-03-01T06:00+00:00", ["2026-03-01", "2026-02-28"]),
    ],
)
def test_a_dated_address_is_that_of_today_and_that_of_yesterday(now: str, days: list[str]) -> None:
    url = "https://api.example.org/{date}/{date}.md"
    found = fetch_request.requests_of(SourceSettings(name="x", url=url), datetime.fromisoformat(now))
    assert [request.url for request in found] == [f"https://api.example.org/{day}/{day}.md" for day in days]
    assert all(request.may_miss for request in found)


def test_categories_are_asked_apart_and_large_archives_by_them() -> None:
    feeds = "https://rss.arxiv.org/rss/"
    assert urls(arxiv=("cs.LG", "stat.ML", "hep-th")) == [f"{feeds}cs.LG", f"{feeds}stat.ML", f"{feeds}hep-th"]
    split = urls(arxiv=("econ", "econ.EM"), split=("econ",))
    assert split == [f"{feeds}econ.EM", f"{feeds}econ.GN", f"{feeds}econ.TH"]
    assert urls(arxiv=("hep-th",), split=("hep-th",)) == [f"{feeds}hep-th"]


def test_without_any_source_all_archives_are_read() -> None:
    requests = fetch_request.requests_of(fetch_request.everything(), NOON)
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
        (f"{DETAILS}/100", biorxiv(30, "230"), f"{DETAILS}/130"),  # a page may have any size
        (f"{DETAILS}/200", biorxiv(30, "230"), None),
        (f"{DETAILS}/0/json", biorxiv(100, 230), f"{DETAILS}/100/json"),
        (DETAILS, biorxiv(100, "230"), f"{DETAILS}/100"),
        (f"{DETAILS}/100", biorxiv(0, "230"), None),  # an empty page is the last
        (f"{DETAILS}/0", biorxiv(100, "many"), None),
        (f"{DETAILS}/0", b"[1, 2]", None),
        (f"{DETAILS}/0", b"<html>", None),
        ("https://example.org/list.json", biorxiv(100, "230"), None),
    ],
)
def test_the_next_page_of_biorxiv_begins_after_the_last(url: str, data: bytes, following: str | None) -> None:
    found = fetch_request.next_page(fetch_request.FetchRequest(url=url), data)
    assert (found.url if found else None) == following


def test_pages_of_the_api_go_on_until_the_total() -> None:
    papers = [paper(f"Paper {n}", "cs.LG") for n in range(3)]
    request: fetch_request.FetchRequest | None = fetch_request.backfill_request(
        fetch_request.everything(), date(2026, 1, 22), ArxivCalendar()
    )
    starts: list[int] = []
    while request is not None and len(starts) < 9:
        start = int(request.url.partition("&start=")[2].partition("&")[0])
        starts.append(start)
        request = fetch_request.next_page(request, pages.answer(papers[: 8 - start], total=8, day=date(2026, 1, 22)))
    assert starts == [0, 3, 6]
    assert (
        fetch_request.next_page(
            fetch_request.FetchRequest(url="x&start=0", history=True), pages.answer([], total=8, day=date(2026, 1, 22))
        )
        is None
    )


def test_a_server_that_repeats_itself_is_left_after_100_pages() -> None:
    request: fetch_request.FetchRequest | None = fetch_request.FetchRequest(url=f"{DETAILS}/0")
    count = 0
    while request is not None:
        count += 1
        request = fetch_request.next_page(request, biorxiv(1, "1000000"))
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
    assert fetch_request.document_name("mine", url) == name


def test_an_address_is_stored_and_shown_without_secrets() -> None:
    url = "https://user:password@example.org:8443/a/{date}.md?token=secret"
    assert SourceSettings(name="x", url=url).place == "https://example.org:8443/a/{date}.md"
    assert SourceSettings(name="x", arxiv=("cs.LG", "hep-th")).place == "cs.LG, hep-th"
    assert "secret" not in fetch_request.address_key(url)
    assert fetch_request.address_key(url) != fetch_request.address_key(f"{url}2")


CALENDAR = ArxivCalendar()
THURSDAY, FRIDAY = date(2026, 1, 22), date(2026, 1, 23)
DAY = timedelta(days=1)


def source(**values: object) -> SourceSettings:
    return SourceSettings(name="x", **values)  # type: ignore[arg-type]


def asked(one: SourceSettings, day: date, *, oldest: bool = False) -> str:
    found = fetch_request.backfill_request(one, day, CALENDAR, oldest=oldest)
    return found.url if found else ""


@pytest.mark.parametrize(
    ("batch", "first", "last"),
    [
        ("2026-01-22", "2026-01-20 19:00", "2026-01-21 19:00"),
        ("2026-01-23", "2026-01-21 19:00", "2026-01-22 19:00"),
        ("2026-01-26", "2026-01-22 19:00", "2026-01-23 19:00"),  # Monday's batch: what was submitted until Friday
        ("2026-01-27", "2026-01-23 19:00", "2026-01-26 19:00"),  # Tuesday's batch: what was submitted over the weekend
        ("2026-01-21", "2026-01-16 19:00", "2026-01-20 19:00"),  # after Martin Luther King Day
        ("2026-07-02", "2026-06-30 18:00", "2026-07-01 18:00"),  # in summer
    ],
)
def test_when_the_papers_of_a_batch_were_submitted(batch: str, first: str, last: str) -> None:
    found = fetch_request.submitted_between(date.fromisoformat(batch), CALENDAR)
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in found] == [first, last]


def test_batches_of_a_year_leave_no_gap_between_them() -> None:
    days = CALENDAR.announcement_days(date(2026, 1, 1), date(2026, 12, 31))
    spans = [fetch_request.submitted_between(day, CALENDAR) for day in days]
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(first < last for first, last in spans)


def test_a_batch_of_arxiv_is_asked_for_by_category_and_time() -> None:
    api = "https://export.arxiv.org/api/query?search_query="
    rest = "&sortBy=submittedDate&sortOrder=descending&start=0&max_results=500"
    days = "submittedDate:[202601201900+TO+202601211900]"
    some = source(arxiv=("cs.LG", "econ", "hep-th"), schedule="arxiv")
    assert asked(some, THURSDAY) == f"{api}%28cat:cs.LG+OR+cat:econ.*+OR+cat:hep-th%29+AND+{days}{rest}"
    assert asked(fetch_request.everything(), THURSDAY) == f"{api}{days}{rest}"
    held = "submittedDate:[202601161900+TO+202601211900]"
    assert asked(fetch_request.everything(), THURSDAY, oldest=True) == f"{api}{held}{rest}"


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
    assert fetch_request.categories_of(source(**values)) == categories


@pytest.mark.parametrize(
    ("url", "missed"),
    [("https://e.org/{date}/{date}.md", "https://e.org/2026-01-22/2026-01-22.md"), ("https://e.org/today.md", "")],
)
def test_only_a_dated_address_is_asked_for_a_missed_day(url: str, missed: str) -> None:
    assert asked(source(url=url, schedule="arxiv"), THURSDAY) == missed


def test_papers_are_asked_for_by_ids_and_by_the_words_of_a_title() -> None:
    api = "https://export.arxiv.org/api/query?"
    assert fetch_request.by_ids(["2601.00001", "hep-th/9901001"]).url == (
        f"{api}id_list=2601.00001,hep-th%2F9901001&start=0&max_results=2"
    )
    assert fetch_request.by_title("graphs & Cafés", most=9).url == (
        f"{api}search_query=ti:%22graphs+%26+Caf%C3%A9s%22&start=0&max_results=9"
    )


# ── which days are due ───────────────────────────────────────────────────────────────────────────────────────────────

TIMING = fetch_request.SourceSchedules(None, "Asia/Tokyo")


def days(one: SourceSettings, after: date | None, now: str) -> list[str]:
    return [f"{day:%m-%d}" for day in TIMING.days_due(one, after, datetime.fromisoformat(now).replace(tzinfo=UTC))]


@pytest.mark.parametrize(
    ("values", "after", "now", "due"),
    [
        ({"url": "https://e.org/{date}"}, None, "2026-01-22 12:00", ["01-22"]),
        ({"url": "https://e.org/{date}"}, "2026-01-19", "2026-01-22 12:00", ["01-20", "01-21", "01-22"]),
        ({"url": "https://e.org/{date}"}, "2026-01-22", "2026-01-22 12:00", []),
        ({"url": "https://e.org/{date}"}, "2027-01-22", "2026-01-22 12:00", ["01-22"]),  # the clock was set back
        ({"arxiv": ("cs.LG",)}, None, "2026-01-22 05:04", ["01-21"]),  # a minute before the next batch is available
        ({"arxiv": ("cs.LG",)}, None, "2026-01-22 05:05", ["01-22"]),
        ({"arxiv": ("cs.LG",)}, "2026-01-15", "2026-01-22 05:05", ["01-16", "01-19", "01-21", "01-22"]),
        ({"arxiv": ("cs.LG",)}, "2026-01-15", "2026-01-24 12:00", ["01-16", "01-19", "01-21", "01-22", "01-23"]),
        ({"url": "https://arxiv.org/list/cs.LG/new", "schedule": "arxiv"}, "2026-01-21", "2026-01-22 01:05", ["01-22"]),
        ({"url": "https://rss.arxiv.org/rss/cs.LG", "schedule": "arxiv"}, "2026-01-21", "2026-01-22 01:05", []),
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


# ── how long a missed day is still due ────────────────────────────────────────────────────────────────────────────────


def _missed(*days: date) -> MissedDays:
    """Returns these days as missed, on a Friday whose own papers come with a regular request."""
    missed = MissedDays(current=(FRIDAY,))
    missed.add_due(days, FRIDAY)
    return missed


def test_a_day_is_owed_until_it_was_read_or_is_empty() -> None:
    missed = _missed(THURSDAY - DAY, THURSDAY, FRIDAY)
    assert (missed.upto, missed.past) == (FRIDAY, (THURSDAY - DAY, THURSDAY))
    missed.settle(THURSDAY - DAY, missed.fetched)
    missed.settle(THURSDAY, missed.absent)
    missed.take_off([FRIDAY])
    assert missed.days == {}
    assert missed.notified(partly=False) == "Fetched afterwards: 2026-01-21. There is nothing of 2026-01-22."


@pytest.mark.parametrize(("answered", "kept"), [(True, ((), [THURSDAY])), (False, ((THURSDAY,), []))])
def test_a_day_is_asked_for_eight_times_if_it_is_answered(answered: bool, kept: object) -> None:
    missed = _missed(THURSDAY)
    for _ in range(receipts.MOST_TRIES):
        assert missed.past == (THURSDAY,)
        missed.fail(THURSDAY, "No answer.", answered=answered)
        missed.add_due([], FRIDAY)
    assert (missed.past, missed.lost) == kept


def test_a_day_is_asked_for_within_a_fortnight() -> None:
    old = _missed(FRIDAY - 15 * DAY, FRIDAY - 14 * DAY)
    assert (old.past, old.lost) == ((FRIDAY - 14 * DAY,), [FRIDAY - 15 * DAY])


def test_what_a_clock_that_ran_ahead_owed_is_forgotten() -> None:
    missed = MissedDays()
    missed.add_due([FRIDAY + 400 * DAY], FRIDAY + 400 * DAY)
    missed.add_due([FRIDAY], FRIDAY)
    assert (missed.days, missed.lost, missed.upto) == ({FRIDAY: 0}, [], FRIDAY)


def test_a_receipt_names_the_days_in_few_words() -> None:
    missed = _missed(THURSDAY - 3 * DAY, THURSDAY - DAY, THURSDAY, FRIDAY)
    assert missed.notified(partly=False) == ""
    missed.settle(THURSDAY - 3 * DAY, missed.fetched)
    missed.fail(THURSDAY - DAY, "It was down.")
    assert missed.notified(partly=True) == (
        "Fetched afterwards: 2026-01-19; cross-lists of older papers and new versions are not in it. "
        "Not fetched yet: 2026-01-21, 2026-01-22 (It was down)."
    )
    gone = _missed(THURSDAY)
    gone.settle(THURSDAY, gone.gone)
    assert gone.notified(partly=False) == "Missed: 2026-01-22; it shows only its newest."


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([22], "2026-01-22"),
        ([23, 22], "2026-01-22, 2026-01-23"),
        ([19, 20, 21, 23, 21], "2026-01-19 to 2026-01-21, 2026-01-23"),
    ],
)
def test_days_that_follow_on_each_other_are_named_together(numbers: list[int], words: str) -> None:
    assert receipts.ranges([date(2026, 1, number) for number in numbers]) == words
