"""Which records are one paper: each paper comes once, and no paper is lost for the title of another."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.product import Product

SITE = "https://kites.example/article"


@pytest.fixture
def reader(product: Product) -> Product:
    """The program with a chat on the console that gets each paper at once."""
    assert product.runs("subscribe", "kites OR reply OR glue", "--as", "console:me", "--when", "now").status == 0
    return product


def item(title: str = "Reply to the kites", link: str = "1", *, by: str = "", venue: str = "", guid: str = "") -> str:
    """Return an item of a feed. `link`: an address, or the last part of one."""
    page = link if ":" in link else f"{SITE}/{link}"
    parts = {"title": title, "link": page, "guid": guid, "dc:creator": by, "dc:source": venue}
    return f"<item>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in parts.items() if text)}</item>"


def feed(*items: str, title: str = "Latest results") -> str:
    return (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{title}</title><link>https://kites.example/</link>{''.join(items)}</channel></rss>"
    )


def crossref(*works: dict[str, Any]) -> str:
    items = [
        {
            "type": "journal-article",
            "author": [{"given": "Ada", "family": "Ray"}],
            "title": ["Reply to the kites"],
            **one,
        }
        for one in works
    ]
    return json.dumps({"message": {"items": items}})


def sent(product: Product, *documents: str) -> list[int]:
    """Return how many papers were sent after each of some documents, which came on one day after the other."""
    found = []
    for number, document in enumerate(documents):
        name = f"brought/{number}.json" if document.startswith("{") else f"brought/{number}.xml"
        product.clock.advance(timedelta(days=number > 0))
        assert product.runs("ingest", str(product.writes(name, document)), "--source", "kites").status == 0
        found.append(product.tells("deliver")["papers"])
    return found


PII, OTHER_PII = (f"https://www.sciencedirect.com/science/article/pii/S00000000260{n}" for n in ("00011", "00222"))
PMID, OTHER_PMID = (f"https://pubmed.ncbi.nlm.nih.gov/4100000{n}/" for n in (1, 2))

DIFFER = {
    "first author": (item(by="Ada Ray"), item(link="2", by="Cy Tree")),
    "given name": (item(by="Wei Ray"), item(link="2", by="Li Ray")),
    "family name beside the same initials": (item(by="Ada B. Ray"), item(link="2", by="Ada B. Roe")),
    "family name beside a particle": (item(by="J. van der Berg"), item(link="2", by="J. van der Meer")),
    "Chinese name": (item(by="李文"), item(link="2", by="王文")),
    "PII": (item(link=PII, by="Ada Ray"), item(link=f"{OTHER_PII}?dgcid=rss", by="Ada Ray")),
    "PMID": (item(link=PMID, by="Ada Ray"), item(link=OTHER_PMID, by="Ada Ray")),
    "venue": (item(by="Ada Ray", venue="Nature"), item(link="2", by="Ada Ray", venue="Nature Communications")),
    "letter of the venue": (item(venue="Physical Review A"), item(link="2", venue="Physical Review B")),
    "plural of the venue": (item(venue="Cell"), item(link="2", venue="Cells")),
    "DOI": (item(link="https://doi.org/10.1234/a.1"), item(link="https://doi.org/10.1234/a.2")),
}
SAME = {
    "link": (item(by="Ada Ray"), item(link="2", by="Ada Ray")),
    "initials": (item(by="Burt, A."), item(link="2", by="Austin Burt")),
    "initials behind": (item(by="Burt AB"), item(link="2", by="Burt, Austin B.")),
    "order of a Chinese name": (item(by="LI Wei"), item(link="2", by="Wei Li")),
    "script": (item(by="李文"), item(link="2", by="Wen Li")),
    "second given name": (item(by="J. Robert Ray"), item(link="2", by="Robert Ray")),
    "hyphen": (item(by="Wang X-M"), item(link="2", by="Xiaoming Wang")),
    "accents": (item(by="Jörg Müller"), item(link="2", by="Mueller J")),
    "authors not known": (item(by="Ada Ray"), item(link="2")),
    "group": (item(by="The Kite Consortium"), item(link="2", by="Ada Ray")),
    "abbreviated venue": (item(venue="Nat. Commun."), item(link="2", venue="Nature Communications")),
    "initials of the venue": (item(venue="JAMA"), item(link="2", venue="Journal of the American Medical Association")),
    "town of the venue": (item(venue="The Lancet"), item(link="2", venue="Lancet (London, England)")),
    "issue of the venue": (item(venue="海洋学报"), item(link="2", venue="海洋学报 2026年第3期")),
    "server of preprints": (item(venue="bioRxiv"), item(link="2", venue="Kite Letters")),
}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("case", DIFFER)
def test_equal_titles_with_a_known_difference_are_two_papers(reader: Product, case: str, *, together: bool) -> None:
    one, other = DIFFER[case]
    documents = [feed(one, other)] * 2 if together else [feed(one), feed(other), feed(other, one)]
    assert sent(reader, *documents) == ([2, 0] if together else [1, 1, 0])


@pytest.mark.parametrize("case", SAME)
def test_equal_titles_without_a_known_difference_are_one_paper(reader: Product, case: str) -> None:
    one, other = SAME[case]
    assert sent(reader, feed(one), feed(other), feed(one, other)) == [1, 0, 0]


def test_equal_titles_in_other_journals_are_two_papers_though_one_has_a_doi(reader: Product) -> None:
    known = crossref({"DOI": "10.1234/kites.9", "container-title": ["Kite Letters"]})
    other = feed(item(link=PII, by="Ada Ray", venue="Tides"))
    assert sent(reader, known, other, known.replace("Kite Letters", "Kite Lett."), other + " ") == [1, 1, 0, 0]


def test_title_of_several_papers_joins_the_one_with_the_same_author(reader: Product) -> None:
    known = crossref(
        {"DOI": "10.1234/1", "author": []}, {"DOI": "10.1234/2"}, {"DOI": "10.1234/3", "author": [{"family": "Doe"}]}
    )
    assert sent(reader, known, feed(item(by="A. Ray"))) == [3, 0]


def test_paper_without_a_doi_is_the_one_that_has_it_later(reader: Product) -> None:
    first = feed(item(link=PII, by="A. Ray, Bo Doe", venue="Kite Lett."))
    second = crossref(
        {"DOI": "10.1016/j.kites.1", "container-title": ["Kite Letters"], "title": ["REPLY to the Kites"]}
    )
    assert sent(reader, first, second, feed(item(link=OTHER_PII, by="Ada Ray"))) == [1, 0, 1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (item("Kites in press", guid="k-17"), item("Kites fly", "2", guid="k-17")),
        (
            item("Kites in press", by="Ada Ray", guid="urn:uuid:17"),
            item("Kites fly", "2", by="Ray A", guid="urn:uuid:17"),
        ),
        (item("Kites in press"), item("Kites fly")),
        (item("Kites in press", PMID), item("Kites fly", f"{PMID}?fc=2026", by="Ada Ray")),
        (item("Reply", by="Ada Ray", guid="k-17"), item("Reply", by="Cy Tree", guid="k-17")),
    ],
    ids=["guid", "URN", "address", "PMID", "corrected author"],
)
def test_entry_of_a_feed_stays_the_same_paper(reader: Product, before: str, after: str) -> None:
    assert sent(reader, feed(before), feed(after), feed(before)) == [1, 0, 0]


def test_address_that_another_paper_claimed_loses_no_paper(reader: Product) -> None:
    lie, true = item("Kites of sand", PMID), item("Glue of kites", PMID, by="Cy Tree")
    assert sent(reader, feed(item("Kites of sand", by="Ada Ray")), feed(lie), feed(true)) == [1, 0, 1]


def test_address_of_several_entries_names_none(reader: Product) -> None:
    assert sent(reader, feed(item("Kites 1"), item("Kites 2")), feed(item("Kites 2"), item("Kites 3"))) == [2, 1]


def test_title_without_anything_else_is_not_news_at_each_poll(reader: Product) -> None:
    others = [item(link=str(n), by=name) for n, name in enumerate(("Ada Ray", "Bo Doe", "Cy Tree"), 2)]
    alone = "<item><title>Reply to the kites</title><link>https://kites.example/doi/</link></item>"
    assert sent(reader, feed(*others), feed(alone), feed(alone, title="Latest results again")) == [3, 0, 0]


VERSIONS = """
    10.21203/rs.3.rs-9000001/v1          10.21203/rs.3.rs-9000001/v2
    10.12688/f1000research.900001.1      10.12688/f1000research.900001.2
    10.12688/wellcomeopenres.15000.2     10.12688/wellcomeopenres.15000.3
    10.3310/nihropenres.13000.1          10.3310/nihropenres.13000.2
    10.31234/osf.io/ab3cd                10.31234/osf.io/ab3cd_v2
    10.20944/preprints202611.0042.v1     10.20944/preprints202611.0042.v2
    10.26434/chemrxiv-2026-ab1cd         10.26434/chemrxiv-2026-ab1cd-v2
    10.26434/chemrxiv.15000123/v1        10.26434/chemrxiv.15000123/v3
    10.22541/au.170000001.12345678/v1    10.22541/au.170000001.12345678/v2
    10.36227/techrxiv.12345678.v1        10.36227/techrxiv.12345678.v2
    10.7554/eLife.90001.1                10.7554/eLife.90001.2
    10.1101/2026.01.01.000001v1          10.1101/2026.01.01.000001v2
"""
NO_VERSIONS = """
    10.1234/kites.2026.1                 10.1234/kites.2026.2
    10.1234/kites/v1                     10.1234/kites/v2
    10.5281/zenodo.1234567               10.5281/zenodo.1234568
    10.12688/f1000research.900001.1      10.12688/f1000research.900002.1
    10.7554/eLife.90001.001              10.7554/eLife.90001.002
    10.31219/osf.io/ab3v1                10.31219/osf.io/ab3v2
    10.2139/ssrn.4000001                 10.2139/ssrn.4000002
"""


def pairs(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize(("before", "after"), pairs(VERSIONS))
def test_versions_with_a_doi_each_are_one_paper(reader: Product, before: str, after: str) -> None:
    first, second = crossref({"DOI": before}), crossref({"DOI": after, "title": ["Kites, revised"]})
    assert sent(reader, first, second, first + " ") == [1, 0, 0]
    for doi in (before, after):
        assert reader.tells("say", f"/save {doi}", "--as", "console:me")["ok"]
    path = reader.writes("both.json", crossref({"DOI": before}, {"DOI": after}))
    (digest,) = reader.tells("inspect", str(path), "--papers")["digests"]
    assert (digest["papers"], digest["unique"]) == (2, 1)
    assert digest["items"][0]["doi"] == after.lower()
    assert reader.tells("match", f"doi:{before}", str(path))["keys"] == [digest["items"][0]["key"]]


@pytest.mark.parametrize(("one", "other"), pairs(NO_VERSIONS))
def test_dois_that_only_look_like_versions_are_two_papers(reader: Product, one: str, other: str) -> None:
    assert sent(reader, crossref({"DOI": one}), crossref({"DOI": other})) == [1, 1]


def test_upgrade_from_1_0_0_sends_no_paper_again(reader: Product) -> None:
    """1.0.0 knew a paper without an id by its title alone, and each version of a preprint by the DOI of its own."""
    works = ({"DOI": "10.21203/rs.3.rs-7/v2", "title": ["Glue for kites"]}, {"DOI": "10.1234/7", "title": ["Kites 7"]})
    entries = (
        item(link=PII, by="Ada Ray"),
        item("Kites fly", guid="k-17"),
        item("About kites", link="3", by="文 李"),
        item("Kites not available", PMID, by="Bo Doe"),
    )
    assert sent(reader, feed(*entries), crossref(*works)) == [4, 2]
    with closing(sqlite3.connect(reader.folder / "paperwire.db")) as database, database:
        database.execute("DELETE FROM paper_key WHERE key NOT LIKE 'doi:%' AND key NOT IN (SELECT key FROM paper)")
        database.execute("UPDATE paper_key SET key = 'doi:10.21203/rs.3.rs-7/v2' WHERE key = 'doi:10.21203/rs.3.rs-7'")
        database.execute("UPDATE paper SET key = doi WHERE doi LIKE '10.21203%'")
        database.execute("DELETE FROM key_value WHERE name IN ('database-id', 'words')")
        database.execute("DROP INDEX ix_paper_facts_at")
        for column in (
            "paper DROP facts",
            "paper DROP facts_at",
            "signal DROP seen",
            "paper ADD withdrawn_at DATETIME",
        ):
            database.execute(f"ALTER TABLE {column}")
        database.execute("UPDATE alembic_version SET version_num = 'first_438489b20d2a'")
    again = (
        item("Drachen (kites)", PMID, by="B. Doe"),
        item("Kites fly", guid="k-17"),
        item("About kites", link="3", by="李文"),
        item(link=PII, by="Ray, A."),
    )
    assert sent(reader, feed(*again), crossref(*works) + " ") == [0, 0]
    third = crossref({"DOI": "10.21203/rs.3.rs-7/v3", "title": ["Stronger glue for kites"]})
    assert sent(reader, third) == [0]
    assert sent(reader, feed(item(link=OTHER_PII, by="Cy Tree"))) == [1]
