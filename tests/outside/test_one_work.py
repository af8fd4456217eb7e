"""A preprint, its versions and its article are one paper, as far as what sources relate is not contradicted."""

import json
from typing import Any

import pytest

from tests.outside.test_one_paper import crossref, feed, item, reader, sent
from tests.product import Product

__all__ = ["reader"]

ARTICLE, PREPRINT, OF_ARXIV = "10.1234/glue.7", "10.21203/rs.3.rs-71/v1", "10.48550/arXiv.2601.01234"


def work(doi: str, title: str, *, venue: str = "", by: str = "Ray", **more: Any) -> dict[str, Any]:
    return {
        "DOI": doi,
        "title": [title],
        "container-title": [venue] if venue else [],
        "author": [{"given": "Ada", "family": by}],
        **more,
    }


def related(**by_kind: str) -> dict[str, Any]:
    """Return the member `relation` of Crossref: kind → DOI, or arXiv id."""
    return {
        "relation": {
            kind.replace("_", "-"): [
                {"id-type": "doi" if "/" in name else "arxiv", "id": name, "asserted-by": "subject"}
            ]
            for kind, name in by_kind.items()
        }
    }


def biorxiv(published: str, doi: str = "10.1101/2026.01.20.700001") -> str:
    one = {"doi": doi, "title": "Kites and glue", "authors": "Ray, A.;", "version": "1", "published": published}
    return json.dumps({"messages": [{"status": "ok", "total": "1"}], "collection": [{**one, "server": "bioRxiv"}]})


def arxiv(title: str = "Kites and glue", by: str = "Ada Ray", number: str = "2601.01234") -> str:
    return json.dumps(
        {
            "id": number,
            "abs": f"https://arxiv.org/abs/{number}",
            "title": title,
            "authors": [by],
            "summary": "Kites.",
            "categories": ["cs.LG"],
        }
    )


def pubmed(*records: tuple[str, str, str, str, str]) -> str:
    """Return records of PubMed: (PMID, DOI, title, journal, type of the relation and PMID and DOI of the other)."""
    made = ""
    for pmid, doi, title, journal, other in records:
        kind, number, other_doi = other.split()
        made += (
            f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><Journal><Title>{journal}</Title></Journal><ArticleTitle>{title}</ArticleTitle>"
            f"<ELocationID EIdType='doi'>{doi}</ELocationID><AuthorList><Author><LastName>Ray</LastName><ForeName>Ada</ForeName></Author></AuthorList></Article>"
            f"<CommentsCorrectionsList><CommentsCorrections RefType='{kind}'><RefSource>{'bioRxiv' if kind == 'UpdateOf' else 'Glue'}. 2026. doi: {other_doi}.</RefSource>"
            f"<PMID>{number}</PMID></CommentsCorrections></CommentsCorrectionsList></MedlineCitation></PubmedArticle>"
        )
    return f"<PubmedArticleSet>{made}</PubmedArticleSet>"


def openalex(
    doi: str, title: str, venue: str = "Glue", by: str = "Ada Ray", number: str = "2601.01234"
) -> dict[str, Any]:
    """Return a work of OpenAlex, which has a preprint and its article become one."""
    places = [
        {"landing_page_url": f"https://doi.org/{doi}", "source": {"display_name": venue}},
        {"landing_page_url": f"http://arxiv.org/abs/{number}", "source": {"display_name": "arXiv"}},
    ]
    return {
        "id": "https://openalex.org/W7000000001", "doi": f"https://doi.org/{doi}", "title": title, "type": "article",
        "publication_date": "2026-01-30", "is_retracted": True, "is_paratext": False,
        "authorships": [{"author": {"display_name": by}}], "primary_location": places[0], "locations": places,
    }  # fmt: skip


OF_SERVER = work(PREPRINT, "Kites and glue")
PUBLISHED = work(ARTICLE, "Glue holds kites", venue="Glue")
ONE_WORK = {
    "the article names its preprint": (crossref(OF_SERVER), crossref({**PUBLISHED, **related(has_preprint=PREPRINT)})),
    "the preprint names its article": (crossref({**OF_SERVER, **related(is_preprint_of=ARTICLE)}), crossref(PUBLISHED)),
    "the article comes first": (crossref({**PUBLISHED, **related(has_preprint=PREPRINT)}), crossref(OF_SERVER)),
    "the article comes first, and the preprint names it": (
        crossref(PUBLISHED),
        crossref({**OF_SERVER, **related(is_preprint_of=ARTICLE)}),
    ),
    "a preprint of arXiv by its DOI": (arxiv(), crossref({**PUBLISHED, **related(has_preprint=OF_ARXIV)})),
    "a preprint of arXiv by its id": (arxiv(), crossref({**PUBLISHED, **related(has_preprint="2601.01234v2")})),
    "the article, then arXiv": (crossref({**PUBLISHED, **related(has_preprint="2601.01234")}), arxiv()),
    "OpenAlex has made both one": (arxiv(), json.dumps({"results": [openalex(ARTICLE, "Glue holds kites")]})),
    "bioRxiv names the article": (biorxiv(ARTICLE), crossref(PUBLISHED)),
    "PubMed relates both": (
        pubmed(
            ("41", "10.1101/2026.01.20.700001", "Kites and glue", "bioRxiv", f"UpdateIn 42 {ARTICLE}"),
            ("42", ARTICLE, "Glue holds kites", "Glue", "UpdateOf 41 10.1101/2026.01.20.700001"),
        ),
        crossref(PUBLISHED),
    ),
}  # fmt: skip
TWO_WORKS = {
    "neither title nor author agrees": (
        arxiv("Glue is silent", "Cy Tree"),
        crossref({**PUBLISHED, **related(has_preprint=OF_ARXIV)}),
    ),
    "so said before the other came": (
        crossref({**PUBLISHED, **related(has_preprint=OF_ARXIV)}),
        arxiv("Glue is silent", "Cy Tree"),
    ),
    "so said by a record without authors": (
        crossref({**PUBLISHED, "author": [], **related(has_preprint=OF_ARXIV)}),
        arxiv("Glue is silent", "Cy Tree"),
    ),
    "so said by OpenAlex": (
        arxiv("Glue is silent", "Cy Tree"),
        json.dumps({"results": [openalex(ARTICLE, "Glue holds kites")]}),
    ),
    "it names itself": (
        crossref({**OF_SERVER, **related(is_preprint_of=PREPRINT)}),
        crossref({**PUBLISHED, **related(has_preprint=ARTICLE.upper())}),
    ),
    "nothing relates them": (crossref(OF_SERVER), crossref(PUBLISHED)),
    "not published": (biorxiv("NA"), crossref(PUBLISHED)),
    "the next version of a review": (
        pubmed(
            ("41", "10.1002/14651858.CD1.pub2", "Glue for kites", "Reviews", "UpdateIn 42 10.1002/14651858.CD1.pub3")
        ),
        crossref(work("10.1002/14651858.CD1.pub3", "Glue for kites", venue="Reviews")),
    ),
}


@pytest.mark.parametrize("case", ONE_WORK)
def test_records_that_a_source_relates_are_sent_once(reader: Product, case: str) -> None:
    first, second = ONE_WORK[case]
    assert sent(reader, first, second, second + " ", first + " ") == [1, 0, 0, 0]


@pytest.mark.parametrize("case", TWO_WORKS)
def test_records_that_are_related_wrongly_are_both_sent(reader: Product, case: str) -> None:
    first, second = TWO_WORKS[case]
    assert sent(reader, first, second, second + " ", first + " ") == [1, 1, 0, 0]


def test_relation_that_comes_after_both_were_sent_sends_nothing(reader: Product) -> None:
    late = crossref({**OF_SERVER, **related(is_preprint_of=ARTICLE)})
    assert sent(reader, crossref(OF_SERVER), crossref(PUBLISHED), late, crossref(PUBLISHED) + " ") == [1, 1, 0, 0]


def test_preprint_that_comes_after_its_article_changes_none_of_its_values(reader: Product) -> None:
    preprint = crossref({**work(PREPRINT, "Glue, perhaps, holds kites"), **related(is_preprint_of=ARTICLE)})
    assert sent(reader, crossref(PUBLISHED), preprint) == [1, 0]
    card = reader.runs("say", ARTICLE, "--as", "console:me").out
    assert "Glue holds kites" in card
    assert f"https://doi.org/{ARTICLE}" in card


@pytest.mark.parametrize("first", [arxiv(), biorxiv("NA"), crossref(OF_SERVER)], ids=["arXiv", "bioRxiv", "server"])
def test_export_of_a_preprint_cites_its_article(reader: Product, first: str) -> None:
    names = {
        "has_preprint": "2601.01234"
        if "arxiv.org" in first
        else PREPRINT
        if PREPRINT in first
        else "10.1101/2026.01.20.700001"
    }
    assert sent(reader, first, crossref({**PUBLISHED, **related(**names)})) == [1, 0]
    exported = reader.runs("say", "/export bib 30d", "--as", "console:me").out
    assert [line for line in ("@article{", "{Glue}", f"{{{ARTICLE}}}") if line not in exported] == []


def test_source_that_only_names_a_preprint_gives_it_no_other_doi(reader: Product) -> None:
    blog = feed(item("Kites and glue", link="https://arxiv.org/abs/2601.01234", guid=f"https://doi.org/{ARTICLE}"))
    assert sent(reader, arxiv()) == [1]
    assert reader.runs("ingest", str(reader.writes("blog.xml", blog)), "--source", "blog").status == 0
    assert ARTICLE not in reader.runs("say", "/export bib 30d", "--as", "console:me").out


GONE = [
    "RETRACTED ARTICLE: Kites and glue",
    "RETRACTED: Kites and glue",
    "WITHDRAWN: Kites and glue",
    "[Retracted] Kites and glue",
]


@pytest.mark.parametrize("title", GONE)
def test_record_of_a_retracted_work_is_no_news(reader: Product, title: str) -> None:
    assert sent(reader, crossref(work(ARTICLE, title)), feed(item(title, link="9", by="Ada Ray"))) == [0, 0]


@pytest.mark.parametrize(
    "title", ["Erratum-free glue", "Correction of kites by glue", "Retracted kites and glue", "Addenda of glue"]
)
def test_title_that_only_looks_like_a_notice_is_a_paper(reader: Product, title: str) -> None:
    assert sent(reader, crossref(work(ARTICLE, title))) == [1]


def test_partial_retraction_is_no_paper(reader: Product) -> None:
    assert sent(reader, crossref(work("10.1234/glue.98", "Partial Retraction: Glue holds kites"))) == [0]
