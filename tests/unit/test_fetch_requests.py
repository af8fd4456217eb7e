"""The requests of a source: their addresses, and the next page."""

import json
from datetime import UTC, date, datetime

import pytest

from bot.settings import SourceSettings
from bot.settings.source_facts import is_listing, place_of
from bot.sources.fetch_request import (
    ARXIV,
    FetchRequest,
    address_key,
    backfill_request,
    document_name,
    everything,
    next_page,
    requests_of,
)
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
