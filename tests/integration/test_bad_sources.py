"""Sources that answer with no list, and sources that lie about papers of others (rule 4)."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.settings import SourceSettings
from bot.settings.model import is_arxivs_own
from bot.sources.fetcher import Fetched, Fetcher, FetchLimits, Unchanged
from bot.sources.watched_files import WatchedFiles
from subscriptions.model import Announce, KnownPaper, Paper
from subscriptions.planning.receipts import Outcome
from subscriptions.store import known_papers
from subscriptions.store.database.store import Store
from subscriptions.store.rows import DigestRow, PaperKeyRow, PaperRow
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.arxiv_pages import feed
from tests.integration.cli import PAGE
from tests.make import FakeClock, ingested, paper, stored_papers, summary, translation
from tests.source_harness import LIMITS, SourceHarness, arxiv_source, new_york, titles, web_source

WEDNESDAY, THURSDAY = date(2026, 1, 21), date(2026, 1, 22)
CERTIFICATE = Path(__file__).parents[1] / "unit" / "paperwire.test.pem"  # signed by no known authority
GRAPHS = paper("Graphs", "cs.LG", arxiv_id="2601.77777")
HERE = "/rss/cs.LG"
SOON = 2.5  # seconds for an answer that drips; the other source answers in less, also on a slow machine

Happens = Callable[[FakeArxiv], object]


@pytest.fixture
def clock() -> FakeClock:
    """Five past midnight in New York, Thursday 22 January 2026."""
    return FakeClock(new_york("2026-01-22 00:05"))


def shows(text: str | bytes, **values: object) -> Happens:
    return lambda arxiv: arxiv.holds(HERE, text, **values)


def written(day: date = THURSDAY, *, title: str = "Graphs") -> str:
    return feed("cs.LG", day, [paper(title, "cs.LG")]).decode()


def with_doctype(declaration: str, use: str = "&e;") -> str:
    head, rest = written().split("?>", 1)
    return f"{head}?><!DOCTYPE rss [{declaration}]>{rest.replace('Graphs', use)}"


CASES: dict[str, tuple[Happens, str]] = {
    "HTML instead of XML": (lambda arxiv: arxiv.sends_html(), "no paper entries found (looks like an HTML page)"),
    "an empty answer": (shows(""), "The XML breaks off in line 1 before its first entry"),
    "a PDF": (shows(b"%PDF-1.7 \x00\x01"), "not UTF-8 text"),
    "an XML bomb": (lambda arxiv: arxiv.bombs(), "DOCTYPE"),
    "an external entity": (shows(with_doctype('<!ENTITY e SYSTEM "file:///etc/hostname">')), "DOCTYPE"),
    "an external entity of the web": (shows(with_doctype('<!ENTITY e SYSTEM "http://127.0.0.1:1/x">')), "DOCTYPE"),
    "an external DTD": (shows(with_doctype('<!ENTITY % d SYSTEM "http://127.0.0.1:1/x"> %d;', "x")), "DOCTYPE"),
    "a title that nobody closed": (shows(written().replace("Graphs</title>", "Graphs", 1)), "The XML breaks off"),
    "an endless stream": (lambda arxiv: arxiv.is_endless(), "The answer of 127.0.0.1 is larger than 1 MiB."),
    "a stream that drips": (lambda arxiv: arxiv.drips(), f"127.0.0.1 took longer than {SOON} seconds."),
    "a packed bomb": (lambda arxiv: arxiv.packs_a_bomb(50_000_000), "The answer of 127.0.0.1 is larger than 1 MiB."),
    "endless redirects": (lambda arxiv: arxiv.redirects_to(HERE, 9), "127.0.0.1 redirects again and again."),
    "a redirect into the house": (
        lambda arxiv: arxiv.redirects_to("http://10.0.0.1/"),
        "10.0.0.1 is an address of a private network",
    ),
    "a redirect to a file": (
        lambda arxiv: arxiv.redirects_to("file:///etc/passwd"),
        "127.0.0.1 redirects to no address of the web.",
    ),
    "a redirect to a name that is none": (
        lambda arxiv: arxiv.redirects_to("http://xn--/", 9),
        "127.0.0.1 redirects to no address of the web.",
    ),
    "latin-1 that says it is UTF-8": (shows(written(title="Café").encode("latin-1")), "not UTF-8 text"),
    "GB 18030 that says so": (
        shows(written(title="图神经网络").replace("UTF-8", "GB18030").encode("gb18030")),
        "not UTF-8 text",
    ),
    "UTF-16": (shows(written().encode("utf-16")), "not UTF-8 text"),
    "a date in the future": (shows(written(date(2027, 1, 22))), "its date, 2027-01-22, lies in the future"),
    "Feed error with 400": (
        lambda arxiv: arxiv.reports("Bad subject class 'XX'."),
        "The feed reports an error: Bad subject class 'XX'.",
    ),
    "400 without a word": (lambda arxiv: arxiv.fails(400), "127.0.0.1 answers 400 Bad Request."),
    "Rate exceeded": (lambda arxiv: arxiv.says_rate_exceeded(), "127.0.0.1 is too busy to answer."),
    "Rate exceeded with 503": (
        lambda arxiv: arxiv.says_rate_exceeded(status=503),
        "127.0.0.1 is too busy to answer (503).",
    ),
    "429": (lambda arxiv: arxiv.answers_429(), "127.0.0.1 is too busy to answer (429)."),
    "429 with a wait": (
        lambda arxiv: arxiv.answers_429(retry_after="600"),
        "127.0.0.1 asks for a wait of 600 seconds.",
    ),
    "500": (lambda arxiv: arxiv.fails(500), "127.0.0.1 answers 500 Internal Server Error."),
    "a line that breaks": (lambda arxiv: arxiv.breaks_off(), "127.0.0.1 broke its answer off, or it is none."),
}


@pytest.mark.parametrize(("happens", "words"), CASES.values(), ids=CASES.keys())
async def test_a_bad_answer_is_a_failed_receipt_and_loses_no_paper(
    happens: Happens, words: str, store: Store, clock: FakeClock
) -> None:
    limits = FetchLimits(connect=5, idle=5, total=SOON, most=2**20) if "took longer" in words else LIMITS
    with FakeArxiv() as arxiv, FakeArxiv() as other:
        arxiv.announces(THURSDAY, GRAPHS)
        other.holds("/list.md", PAGE)
        happens(arxiv)
        lg = web_source(f"{arxiv.url}{HERE}", name="lg", schedule="arxiv", format="arxiv_rss")
        others = web_source(f"http://localhost:{other.port}/list.md", name="other")
        feeding = SourceHarness(store, clock, arxiv, lg, others, limits=limits)
        await feeding.due()
        (receipt,) = feeding.receipts("lg")
        assert receipt.outcome is Outcome.FAILED
        assert words in receipt.detail
        assert (receipt.counts["new"], feeding.outcomes("other")) == (0, ["new"])
        assert len(titles(store)) == 3
        arxiv.recovers()
        await feeding.until(new_york("2026-01-22 00:40"))
        assert feeding.outcomes("lg") == ["failed", "new"]
        assert feeding.known("lg").state.failures == 0
    assert titles(store).count("Graphs") == 1
    assert len(titles(store)) == 4


async def test_a_bug_at_one_source_reaches_no_other(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeArxiv() as arxiv:
        arxiv.holds("/list.md", PAGE)
        one, other = (web_source(f"{arxiv.url}/list.md", name=name) for name in ("one", "other"))
        feeding = SourceHarness(store, clock, arxiv, one, replace(other, url=f"http://localhost:{arxiv.port}/list.md"))
        fetch = Fetcher.fetch

        async def stumble(self: Fetcher, url: str, **values: str) -> Fetched | Unchanged:
            if "localhost" in url:
                return await fetch(self, url, **values)
            raise ZeroDivisionError(f"what stood at {url}")

        monkeypatch.setattr(Fetcher, "fetch", stumble)
        await feeding.due()
    assert (feeding.outcomes("one"), feeding.outcomes("other")) == (["failed"], ["new"])
    assert "by a mistake of paperwire" in feeding.receipts("one")[0].detail
    assert "ZeroDivisionError in stumble" in caplog.text
    assert "what stood at" not in caplog.text


async def test_an_untrusted_certificate_is_a_failed_receipt(store: Store, clock: FakeClock) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with FakeArxiv(tls=context) as arxiv, FakeArxiv() as other:
        other.holds("/list.md", PAGE)
        secure = web_source(f"https://127.0.0.1:{arxiv.port}/list.md", name="secure")
        plain = web_source(f"https://127.0.0.1:{other.port}/list.md", name="plain")  # no TLS at all
        others = web_source(f"http://localhost:{other.port}/list.md", name="other")
        feeding = SourceHarness(store, clock, other, secure, plain, others)
        await feeding.due()
        assert arxiv.arrivals == []
    for name in ("secure", "plain"):
        assert feeding.outcomes(name) == ["failed"]
    assert "The certificate of 127.0.0.1 cannot be trusted: " in feeding.receipts("secure")[0].detail
    assert feeding.outcomes("other") == ["new"]


OTHER_IDS: dict[str, Callable[[str], str]] = {
    "an address": lambda text: text.replace("oai:arXiv.org:", "https://arxiv.org/abs/"),
    "no version": lambda text: text.replace("v1</guid>", "</guid>"),
    "a number of its own": lambda text: text.replace(f"oai:arXiv.org:{GRAPHS.arxiv_id}v1", "urn:uuid:4711"),
    "none": lambda text: text.replace(f"oai:arXiv.org:{GRAPHS.arxiv_id}v1", ""),
    "another namespace prefix": lambda text: text.replace("arxiv:", "ns1:").replace(":arxiv", ":ns1"),
    "its own name": lambda text: text.replace("updates on arXiv.org", "new on arXiv.org"),
}


@pytest.mark.parametrize("changes", OTHER_IDS.values(), ids=OTHER_IDS.keys())
async def test_a_feed_with_other_spellings_of_ids_has_the_same_papers(
    changes: Callable[[str], str], store: Store, clock: FakeClock, arxiv: FakeArxiv
) -> None:
    text = feed("cs.LG", THURSDAY, [GRAPHS]).decode()
    assert changes(text) != text
    arxiv.holds(HERE, text)
    feeding = SourceHarness(store, clock, arxiv, arxiv_source("cs.LG"))
    await feeding.poll()
    arxiv.holds(HERE, changes(text))
    await feeding.poll()
    assert feeding.outcomes("arxiv") == ["new", "stale"]
    assert titles(store) == ["Graphs"]


async def test_a_paper_under_another_id_is_another_paper(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    arxiv.holds(HERE, feed("cs.LG", THURSDAY, [GRAPHS]))
    feeding = SourceHarness(store, clock, arxiv, arxiv_source("cs.LG"))
    await feeding.poll()
    arxiv.holds(HERE, feed("cs.LG", THURSDAY, [paper("Graphs", "cs.LG", arxiv_id="2601.99999")]))
    await feeding.poll()
    with store.read() as session:
        assert len({row.arxiv_id for row in session.exec(select(PaperRow))}) == 2  # two ids are two papers


async def test_a_feed_of_yesterday_says_so_in_its_warnings(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    arxiv.announces(WEDNESDAY, paper("Old", "cs.LG"))
    feeding = SourceHarness(store, clock, arxiv, arxiv_source("cs.LG"))
    await feeding.due()
    arxiv.announces(THURSDAY)
    await feeding.poll()
    arxiv.announces(THURSDAY, GRAPHS)
    await feeding.poll()
    with store.read() as session:
        digests = session.exec(select(DigestRow).order_by(DigestRow.id)).all()  # type: ignore[arg-type]
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
