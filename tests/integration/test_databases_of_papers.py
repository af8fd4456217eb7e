"""Sources that ask OpenAlex, Crossref and PubMed: pages, what is new since the last poll, faults, and wrong questions."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from bot.settings import SourceSettings
from bot.sources import answers, fetch_request
from subscriptions.database.store import Store
from subscriptions.sources.poll_results import Outcome
from tests import source_harness
from tests.clock import FakeClock
from tests.fakes.databases import FakeDatabases
from tests.source_harness import SourceHarness

TODAY = dt.date(2026, 1, 22)
NAMES = ("openalex", "crossref", "pubmed")
QUESTIONS = {
    "openalex": SourceSettings(name="birds", openalex="title.search:birds", schedule="every 24h"),
    "crossref": SourceSettings(name="birds", crossref=("issn:1234-5678", "type:journal-article"), schedule="every 24h"),
    "pubmed": SourceSettings(name="birds", pubmed="birds[ti] AND song", schedule="every 24h"),
}
ALL = [f"Songs of birds {n}" for n in range(1, 6)]
LAST_PAGE = {"openalex": "cursor=a", "crossref": "cursor=a", "pubmed": "efetch"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(dt.datetime(2026, 1, 22, 12, tzinfo=dt.UTC))


@pytest.fixture
def server(clock: FakeClock) -> Iterator[FakeDatabases]:
    """The three databases with five papers of today."""
    with FakeDatabases(clock) as fake:
        fake.adds(TODAY, *ALL)
        yield fake
    assert fake.violations == []


@pytest.mark.both_databases
@pytest.mark.parametrize("name", NAMES)
async def test_all_pages_are_read_politely(name: str, store: Store, clock: FakeClock, server: FakeDatabases) -> None:
    receipt = await SourceHarness(store, clock, server, QUESTIONS[name]).poll()
    assert (receipt.outcome, receipt.counts["new"], source_harness.titles(store)) == (Outcome.NEW, 5, ALL)
    assert all("ada%40example.org" in path for path in server.asked())
    assert {arrival.headers["User-Agent"] for arrival in server.arrivals} == {"paperwire/1.0 (+me@example.org)"}
    assert len(SourceHarness(store, clock, server).receipts("birds")) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_a_poll_asks_for_what_came_since_the_last_good_one(
    name: str, store: Store, clock: FakeClock, server: FakeDatabases
) -> None:
    feeding = SourceHarness(store, clock, server, QUESTIONS[name])
    await feeding.poll()
    asked = len(server.arrivals)
    assert (await feeding.poll()).counts["new"] == 0
    await feeding.until(clock.now() + dt.timedelta(days=12), dt.timedelta(days=10))
    assert len(server.arrivals) > asked
    server.adds(clock.now().date(), "Nests of birds 6")
    receipt = await feeding.poll()
    assert (receipt.counts["new"], receipt.counts["papers"]) == (1, 6 if name == "openalex" else 1)
    clock.advance(dt.timedelta(days=20))  # nobody asked meanwhile
    server.adds(clock.now().date() - dt.timedelta(days=18), "Eggs of birds 7")
    counts = (await feeding.poll()).counts
    assert (counts["new"], counts["archived"]) == (1, 0), "what a database learns of weeks later is news"


def _busy(server: FakeDatabases, at: str) -> None:
    server.answers_429(at=at, retry_after="30")


def _forgotten(server: FakeDatabases, at: str) -> None:
    server.fails_at(400, at)
    server.forgets_cursors()


def _unchanged(server: FakeDatabases, at: str) -> None:
    server.empties(at)
    server.keeps_its_tag()


FAULTS: dict[str, Callable[[FakeDatabases, str], None]] = {
    "429": _busy,
    "500": lambda server, at: server.fails_at(500, at),
    "cut": lambda server, at: server.cuts(at=at),
    "empty": lambda server, at: server.empties(at),
    "empty, and unchanged afterwards": _unchanged,
    "cursor": _forgotten,
}


@pytest.mark.parametrize(
    "case", [(name, fault, place) for name in NAMES for fault in FAULTS for place in ("first", "last")]
)
async def test_after_a_fault_nothing_is_lost_or_new_twice(
    case: tuple[str, str, str], store: Store, clock: FakeClock, server: FakeDatabases
) -> None:
    name, fault, place = case
    FAULTS[fault](server, LAST_PAGE[name] if place == "last" else "")
    feeding = SourceHarness(store, clock, server, QUESTIONS[name])
    first = await feeding.poll()
    if "empty" not in fault or (name, place) != ("pubmed", "first"):  # a list of ids cannot be emptied by this fault
        assert first.outcome is Outcome.FAILED, first
    await feeding.until(clock.now() + dt.timedelta(hours=7))
    assert source_harness.titles(store) == ALL
    assert sum(receipt.counts["new"] for receipt in feeding.receipts("birds")) == len(ALL)


async def test_a_question_that_is_too_wide_is_named(
    store: Store, clock: FakeClock, server: FakeDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST_PAGES", 2)
    receipt = await SourceHarness(store, clock, server, QUESTIONS["crossref"]).poll()
    assert (receipt.outcome, receipt.counts["new"]) == (Outcome.FAILED, 4)
    assert receipt.detail == "There are more than 4 papers; a narrower question finds fewer."


@pytest.mark.parametrize(
    ("name", "declared", "looked_at", "day"),
    [
        ("crossref", "2026-03-10", None, "2026-03-08"),
        ("openalex", "2026-03-10", None, "2026-03-03"),  # old papers are no news, although many come late
        ("openalex", "2026-03-10", "2026-03-20", "2026-03-03"),
        ("openalex", "2026-01-10", "2026-03-20", "2026-02-18"),
        ("pubmed", "2026-01-10", "2026-03-20", "2026-03-18"),
        ("pubmed", "2026-05-10", "2026-05-20", "2026-03-20"),  # the clock was set back
    ],
)
def test_the_day_since_which_a_database_is_asked(name: str, declared: str, looked_at: str | None, day: str) -> None:
    def moment(text: str) -> dt.datetime:
        return dt.datetime.fromisoformat(f"{text}T12:00:00+00:00")

    now = moment("2026-03-22")
    found = fetch_request.asked_since(name, moment(declared), moment(looked_at) if looked_at else None, now)
    assert str(found) == day
