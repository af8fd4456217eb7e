"""What became of kept papers is asked once a day of arXiv, OpenAlex and Crossref."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.sources import kept_papers, poll
from bot.sources.fetch_request import Sites
from subscriptions.sources import kept_rounds
from tests.fakes.databases import CONTACT, FakeDatabases
from tests.outside.test_one_paper import crossref
from tests.outside.test_one_work import openalex, related, work
from tests.papers import Paper, paper
from tests.product import Product

INBOX = '[[source]]\nname = "inbox"\npath = "inbox/*.*"\n'
ME = "console:me"
NAMES = ("api/query", "openalex", "crossref")  # the parts of addresses by which the services are known
GLUE = paper("Glue for kites", "cs.LG", arxiv_id="2601.01234", authors=("Ada Ray",), kind="new")
TIDES = work("10.1234/tides.2026.3", "Kites in tides")
BARE = [f"2601.0500{number}" for number in (1, 2, 3)]


@pytest.fixture
def services(product: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDatabases]:
    """The three services, which a chat's program asks about what it keeps. It keeps nothing yet."""
    with FakeDatabases(product.clock) as fake:
        monkeypatch.setattr(poll, "Sites", lambda **given: Sites(**{**fake.sites, **given}))
        product.sets(ALLOWED_HOSTS="127.0.0.1", CONTACT=CONTACT)
        product.writes("paperwire.toml", INBOX)
        assert product.runs("subscribe", "glue OR kites", "--as", ME, "--when", "now").status == 0
        yield fake
    assert fake.violations == []


def keeps(product: Product, *papers: Paper | dict[str, Any]) -> None:
    """The chat gets papers, of arXiv or of a journal, and saves them."""
    for one in papers:
        if isinstance(one, Paper):
            product.brings(one)
        else:
            path = product.writes(f"brought/{one['DOI'].replace('/', '-')}.json", crossref(one))
            assert product.runs("ingest", str(path), "--source", "journals").status == 0
    product.runs("deliver")
    for one in papers:
        name = one.arxiv_id if isinstance(one, Paper) else one["DOI"]
        assert "Saved" in product.runs("say", f"/save {name}", "--as", ME).out


def rounds(product: Product, *, days: int = 0, tells: Sequence[str] = ()) -> dict[str, Any]:
    """Run a round, which must succeed. Return what the line about kept papers says; {}: there is none.

    `tells`: what the chat reads afterwards; nothing is sent if it is empty.
    """
    product.clock.advance(timedelta(days=days))
    finished = product.runs("run", "--once")
    assert (finished.status, bool(finished.out)) == (0, bool(tells)), finished.out + finished.err
    assert [one for one in tells if one not in finished.out] == [], finished.out
    return next((one["last"] for one in product.tells("sources") if one["name"] == "kept"), {})


def asked(services: FakeDatabases) -> list[str]:
    """Return which services were asked since the last call, without repetitions."""
    paths = [one.path for one in services.arrivals]
    services.arrivals.clear()
    return [name for name in NAMES if any(name in path for path in paths)]


def asked_of_arxiv(services: FakeDatabases) -> list[str]:
    """Return the ids that arXiv was asked about since the last call, in their order."""
    found = [path.partition("id_list=")[2].partition("&")[0] for path in services.asked("id_list")]
    services.arrivals.clear()
    return [one for ids in found for one in ids.split(",")]


def card(product: Product, name: str) -> str:
    return product.runs("say", name, "--as", ME).out


def exported(product: Product) -> str:
    return product.runs("say", "/export bib saved", "--as", ME).out


def newer(one: Paper, text: str = "Now with glue.") -> Paper:
    return paper(one.title, *one.categories, arxiv_id=one.arxiv_id, authors=one.authors, version=2, abstract=text)


def test_each_service_says_what_became_of_a_paper(product: Product, services: FakeDatabases) -> None:
    keeps(product, GLUE, TIDES)
    services.knows(newer(GLUE))
    services.describes("openalex", openalex("10.1234/glue.7", "Glue holds kites"))
    notice = {"type": "retraction", "DOI": "10.1234/tides.2026.9", "updated": {"date-parts": [[2026, 2, 1]]}}
    services.describes("crossref", {**TIDES, "updated-by": [notice]})
    told = ("version 2", "published", "doi.org/10.1234/glue.7", "retracted, 1 Feb: doi.org/10.1234/tides.2026.9")
    last = rounds(product, days=12, tells=told)
    assert (last["outcome"], last["counts"]["papers"], last["detail"]) == ("new", 2, "")
    assert rounds(product, days=1)["outcome"] == "quiet"
    assert "Now with glue." in card(product, GLUE.arxiv_id)
    assert "retracted, 1 Feb" in card(product, TIDES["DOI"])
    assert "doi           = {10.1234/glue.7}" in exported(product)
    assert all(one.headers["User-Agent"].endswith(f"(+{CONTACT})") for one in services.arrivals)
    assert all("ada%40example.org" in path for name in NAMES[1:] for path in services.asked(name))


def test_answers_add_no_paper_and_are_no_source(product: Product, services: FakeDatabases) -> None:
    keeps(product, GLUE, TIDES)
    looks = ("/status", f"/why {GLUE.arxiv_id}", GLUE.arxiv_id)
    before = [product.runs("say", text, "--as", ME).out for text in looks]
    inks = [work(f"10.1234/ink.{one}", "Ink and kites", venue="Ink", by="Tree") for one in (1, 2)]
    inks[1] |= related(has_preprint=GLUE.arxiv_id)
    services.describes("openalex", openalex("10.1234/ink.3", "Ink and kites", "Ink", by="Cy Tree"))
    services.describes("crossref", *inks, asked=False)
    assert rounds(product)["outcome"] == "quiet"
    assert [product.runs("say", text, "--as", ME).out for text in looks] == before
    path = product.writes("brought/ink.json", crossref(*inks))
    assert product.runs("ingest", str(path), "--source", "journals").status == 0
    assert product.tells("deliver")["papers"] == len(inks)


def test_services_are_asked_once_a_day(product: Product, services: FakeDatabases) -> None:
    assert rounds(product) == {}
    assert asked(services) == []
    keeps(product, GLUE)
    rounds(product)
    assert asked(services) == [], "nothing was kept when this day's round was due"
    for days, names in ((1, list(NAMES[:2])), (0, []), (1, list(NAMES[:2]))):
        assert rounds(product, days=days)["outcome"] == "quiet"
        assert asked(services) == names


def test_liked_paper_is_kept_for_a_year(product: Product, services: FakeDatabases) -> None:
    product.says("/sub glue now")
    product.brings(GLUE)
    product.delivers()
    for days, label, names in ((1, "👎", []), (1, "👍", NAMES[:2]), (363, "", NAMES[:2]), (2, "", [])):
        if label:
            product.presses(label)
        product.clock.advance(timedelta(days=days))
        product.answers()
        assert asked(services) == list(names)


def test_nobody_is_asked_for_a_chat_that_wants_no_news(product: Product, services: FakeDatabases) -> None:
    keeps(product, GLUE)
    product.runs("say", "/set updates off", "--as", ME)
    assert (rounds(product), asked(services)) == ({}, [])
    product.runs("say", "/set updates grave", "--as", ME)
    rounds(product, days=1)
    assert asked(services) == list(NAMES[:2])


def test_operator_stops_it(product: Product, services: FakeDatabases) -> None:
    keeps(product, GLUE)
    assert "arXiv, OpenAlex and Crossref" in product.runs("say", "/privacy", "--as", ME).out
    product.writes("paperwire.toml", f"{INBOX}[kept]\nask = false\n")
    assert rounds(product) == {}
    assert asked(services) == []
    assert "Crossref" not in product.runs("say", "/privacy", "--as", ME).out


@pytest.mark.parametrize("table", ["[kept]\nasks = true\n", '[[source]]\nname = "Kept"\npath = "x/*"\n'])
def test_wrong_table_is_a_sentence(product: Product, table: str) -> None:
    product.writes("paperwire.toml", INBOX + table)
    assert "kept" in product.runs("sources").refusal()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", ["answers_429", "fails_at", "refuses", "cuts"])
def test_service_that_fails_is_a_line_and_is_asked_the_next_day(
    product: Product, services: FakeDatabases, fault: str, name: str
) -> None:
    keeps(product, GLUE, TIDES)
    statuses = {"fails_at": (500, name), "refuses": (400, name)}
    getattr(services, "fails_at" if fault in statuses else fault)(
        *statuses.get(fault, ()), **({} if fault in statuses else {"at": name})
    )
    last = rounds(product)
    assert (last["outcome"], bool(last["detail"])) == ("failed", True)
    assert asked(services) == list(NAMES)
    assert "kept" not in product.runs("status").out
    assert rounds(product, days=1)["outcome"] == "quiet"
    assert asked(services) == list(NAMES)


@pytest.mark.parametrize("fault", ["batch", "id"])
def test_batch_or_id_that_fails_does_not_hold_up_others(
    product: Product, services: FakeDatabases, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [paper(f"Glue {one}", arxiv_id=one, authors=("Ada Ray",)) for one in BARE]
    keeps(product, *papers)
    services.knows(*map(newer, papers))
    if fault == "batch":
        (arxiv, *_) = kept_papers._SERVICES
        monkeypatch.setattr(kept_papers, "_SERVICES", (arxiv._replace(most=1),))
        services.fails_at(500, BARE[1])
    else:
        services.reports(f"incorrect id format for {BARE[1]}", 9, at=BARE[1])
    assert rounds(product)["outcome"] == "failed"
    assert ["Now with glue." in card(product, one) for one in BARE] == [True, False, True]


def test_turns_and_what_comes_before_its_turn(
    product: Product, services: FakeDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_rounds, "MOST", 2)
    monkeypatch.setattr(kept_rounds, "MOST_FIRST", 1)
    papers = [paper(f"Glue {one}", arxiv_id=one, authors=("Ada Ray",)) for one in BARE]
    one, two, three = BARE
    keeps(product, *papers)
    found = []
    for _ in range(3):
        rounds(product, days=1)
        found.append(asked_of_arxiv(services))
    assert found == [[one, two], [three, one], [two, three]]
    services.answers_429(99)
    assert rounds(product, days=1)["outcome"] == "failed"
    services.recovers()
    services.arrivals.clear()
    product.clock.advance(timedelta(hours=1))
    product.brings(paper(papers[2].title, arxiv_id=three, kind="replace", version=2))
    rounds(product, days=1)
    assert asked_of_arxiv(services) == [three, one]
