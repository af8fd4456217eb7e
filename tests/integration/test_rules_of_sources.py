"""Bad digests: not readable, wrong about papers of other sources (rule 4), or late (rule 12). And the day of a paper.

docs/architecture.md has the rules.
"""

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.digests import read_digest
from bot.settings import SourceSettings
from bot.sources import fetcher
from subscriptions.database.store import Store
from subscriptions.model import Announce, Paper, StoredPaper
from subscriptions.papers.stored.digests import Ingested, announce
from subscriptions.plan.plan import plan_due
from subscriptions.sources.poll_results import Outcome
from tests import make, source_harness, stored
from tests.clock import NOON, FakeClock
from tests.fakes import arxiv_pages
from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import PAGE, Terminal, page
from tests.make import DAY, HOUR, ingest_digest, ingested, paper, subscribes, summary
from tests.source_harness import Feeds, arxiv_source, new_york, web_source

THURSDAY = dt.date(2026, 1, 22)
GRAPHS = paper("Graphs", "cs.LG", arxiv_id="2601.77777")
HERE = "/rss/cs.LG"

Happens = Callable[[FakeArxiv], object]


def shows(text: str | bytes, **values: object) -> Happens:
    return lambda arxiv: arxiv.holds(HERE, text, **values)


def written(day: dt.date = THURSDAY, *, title: str = "Graphs") -> str:
    return arxiv_pages.feed("cs.LG", day, [paper(title, "cs.LG")]).decode()


CASES: dict[
    str, tuple[Happens, str]
] = {  # how answers are named is told by tests/unit/test_fetching.py and test_digests.py
    "HTML instead of XML": (lambda arxiv: arxiv.sends_html(), "no paper entries found (looks like an HTML page)"),
    "an endless stream": (lambda arxiv: arxiv.is_endless(), "The answer of 127.0.0.1 is larger than 1 MiB."),
    "a date in the future": (shows(written(dt.date(2027, 1, 22))), "its date, 2027-01-22, lies in the future"),
    "Feed error with 400": (
        lambda arxiv: arxiv.reports("Bad subject class 'XX'."),
        "The feed reports an error: Bad subject class 'XX'.",
    ),
    "a line that breaks": (lambda arxiv: arxiv.breaks_off(), "127.0.0.1 broke off its answer, or sent none."),
}


@pytest.mark.parametrize(("happens", "words"), CASES.values(), ids=CASES.keys())
async def test_a_bad_answer_is_a_failed_receipt_and_loses_no_paper(
    happens: Happens, words: str, store: Store, feeds: Feeds
) -> None:
    with FakeArxiv() as arxiv, FakeArxiv() as other:
        arxiv.announces(THURSDAY, GRAPHS)
        other.holds("/list.md", PAGE)
        happens(arxiv)
        feeding = await feeds.polled(
            web_source(f"{arxiv.url}{HERE}", name="lg", schedule="arxiv", format="arxiv_rss"),
            web_source(f"http://localhost:{other.port}/list.md", name="other"),
        )
        (receipt,) = feeding.receipts("lg")
        assert receipt.outcome is Outcome.FAILED
        assert words in receipt.detail
        assert (receipt.counts["new"], feeding.outcomes("other")) == (0, ["new"])
        assert len(source_harness.titles(store)) == 3
        arxiv.recovers()
        await feeding.until(new_york("2026-01-22 00:40"))
        assert (feeding.outcomes("lg"), feeding.known("lg").state.failures) == (["failed", "new"], 0)
    assert (source_harness.titles(store).count("Graphs"), len(source_harness.titles(store))) == (1, 4)


async def test_a_bug_at_one_source_reaches_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, feeds: Feeds
) -> None:
    with FakeArxiv() as arxiv:
        arxiv.holds("/list.md", PAGE)
        one, other = (web_source(f"{arxiv.url}/list.md", name=name) for name in ("one", "other"))
        feeding = feeds.of(one, other.model_copy(update={"url": f"http://localhost:{arxiv.port}/list.md"}))
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


# one entry with a wrong date


def preprints(*days: str) -> str:
    entries = (
        {
            "doi": f"10.1101/2026.01.20.00000{n}",
            "title": f"Kites {n}",
            "authors": "Quill, A.",
            "date": day,
            "version": "1",
        }
        for n, day in enumerate(days, 1)
    )
    return json.dumps({"messages": [{"status": "ok"}], "collection": list(entries)})


def upvoted(*days: str) -> str:
    return json.dumps(
        [
            {"paper": {"id": f"2601.0000{n}", "title": f"Kites {n}", "submittedOnDailyAt": f"{day}T00:00:00.000Z"}}
            for n, day in enumerate(days, 1)
        ]
    )


def dated_page(_: str, day: str) -> str:
    heads = (f"### [{n}] [Kites {n}](https://arxiv.org/abs/2601.0000{n})\n*Ada Quill*\n\nTL;DR: Up.\n" for n in (1, 2))
    return f"# ArXiv Daily Papers - {day}\n" + "\n".join(heads)


@pytest.mark.parametrize(
    ("path", "text"),
    [("/details", preprints), ("/daily", upvoted), ("/{date}.md", dated_page), ("/{date}/details", preprints)],
    ids=["bioRxiv", "Hugging Face", "page of a day", "bioRxiv of a day"],
)
async def test_digest_with_one_date_ahead_is_stored_under_today(
    path: str, text: Callable[..., str], store: Store, feeds: Feeds, arxiv: FakeArxiv
) -> None:
    arxiv.holds(path.format(date="2026-01-22"), text("2026-01-22", "2026-01-27"))
    await feeds.polled(web_source(f"{arxiv.url}{path}"))
    assert stored.rows(store, "SELECT title, day FROM paper ORDER BY title") == [
        ("Kites 1", "2026-01-22"),
        ("Kites 2", "2026-01-22"),
    ]


# a source that lies about papers of others (rule 4)

ID, DOI = "2601.00001", "10.1101/2026.01.20.000001"
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


def known_by(store: Store, key: str = ID) -> StoredPaper:
    return _stored(store)[key]


def told(found: StoredPaper) -> tuple[object, ...]:
    one = found.paper
    return (
        one.title,
        one.abstract,
        one.authors,
        one.version,
        one.comment,
        one.url,
        one.categories,
        found.is_gone,
    )


TRUTH = (TRUE.title, TRUE.abstract, TRUE.authors, 1, "9 pages", TRUE.url, ("cs.LG",), False)


def test_arxiv_has_the_last_word_on_its_papers(store: Store) -> None:
    ingested(store, replace(LIE, categories=("cs.LG",)), source="evil")
    assert told(known_by(store))[-1] is True  # a source may change a paper that no better source has sent
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    assert told(known_by(store)) == TRUTH
    done = ingested(store, LIE, source="evil", name="again")
    assert (told(known_by(store)), done.updated) == (TRUTH, 0)
    second = replace(TRUE, title="Sorting wet sand", version=2, announce_type=Announce.REPLACE)
    ingested(store, second, source="arxiv", of_arxiv=True)
    assert told(known_by(store)) == ("Sorting wet sand", *TRUTH[1:3], 2, *TRUTH[4:])
    before = known_by(store).sequence
    crossed = replace(second, categories=("cs.LG", "hep-th"), announce_type=Announce.CROSS)
    ingested(store, crossed, source="evil", name="crossed")
    assert (known_by(store).paper.categories, known_by(store).sequence) == (("cs.LG",), before)
    ingested(store, crossed, source="arxiv", of_arxiv=True, name="of arXiv")
    assert known_by(store).paper.categories == ("cs.LG", "hep-th")


def test_a_list_withdraws_and_rewrites_only_its_own_papers(store: Store) -> None:
    ingested(store, TRUE, source="first")
    done = ingested(store, LIE, source="evil")
    assert (told(known_by(store)), done.updated) == (TRUTH, 0)
    own = paper("Cells", arxiv_id=None, key=DOI, doi=DOI, version=1, abstract="Old.")
    ingested(store, own, source="biology")
    ingested(store, replace(own, version=2, abstract=GONE), source="biology")
    withdrawn = known_by(store, DOI)
    assert (withdrawn.paper.abstract, withdrawn.is_gone) == (GONE, True)


def test_a_list_fills_in_what_nobody_knew_and_adds_its_summary(store: Store) -> None:
    ingested(store, replace(TRUE, abstract="", comment=""), source="arxiv", of_arxiv=True)
    texts = {"summaries": summary("给沙粒分类"), "translations": make.translation(title="沙")}
    ingested(store, replace(TRUE, abstract="Grains that sing.", version=7, **texts), source="daily")  # type: ignore[arg-type]
    found = known_by(store).paper
    assert (found.abstract, found.version) == ("Grains that sing.", 1)
    assert (found.summaries, found.translations) == (texts["summaries"], texts["translations"])
    ingested(store, replace(TRUE, version=999, summaries=summary("骗人")), source="evil")
    assert known_by(store).paper.summaries == texts["summaries"]


@pytest.mark.parametrize("cut", ["Grains that…", "Grains that...", "Grains th"])
def test_a_text_that_was_cut_off_is_completed_by_another_source(cut: str, store: Store) -> None:
    ingested(store, replace(TRUE, abstract=cut), source="one")
    ingested(store, TRUE, source="other")
    assert known_by(store).paper.abstract == TRUE.abstract
    ingested(store, replace(TRUE, abstract=f"{TRUE.abstract} Buy sand."), source="evil")
    assert known_by(store).paper.abstract == TRUE.abstract


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(replace(TRUE, doi=DOI), id="an arXiv id and a DOI of two papers"),
        pytest.param(paper("Cells", arxiv_id=ID), id="the title of another paper"),
    ],
)
def test_no_source_makes_two_papers_of_others_one(lie: Paper, store: Store) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    cells = paper("Cells", arxiv_id=None) if lie.doi is None else paper("Cells", arxiv_id=None, key=DOI, doi=DOI)
    ingested(store, cells, source="biology")
    ingested(store, lie, source="evil", name="evil")
    assert len(_stored(store)) == 2
    assert (known_by(store).paper.title, known_by(store, cells.key).paper.title) == ("Sorting sand", "Cells")


def test_no_source_gives_its_own_paper_the_id_of_another(store: Store) -> None:
    ingested(store, TRUE, source="list")
    ingested(store, paper("Cells", arxiv_id=None, key=DOI, doi=DOI), source="biology")
    ingested(store, replace(TRUE, doi=DOI), source="list", name="again")
    assert (known_by(store).paper.doi, known_by(store, DOI).paper.title) == (None, "Cells")


def test_no_source_claims_an_id_for_a_paper_of_another(store: Store) -> None:
    ingested(store, TRUE, source="arxiv", of_arxiv=True)
    ingested(store, replace(TRUE, doi=DOI), replace(TRUE, title="Cells"), source="evil")
    ingested(store, paper("Cells", arxiv_id=None, key=DOI, doi=DOI), source="biology")
    assert (known_by(store).paper.doi, known_by(store, DOI).paper.title) == (None, "Cells")
    ingested(store, paper("Buy sand", arxiv_id=None), source="list")
    assert len(_stored(store)) == 3


@st.composite
def entries(draw: st.DrawFn) -> tuple[str, Paper]:
    """Draws (source, a paper), as sources describe three works: one with an arXiv id, one with a DOI, one with neither.

    Others than arXiv may know only the title.
    """
    source = draw(st.sampled_from(("arxiv", "arxiv", "list", "feed")))
    is_arxivs = source == "arxiv"
    work = 1 if is_arxivs else draw(st.integers(1, 3))
    ids: dict[str, str | None] = {"arxiv_id": None}
    if work == 1 and (is_arxivs or draw(st.booleans())):
        ids = {"arxiv_id": "2601.00001"}
    if work == 2 and draw(st.booleans()):
        ids = {"arxiv_id": None, "doi": "10.5555/2", "key": "10.5555/2"}
    version = draw(st.sampled_from((1, 2))) if is_arxivs else draw(st.sampled_from((None, 1, 2, 9)))
    texts = f"arXiv's version {version}." if is_arxivs else draw(st.sampled_from(("", "A lie.", "Withdrawn", "A")))
    return source, paper(
        f"Work {work}",
        *draw(st.lists(st.sampled_from(("cs.LG", "cs.CV")), unique=True)),
        kind=draw(st.none() | st.sampled_from(Announce)),
        version=version,
        abstract=texts,
        **ids,  # type: ignore[arg-type]
    )


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(st.lists(entries(), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_in_any_order_the_same_papers_are_stored_each_once(
    empty_database: Path, said: list[tuple[str, Paper]], random: Random
) -> None:
    """And of arXiv's paper what arXiv said in its highest version, whatever others said before or after it."""
    found = []
    for _ in range(2):
        with TemporaryDirectory() as folder:
            shutil.copy(empty_database, f"{folder}/papers.db")
            with make.an_open_store(f"sqlite:///{folder}/papers.db") as store:
                for number, (source, one) in enumerate(said):
                    ingested(store, one, source=source, of_arxiv=source == "arxiv", name=str(number))
                with store.reading() as session:
                    found.append({one.paper.key: one.paper for one in make.stored_papers(session)})
                    assert len(found[-1]) == len(make.stored_papers(session)) == len({one.title for _, one in said})
        random.shuffle(said)
    assert found[0].keys() == found[1].keys()
    if versions := [one.version or 0 for source, one in said if source == "arxiv"]:
        for papers in found:
            one = papers["2601.00001"]
            assert (one.version, one.abstract) == (max(versions), f"arXiv's version {max(versions)}.")


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
    ],
)
def test_whose_word_is_arxivs(source: SourceSettings, own: bool) -> None:
    assert source.is_arxivs_own is own


NOBODY = 65534  # the id of a user without rights. Root, as whom tests may run, can read every folder


@pytest.mark.parametrize("path", ["good/*.md", "good/day.md"])
def test_a_folder_without_the_right_to_look_into_it_is_named(path: str, terminal: Terminal) -> None:
    terminal.file("good/deeper/day.md", PAGE)
    terminal.folder.chmod(0o755)
    (terminal.folder / "good").chmod(0o000)
    as_nobody = f"os.geteuid() == 0 and os.setuid({NOBODY})"  # only root may change its user
    look = f"print(s.is_missing('{path}'), s.is_gone('{path}'), flush=True); s.list_folder('{path}')"
    ended = terminal.python(f"import os, bot.digests.files as s; {as_nobody}; {look}")
    (terminal.folder / "good").chmod(0o700)
    assert ended.out == "False False\n"
    assert ended.err.splitlines()[-1].endswith("good: the folder cannot be read; check its rights.")


TODAY = NOON.date()
OLD = TODAY - 30 * DAY
REPLACED = Announce.REPLACE


def comes(
    store: Store,
    *content: Paper,
    day: dt.date = TODAY,
    now: dt.datetime = NOON,
    name: str = "",
    announce: bool = False,
    source: str = "daily",
) -> Ingested:
    """Ingests a digest of the day `day` at the moment `now`."""
    made = make.digest(*content, name=f"{name}{day}", day=day)
    return ingest_digest(store, made, source=source, day=day, now=now, announce=announce)


def known(store: Store, title: str) -> StoredPaper:
    return next(one for one in _stored(store).values() if one.paper.title == title)


def delivered(store: Store, now: dt.datetime = NOON + HOUR) -> list[str]:
    """Plans the due deliveries. Returns the titles of all delivered papers, in order."""
    plan_due(store, now=now)
    items = "SELECT title FROM delivery_item JOIN paper ON paper.id = delivery_item.paper ORDER BY delivery, position"
    return [title for (title,) in stored.rows(store, items)]


@pytest.mark.parametrize(
    ("age", "zone", "now", "filed"),
    [
        pytest.param(7, "UTC", NOON, False, id="of a week ago"),
        pytest.param(8, "UTC", NOON, True, id="of eight days ago"),
        pytest.param(
            8, "America/New_York", dt.datetime(2026, 1, 22, 4, tzinfo=dt.UTC), False, id="where it is still yesterday"
        ),
        pytest.param(8, "UTC", dt.datetime(2026, 1, 22, 4, tzinfo=dt.UTC), True, id="where it is not"),
        pytest.param(
            7, "Pacific/Auckland", dt.datetime(2026, 1, 22, 20, tzinfo=dt.UTC), True, id="where it is tomorrow"
        ),
    ],
)
def test_a_digest_is_an_archive_by_its_day_and_the_operators(
    tmp_path: Path, age: int, zone: str, now: dt.datetime, filed: bool
) -> None:
    store = Store(f"sqlite:///{tmp_path}/zone.db", zone=zone)
    store.open(now=now)
    done = comes(store, paper("Graphs"), day=TODAY - age * DAY, now=now)
    assert (done.archive, done.archived, done.new) == (filed, int(filed), 1)
    assert (known(store, "Graphs").sequence is None) == filed
    assert known(store, "Graphs").day == TODAY - age * DAY
    store.close()


def test_a_later_digest_of_its_day_announces_a_filed_paper(store: Store) -> None:
    subscribes(store, "console:me", "graphs")
    old = paper("Graphs", "cs.LG", arxiv_id="2601.90001")
    comes(store, old, day=OLD)
    assert (delivered(store), known(store, "Graphs").day) == ([], OLD)
    comes(store, replace(old, version=2, announce_type=REPLACED), name="newer")
    assert known(store, "Graphs").sequence is None
    comes(store, old, name="current", now=NOON + HOUR)
    assert (delivered(store, NOON + 2 * HOUR), known(store, "Graphs").day) == (["Graphs"], TODAY)
    comes(store, old, name="another", day=OLD - DAY, now=NOON + 2 * HOUR)
    assert (delivered(store, NOON + 3 * HOUR), known(store, "Graphs").day) == (["Graphs"], TODAY)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "more",
    [
        paper("Graphs", "cs.LG", "cs.CL", arxiv_id="2601.90001", kind=Announce.CROSS),
        paper("Graphs", "cs.LG", arxiv_id="2601.90001", abstract="Nodes and edges."),
        paper("Graphs", "cs.LG", arxiv_id="2601.90001", summaries=summary("图。")),
    ],
    ids=["a category by a cross-list", "an abstract", "a summary"],
)
def test_an_archive_adds_what_it_knows_and_moves_no_change(store: Store, more: Paper) -> None:
    comes(store, paper("Graphs", "cs.LG", arxiv_id="2601.90001"))
    before = known(store, "Graphs")
    done = comes(store, more, day=OLD, now=NOON + HOUR)
    after = known(store, "Graphs")
    assert (done.updated, done.archived) == (1, 0)
    assert (after.sequence, after.sequenced_at, after.day) == (before.sequence, before.sequenced_at, before.day)
    assert after.paper != before.paper
    assert after.paper.announce_type is None


@pytest.mark.both_databases
def test_filed_papers_are_announced_once(store: Store) -> None:
    subscribes(store, "console:me", "graphs")
    seen = paper("Graphs that came", arxiv_id="2601.90001")
    comes(store, seen)
    assert delivered(store) == ["Graphs that came"]
    archive = (seen, paper("Old graphs", arxiv_id="2601.90002"), paper("New version", kind=REPLACED))
    assert comes(store, *archive, day=OLD).archived == 1
    assert comes(store, *archive, day=OLD, now=NOON + HOUR) == Ingested(
        already_known=True, unchanged=3, archive=True, archived=1
    )
    assert comes(store, *archive, day=OLD, now=NOON + HOUR, announce=True) == Ingested(
        already_known=True, unchanged=3, announced=1
    )
    assert comes(store, *archive, day=OLD, now=NOON + HOUR, announce=True).announced == 0
    assert delivered(store, NOON + 2 * HOUR) == ["Graphs that came", "Old graphs"]
    assert (known(store, "Old graphs").day, known(store, "New version").sequence) == (OLD, None)


@pytest.mark.both_databases
def test_papers_of_a_source_are_announced_oldest_first(store: Store) -> None:
    for n, name in enumerate(("first", "second", "third")):
        comes(store, paper(name), day=OLD - n * DAY)
    comes(store, paper("of another"), day=OLD, source="other")
    assert [store.write_now(announce, NOON, source="daily") for _ in range(2)] == [3, 0]
    assert [(known(store, one).sequence, known(store, one).day) for one in ("third", "second", "first")] == [
        (1, OLD - 2 * DAY),
        (2, OLD - DAY),
        (3, OLD),
    ]
    assert known(store, "of another").sequence is None


@pytest.fixture
def clock() -> FakeClock:
    """A clock at five past midnight in New York on Thursday 22 January 2026."""
    return FakeClock(new_york("2026-01-22 00:05"))


@pytest.mark.parametrize(("schedule", "outcomes"), [(None, ["quiet", "new"]), ("0 0 * * *", ["stale", "new"])])
async def test_an_archive_is_not_what_was_due_today(
    tmp_path: Path, schedule: str | None, outcomes: list[str], feeds: Feeds
) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "2023-04-05.md").write_text(page(("2304.00001", "Old graphs", "Nodes.")))
    feeding = feeds.of(SourceSettings(name="my list", path=tmp_path / "inbox" / "*.md", schedule=schedule))
    await feeding.due()
    (tmp_path / "inbox" / "2026-01-22.md").write_text(page(("2601.00001", "Graphs", "Nodes.")))
    await feeding.due()
    assert feeding.outcomes("my list") == outcomes


async def test_days_missed_for_over_a_week_are_filed_and_told(store: Store, clock: FakeClock, feeds: Feeds) -> None:
    subscribes(store, "console:me", "graphs", now=clock.now() - HOUR)
    feeds.arxiv.announces(TODAY, paper("Graphs of the 22nd", "cs.LG"))
    await feeds.polled(arxiv_source("cs.LG"))
    assert delivered(store, clock.now()) == ["Graphs of the 22nd"]
    long_ago, lately, now = dt.date(2026, 1, 23), dt.date(2026, 1, 28), dt.date(2026, 2, 2)
    for day in (long_ago, lately, now):
        feeds.arxiv.announces(day, paper(f"Graphs of {day}", "cs.LG"))
    clock.advance(new_york("2026-02-02 09:00") - clock.now())
    feeding = await feeds.polled(arxiv_source("cs.LG"), admins=(make.address("console:me"),))
    receipt = feeding.receipts("arxiv")[-1]
    assert "Fetched afterwards: 2026-01-23" in receipt.detail
    assert (
        "so filed and not announced: 1 paper of 2026-01-23. To announce them: paperwire sources poll" in receipt.detail
    )
    assert (receipt.counts["archived"], known(store, f"Graphs of {long_ago}").sequence) == (1, None)
    (filed,) = [text for name, text in source_harness.notices(store) if name == "filed"]
    assert filed.startswith("arxiv: 1 paper came too late to be news.\nOf Fri 23 Jan: filed, so search finds them")
    assert delivered(store, clock.now()) == ["Graphs of the 22nd", f"Graphs of {now}", f"Graphs of {lately}"]


def _ingest(store: Store, content: bytes, name: str) -> Ingested:
    read = read_digest(content, name)
    return ingest_digest(store, read, source="files", day=read.day or NOON.date(), now=NOON)


def _stored(store: Store) -> dict[str, StoredPaper]:
    with store.reading() as session:
        return {known.paper.key: known for known in make.stored_papers(session)}


@pytest.mark.parametrize(
    "expected",
    [
        {
            "hf_json/bv_hf_daily_papers.json": (5, 0),
            "hf_json/sc_hf_papers.json": (25, 5),
            "daily_jsonl/dw_2025-03-21_AI_enhanced_Chinese.jsonl": (45, 0),
            "arxiv_feed/sc_api_query_atom.xml": (22, 3),
            "biorxiv_json/ys_biorxiv.json": (3, 0),
        },
        {
            "bilingual/cn_2024-06_cs.IR.md": (10, 0),
            "bilingual/cn_2024-06_cs.IR.xml": (0, 10),
            "bilingual/cn_2023-04_cs.IR.xml": (14, 0),
            "bilingual/cn_2023-04_cs.IR.md": (0, 14),
            "bilingual/cn_paper_2305.17574.json": (1, 0),
        },
    ],
    ids=["many formats", "two languages"],
)
def test_real_digests_meet_in_one_store(store: Store, shared: Path, expected: dict[str, tuple[int, int]]) -> None:
    found = {}
    for name in expected:
        done = _ingest(store, (shared / "corpus" / name).read_bytes(), name)
        found[name] = (done.new, done.updated + done.unchanged)
    assert found == expected
