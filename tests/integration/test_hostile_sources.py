"""A source that lies about papers of others (rule 4): arXiv's own sources decide about arXiv's papers, and the first about its own."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.settings import SourceSettings
from bot.settings.source_facts import is_arxivs_own
from bot.sources.watched_files import WatchedFiles
from subscriptions.model import Announce, KnownPaper, Paper
from subscriptions.store import known_papers
from subscriptions.store.database.store import Store
from subscriptions.store.rows import PaperKeyRow
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import running
from tests.make import FakeClock, ingested, paper, stored_papers, subscribes, summary, translation
from tests.source_harness import SourceHarness

ID, OTHER_ID, DOI = "2601.00001", "2601.00002", "10.1101/2026.01.20.000001"
GONE = "This paper has been withdrawn by its authors."
TRUE = paper(
    "Sorting sand",
    "cs.LG",
    arxiv_id=ID,
    version=1,
    abstract="Grains that sing.",
    authors=("Ada Example",),
    comment="9 pages",
)
LIE = replace(
    TRUE,
    title="Buy sand",
    abstract="Cheap sand here.",
    authors=("Eve",),
    version=999,
    comment=GONE,
    url="https://evil.example/",
)


def known(store: Store, key: str = ID) -> KnownPaper:
    with store.read() as session:
        [number] = session.exec(select(PaperKeyRow.paper).where(col(PaperKeyRow.key).in_((key, f"doi:{key}"))))
        return known_papers.stored_papers(session, [number])[number]


def amount(store: Store) -> int:
    with store.read() as session:
        return len(stored_papers(session))


def told(found: KnownPaper) -> tuple[object, ...]:
    one = found.paper
    withdrawn = found.withdrawn_at is not None
    return one.title, one.abstract, one.authors, one.version, one.comment, one.url, one.categories, withdrawn


TRUTH = (TRUE.title, TRUE.abstract, TRUE.authors, 1, "9 pages", TRUE.url, ("cs.LG",), False)


@pytest.mark.parametrize("of_arxiv", [True, False], ids=["that arXiv's feed brought", "that another list brought"])
def test_no_source_withdraws_or_rewrites_a_paper(of_arxiv: bool, store: Store) -> None:
    ingested(store, TRUE, source="first", of_arxiv=of_arxiv)
    done = ingested(store, LIE, source="evil")
    assert told(known(store)) == TRUTH
    assert (done.withdrawn, done.updated) == (frozenset(), 0)


def test_the_next_version_of_arxiv_wins(store: Store) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    ingested(store, LIE, source="evil")
    second = replace(TRUE, title="Sorting wet sand", version=2, announce_type=Announce.REPLACE)
    ingested(store, second, source="arxiv", of_arxiv=True)
    assert told(known(store)) == (
        "Sorting wet sand",
        TRUE.abstract,
        TRUE.authors,
        2,
        "9 pages",
        TRUE.url,
        ("cs.LG",),
        False,
    )


def test_what_somebody_said_first_gives_way_to_arxiv(store: Store) -> None:
    ingested(store, replace(LIE, categories=("cs.LG",)), source="evil")
    assert told(known(store))[-1] is True  # its own paper, until a better source has it
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    assert told(known(store)) == TRUTH
    ingested(store, LIE, source="evil", name="again")
    assert told(known(store)) == TRUTH


def test_categories_that_arxiv_named_get_no_others(store: Store) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    before = known(store)
    ingested(store, replace(TRUE, categories=("cs.LG", "hep-th"), announce_type=Announce.CROSS), source="evil")
    assert (known(store).paper.categories, known(store).sequence) == (("cs.LG",), before.sequence)
    ingested(store, replace(TRUE, categories=("cs.LG", "hep-th"), announce_type=Announce.CROSS), source="arxiv",
             of_arxiv=True, name="of arXiv")  # fmt: skip
    assert known(store).paper.categories == ("cs.LG", "hep-th")


def test_a_source_withdraws_and_rewrites_its_own_papers(store: Store) -> None:
    own = paper("Cells", arxiv_id=None, key=DOI, doi=DOI, version=1, abstract="Old.")
    ingested(store, own, source="biology")
    done = ingested(store, replace(own, version=2, abstract=GONE), source="biology")
    assert (known(store, DOI).paper.abstract, len(done.withdrawn)) == (GONE, 1)


def test_a_list_fills_in_what_nobody_knew_and_adds_its_summary(store: Store) -> None:
    ingested(store, replace(TRUE, abstract="", comment=""), source="arxiv", of_arxiv=True)
    texts = {"summaries": summary("给沙粒分类"), "translations": translation(title="沙")}
    ingested(store, replace(TRUE, abstract="Grains that sing.", version=7, **texts), source="daily")  # type: ignore[arg-type]
    found = known(store).paper
    assert (found.abstract, found.version) == ("Grains that sing.", 1)
    assert (found.summaries, found.translations) == (texts["summaries"], texts["translations"])
    ingested(store, replace(TRUE, version=999, summaries=summary("骗人")), source="evil")
    assert known(store).paper.summaries == texts["summaries"]


@pytest.mark.parametrize("cut", ["Grains that…", "Grains that...", "Grains th"])
def test_a_text_that_was_cut_off_is_completed_by_another_source(cut: str, store: Store) -> None:
    ingested(store, replace(TRUE, abstract=cut), source="one")
    ingested(store, TRUE, source="other")
    assert known(store).paper.abstract == TRUE.abstract
    ingested(store, replace(TRUE, abstract=f"{TRUE.abstract} Buy sand."), source="evil")
    assert known(store).paper.abstract == TRUE.abstract


FOREIGN = (
    pytest.param(replace(TRUE, doi=DOI), id="an arXiv id and a DOI of two papers"),
    pytest.param(paper("Cells", arxiv_id=ID), id="the title of another paper"),
)


@pytest.mark.parametrize("lie", FOREIGN)
def test_no_source_makes_two_papers_of_others_one(lie: Paper, store: Store) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    cells = paper("Cells", arxiv_id=None) if lie.doi is None else paper("Cells", arxiv_id=None, key=DOI, doi=DOI)
    ingested(store, cells, source="biology")
    ingested(store, lie, source="evil", name="evil")
    assert amount(store) == 2
    assert (known(store).paper.title, known(store, cells.key).paper.title) == ("Sorting sand", "Cells")
    ingested(store, lie, source="arxiv", of_arxiv=True, name="of arXiv")
    assert amount(store) == 1  # arXiv may say so


def test_no_source_gives_its_own_paper_the_id_of_another(store: Store) -> None:
    ingested(store, TRUE, source="list")
    ingested(store, paper("Cells", arxiv_id=None, key=DOI, doi=DOI), source="biology")
    ingested(store, replace(TRUE, doi=DOI), source="list", name="again")
    assert (known(store).paper.doi, known(store, DOI).paper.title) == (None, "Cells")


def test_no_source_claims_an_id_for_a_paper_of_another(store: Store) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    ingested(store, replace(TRUE, doi=DOI), replace(TRUE, title="Cells"), source="evil")
    ingested(store, paper("Cells", arxiv_id=None, key=DOI, doi=DOI), source="biology")
    assert (known(store).paper.doi, known(store, DOI).paper.title) == (None, "Cells")
    ingested(store, paper("Buy sand", arxiv_id=None), source="list")
    assert amount(store) == 3


async def test_other_sources_cannot_strike_through_a_message(tmp_path: Path, clock: FakeClock) -> None:
    with FakeTelegram() as telegram:
        telegram.opens_to_all()
        async with running(tmp_path, clock, telegram=telegram) as app:
            subscribes(app.store, "telegram:1", "sand", every="now")
            ingested(app.store, TRUE, source="arxiv", of_arxiv=True)
            await app.sender.deliver()
            clock.advance(timedelta(days=1))
            ingested(app.store, LIE, source="evil", now=clock.now())
            await app.sender.deliver()
            assert telegram.edits_in("1") == []
            gone = replace(TRUE, comment=GONE, version=2, announce_type=Announce.REPLACE)
            ingested(app.store, gone, source="arxiv", of_arxiv=True, now=clock.now())
            await app.sender.deliver()
            assert len(telegram.edits_in("1")) == 1


FEED = """<feed xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/q</id><title>arXiv Query</title>
<updated>2026-01-22T12:00:00Z</updated><entry><id>http://arxiv.org/abs/2601.00001v999</id><title>Buy sand</title>
<summary>This paper has been withdrawn.</summary></entry></feed>"""


async def test_a_page_that_looks_like_arxivs_is_not_arxivs(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    (tmp_path / "answer.xml").write_text(FEED, encoding="utf-8")

    class Context:
        def __init__(self) -> None:
            self.store, self.clock = store, clock

    folder = SourceSettings(name="evil", path=tmp_path)
    await WatchedFiles(Context(), (folder,)).drain()
    assert told(known(store)) == TRUTH
    (tmp_path / "answer.xml").write_text(f"{FEED}\n", encoding="utf-8")
    await WatchedFiles(Context(), (replace(folder, speaks_for="arxiv"),)).drain()
    assert told(known(store))[-1] is True  # the operator says that these are arXiv's words


async def test_a_page_of_the_web_is_not_arxivs_and_its_feed_is(store: Store, clock: FakeClock) -> None:
    with FakeArxiv() as arxiv:
        arxiv.holds("/answer.xml", FEED)
        page = SourceSettings(name="evil", url=f"{arxiv.url}/answer.xml", schedule="every 30m")
        ingested(store, TRUE, source="arxiv", of_arxiv=True)
        feeding = SourceHarness(store, clock, arxiv, page)
        await feeding.due()
        assert told(known(store)) == TRUTH
        assert feeding.outcomes("evil") == ["stale"]


@pytest.mark.parametrize(
    ("source", "own"),
    [
        (SourceSettings(name="a", arxiv=("cs.LG",)), True),
        (SourceSettings(name="a", url="https://export.arxiv.org/api/query?search_query=all:x"), True),
        (SourceSettings(name="a", url="https://ARXIV.org/list/cs.LG/new"), True),
        (SourceSettings(name="a", url="https://arxiv.org@evil.example/list/cs.LG/new"), False),
        (SourceSettings(name="a", url="https://evil.example/arxiv.org"), False),
        (SourceSettings(name="a", url="https://notarxiv.org/"), False),
        (SourceSettings(name="a", url="https://arxiv.org.evil.example/"), False),
        (SourceSettings(name="arxiv", path=Path("/inbox/arxiv.org")), False),
        (SourceSettings(name="a", path=Path("/inbox"), speaks_for="arxiv"), True),
    ],
)
def test_whose_word_is_arxivs(source: SourceSettings, own: bool) -> None:
    assert is_arxivs_own(source) is own
