"""Papers without arXiv's facts are completed by id or title and may match after that; no chat gets a paper twice."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from bot.sources import arxiv_lookup
from subscriptions.model import Paper
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from subscriptions.store.rows import DeliveryItemRow, PaperRow
from tests import make, source_harness
from tests.fakes.arxiv import FakeArxiv

THURSDAY = date(2026, 1, 22)
AUTHORS = ("Ada Example", "Bo Beispiel")


@pytest.fixture
def clock() -> make.FakeClock:
    """Noon in New York, Thursday 22 January 2026."""
    return make.FakeClock(source_harness.new_york("2026-01-22 12:00"))


@pytest.fixture
def feeding(store: Store, clock: make.FakeClock, arxiv: FakeArxiv) -> source_harness.SourceHarness:
    arxiv.announces(THURSDAY, make.paper("Of today", "cs.LG"))
    return source_harness.SourceHarness(store, clock, arxiv, source_harness.arxiv_source("cs.LG"))


FORGETS = make.paper("Graphs that forget", "cs.LG", arxiv_id="2601.09001", authors=AUTHORS)


def bare(title: str, arxiv_id: str | None = None, **values: object) -> Paper:
    """Returns a paper as in lists that have no authors and categories."""
    return make.paper(title, arxiv_id=arxiv_id, authors=(), abstract=f"We look at {title or 'it'}.", **values)  # type: ignore[arg-type]


def row(store: Store, title: str) -> PaperRow:
    with store.read() as session:
        return session.exec(select(PaperRow).where(PaperRow.title == title)).one()


def delivered(store: Store) -> list[int]:
    with store.read() as session:
        return [item.paper for item in session.exec(select(DeliveryItemRow))]


async def test_a_paper_is_completed_by_a_title_that_fits_one_only(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, feeding: source_harness.SourceHarness
) -> None:
    arxiv.knows(
        make.paper("$\\alpha$-Graphs: they don't forget", "cs.LG", arxiv_id="2601.09001", authors=AUTHORS),
        make.paper("Trees", "cs.LG", arxiv_id="2601.09002"),
        make.paper("Trees", "math.CO", arxiv_id="2601.09003"),
        make.paper("Nets of nets", "cs.LG", arxiv_id="2601.09004"),
        make.paper("Nets", "cs.LG", arxiv_id="2601.09005"),
    )
    make.ingested(store, bare("$\\alpha$-graphs: They don’t forget"), bare("Trees"), bare("Nets"), now=clock.now())
    await feeding.due()
    with store.read() as session:
        found = {one.title: one.arxiv_id for one in session.exec(select(PaperRow))}
    assert found == {
        "$\\alpha$-graphs: They don’t forget": "2601.09001",
        "Trees": None,
        "Nets": "2601.09005",
        "Of today": found["Of today"],
    }
    asked = arxiv.asked("/api/")
    assert len(asked) == 3
    assert "ti:%22Nets%22" in asked[0] + asked[1] + asked[2]


@pytest.mark.both_databases
async def test_completed_papers_match_and_come_once(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, feeding: source_harness.SourceHarness
) -> None:
    make.subscribes(store, "console:words", "graphs", every="now", now=clock.now())
    make.subscribes(store, "console:category", "cat:cs.LG", every="now", now=clock.now())
    make.subscribes(store, "console:author", "author:Beispiel", every="now", now=clock.now())
    clock.advance(timedelta(minutes=1))
    make.ingested(store, bare("Graphs that forget", "2601.09001"), now=clock.now())
    plan_due(store, now=clock.now())
    number = row(store, "Graphs that forget").id
    assert delivered(store) == [number]
    arxiv.knows(FORGETS)
    clock.advance(timedelta(minutes=1))
    await feeding.due()
    plan_due(store, now=clock.now())
    assert delivered(store).count(number or 0) == 3
    clock.advance(timedelta(days=1))
    await feeding.due()
    plan_due(store, now=clock.now())
    assert delivered(store).count(number or 0) == 3


@pytest.mark.both_databases
async def test_papers_unknown_to_arxiv_are_asked_for_three_times(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, feeding: source_harness.SourceHarness
) -> None:
    make.ingested(store, bare("A list of nothing", "2601.09001"), bare("Nobody wrote this"), now=clock.now())
    for _ in range(12):
        await feeding.due()
        clock.advance(timedelta(hours=6))
    assert len(arxiv.asked("id_list")) == 3
    assert len(arxiv.asked("ti:")) == 3


@pytest.mark.parametrize(
    ("papers", "age"),
    [
        ([bare("Graphs that forget", "2601.09001")], timedelta(days=7, minutes=1)),
        ([make.paper("Cells", arxiv_id=None, authors=(), doi="10.1101/2026.01.22.000001")], timedelta()),
        ([bare("扩散模型"), make.paper("Whole", "cs.LG")], timedelta()),
    ],
    ids=["after seven days", "of another publisher", "without words or complete"],
)
async def test_of_some_papers_nobody_is_asked(  # noqa: PLR0917 - fixtures
    store: Store,
    clock: make.FakeClock,
    arxiv: FakeArxiv,
    feeding: source_harness.SourceHarness,
    papers: list[Paper],
    age: timedelta,
) -> None:
    make.ingested(store, *papers, now=clock.now())
    clock.advance(age)
    await feeding.due()
    assert arxiv.asked("/api/") == []


async def test_many_ids_are_asked_for_in_batches_of_a_hundred(
    store: Store,
    clock: make.FakeClock,
    arxiv: FakeArxiv,
    feeding: source_harness.SourceHarness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arxiv_lookup, "IDS_PER_REQUEST", arxiv_lookup.IDS_PER_REQUEST // 10)
    monkeypatch.setattr(arxiv_lookup, "MAX_IDS", arxiv_lookup.MAX_IDS // 10)
    ids = [f"2601.{number:05d}" for number in range(10_000, 10_073)]
    arxiv.knows(*(make.paper(f"Paper {one}", "cs.LG", arxiv_id=one, authors=AUTHORS) for one in ids))
    make.ingested(store, *(bare("", one) for one in ids), now=clock.now())
    await feeding.due()
    assert [path.count(",") + 1 for path in arxiv.asked("id_list")] == [10] * 5
    clock.advance(timedelta(minutes=30))
    await feeding.due()
    assert [path.count(",") + 1 for path in arxiv.asked("id_list")[5:]] == [10, 10, 3]
    with store.read() as session:
        assert [one for one in session.exec(select(PaperRow)) if not one.categories] == []


async def test_a_question_that_arxiv_refuses_is_asked_in_halves(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, feeding: source_harness.SourceHarness
) -> None:
    ids = [f"2601.{number:05d}" for number in range(10_000, 10_008)]
    arxiv.knows(*(make.paper(f"Paper {one}", "cs.LG", arxiv_id=one, authors=AUTHORS) for one in ids))
    make.ingested(store, *(bare("", one) for one in ids), now=clock.now())
    arxiv.reports("incorrect id format for 2601.10003", 99, at="2601.10003")
    await feeding.due()
    with store.read() as session:
        assert [one.arxiv_id for one in session.exec(select(PaperRow)) if not one.categories] == ["2601.10003"]
    assert len(arxiv.asked("id_list")) == 7  # requests for 8 ids, then 4 and 4, 2 and 2, 1 and 1


async def test_while_arxiv_is_busy_it_is_left_alone(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, feeding: source_harness.SourceHarness
) -> None:
    arxiv.knows(FORGETS)
    arxiv.answers_429(4, at="/api/")
    make.ingested(store, bare("Graphs that forget", "2601.09001"), now=clock.now())
    for _ in range(5):
        await feeding.due()
        clock.advance(timedelta(hours=1))
    assert row(store, "Graphs that forget").categories == ["cs.LG"]
    assert len(arxiv.asked("id_list")) == 5


async def test_without_a_source_of_arxiv_nobody_is_asked(store: Store, clock: make.FakeClock, arxiv: FakeArxiv) -> None:
    make.ingested(store, bare("Graphs that forget", "2601.09001"), now=clock.now())
    arxiv.holds("/list.md", "")
    await source_harness.SourceHarness(store, clock, arxiv, source_harness.web_source(f"{arxiv.url}/list.md")).due()
    assert arxiv.asked("/api/") == []


def test_which_source_is_arxivs() -> None:
    lists, feeds = source_harness.web_source("https://example.org/list.md"), source_harness.arxiv_source("cs.LG")
    api = source_harness.web_source("https://export.arxiv.org/api/query?search_query=cat:cs.LG")
    assert arxiv_lookup.arxiv_among([lists]) is None
    assert arxiv_lookup.arxiv_among([lists, feeds]) == feeds
    assert arxiv_lookup.arxiv_among([lists, api]) == api


async def test_papers_are_completed_after_the_sources_have_answered(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, feeding: source_harness.SourceHarness
) -> None:
    arxiv.knows(FORGETS)
    make.ingested(store, bare("Graphs that forget", "2601.09001"), now=clock.now())
    for _ in range(3):
        await feeding.ticks()
        clock.advance(timedelta(seconds=61))
    assert [path.partition("?")[0] for path in arxiv.asked()] == ["/rss/cs.LG", "/api/query"]
    assert row(store, "Graphs that forget").categories == ["cs.LG"]
