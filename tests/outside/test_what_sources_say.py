"""What a source says of a paper: texts below the labels of forks, names of authors, and its type above a word of its title."""

import json
from typing import Any

import pytest

from tests.product import Product

LONG = "Kites of sand fly over the bay, and nobody knows how they are steered."


def inspected(product: Product, text: str) -> dict[str, Any]:
    (digest,) = product.tells("inspect", str(product.writes("digest.txt", text)), "--papers")["digests"]
    return dict(digest)


ASTRO = """# <a id="toc"></a>Table of Contents

## <a id="toc-1"></a>Kites and Wind

- [Kites of sand (0.5339)](#2601.00001)

---

# Kites and Wind

## <a id="2601.00001"></a>[Kites of sand](https://arxiv.org/abs/2601.00001) [[back]](#toc-1)

**Relevance:** `0.5339`

### Background

风筝的研究有很长的历史。

许多问题仍未解决，主要包括：

- 沙子的重量

### Summary

- 研究了沙做的风筝 $b - 1$ 。
- **发现了风的边界**：在 20 米以上，风更稳定。

结论：风筝可以飞。

## <a id="2601.00002"></a>[Kites of paper](https://arxiv.org/abs/2601.00002) [[back]](#toc-1)

**Relevance:** `0.4`

### Background Knowledge

纸很轻。

### Summary

纸风筝飞得更高。

# Ropes
"""


def test_text_below_headings_of_a_fork_is_its_summary(product: Product) -> None:
    found = inspected(product, ASTRO)
    first, second = (item["summaries"]["zh"] for item in found["items"])
    assert first["motivation"] == "风筝的研究有很长的历史。 许多问题仍未解决，主要包括： 沙子的重量"
    assert first["tldr"] == "研究了沙做的风筝 $b - 1$ 。 发现了风的边界：在 20 米以上，风更稳定。"
    assert (second["motivation"], second["tldr"]) == ("纸很轻。", "纸风筝飞得更高。")
    assert (found["summaries"]["usable"], found["languages"]) == (2, {"zh": 2})


HEAD = "### [1] [Kites](https://arxiv.org/abs/2601.00001)\n*Ada Quill*\n\n"


@pytest.mark.parametrize(
    "page",
    [
        f"{HEAD}#### Overview\n\n{LONG}\n",
        f"{HEAD}**Score:** 8\n\n**What it is about:** {LONG}\n",
        f"{HEAD}Main category: cs.RO\n\n要点：\n\n{LONG}\n",
        f"{HEAD}{LONG}\n",
        json.dumps({"id": "2601.00001", "title": "Kites", "summary": "", "AI": {"contribution": LONG}}),
    ],
    ids=["heading", "bold", "Chinese", "no label", "JSON"],
)
def test_unknown_text_of_a_paper_without_any_is_its_text(product: Product, page: str) -> None:
    (item,) = inspected(product, page)["items"]
    assert item["summaries"] == {"en": {"tldr": LONG}}


def test_unknown_text_beside_known_ones_is_counted(product: Product) -> None:
    found = inspected(product, f"{HEAD}TL;DR: They fly.\n\n**Reviewer:** {LONG}\n")
    assert found["items"][0]["summaries"] == {"en": {"tldr": "They fly."}}
    assert [(one["code"], one["count"]) for one in found["warnings"]] == [("unread_text", 1)]


def test_parts_of_an_abstract_are_no_labels(product: Product) -> None:
    found = inspected(
        product, f"{HEAD}TL;DR: They fly.\n\nAbstract: We fly kites.\nBackground: Wind.\n\nSummary: They fly.\n"
    )
    assert found["items"][0]["abstract"] == "We fly kites. Background: Wind. Summary: They fly."


def crossref(title: str = "Kites", people: Any = ({"given": "Ada", "family": "Quill"},), **more: object) -> str:
    return json.dumps({"DOI": "10.5555/k.1", "type": "journal-article", "title": [title], "author": people, **more})


def pubmed(family: str, given: str) -> str:
    author = f"<Author><LastName>{family}</LastName><ForeName>{given}</ForeName></Author>"
    return (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article><ArticleTitle>Kites.</ArticleTitle>"
        f"<AuthorList>{author}</AuthorList></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )


def zenodo(family: str, given: str) -> str:
    creator = {"person_or_org": {"given_name": given, "family_name": family}}
    return json.dumps(
        {"hits": {"hits": [{"doi": "10.5555/k.1", "metadata": {"title": "Kites", "creators": [creator]}}]}}
    )


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (crossref(people=[{"given": "文", "family": "李"}]), "李文"),
        (crossref(people=[{"given": "小明", "family": "欧阳"}]), "欧阳小明"),
        (crossref(people=[{"given": "길동", "family": "홍"}]), "홍길동"),
        (crossref(people=[{"given": "太郎", "family": "山田"}]), "山田太郎"),
        (crossref(people=[{"given": "Wen", "family": "Li"}]), "Wen Li"),
        (crossref(people=[{"family": "李"}]), "李"),
        (pubmed("李", "文"), "李文"),
        (zenodo("李", "文"), "李文"),
    ],
)
def test_chinese_name_begins_with_the_family(product: Product, document: str, name: str) -> None:
    assert inspected(product, document)["items"][0]["authors"] == [name]


ABSTRACT = "<jats:p>We add limpets to kites and see how they fly.</jats:p>"


def item(title: str, kind: str, *, text: str = LONG, by: str = "Ada Quill") -> str:
    inside = f"<title>{title}</title><link>https://k.example/article/1</link><description>{text}</description>"
    more = f"<dc:creator>{by}</dc:creator>" if by else ""
    return (
        '<rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Kites</title>'
        f"<item>{inside}{more}<dc:type>{kind}</dc:type></item></channel></rss>"
    )


@pytest.mark.parametrize(
    ("document", "is_paper"),
    [
        (item("Addendum", "Research Article"), True),
        (item("Interview", "Original Research"), True),
        (item("Erratum: the history of a word", "Research Article"), True),
        (crossref("Addendum", abstract=ABSTRACT), True),
        (item("Addendum", "Addendum"), False),
        (item("Addendum", "Research Article", text=""), False),
        (item("Addendum", "Research Article", by=""), False),
        (item("RETRACTED: Kites", "Research Article"), False),
        (item("Correction", "Research Article", text="This corrects the article on kites."), False),
        (crossref("Addendum"), False),
        (crossref("Correction to: Kites", abstract=ABSTRACT), False),
        (crossref("Addendum", abstract=ABSTRACT, **{"update-to": [{"DOI": "10.5555/k.0", "type": "addendum"}]}), False),
    ],
)
def test_type_of_a_work_decides_over_a_word_of_its_title(product: Product, document: str, *, is_paper: bool) -> None:
    found = inspected(product, document)
    assert (found["papers"], [one["code"] for one in found["warnings"] if one["code"] == "not_papers"]) == (
        (1, []) if is_paper else (0, ["not_papers"])
    )
