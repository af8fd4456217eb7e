"""Sources whose answer is no list, that cannot be read, or that lie about papers of others (rule 4)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.settings import SourceSettings
from bot.sources import fetcher
from subscriptions import model
from subscriptions.planning.receipts import Outcome
from subscriptions.store import known_papers, rows
from subscriptions.store.database.store import Store
from tests import make, source_harness
from tests.fakes import arxiv_pages
from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import PAGE, Terminal

WEDNESDAY, THURSDAY = date(2026, 1, 21), date(2026, 1, 22)
GRAPHS = make.paper("Graphs", "cs.LG", arxiv_id="2601.77777")
HERE = "/rss/cs.LG"
SOON = 2.5  # seconds that a slow answer may take; the other source is faster, even on a slow machine

Happens = Callable[[FakeArxiv], object]


@pytest.fixture
def clock() -> make.FakeClock:
    """Five past midnight in New York, Thursday 22 January 2026."""
    return make.FakeClock(source_harness.new_york("2026-01-22 00:05"))


def shows(text: str | bytes, **values: object) -> Happens:
    return lambda arxiv: arxiv.holds(HERE, text, **values)


def written(day: date = THURSDAY, *, title: str = "Graphs") -> str:
    return arxiv_pages.feed("cs.LG", day, [make.paper(title, "cs.LG")]).decode()


CASES: dict[str, tuple[Happens, str]] = {
    "HTML instead of XML": (lambda arxiv: arxiv.sends_html(), "no paper entries found (looks like an HTML page)"),
    "an empty answer": (shows(""), "The XML breaks off in line 1 before its first entry"),
    "a PDF": (shows(b"%PDF-1.7 \x00\x01"), "not UTF-8 text"),
    "an XML bomb": (shows(arxiv_pages.bomb()), "DOCTYPE"),
    "an external entity": (
        shows(written().replace("<rss", '<!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/hostname">]><rss', 1)),
        "DOCTYPE",
    ),
    "a title that nobody closed": (shows(written().replace("Graphs</title>", "Graphs", 1)), "The XML breaks off"),
    "an endless stream": (lambda arxiv: arxiv.is_endless(), "The answer of 127.0.0.1 is larger than 1 MiB."),
    "a stream that drips": (lambda arxiv: arxiv.drips(), f"127.0.0.1 took longer than {SOON} seconds."),
    "latin-1 that says it is UTF-8": (shows(written(title="Café").encode("latin-1")), "not UTF-8 text"),
    "a date in the future": (shows(written(date(2027, 1, 22))), "its date, 2027-01-22, lies in the future"),
    "Feed error with 400": (
        lambda arxiv: arxiv.reports("Bad subject class 'XX'."),
        "The feed reports an error: Bad subject class 'XX'.",
    ),
    "Rate exceeded": (lambda arxiv: arxiv.says_rate_exceeded(), "127.0.0.1 is too busy to answer."),
    "429 with a wait": (
        lambda arxiv: arxiv.answers_429(retry_after="600"),
        "127.0.0.1 asks for a wait of 600 seconds.",
    ),
    "500": (lambda arxiv: arxiv.fails(500), "127.0.0.1 answers 500 Internal Server Error."),
    "a line that breaks": (lambda arxiv: arxiv.breaks_off(), "127.0.0.1 broke off its answer, or sent none."),
}


@pytest.mark.parametrize(("happens", "words"), CASES.values(), ids=CASES.keys())
async def test_a_bad_answer_is_a_failed_receipt_and_loses_no_paper(
    happens: Happens, words: str, store: Store, clock: make.FakeClock
) -> None:
    limits = (
        fetcher.FetchLimits(connect=5, idle=5, total=SOON, most=2**20)
        if "took longer" in words
        else source_harness.LIMITS
    )
    with FakeArxiv() as arxiv, FakeArxiv() as other:
        arxiv.announces(THURSDAY, GRAPHS)
        other.holds("/list.md", PAGE)
        happens(arxiv)
        lg = source_harness.web_source(f"{arxiv.url}{HERE}", name="lg", schedule="arxiv", format="arxiv_rss")
        others = source_harness.web_source(f"http://localhost:{other.port}/list.md", name="other")
        feeding = source_harness.SourceHarness(store, clock, arxiv, lg, others, limits=limits)
        await feeding.due()
        (receipt,) = feeding.receipts("lg")
        assert receipt.outcome is Outcome.FAILED
        assert words in receipt.detail
        assert (receipt.counts["new"], feeding.outcomes("other")) == (0, ["new"])
        assert len(source_harness.titles(store)) == 3
        arxiv.recovers()
        await feeding.until(source_harness.new_york("2026-01-22 00:40"))
        assert feeding.outcomes("lg") == ["failed", "new"]
        assert feeding.known("lg").state.failures == 0
    assert source_harness.titles(store).count("Graphs") == 1
    assert len(source_harness.titles(store)) == 4


async def test_a_bug_at_one_source_reaches_no_other(
    store: Store, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeArxiv() as arxiv:
        arxiv.holds("/list.md", PAGE)
        one, other = (source_harness.web_source(f"{arxiv.url}/list.md", name=name) for name in ("one", "other"))
        feeding = source_harness.SourceHarness(
            store, clock, arxiv, one, replace(other, url=f"http://localhost:{arxiv.port}/list.md")
        )
        fetch = fetcher.Fetcher.fetch

        async def stumble(self: fetcher.Fetcher, url: str, **values: str) -> fetcher.Fetched | None:
            if "localhost" in url:
                return await fetch(self, url, **values)
            raise ZeroDivisionError(f"what stood at {url}")

        monkeypatch.setattr(fetcher.Fetcher, "fetch", stumble)
        await feeding.due()
    assert (feeding.outcomes("one"), feeding.outcomes("other")) == (["failed"], ["new"])
    assert "by a mistake of paperwire" in feeding.receipts("one")[0].detail
    assert "ZeroDivisionError in stumble" in caplog.text
    assert "what stood at" not in caplog.text


async def test_a_feed_of_yesterday_says_so_in_its_warnings(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv
) -> None:
    arxiv.announces(WEDNESDAY, make.paper("Old", "cs.LG"))
    feeding = source_harness.SourceHarness(store, clock, arxiv, source_harness.arxiv_source("cs.LG"))
    await feeding.due()
    arxiv.announces(THURSDAY)
    await feeding.poll()
    arxiv.announces(THURSDAY, GRAPHS)
    await feeding.poll()
    with store.read() as session:
        digests = session.exec(select(rows.DigestRow).order_by(rows.DigestRow.id)).all()  # type: ignore[arg-type]
        said = [[w["message"] for w in row.warnings if w["code"] == "stale_feed"] for row in digests]
    assert said == [
        ["that of 2026-01-21, with 1 papers, and not yet that of 2026-01-22"],
        ["that of 2026-01-22, with 0 papers, and not yet that of 2026-01-22"],
        [],
    ]
    assert feeding.outcomes("arxiv") == ["stale", "stale", "new"]


# ------------------------------------------------------------------- a source that lies about papers of others (rule 4)


ID, DOI = "2601.00001", "10.1101/2026.01.20.000001"
GONE = "This paper has been withdrawn by its authors."
TRUE = make.paper(
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


def known(store: Store, key: str = ID) -> model.KnownPaper:
    with store.read() as session:
        [number] = session.exec(
            select(rows.PaperKeyRow.paper).where(col(rows.PaperKeyRow.key).in_((key, f"doi:{key}")))
        )
        return known_papers.stored_papers(session, [number])[number]


def amount(store: Store) -> int:
    with store.read() as session:
        return len(make.stored_papers(session))


def told(found: model.KnownPaper) -> tuple[object, ...]:
    one = found.paper
    withdrawn = found.withdrawn_at is not None
    return one.title, one.abstract, one.authors, one.version, one.comment, one.url, one.categories, withdrawn


TRUTH = (TRUE.title, TRUE.abstract, TRUE.authors, 1, "9 pages", TRUE.url, ("cs.LG",), False)


def test_arxiv_has_the_last_word_on_its_papers(store: Store) -> None:
    make.ingested(store, replace(LIE, categories=("cs.LG",)), source="evil")
    assert told(known(store))[-1] is True  # a source may change its own paper until a better source has it
    make.ingested(store, TRUE, source="arxiv", of_arxiv=True)
    assert told(known(store)) == TRUTH
    done = make.ingested(store, LIE, source="evil", name="again")
    assert (told(known(store)), done.withdrawn, done.updated) == (TRUTH, frozenset(), 0)
    second = replace(TRUE, title="Sorting wet sand", version=2, announce_type=model.Announce.REPLACE)
    make.ingested(store, second, source="arxiv", of_arxiv=True)
    assert told(known(store)) == ("Sorting wet sand", *TRUTH[1:3], 2, *TRUTH[4:])
    before = known(store).sequence
    crossed = replace(second, categories=("cs.LG", "hep-th"), announce_type=model.Announce.CROSS)
    make.ingested(store, crossed, source="evil", name="crossed")
    assert (known(store).paper.categories, known(store).sequence) == (("cs.LG",), before)
    make.ingested(store, crossed, source="arxiv", of_arxiv=True, name="of arXiv")
    assert known(store).paper.categories == ("cs.LG", "hep-th")


def test_a_list_withdraws_and_rewrites_only_its_own_papers(store: Store) -> None:
    make.ingested(store, TRUE, source="first")
    done = make.ingested(store, LIE, source="evil")
    assert (told(known(store)), done.withdrawn, done.updated) == (TRUTH, frozenset(), 0)
    own = make.paper("Cells", arxiv_id=None, key=DOI, doi=DOI, version=1, abstract="Old.")
    make.ingested(store, own, source="biology")
    done = make.ingested(store, replace(own, version=2, abstract=GONE), source="biology")
    assert (known(store, DOI).paper.abstract, len(done.withdrawn)) == (GONE, 1)


def test_a_list_fills_in_what_nobody_knew_and_adds_its_summary(store: Store) -> None:
    make.ingested(store, replace(TRUE, abstract="", comment=""), source="arxiv", of_arxiv=True)
    texts = {"summaries": make.summary("给沙粒分类"), "translations": make.translation(title="沙")}
    make.ingested(store, replace(TRUE, abstract="Grains that sing.", version=7, **texts), source="daily")  # type: ignore[arg-type]
    found = known(store).paper
    assert (found.abstract, found.version) == ("Grains that sing.", 1)
    assert (found.summaries, found.translations) == (texts["summaries"], texts["translations"])
    make.ingested(store, replace(TRUE, version=999, summaries=make.summary("骗人")), source="evil")
    assert known(store).paper.summaries == texts["summaries"]


@pytest.mark.parametrize("cut", ["Grains that…", "Grains that...", "Grains th"])
def test_a_text_that_was_cut_off_is_completed_by_another_source(cut: str, store: Store) -> None:
    make.ingested(store, replace(TRUE, abstract=cut), source="one")
    make.ingested(store, TRUE, source="other")
    assert known(store).paper.abstract == TRUE.abstract
    make.ingested(store, replace(TRUE, abstract=f"{TRUE.abstract} Buy sand."), source="evil")
    assert known(store).paper.abstract == TRUE.abstract


FOREIGN = (
    pytest.param(replace(TRUE, doi=DOI), id="an arXiv id and a DOI of two papers"),
    pytest.param(make.paper("Cells", arxiv_id=ID), id="the title of another paper"),
)


@pytest.mark.parametrize("lie", FOREIGN)
def test_no_source_makes_two_papers_of_others_one(lie: model.Paper, store: Store) -> None:
    make.ingested(store, TRUE, source="arxiv", of_arxiv=True)
    cells = (
        make.paper("Cells", arxiv_id=None) if lie.doi is None else make.paper("Cells", arxiv_id=None, key=DOI, doi=DOI)
    )
    make.ingested(store, cells, source="biology")
    make.ingested(store, lie, source="evil", name="evil")
    assert amount(store) == 2
    assert (known(store).paper.title, known(store, cells.key).paper.title) == ("Sorting sand", "Cells")
    make.ingested(store, lie, source="arxiv", of_arxiv=True, name="of arXiv")
    assert amount(store) == 1  # arXiv may join the two papers


def test_no_source_gives_its_own_paper_the_id_of_another(store: Store) -> None:
    make.ingested(store, TRUE, source="list")
    make.ingested(store, make.paper("Cells", arxiv_id=None, key=DOI, doi=DOI), source="biology")
    make.ingested(store, replace(TRUE, doi=DOI), source="list", name="again")
    assert (known(store).paper.doi, known(store, DOI).paper.title) == (None, "Cells")


def test_no_source_claims_an_id_for_a_paper_of_another(store: Store) -> None:
    make.ingested(store, TRUE, source="arxiv", of_arxiv=True)
    make.ingested(store, replace(TRUE, doi=DOI), replace(TRUE, title="Cells"), source="evil")
    make.ingested(store, make.paper("Cells", arxiv_id=None, key=DOI, doi=DOI), source="biology")
    assert (known(store).paper.doi, known(store, DOI).paper.title) == (None, "Cells")
    make.ingested(store, make.paper("Buy sand", arxiv_id=None), source="list")
    assert amount(store) == 3


FEED = """<feed xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/q</id><title>arXiv Query</title>
<updated>2026-01-22T12:00:00Z</updated><entry><id>http://arxiv.org/abs/2601.00001v999</id><title>Buy sand</title>
<summary>This paper has been withdrawn.</summary></entry></feed>"""


async def test_a_page_that_looks_like_arxivs_is_not_arxivs(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, tmp_path: Path
) -> None:
    make.ingested(store, TRUE, source="arxiv", of_arxiv=True)
    (tmp_path / "answer.xml").write_text(FEED, encoding="utf-8")

    folder = SourceSettings(name="evil", path=tmp_path)
    await source_harness.SourceHarness(store, clock, arxiv, folder).scheduler.inbox.drain()
    assert told(known(store)) == TRUTH
    (tmp_path / "answer.xml").write_text(f"{FEED}\n", encoding="utf-8")
    trusted = replace(folder, speaks_for="arxiv")
    await source_harness.SourceHarness(store, clock, arxiv, trusted).scheduler.inbox.drain()
    assert told(known(store))[-1] is True  # the operator marked the source as arXiv's own


async def test_a_page_of_the_web_is_not_arxivs(store: Store, clock: make.FakeClock, arxiv: FakeArxiv) -> None:
    arxiv.holds("/answer.xml", FEED)
    make.ingested(store, TRUE, source="arxiv", of_arxiv=True)
    feeding = await source_harness.polled(store, clock, arxiv, source_harness.web_source(f"{arxiv.url}/answer.xml"))
    assert (told(known(store)), feeding.outcomes("web")) == (TRUTH, ["stale"])


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
    assert source.is_arxivs_own is own


# ── Unreadable sources: `check` says ✗ and exits with 1; `run --once` exits with 1 if it can read none ────────────────

NOBODY = 65534  # a user without rights; where the tests run as root, they could read everything


def test_a_folder_without_the_right_to_look_into_it_is_named(terminal: Terminal) -> None:
    terminal.file("good/day.md", PAGE)
    terminal.folder.chmod(0o755)
    (terminal.folder / "good").chmod(0o000)
    as_nobody = f"os.geteuid() == 0 and os.setuid({NOBODY})"  # root can read every folder
    program = f"import os, bot.digests.files as s, pathlib; {as_nobody}; print(s.list_folder('good', pathlib.Path()))"
    ended = terminal.python(program)
    (terminal.folder / "good").chmod(0o700)
    assert ended.out == ""
    assert ended.err.splitlines()[-1].endswith("good: the folder cannot be read; check its rights.")
