"""An answer is empty only if its own list or total says so; without its records it is refused, and never quiet."""

import json

import pytest

from tests.product import Product

BOOK = """<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID Version="1">30000001</PMID><ArticleIdList><ArticleId
    IdType="doi">10.5555/kite.book</ArticleId></ArticleIdList><Book><Publisher><PublisherName>Kite Press</PublisherName>
    </Publisher><BookTitle book="kites">Handbook of Kites</BookTitle><PubDate><Year>2026</Year><Month>01</Month></PubDate></Book>
    <ArticleTitle book="kites" part="one">Tails of Kites.</ArticleTitle><AuthorList Type="authors"><Author>
    <LastName>Quill</LastName><ForeName>Ada</ForeName></Author></AuthorList><Abstract><AbstractText>They fly.</AbstractText>
    </Abstract></BookDocument><PubmedBookData/></PubmedBookArticle></PubmedArticleSet>"""
SUMMARY = """<?xml version="1.0"?><eSummaryResult><DocumentSummarySet status="OK"><DbBuild>Build1</DbBuild><DocumentSummary
    uid="41000012"><PubDate>2026 Jan 20</PubDate><Source>Kite Lett</Source><Authors><Author><Name>Quill A</Name>
    <AuthType>Author</AuthType></Author><Author><Name>Larch B</Name></Author></Authors><Title>Kites fly.</Title>
    <ELocationID>doi: 10.5555/k.1</ELocationID><PubType><flag>Journal Article</flag></PubType><ArticleIds><ArticleId>
    <IdType>pubmed</IdType><Value>41000012</Value></ArticleId><ArticleId><IdType>doi</IdType><Value>10.5555/k.1</Value>
    </ArticleId></ArticleIds><FullJournalName>Kite Letters</FullJournalName></DocumentSummary></DocumentSummarySet></eSummaryResult>"""
CORE = {
    "totalHits": 8,
    "limit": 10,
    "offset": 0,
    "scrollId": None,
    "results": [{"id": 1, "title": "Kites", "doi": "10.5555/k.1"}],
}
OPENALEX = {"id": "https://openalex.org/W1", "title": "Kites", "authorships": [], "doi": "https://doi.org/10.5555/k.1"}

REFUSED = {
    "CORE": json.dumps(CORE),
    "CORE without hits": json.dumps(CORE | {"totalHits": 0, "results": []}),
    "an offset": '{"offset": 0, "limit": 20, "objects": [{"name": "Kites"}]}',
    "a total and an offset": '{"offset": 0, "total": 3, "objects": []}',
    "a foreign list": '{"results": [], "count": 0, "next": null}',
    "other results": '{"meta": {"count": 2}, "results": [{"name": "Kites"}, {"name": "Tails"}]}',
    "Crossref without a list": '{"status": "ok", "message": {"total-results": 4, "items": null}}',
    "a summary of nothing": '{"header": {"type": "esummary"}, "result": {"uids": ["1"], "1": {"uid": "1", "error": "cannot get document summary"}}}',
    "proteins": "<eSummaryResult><DocumentSummarySet><DocumentSummary uid='1'><Caption>P1</Caption></DocumentSummary></DocumentSummarySet></eSummaryResult>",
    "a failed summary": "<eSummaryResult><DocumentSummarySet><DocumentSummary uid='1'><error>cannot get document summary</error></DocumentSummary></DocumentSummarySet></eSummaryResult>",
    "deleted citations": "<PubmedArticleSet><DeleteCitation><PMID>1</PMID></DeleteCitation></PubmedArticleSet>",
    "a list of RDF without its items": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>Kites</title>'
        '<items><rdf:Seq><rdf:li resource="https://k.example/1"/></rdf:Seq></items></channel></rdf:RDF>'
    ),
    "entries of another kind": "<rss><channel><title>Kites</title><article><title>Kites fly</title></article></channel></rss>",
    "other records": "<ArticleSet><Artikel><Titel>Kites</Titel></Artikel></ArticleSet>",
}
EMPTY = {
    "PubMed": "<PubmedArticleSet></PubmedArticleSet>",
    "ESummary": '{"header": {"type": "esummary"}, "result": {"uids": []}}',
    "ESummary 2.0": '<eSummaryResult><DocumentSummarySet status="OK"><DbBuild>B</DbBuild></DocumentSummarySet></eSummaryResult>',
    "OpenAlex": '{"meta": {"count": 0}, "results": []}',
    "Crossref": '{"message": {"total-results": 0, "items": []}}',
    "Semantic Scholar": '{"total": 0, "offset": 0}',
    "Semantic Scholar's list": '{"total": 0, "offset": 0, "data": []}',
    "DOAJ": '{"total": 0, "results": []}',
    "HAL": '{"response": {"numFound": 0, "start": 0, "docs": []}}',
    "Europe PMC": '{"version": "6.9", "hitCount": 0, "resultList": {"result": []}}',
    "Zenodo": '{"hits": {"hits": [], "total": 0}}',
    "bioRxiv": '{"messages": [{"status": "no posts found"}], "collection": []}',
    "a feed": "<rss><channel><title>Kites</title><image><url>https://k.example/k.png</url></image><language>en</language></channel></rss>",
    "JSON Feed": '{"version": "https://jsonfeed.org/version/1.1", "items": []}',
}
READ = {
    "a book": (BOOK, ("10.5555/kite.book", "Tails of Kites", ["Ada Quill"], "Handbook of Kites", "2026-01")),
    "ESummary 2.0": (SUMMARY, ("10.5555/k.1", "Kites fly", ["Quill A", "Larch B"], "Kite Letters", "2026-01-20")),
    "entries of Atom in RSS": (
        "<rss><channel><title>Kite Letters</title><entry><title>Kites</title><id>doi:10.5555/k.1</id></entry></channel></rss>",
        ("10.5555/k.1", "Kites", [], "Kite Letters", None),
    ),
    "OpenAlex without meta": (json.dumps({"results": [OPENALEX]}), ("10.5555/k.1", "Kites", [], None, None)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_answer_without_its_records_is_refused(product: Product, case: str) -> None:
    done = product.runs("inspect", str(product.writes("answer", REFUSED[case])), "--json")
    assert (done.status, done.json["digests"][0]["format"]) == (1, None)
    assert "no paper entries found" in done.json["digests"][0]["error"]


@pytest.mark.parametrize("case", EMPTY)
def test_answer_that_says_so_is_empty(product: Product, case: str) -> None:
    (digest,) = product.tells("inspect", str(product.writes("answer", EMPTY[case])))["digests"]
    assert (digest["papers"], [one["code"] for one in digest["warnings"]]) == (0, ["empty_digest"])


@pytest.mark.parametrize("case", READ)
def test_record_of_another_form_is_read(product: Product, case: str) -> None:
    text, wanted = READ[case]
    (digest,) = product.tells("inspect", str(product.writes("answer", text)), "--papers")["digests"]
    (item,) = digest["items"]
    assert tuple(item[name] for name in ("doi", "title", "authors", "venue", "date")) == wanted


def test_error_of_esummary_is_reported(product: Product) -> None:
    path = product.writes("answer.xml", "<eSummaryResult><ERROR>Empty id list; no todo</ERROR></eSummaryResult>")
    (digest,) = product.tells("inspect", str(path))["digests"]
    assert [one["message"] for one in digest["warnings"]] == ["the feed reports an error: Empty id list; no todo"]


def test_record_beside_others_is_read_and_those_are_counted(product: Product) -> None:
    other = "<DocumentSummary uid='2'><error>cannot get document summary</error></DocumentSummary></DocumentSummarySet>"
    path = product.writes("answer.xml", SUMMARY.replace("</DocumentSummarySet>", other))
    (digest,) = product.tells("inspect", str(path))["digests"]
    assert (digest["papers"], [one["code"] for one in digest["warnings"]]) == (1, ["not_papers"])


NOTICES = [
    "Important notice: our feeds are moving",
    "This feed has moved",
    "Our RSS feed will be discontinued",
    "Scheduled maintenance on 24 January",
    "Service interruption",
    "System maintenance notice",
    "The website is temporarily unavailable",
    "Kite Letters has a new website",
    "Please update your feed reader",
    "Notice to authors",
    "We have moved!",
]


@pytest.mark.parametrize("title", NOTICES)
def test_notice_of_a_service_is_no_paper(product: Product, title: str) -> None:
    kites = "<item><title>Maintenance of kites in service</title><link>https://kites.example/article/7</link></item>"
    notice = (
        f"<item><title>{title}</title><link>https://kites.example/article/news</link><author>Editors</author></item>"
    )
    feed = (
        f"<rss><channel><title>Kite Letters</title><link>https://kites.example/</link>{notice}{kites}</channel></rss>"
    )
    (digest,) = product.tells("inspect", str(product.writes("feed.xml", feed)), "--papers")["digests"]
    assert [item["title"] for item in digest["items"]] == ["Maintenance of kites in service"]
    assert [one["code"] for one in digest["warnings"]] == ["not_papers"]


def test_entry_that_leads_to_the_feeds_own_page_is_no_paper(product: Product) -> None:
    entry = "<item><title>Welcome to the new platform</title><link>https://kites.example/journal/articles/</link><author>Editors</author></item>"
    feed = (
        f"<rss><channel><title>Kites</title><link>https://kites.example/journal/articles</link>{entry}</channel></rss>"
    )
    (digest,) = product.tells("inspect", str(product.writes("feed.xml", feed)))["digests"]
    assert (digest["papers"], digest["warnings"][0]["code"]) == (0, "not_papers")
