"""What a generator or a database writes where it has nothing is no value: no title, no name, no summary."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product


def page(*papers: tuple[str, str, dict[str, str]]) -> str:
    """Return a page of daily-arXiv with papers, each with its title, authors, and texts by their labels."""
    entries = (
        f"### [{n}] [{title}](https://arxiv.org/abs/2601.0000{n})\n*{authors}*\n\nMain category: cs.RO\n\n"
        + "\n\n".join(f"{label}: {text}" for label, text in texts.items())
        for n, (title, authors, texts) in enumerate(papers, 1)
    )
    return "\n\n".join(entries)


def fields(tldr: str, **more: str) -> dict[str, str]:
    labels = {"Motivation": "Wind.", "Method": "Ropes.", "Result": "It flies.", "Conclusion": "Good."}
    return {"TL;DR": tldr, **labels, **more, "Abstract": "We fly kites."}


def inspected(product: Product, text: str) -> dict[str, Any]:
    (digest,) = product.tells("inspect", str(product.writes("digest.txt", text)), "--papers")["digests"]
    assert digest["error"] is None
    return dict(digest)


def pubmed(title: str, vernacular: str = "") -> str:
    more = f"<VernacularTitle>{vernacular}</VernacularTitle>" if vernacular else ""
    return (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>41000012</PMID><Article><Journal><Title>Drachen</Title></Journal>"
        f"<ArticleTitle>{title}</ArticleTitle>{more}<ELocationID EIdType='doi'>10.5555/k.1</ELocationID></Article>"
        "</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )


def summary(title: str, vernacular: str) -> str:
    record = {"uid": "41000012", "title": title, "vernaculartitle": vernacular, "articleids": []}
    return json.dumps({"header": {}, "result": {"uids": ["41000012"], "41000012": record}})


@pytest.mark.parametrize(
    ("document", "title"),
    [
        (pubmed("[Not Available].", "Drachen an der Küste."), "Drachen an der Küste"),
        (pubmed("Not available", "Les cerfs-volants [de Nantes]."), "Les cerfs-volants [de Nantes]"),
        (pubmed("[Kites on the coast].", "Drachen an der Küste."), "Kites on the coast"),
        (pubmed("[Not Available]."), ""),
        (summary("[Not Available].", "Drachen an der Küste."), "Drachen an der Küste"),
        (page(("Untitled", "Ada Quill", fields("Up."))), ""),
        (page(("N/A", "Ada Quill", fields("Up."))), ""),
        (page(("Untitled Kites", "Ada Quill", fields("Up."))), "Untitled Kites"),
        ('{"DOI": "10.5555/k.1", "type": "journal-article", "title": ["[No title available]"]}', ""),
        ('{"DOI": "10.5555/k.1", "type": "journal-article", "title": ["Title Pending 4711"]}', ""),
        ('{"DOI": "10.5555/k.1", "type": "journal-article", "title": ["无标题"]}', ""),
        ('{"id": "2601.00001", "title": "null", "summary": "We fly."}', ""),
    ],
)
def test_placeholder_of_a_title_is_no_title(product: Product, document: str, title: str) -> None:
    found = inspected(product, document)
    assert [item["title"] for item in found["items"]] == [title]
    assert ("entry_without_title" in [one["code"] for one in found["warnings"]]) is not bool(title)


@pytest.mark.parametrize("text", ["N/A", "Unknown", "[No authors listed]", "未知"])
def test_placeholder_of_a_name_is_no_author(product: Product, text: str) -> None:
    (item,) = inspected(product, page(("Kites", text, fields("Up."))))["items"]
    assert item["authors"] == []


FAILED = """
    No AI result
    达到API配额限制
    达到API配额限制，请明天再试
    API配额已用完
    Rate limit exceeded
    AI分析失败
    翻译失败：timeout
    请求超时，请稍后再试
    Summary unavailable.
    No summary available
    Failed to generate summary
    [AI summary is not available]
"""
MISSING = "\n N/A \n None \n null \n 暂无 \n 暂无摘要 \n 无 \n Not available \n ... \n"
USABLE = """
    No resulting kite falls.
    分析失败模式，提出新方法。
    Errorless kites.
    无线风筝
    Failed kites are generated from summaries of accidents.
    API calls of kites.
"""


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (line.strip(), state)
        for state, texts in (("failed", FAILED), ("missing", MISSING), ("usable", USABLE))
        for line in texts.strip().splitlines()
    ],
)
def test_text_without_a_summary_is_not_shown_as_one(product: Product, text: str, state: str) -> None:
    found = inspected(product, page(("Kites", "Ada Quill", fields(text)), ("Ropes", "Bo Larch", fields("Down."))))
    assert found["summaries"] == {"usable": 1, "failed": 0, "missing": 0} | {state: 1 + (state == "usable")}
    assert ("tldr" in found["items"][0]["summaries"]["en" if state != "usable" or text.isascii() else "zh"]) is (
        state == "usable"
    )


def test_one_text_in_all_fields_of_a_paper_is_no_summary(product: Product) -> None:
    alike = "The oracle sleeps."
    same = fields(alike, Motivation=alike, Method=alike, Result=alike, Conclusion=alike)
    found = inspected(product, page(("Kites", "Ada Quill", same), ("Ropes", "Bo Larch", fields("Down."))))
    assert (found["summaries"], found["items"][0]["summaries"]) == ({"usable": 1, "failed": 1, "missing": 0}, {})


def test_quota_of_the_paper_itself_is_no_error(product: Product) -> None:
    about = page(("API quotas of clouds", "Ada Quill", fields("The API quota of clouds is measured.")))
    assert inspected(product, about)["summaries"]["usable"] == 1


def test_untitled_paper_of_arxiv_is_known_by_its_id(product: Product, shared: Path) -> None:
    found = inspected(product, (shared / "cases/digests/16_untitled.md").read_text())
    assert [(item["key"], item["title"]) for item in found["items"]] == [
        ("2612.00701", ""),
        ("2612.00702", "Limpets that see"),
    ]


CJK = [
    (
        "## 今日总计: 1篇论文\n\n- [cs.RO](#cs.RO) (1篇)\n\n" + page(("Kites", "Ada Quill", fields("Up."))),
        {"declared": {"cs.RO": 1}},
    ),
    (
        "<rss><channel><title>海洋学报RSS</title><item><title>风筝</title><author>李文，王明等</author><description>论文DOI：10.5555/k.1。</description></item></channel></rss>",
        {"doi": "10.5555/k.1", "authors": ["李文", "王明"], "venue": "海洋学报"},
    ),
    (
        '{"DOI": "10.5555/k.1", "type": "journal-article", "title": ["风筝"], "container-title": ["海洋学报 2026年第3期"]}',
        {"venue": "海洋学报"},
    ),
]


@pytest.mark.parametrize(("document", "wanted"), CJK)
def test_word_beside_chinese_is_found(product: Product, document: str, wanted: dict[str, object]) -> None:
    found = inspected(product, document)
    said = found | found["items"][0]
    assert {name: said[name] for name in wanted} == wanted
