"""What is read from pages of every format, from torn pages, from any bytes, and from the real digests in PAPERWIRE_SHARED."""

import csv
import hashlib
import json
import os
import tracemalloc
from collections.abc import Mapping
from datetime import date
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import digests
from bot.cli.match import Document, digest_report
from bot.digests import files
from bot.digests.feeds import feeds_of_opml
from subscriptions.errors import BrokenDigest, PaperwireError, UnknownFormat
from subscriptions.model import Digest, Paper
from tests import tables
from tests.digest_pages import PARTS

PAGES = Path(__file__).parents[1] / "digests"
PAIRS = sorted(path for path in PAGES.iterdir() if not path.name.endswith(".expected.json"))
SHARED = os.environ.get("PAPERWIRE_SHARED", "")


def read(data: bytes | str, name: str = "page", **options: object) -> Digest:
    return digests.read_digest(data.encode() if isinstance(data, str) else data, name, **options)  # type: ignore[arg-type]


def report(data: bytes, name: str) -> Document:
    try:
        return digest_report(name, read(data, name), papers=True)
    except PaperwireError as error:
        return digest_report(name, error, papers=True)


def expected(page: Path) -> Mapping[str, object]:
    return dict(json.loads(page.with_suffix(".expected.json").read_text(encoding="utf-8")))


def agrees(found: object, wanted: object, where: str) -> None:
    """Compares the fields that a page's expectation names; of an error, the words."""
    if where == "error" and isinstance(wanted, list):
        assert all(words in str(found) for words in wanted), found
    elif where in ("items", "warnings") and isinstance(wanted, list):
        assert isinstance(found, list)
        assert [{name: one[name] for name in other} for one, other in zip(found, wanted, strict=True)] == wanted
    else:
        assert found == wanted, where


KEYS = [
    "path", "format", "date", "papers", "unique", "categories", "declared", "announce_types", "summaries", "languages",
    "warnings", "error", "items",
]  # fmt: skip
KEYS_OF_A_PAPER = [
    "key", "arxiv_id", "doi", "version", "title", "authors", "categories", "primary", "url", "abstract", "venue", "date",
    "announce_type", "summaries", "translations", "failed",
]  # fmt: skip


def test_each_format_has_a_page_and_parts_that_tests_tear() -> None:
    assert {expected(page)["format"] for page in PAIRS} >= set(digests.FORMATS)
    assert {name.partition(",")[0] for name in PARTS} == set(digests.FORMATS)


@pytest.mark.parametrize("page", PAIRS, ids=lambda page: page.name)
def test_a_page_gives_the_papers_that_are_on_it(page: Path) -> None:
    found = report(page.read_bytes(), page.name)
    assert list(found) == KEYS
    assert all(list(item) == KEYS_OF_A_PAPER for item in found["items"])
    for name, value in expected(page).items():
        agrees(found[name], value, name)


# what stands there → key → title → authors → date, journal
WORKS = tables.rows("""
    # a DOI stands where an arXiv id is expected
    ### [1] [A kite](https://www.biorxiv.org/content/10.1101/2026.01.02.000001v2)\\n*Quill, A., de Wind, B.*\\n\\nTL;DR: It flies. → 10.1101/2026.01.02.000001 → A kite → Quill, A.; de Wind, B. →
    {"id": "2026.01.02.000001", "title": "A kite", "summary": "S.", "abs": "https://www.biorxiv.org/content/10.1101/2026.01.02.000001", "authors": []} → 10.1101/2026.01.02.000001 → A kite → →
    ## <a id="k"></a>[A kite](http://arxiv.org/abs/2601.00001v1)\\n*Ada Quill*\\n\\nTL;DR: It flies. → 2601.00001 → A kite → Ada Quill →
    # all authors in one text, or one author with a comma
    {"id": "2601.00001", "title": "A kite", "summary": "S.", "authors": ["Kite Works, Inc."]} → 2601.00001 → A kite → Kite Works, Inc. →
    {"id": "2601.00001", "title": "A kite", "summary": "S.", "authors": ["Kite+ Collaboration", ":", "A. Quill"]} → 2601.00001 → A kite → Kite+ Collaboration; A. Quill →
    # databases
    {"status": "ok", "message": {"DOI": "10.5555/K.1", "type": "journal-article", "title": ["A kite"], "author": [{"given": "Ada", "family": "Quill"}], "issued": {"date-parts": [[2026, 3]]}}} → 10.5555/k.1 → A kite → Ada Quill → 2026-03
    {"DOI": "10.5555/K.1", "type": "journal-article", "title": ["A kite"], "issued": {"date-parts": [[2026, 3, 99999999999]]}} → 10.5555/k.1 → A kite → → 2026-03
    {"DOI": "10.5555/K.1", "type": "journal-article", "title": ["A kite"], "update-to": [{"DOI": "10.5555/k.1", "type": "correction"}]} → 10.5555/k.1 → A kite → →
    {"id": "7", "blog_name": "Kites", "doi": "https://doi.org/10.5555/k.1", "title": "A kite", "authors": [{"given": "Ada", "family": "Quill"}], "published_at": 1772668800, "summary": "It flies.", "url": "https://k.example/1"} → 10.5555/k.1 → A kite → Ada Quill → 2026-03-05 Kites
    {"hits": {"hits": [{"pids": {"doi": {"identifier": "10.5555/k.1"}}, "metadata": {"title": "A kite", "creators": [{"person_or_org": {"given_name": "Ada", "family_name": "Quill"}}]}, "custom_fields": {"journal:journal": {"title": "Kites"}}}]}} → 10.5555/k.1 → A kite → Ada Quill → Kites
    {"response": {"numFound": 1, "docs": [{"id": "10.1371/journal.pone.1", "title_display": "A <i>kite</i>", "author_display": ["Ada Quill"], "journal": "PLOS ONE", "publication_date": "2026-03-05T00:00:00Z"}]}} → 10.1371/journal.pone.1 → A kite → Ada Quill → 2026-03-05 PLOS ONE
    <eSummaryResult><DocSum><Id>7</Id><Item Name="Title">A kite.</Item><Item Name="AuthorList"><Item Name="Author">Quill A</Item></Item><Item Name="DOI">10.5555/k.1</Item><Item Name="PubDate">2026 Mar 5</Item></DocSum></eSummaryResult> → 10.5555/k.1 → A kite → Quill A → 2026-03-05
    <ArticleSet><Article><Journal><JournalTitle>Kites</JournalTitle><PubDate><Year>2026</Year><Month>3</Month></PubDate></Journal><ArticleTitle>A kite.</ArticleTitle><ELocationID EIdType="doi">10.5555/k.1</ELocationID><AuthorList><Author><FirstName>Ada</FirstName><LastName>Quill</LastName></Author></AuthorList></Article></ArticleSet> → 10.5555/k.1 → A kite → Ada Quill → 2026-03 Kites
    # a DOI in the text wins over a longer one in the address, and a journal's own over the DOI of another work
    <rss><channel><title>Kites</title><item><title>A kite</title><link>https://k.example/doi/10.5555/k.1/99/A-kite</link><description>&lt;p&gt;DOI: 10.5555/K.1, Review&lt;/p&gt;&lt;p&gt;It flies.&lt;/p&gt;</description></item></channel></rss> → 10.5555/k.1 → A kite → → Kites
    <rss><channel><title>Kites</title><item><title>A kite</title><link>https://k.example/doi/10.5555/k.1?feed=rss</link><description>&lt;p&gt;DOI: 10.9999/other&lt;/p&gt;&lt;p&gt;It flies.&lt;/p&gt;</description></item></channel></rss> → 10.5555/k.1 → A kite → → Kites
    # labels in the text, also where a relay left the paragraphs out and wrote the journal as the author
    <rss><channel><title>Mine</title><item><title>A kite</title><guid>10.5555/k.1</guid><author>Kites</author><description>Publication date: March 2026 Source: Kites, Volume 7 Author(s): Ada Quill, Bo Larch</description></item></channel></rss> → 10.5555/k.1 → A kite → Ada Quill; Bo Larch → 2026-03 Kites
    <rss><channel><title>Mine</title><item><title>A kite</title><guid>10.5555/k.1</guid><description>期刊：Kites&lt;br/&gt;作者：Ada Quill&lt;br/&gt;日期：2026-03-05</description></item></channel></rss> → 10.5555/k.1 → A kite → Ada Quill → 2026-03-05 Kites
    <rss><channel><title>Kites</title><item><title>A kite</title><guid>10.5555/k.1</guid><author>Ada Quill (mailto:ada@k.example)</author><author>k@k.example (Bo Larch) 1, 2, Cy Wind</author></item></channel></rss> → 10.5555/k.1 → A kite → Ada Quill; Bo Larch, Cy Wind → Kites
    <feed xmlns="http://www.w3.org/2005/Atom"><title>Kites</title><entry><title>A kite</title><doi>10.5555/k.1</doi><published_at>2026-03-05 11:15:25 UTC</published_at><authors><author><given_name>Ada</given_name><middle_name>B.</middle_name><last_name>Quill</last_name><affiliation>Delft, Sand</affiliation></author></authors></entry></feed> → 10.5555/k.1 → A kite → Ada B. Quill → 2026-03-05 Kites
    <rss><channel><title>Kites</title><item><title>A kite</title><link>https://k.example/doi/10.5555/k.1</link><author>A. Quill et al. (KITE Collaboration)</author></item></channel></rss> → 10.5555/k.1 → A kite → A. Quill → Kites
    # New Economics Papers, a list and no journal, also of papers of arXiv
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rss="http://purl.org/rss/1.0/"><rss:channel><rss:title>Kite Economics</rss:title></rss:channel><rss:item><rss:title>A kite</rss:title><rss:link>https://d.repec.org/n?u=RePEc:kit:wpaper:402&amp;r=&amp;r=kit</rss:link></rss:item></rdf:RDF> → title:facf5131ec5957f4 → A kite → →
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rss="http://purl.org/rss/1.0/"><rss:channel><rss:title>Kite Economics</rss:title></rss:channel><rss:item><rss:title>A kite</rss:title><rss:link>https://d.repec.org/n?u=RePEc:arx:papers:2601.00001&amp;r=&amp;r=kit</rss:link></rss:item></rdf:RDF> → 2601.00001 → A kite → →
    # one who joins feeds names them before titles and in place of authors
    <rss><channel><title>Mine</title><item><title>[Kites] A kite</title><guid>10.5555/k.1</guid><author>Sand: Kites: Table of Contents</author></item></channel></rss> → 10.5555/k.1 → A kite → → Kites
    <rss><channel><title>Working Papers</title><item><title>A kite -- by Ada Quill, Bo Larch</title><guid>10.5555/k.1</guid></item></channel></rss> → 10.5555/k.1 → A kite → Ada Quill; Bo Larch → Working Papers
    <rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Kites - new TOC</title><item><title>A kite</title><guid>10.5555/k.1</guid><dc:creator>Ada Quill</dc:creator><dc:creator>Bo Larch1School of Kites, Delft2Sand</dc:creator><dc:creator>Cy WindaSchool of Sand</dc:creator><dc:creator>Di McRayDelft University, Delft</dc:creator></item></channel></rss> → 10.5555/k.1 → A kite → Ada Quill; Bo Larch; Cy Wind; Di McRay → Kites
    <rss><channel><title>KT Early Access RSS</title><item><title>A kite</title><guid>10.5555/k.1</guid><source url="https://k.example/toc">Kite Transactions Early Access</source></item></channel></rss> → 10.5555/k.1 → A kite → → Kite Transactions
    <rss><channel><title>medRxiv Subject Collection: Kites</title><item><title>A kite</title><guid>10.5555/k.1</guid></item></channel></rss> → 10.5555/k.1 → A kite → → medRxiv
    <rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>cs.LG updates on arXiv.org</title></channel><item><title>A kite. (arXiv:2304.09848v2 [cs.LG] UPDATED)</title><link>http://arxiv.org/abs/2304.09848</link><dc:creator>&lt;a href="http://arxiv.org/find/q"&gt;Ada Quill&lt;/a&gt;, &lt;a href="http://arxiv.org/find/l"&gt;Bo Larch&lt;/a&gt;</dc:creator></item></rdf:RDF> → 2304.09848 → A kite → Ada Quill; Bo Larch →
    <feed xmlns="http://www.w3.org/2005/Atom"><title>Computing</title><entry><title>A kite</title><id>https://papers.cool/arxiv/2601.00001</id><author><name>Ada Quill</name></author></entry></feed> → 2601.00001 → A kite → Ada Quill →
    # signs that nobody sees are no part of a DOI
    <rss><channel><title>ChemRxiv: Latest Preprints</title><item><title>A kite</title><link>https://doi.org/10.5555/k&#173;.1&#8203;</link></item></channel></rss> → 10.5555/k.1 → A kite → →
""")


@pytest.mark.parametrize(
    ("text", "key", "title", "authors", "said"), WORKS, ids=[f"{row[1]} {n}" for n, row in enumerate(WORKS)]
)
def test_a_work_is_read_wherever_its_fields_stand(text: str, key: str, title: str, authors: str, said: str) -> None:
    (paper,) = read(text.replace("\\n", "\n")).entries
    assert (paper.key, paper.title, "; ".join(paper.authors)) == (key, title, authors)
    assert f"{paper.published} {paper.venue}".strip() == said


@pytest.mark.parametrize(
    "said",
    [
        "<p>Upvotes: 3</p><p>Keywords: kites ; sand</p><p>Summary: It flies.</p>",
        "<p>by Ada Quill, Bo Larch</p> It flies.",
        "<table><td>J Kites<br/>DOI: 10.5555/k.1</td></table><p>It flies.</p><p>[...]</p><p>Table of contents | Abstract | Full text</p>",
        "<p><b>A big kite: on a line</b></p><p>It flies.</p>",
        "It flies.<br/>DOI: 10.5555/k.1",
        '<jats:p>It <jats:table-wrap position="float"><jats:col/></jats:table-wrap>flies.</jats:p>',
        "<p>Open Access</p><p>This article is licensed under a licence.</p><p>It flies.</p>",
    ],
)
def test_an_abstract_is_what_is_no_label_note_or_title(said: str) -> None:
    item = f"<item><title>Kites, Vol. 7, Pages 7: A big kite: on a line</title><guid>10.5555/k.1</guid><description>{escape(said)}</description></item>"
    (paper,) = read(f"<rss><channel>{item}</channel></rss>").entries
    assert (paper.title, paper.abstract) == ("A big kite: on a line", "It flies.")
    (pictured,) = read(f"<rss><channel>{item.replace(escape(said), 'imageAims: To fly.')}</channel></rss>").entries
    assert pictured.abstract == "Aims: To fly."


def test_a_word_that_would_fill_a_book_makes_no_abstract() -> None:
    index = {"w" * 99: [*range(500)]}
    record = {"id": "https://openalex.org/W1", "title": "A kite", "abstract_inverted_index": index}
    (paper,) = read(json.dumps({"meta": {}, "results": [record]})).entries
    assert paper.abstract == ""


def test_a_heading_alone_is_no_abstract() -> None:
    work = {"DOI": "10.5555/k.1", "title": ["A kite"], "abstract": "<title>Abstract</title><p/>"}
    (paper,) = read(json.dumps(work)).entries
    assert paper.abstract == ""


def test_the_translation_of_an_abstract_has_several_names() -> None:
    for name in ("translation", "summary_zh", "translated_abstract"):
        line = {
            "id": "2601.00001",
            "title": "A kite",
            "summary": "It flies.",
            "AI": {"tldr": "它飞。", name: "风筝飞。"},
        }
        (paper,) = read(json.dumps(line)).entries
        assert [one.abstract for one in paper.translations] == ["风筝飞。"]


PUBMED = """<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article><ArticleTitle>A kite and its maker.</ArticleTitle>{}
<PublicationTypeList><PublicationType>Biography</PublicationType></PublicationTypeList></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"""


def test_what_is_no_paper_is_left_out_and_counted() -> None:
    expressed = '{"DOI": "10.5555/k.1", "title": ["A kite"], "update-to": [{"DOI": "10.5555/k.0", "type": "expression_of_concern"}]}'
    post = "<rss><channel><generator>https://wordpress.org</generator><item><title>A kite seen</title><link>https://doi.org/10.5555/k.1</link></item></channel></rss>"
    withdrawn = '{"messages": [{"status": "ok"}], "collection": [{"doi": "10.1101/1.1", "title": "WITHDRAWN: A kite", "type": "withdrawn"}]}'
    for text in (withdrawn, expressed, PUBMED.format(""), post):
        found = read(text)
        assert (found.entries, [one.code for one in found.warnings]) == ((), ["not_papers", "empty_digest"])
    assert len(read(PUBMED.format("<Abstract><AbstractText>We read letters.</AbstractText></Abstract>")).entries) == 1


@pytest.mark.parametrize(
    ("title", "is_paper"),
    [
        *((title, True) for title in (
            "Removal of Arsenic from Water", "Correction of Gravity in Kites", "Editorial boards and gender", "PhD positions and inequality",
            "The origin of kites? A Comment", "CoVeR: Kites of Sand", "Withdrawal: A Review",
        )),
        *((title, False) for title in (
            "Correction to “Kites”", "Correction for Doe et al., Kites", "RETRACTED: Kites", "Kites – CORRIGENDUM", "Expression of Concern: Kites",
            "Editorial Board", "KIT volume 1 Cover and Front matter", "Book Review: Kites", "Contents continued", "Obituary: Ada Quill",
            "A year of kites [President’s Message]", "Red kites (Adv. Kites 5/2026)", "Postdoctoral position in kites",
        )),
    ],
)  # fmt: skip
def test_a_title_shows_what_is_no_paper(title: str, *, is_paper: bool) -> None:
    record = json.dumps({"DOI": "10.5555/k.1", "type": "journal-article", "title": [title]})
    assert len(read(record).entries) == is_paper


ENTRY = "### [1] [Kites]({})\n*{}*\n\nTL;DR: They fly.\n"


@pytest.mark.parametrize(
    ("address", "key"),
    tables.rows("""
        2601.15529v2                                      → 2601.15529
        https://www.arxiv.org/html/2601.15529v3           → 2601.15529
        oai:arXiv.org:2203.01250v3                        → 2203.01250
        https://doi.org/10.48550/arXiv.2601.15529         → 2601.15529
        math.GT/0309136                                   → math/0309136
        # an id needs all its digits: a cut address is never another paper
        https://arxiv.org/abs/2601.1552                   →
        https://arxiv.org/abs/hep-th/990100               →
        https://example.org/abs/2601.15529                →
    """),
)
def test_an_id_is_found_in_all_its_forms(address: str, key: str) -> None:
    if key:
        assert [paper.key for paper in read(f"# cs.LG\n\n{ENTRY.format(address, 'A')}").entries] == [key]
        return
    with pytest.raises((BrokenDigest, UnknownFormat)):
        read(f"# cs.LG\n\n{ENTRY.format(address, 'A')}")


@pytest.mark.parametrize(
    ("written", "names"),
    tables.rows(r"""
        Paulo Andr\'e,Anders S{\o}gaard,Igor Jovan\v{c}evi\'c        → Paulo André; Anders Søgaard; Igor Jovančević
        A. One, B. Two, & Andy Sand                                  → A. One; B. Two; Andy Sand
        The KITE and SAND Collaborations, A. One                     → The KITE and SAND Collaborations; A. One
        Some Labs,:,A Person                                         → Some Labs; A Person
        A Name (Inst X, Inst (Y, Z)), B Name                         → A Name; B Name
        Martin One, Jr., 王伟、李雷                                  → Martin One, Jr.; 王伟; 李雷
        Quill, A., LARCH, B. K., de Wind, C.                         → Quill, A.; LARCH, B. K.; de Wind, C.
        ['Ada Quill', "Timothy J. O'Donnell"]                        → Ada Quill; Timothy J. O'Donnell
        [A. One](https://a.example/x), B. Two                        → A. One; B. Two
    """),
)
def test_names_are_those_of_the_authors(written: str, names: str) -> None:
    (paper,) = read(ENTRY.format("2601.00001", written)).entries
    assert "; ".join(paper.authors) == names


@pytest.mark.parametrize(
    ("written", "date_"),
    tables.rows("""
        2026-03-05T01:02:03-08:00     → 2026-03-05
        Thu, 05 Mar 2026 04:40:42 PDT → 2026-03-05
        05.03.2026                    → 2026-03-05
        5 Mar 26 00:00:00 GMT         → 2026-03-05
        2026年3月5日                  → 2026-03-05
        Mar, 14 dic 2026              → 2026-12-14
        5 de marzo de 2026            → 2026-03-05
        1988 Nov-Dec                  → 1988-11
        Spring 2026                   → 2026
        2026-13-01                    → 2026
        tomorrow                      →
    """),
)
def test_a_date_is_read_as_far_as_it_is_given(written: str, date_: str) -> None:
    feed = f"<rss><channel><title>K</title><item><title>A kite</title><link>https://doi.org/10.5555/k.1</link><pubDate>{written}</pubDate></item></channel></rss>"
    (paper,) = read(feed).entries
    assert paper.published == date_


EMPTY_TABLE = "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n\nHeute nichts.\n\n# 详细\n"
QUIET = "<!DOCTYPE html><html><body><div id='dlpage'><h1>Catchup results for Kites on Sat, 28 Nov 2026</h1><p>Nothing.</p></div></body></html>"


@pytest.mark.parametrize(
    ("page", "format_", "day"),
    [
        ("# No kites were seen today\n", "daily_arxiv_md", None),
        ("# AI-Enhanced arXiv Daily 2026-11-25\n\nHeute gibt es keine Arbeiten.\n", "daily_arxiv_md", "2026-11-25"),
        ("# Drachen am 2026-11-25\n\n### Keine\n", "daily_arxiv_md", "2026-11-25"),
        (EMPTY_TABLE, "bilingual_md", None),
        (QUIET, "arxiv_listing_html", "2026-11-28"),
        ('{"total": 0, "offset": 0}', "s2_json", None),
        ("[]", "hf_json", None),
        *(
            (page, None, None)
            for page in [
                "# Kites\n", "# Kites\n\nThis folder keeps kites.\n", "No kites were seen today.\n", "# Meeting of 2026-11-25\n\nWe flew kites.\n",
                "# How to fly a kite\n\n```\npull\n```\n", "# AI-Enhanced arXiv Daily 2026-11-25\n\n### [1] A kite without an address\n",
                QUIET.replace("<p>", "<dl><dt>A kite</dt></dl><p>"), QUIET.replace("</body></html>", ""), "", " \n",
                QUIET.replace("<p>", "<h3>New submissions (showing 2 of 2 entries)</h3><p>"),
            ]
        ),
    ],
)  # fmt: skip
def test_an_empty_day_is_known_by_its_structure(page: str, format_: str | None, day: str | None) -> None:
    if format_ is None:
        with pytest.raises((BrokenDigest, UnknownFormat)):
            read(page)
        return
    found = read(page)
    assert (found.format, found.entries, found.day and found.day.isoformat()) == (format_, (), day)
    assert [warning.code for warning in found.warnings] == ["empty_digest"]


GROUP = "We fly a kite.\n我们放风筝。\nhttps://arxiv.org/abs/2601.01001\n"
DATED = "# AI-Enhanced arXiv Daily 2026-01-24\n\n### none\n"


@pytest.mark.parametrize(
    ("page", "name", "given", "day", "codes"),
    [
        (DATED, "2026-01-01.md", date(2025, 5, 5), date(2026, 1, 24), ["empty_digest", "date_overruled"]),
        (GROUP, "inbox/2026-01-01.txt", None, date(2026, 1, 1), ["date_from_name"]),
        (GROUP, "2026-01-01_2026-01-02.txt", date(2025, 5, 5), date(2025, 5, 5), []),
        (GROUP, "list.txt", None, None, []),
    ],
)
def test_the_day_is_the_documents_then_its_names_then_given(
    page: str, name: str, given: date | None, day: date | None, codes: list[str]
) -> None:
    found = read(page, name, day=given)
    assert (found.day, [warning.code for warning in found.warnings]) == (day, codes)


def test_the_language_of_the_source_wins_over_the_script_and_a_kind_is_taken_off() -> None:
    assert read(GROUP, language="yue").entries[0].translations[0].language == "yue"
    (paper,) = read(GROUP.replace("我们", "arXiv:2601.01001v1 公告类型：交叉 我们")).entries
    assert (paper.translations[0].language, paper.translations[0].abstract) == ("zh", "我们放风筝。")


def test_a_format_is_never_guessed_and_an_error_says_what_was_found() -> None:
    pair = "A Kite\nIt flies over the hill and far away.\n"
    with pytest.raises(
        UnknownFormat,
        match=r"^notes\.md: no paper entries found \(looks like a README: \"# About\"\); expected one of: arxiv_rss, ",
    ):
        read("# About\n\nSee [this](https://arxiv.org/abs/2601.15529).\n", "notes.md")
    with pytest.raises(UnknownFormat, match="“kite_json” is not a format; known: arxiv_rss, "):
        read(pair, format="kite_json")
    with pytest.raises(UnknownFormat, match=r"expected one of: bilingual3\."):
        read(pair, format="bilingual3")
    for other in (  # what a database says of a person and of a protein, and RDF that is no feed
        '<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><Description about="a"/></RDF>',
        '{"id": "https://openalex.org/A7", "display_name": "Ada Quill", "works_count": 7}',
        '<eSummaryResult><DocSum><Id>7</Id><Item Name="Title">kite protein</Item></DocSum></eSummaryResult>',
    ):
        with pytest.raises(UnknownFormat):
            read(other)
    assert [paper.title for paper in read(pair, format="hf_text").entries] == ["A Kite"]  # it has no banner


# hostile documents

RSS = "<rss version='2.0'><channel><title>x on arXiv.org</title>{}</channel></rss>"
ITEM = "<item><title>{}</title><guid>oai:arXiv.org:2601.{:05}v1</guid></item>"


def test_no_entity_is_expanded_and_no_file_read() -> None:
    for entity in ('<!ENTITY a "boom">', "<!ENTITY a SYSTEM 'file:///etc/hostname'>"):
        with pytest.raises(UnknownFormat):
            read(f"<?xml version='1.0'?><!DOCTYPE rss [{entity}]>" + RSS.format(ITEM.format("&a;", 1)))
    (paper,) = read(
        "<!DOCTYPE rss SYSTEM 'http://127.0.0.1/x.dtd'>" + RSS.format(ITEM.format("&a; &eacute; &#xd800; p < 1", 1))
    ).entries
    assert paper.title == "&a; é p < 1"


MANY = 2**14  # bytes
HOSTILE = {
    "elements": RSS.format("<a>" * (MANY // 3)), "attributes": f"<rss {'a=1 ' * (MANY // 4)}>", "arrays": "[" * MANY,
    "one word": RSS.format(ITEM.format("a" * MANY, 1)), "names": ENTRY.format("2601.00001", "(" * MANY),
    "objects": '{"id":"2601.00001","title":"a","summary":"b"}\n' + '{"a":{"b":' * (MANY // 10),
    "labels": ENTRY.format("2601.00001", "A") + "\nWhy: a\nMethod: b" * (MANY // 17),
    "tags": f"<html><body id=dlpage><dt>{'<a ' * (MANY // 3)}",
    "places of a word": json.dumps({"results": [{"id": "https://openalex.org/W1", "title": "A kite", "abstract_inverted_index": {"w" * 999: [1] * (MANY // 3)}}], "meta": {}}),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_takes_little_memory(kind: str) -> None:
    data = HOSTILE[kind].encode()
    report(data, "hostile")  # so that nothing is imported while memory is traced
    tracemalloc.start()
    try:
        report(data, "hostile")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(data) + 2**20


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bytes(files.MAX_BYTES + 1), "is larger than 16 MiB"),
        (b"{}" * 50_001, "has more than 50,000 entries"),
        (b"<rss><channel><b>" + b"<item></item>" * 50_001, "has more than 50,000 entries"),
        (b"<html><p id=dlpage>" + b"<h3>" * 50_001, "has more than 50,000 entries"),
    ],
    ids=lambda value: str(value[:20]) if isinstance(value, bytes) else None,
)
def test_what_is_too_large_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BrokenDigest, match=rf"^big\.md: It {said}\.$"):
        read(data, "big.md")


def test_bytes_are_text_in_utf8_or_in_the_encoding_of_the_xml() -> None:
    feed = RSS.format(ITEM.format("Größe – “kites”", 1))
    for encoding, name in (("cp1252", "ISO-8859-1"), ("cp1252", "utf-8"), ("utf-16", "utf-16"), ("gb18030", "gb2312")):
        text = feed if name != "gb2312" else feed.replace("Größe – “kites”", "风筝")
        (paper,) = read(f'<?xml version="1.0" encoding="{name}"?>{text}'.encode(encoding)).entries
        assert paper.title in ("Größe – “kites”", "风筝"), encoding
    data = b"\xef\xbb\xbf" + GROUP.replace("\n", "\r\n").replace("kite", "ki\x08te").encode()
    found = read(data)
    assert found.entries[0].abstract == "We fly a kite."
    assert [(one.code, one.count) for one in found.warnings] == [("control_characters", 1)]
    assert found.content_hash == hashlib.sha256(data).hexdigest()


# torn documents


def papers_of(text: str) -> dict[str, Paper]:
    papers: dict[str, Paper] = {}
    for paper in read(text).entries:
        papers.setdefault(paper.key, paper)
    return papers


NUMBERS = range(1, 6)
WHOLE_ONLY = {made for made, parts in PARTS.items() if parts.between}  # one value of JSON, of which half is refused
BY_PLACE = {"hf_text", "bilingual3"}  # whose lines belong together by their places only
MARKS = (
    "",
    "\n",
    "### [",
    "</details>",
    "](",
    "<",
    "&",
    "\x0c",
    "*",
    "\n\n",
    "[^2]: ",
    "- [",
    "}",
    '"',
    "\\",
    ",",
    "<dt>",
    "</dd>",
    "<!--",
    "<a <a ",
    "&#8;",
)


def whole(made: str) -> dict[str, Paper]:
    return papers_of(PARTS[made].page(map(PARTS[made].part, NUMBERS)))


@pytest.mark.parametrize("made", PARTS)
def test_a_page_reads_the_same_with_any_line_ends(made: str) -> None:
    page = PARTS[made].page(map(PARTS[made].part, NUMBERS))
    assert len(whole(made)) == len(NUMBERS)
    assert read(page).format == made.partition(",")[0]
    for text in ("\ufeff" + page, page.replace("\n", "\r\n"), "\n\n" + page, page.rstrip(), page + "\n\n"):
        assert papers_of(text) == whole(made)


@pytest.mark.parametrize("made", sorted(set(PARTS) - WHOLE_ONLY - BY_PLACE))
@settings(max_examples=settings().max_examples // 5)
@given(st.integers(2, 4), st.data())
def test_a_torn_part_leaves_its_neighbours(made: str, damaged: int, data: st.DataObject) -> None:
    parts, torn = PARTS[made], PARTS[made].part(damaged)
    # of an entry without its head, the rest is read with the entry above
    head = len(torn.strip().partition("\n")[0]) + 1 if made == "daily_arxiv_md" else 0
    start = data.draw(st.integers(head, len(torn)))
    end = data.draw(st.integers(start, len(torn)))
    torn = torn[:start] + data.draw(st.sampled_from(MARKS)) + torn[end:].rstrip("\n") + "\n"
    found = papers_of(parts.page(torn if n == damaged else parts.part(n) for n in NUMBERS))
    kept = [n for n in NUMBERS if n != damaged]
    if (
        torn.count("<") != parts.part(damaged).count("<") or "<!--" in torn
    ):  # in markup, what is open may end with the next part
        kept = [n for n in kept if n not in (damaged - 1, damaged + 1)]
    for n, (key, paper) in enumerate(whole(made).items(), 1):
        if n in kept:
            assert found.get(key) == paper, n


@pytest.mark.parametrize(
    "torn", ["]({}", "]", ', {"id": "2601.00002"', "}", '"}}', '{"id": "2601.00002", "title": "' + "x" * 20_500]
)
def test_what_is_left_of_a_line_takes_no_other_line_with_it(torn: str) -> None:
    parts = PARTS["daily_arxiv_jsonl"]
    found = papers_of(parts.page(torn + "\n" if n == 2 else parts.part(n) for n in NUMBERS))
    assert len(found) == len(NUMBERS) - 1


@pytest.mark.parametrize("made", sorted(WHOLE_ONLY))
@settings(max_examples=settings().max_examples // 5)
@given(st.data())
def test_half_a_document_of_json_is_no_digest(made: str, data: st.DataObject) -> None:
    page = PARTS[made].page(map(PARTS[made].part, NUMBERS)).rstrip()
    with pytest.raises((BrokenDigest, UnknownFormat)):
        read(page[: data.draw(st.integers(0, len(page) - 1))])


@given(st.data())
def test_a_feed_that_breaks_off_keeps_its_complete_entries(data: st.DataObject) -> None:
    parts = PARTS["arxiv_atom"]
    page = parts.page(map(parts.part, NUMBERS))
    cut = page[: data.draw(st.integers(len(parts.head) + len(parts.part(1)), len(page) - 9))]
    found = read(cut)
    complete = [n for n in NUMBERS if parts.part(n).rstrip() in cut]
    assert [paper.title for paper in found.entries] == [f"Kite {n}" for n in complete]
    assert [one.code for one in found.warnings] == ["xml_truncated"]


@given(
    st.one_of(
        st.binary(max_size=400),
        st.builds(
            lambda page, start, end, piece: page[:start] + piece + page[end:],
            st.sampled_from([page.read_bytes()[:20_000] for page in PAIRS]), st.integers(0, 3000), st.integers(0, 3000), st.binary(max_size=20),
        ),
    ),
    st.sampled_from((None, *digests.FORMATS)),
)  # fmt: skip
def test_any_bytes_give_papers_or_a_sentence(data: bytes, named: str | None) -> None:
    try:
        digest = read(data, "any", format=named)
    except (UnknownFormat, BrokenDigest) as error:
        said = str(error)
        assert said.startswith("any: ")
        assert "\n" not in said
        assert "mistake of paperwire" not in said
        return
    assert digest.entries or {warning.code for warning in digest.warnings} & {"empty_digest", "feed_error"}
    assert not {"refused_entries"} & {warning.code for warning in digest.warnings}
    json.dumps(digest_report("any", digest, papers=True), ensure_ascii=False).encode()
    for paper in digest.entries:
        texts = [paper.key, paper.title, paper.abstract, paper.comment, paper.venue, *paper.authors]
        texts += [text for summary in paper.summaries for text in summary.fields.values()]
        texts += [text for one in paper.translations for text in (one.title, one.abstract)]
        for text in texts:
            assert text == " ".join(text.split())
            assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in text)
        assert "" not in (paper.key, *paper.authors)
        assert paper.url is None or paper.url.startswith(("https://", "http://"))


# lists of feeds, samples, real digests


def test_the_feeds_of_a_list_and_what_is_none() -> None:
    opml = (
        '<?xml version="1.0"?><opml version="2.0"><body><outline text="Folder"><outline text="Nests &amp; eggs" xmlUrl="https://a.example/rss"/>'
        '<outline TITLE="B" xmlURL=" feed://b.example/ "/></outline><outline text="Again" xmlUrl="https://a.example/rss"/><outline text="A note"/></body></opml>'
    )
    assert feeds_of_opml(opml.encode(), "f") == {"https://a.example/rss": "Nests & eggs", "http://b.example/": "B"}
    for data in (
        b"<rss><channel/></rss>",
        b"",
        opml.encode()[:-20],
        b"<!DOCTYPE opml [<!ENTITY a 'a'>]>" + opml.encode(),
        b"\xff\xfe<\0o\0",
    ):
        with pytest.raises(BrokenDigest, match=r"^f: this is no OPML"):
            feeds_of_opml(data, "f")


real = pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with corpus/ and seeds/")


def manifest() -> list[dict[str, str]]:
    if not SHARED:
        return []
    with (Path(SHARED) / "corpus" / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@real
@pytest.mark.parametrize("row", manifest(), ids=lambda row: str(row["file"]))
def test_a_real_digest_gives_the_papers_of_the_manifest(row: dict[str, str]) -> None:
    found = report((Path(SHARED) / "corpus" / row["file"]).read_bytes(), row["file"])
    if row["format"] not in digests.FORMATS:
        assert "no paper entries found" in str(found["error"])
        return
    assert (found["format"], found["papers"]) == (row["format"], int(row["papers"]))
    # the file of one feed ends inside its 87th entry
    if row["unique_ids"] and int(row["unique_ids"]) <= int(row["papers"]):
        assert len([item for item in found["items"] if item["arxiv_id"]]) == int(row["unique_ids"])
    if row["declared_total"]:
        assert sum((found["declared"] or {}).values()) == int(row["declared_total"])


# file → papers → different ones → warnings → summaries that are usable, failed, missing
FACTS = tables.rows("""
    seeds/daily_arxiv.md                                → 81  → 81  →                       → 81 0 0
    seeds/bilingual_three_line.txt                      → 10  → 10  →                       → 0 0 10
    seeds/hf_papers_page.txt                            → 60  → 60  →                       → 0 0 60
    corpus/daily_md/wl_2026-06-10.md                    → 415 → 415 → failed_summaries 1    → 414 1 0
    corpus/daily_md/nv_2026-02-07_vietnamese_excerpt.md → 1   → 1   → declared_mismatch 6   → 1 0 0
    corpus/daily_md/xm_2025-03-18.md                    → 465 → 328 → duplicate_papers 137  → 0 0 328
    corpus/daily_md/xm_2025-06-10_e930b06.md            → 3   → 3   → failed_summaries 3    → 0 3 0
    corpus/daily_md/xm_2025-06-18.md                    → 0   → 0   → empty_digest 1        → 0 0 0
    corpus/daily_md/xm_2025-06-26.md                    → 381 → 381 → control_characters 13 → 381 0 0
    corpus/arxiv_feed/td_e856935_atom.xml               → 86  → 86  → xml_truncated 1       → 0 0 86
    corpus/biorxiv_json/ys_biorxiv.json                 → 4   → 3   → duplicate_papers 1    → 0 0 3
""")


@real
@pytest.mark.parametrize(("name", "papers", "unique", "warned", "states"), FACTS, ids=[row[0] for row in FACTS])
def test_a_real_digest_has_the_facts_that_formats_md_tells(
    name: str, papers: str, unique: str, warned: str, states: str
) -> None:
    found = report((Path(SHARED) / name).read_bytes(), name)
    said = ", ".join(f"{one['code']} {one['count']}" for one in found["warnings"] if one["code"] != "date_from_name")
    assert (str(found["papers"]), str(found["unique"]), said) == (papers, unique, warned)
    assert " ".join(str(count) for count in found["summaries"].values()) == states
