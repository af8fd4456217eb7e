"""Markup in titles and abstracts: numbers above the line keep their sense, and a library's titles are those of papers."""

import json

import pytest

from tests.product import Product

AUTHOR = [{"given": "Ada", "family": "Quill"}]


def crossref(title: str, abstract: str = "") -> str:
    return json.dumps(
        {"DOI": "10.5555/k.1", "type": "journal-article", "title": [title], "author": AUTHOR, "abstract": abstract}
    )


def pubmed(title: str) -> str:
    return (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>41000012</PMID><Article><Journal><Title>Kites</Title></Journal>"
        f"<ArticleTitle>{title}</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )


def rss(title: str) -> str:
    item = f"<title><![CDATA[{title}]]></title><link>https://kites.example/article/7</link>"
    return f"<rss><channel><title>Kites</title><item>{item}</item></channel></rss>"


@pytest.mark.parametrize("form", [crossref, pubmed, rss])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10<sup>6</sup> cells", "10⁶ cells"),
        ("cells cm<sup>-3</sup>", "cells cm⁻³"),
        ("mol L<sup>–1</sup> s<sup>−2</sup>", "mol L⁻¹ s⁻²"),
        ("10<sup>-3</sup> M and 10<sup><i>4.5</i></sup>", "10⁻³ M and 10⁴·⁵"),
        ("2<sup>n</sup> strings", "2ⁿ strings"),
        ("SO<sub>4</sub><sup>2−</sup> in air", "SO4²⁻ in air"),
        ("<sup>13</sup>C, CO<sub>2</sub>, H<sub>2</sub>O", "13C, CO2, H2O"),
        ("Ca<sup>2+</sup>, Na<sup>+</sup>, CD4<sup>+</sup>", "Ca2+, Na+, CD4+"),
        ("the 19<sup>th</sup> kite", "the 19th kite"),
        ("<math><msup><mn>10</mn><mrow><mo>−</mo><mn>3</mn></mrow></msup></math> M", "10⁻³ M"),
    ],
)
def test_number_above_the_line_keeps_its_sense(product: Product, form: object, written: str, shown: str) -> None:
    assert callable(form)
    (digest,) = product.tells("inspect", str(product.writes("works", form(written))), "--papers")["digests"]
    assert digest["items"][0]["title"] == shown


def test_abstract_with_jats_and_mathml_keeps_its_numbers(product: Product) -> None:
    abstract = (
        "<jats:p>From 10<jats:sup>4</jats:sup> to <mml:math><mml:msup><mml:mn>10</mml:mn><mml:mn>6</mml:mn></mml:msup></mml:math>"
        " m<jats:sup>-2</jats:sup> of H<jats:sub>2</jats:sub>O.</jats:p>"
    )
    (digest,) = product.tells("inspect", str(product.writes("works", crossref("Kites", abstract))), "--papers")[
        "digests"
    ]
    assert digest["items"][0]["abstract"] == "From 10⁴ to 10⁶ m⁻² of H2O."


def test_number_above_the_line_is_found_by_its_digits(product: Product) -> None:
    path = product.writes("works", crossref("10<sup>6</sup> kites at cm<sup>-3</sup>"))
    for query in ("106", '"10⁶ kites"', '"cm-3"', "cm⁻³"):
        assert product.tells("match", query, str(path))["keys"] == ["10.5555/k.1"], query


LIBRARIES = {
    "CSL JSON": '[{{"id": "x", "type": "article-journal", "title": {title}}}]',
    "RIS": "TY  - JOUR\nTI  - {title}\nER  - \n",
    "BibTeX": "@article{{x, title = {{{title}}}}}",
}


@pytest.mark.parametrize("form", LIBRARIES)
@pytest.mark.parametrize(
    ("kept", "title"),
    [
        ('<span class="nocase">Limpets</span> of the H<sub>2</sub>O', "Limpets of the H2O"),
        ("<i>Patella</i> on <b>10<sup>6</sup></b> limpets", "Patella on 10<sup>6</sup> limpets"),
        (
            '<span style="font-variant:small-caps;">Limpets</span> &amp; <sc>crabs</sc> on rocks',
            "Limpets & crabs on rocks",
        ),
    ],
)
def test_paper_in_a_library_with_markup_is_not_sent(product: Product, form: str, kept: str, title: str) -> None:
    product.runs("subscribe", "limpets", "--as", "console:me", "--when", "now")
    written = json.dumps(kept) if form == "CSL JSON" else kept
    library = product.writes("library", LIBRARIES[form].format(title=written))
    assert product.runs("library", str(library), "--as", "console:me").status == 0
    product.runs("ingest", str(product.writes("works.json", crossref(title))))
    assert product.tells("deliver")["papers"] == 0
    product.runs(
        "ingest", str(product.writes("others.json", crossref("Other limpets of the sea").replace("k.1", "k.2")))
    )
    assert product.tells("deliver")["papers"] == 1
