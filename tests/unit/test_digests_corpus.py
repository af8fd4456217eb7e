"""The real digests in the folder that PAPERWIRE_SHARED names, compared with counts that people made."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from bot.digests import FORMATS, read_digest
from bot.digests.report import Report, digest_report
from bot.errors import UnknownFormat
from subscriptions.model import Digest

SHARED = os.environ.get("PAPERWIRE_SHARED", "")
pytestmark = pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with corpus/ and seeds/")

COVERED = [module.name for module in FORMATS]


def _manifest() -> list[dict[str, str]]:
    if not SHARED:
        return []
    with (Path(SHARED) / "corpus" / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _read(name: str) -> Digest:
    return read_digest((Path(SHARED) / name).read_bytes(), name)


def _report(name: str) -> Report:
    return digest_report(name, _read(name), papers=True)


def _codes(report: Report) -> dict[str, int]:
    return {warning["code"]: warning["count"] for warning in report["warnings"] if warning["code"] != "date_from_name"}


@pytest.mark.parametrize(
    "row", [row for row in _manifest() if row["format"] in COVERED], ids=lambda row: str(row["file"])
)
def test_a_real_digest_gives_the_papers_of_the_manifest(row: dict[str, str]) -> None:
    report = _report("corpus/" + row["file"])
    assert report["format"] == row["format"]
    assert report["papers"] == int(row["papers"])
    # the file of one feed ends inside its 87th entry
    if row["unique_ids"] and int(row["unique_ids"]) <= int(row["papers"]):
        with_id = [item for item in report["items"] if item["arxiv_id"]]
        assert len(with_id) == int(row["unique_ids"])
    if row["declared_total"]:
        assert sum((report["declared"] or {}).values()) == int(row["declared_total"])


@pytest.mark.parametrize(
    "row", [row for row in _manifest() if row["format"] not in COVERED], ids=lambda row: str(row["file"])
)
def test_what_is_of_no_format_is_not_mistaken_for_one(row: dict[str, str]) -> None:
    with pytest.raises(UnknownFormat, match="no paper entries found"):
        _read("corpus/" + row["file"])


@pytest.mark.parametrize("facts", [
    ("seeds/daily_arxiv.md", 81, 81, {}, {"usable": 81, "failed": 0, "missing": 0}, {"zh": 81}),
    ("seeds/bilingual_three_line.txt", 10, 10, {}, {"usable": 0, "failed": 0, "missing": 10}, {}),
    ("seeds/hf_papers_page.txt", 60, 60, {}, {"usable": 0, "failed": 0, "missing": 60}, {}),
    ("corpus/daily_md/wl_2026-06-10.md", 415, 415, {"failed_summaries": 1}, {"usable": 414, "failed": 1, "missing": 0}, {"en": 414}),
    ("corpus/daily_md/ka_2025-11-20_japanese.md", 5, 5, {}, {"usable": 5, "failed": 0, "missing": 0}, {"ja": 5}),
    ("corpus/daily_md/nv_2026-02-07_vietnamese_excerpt.md", 1, 1, {"declared_mismatch": 2}, {"usable": 1, "failed": 0, "missing": 0}, {"en": 1}),
    ("corpus/daily_md/xm_2025-03-18.md", 465, 328, {"duplicate_papers": 137}, {"usable": 0, "failed": 0, "missing": 328}, {}),
    ("corpus/daily_md/xm_2025-04-14.md", 151, 147, {"duplicate_papers": 4}, {"usable": 147, "failed": 0, "missing": 0}, None),
    ("corpus/daily_md/xm_2025-06-10_e930b06.md", 3, 3, {"failed_summaries": 3}, {"usable": 0, "failed": 3, "missing": 0}, {}),
    ("corpus/daily_md/xm_2025-06-18.md", 0, 0, {"empty_digest": 1}, {"usable": 0, "failed": 0, "missing": 0}, {}),
    ("corpus/daily_md/xm_2025-06-26.md", 381, 381, {"control_characters": 34}, {"usable": 381, "failed": 0, "missing": 0}, {"zh": 381}),
    ("corpus/bilingual/cn_2023-04_cs.IR.md", 14, 14, {}, {"usable": 14, "failed": 0, "missing": 0}, {"zh": 14}),
    ("corpus/bilingual/cn_2023-04_cs.IR.xml", 14, 14, {}, {"usable": 14, "failed": 0, "missing": 0}, {"zh": 14}),
    ("corpus/bilingual/cn_2024-06_cs.IR.md", 10, 10, {}, {"usable": 10, "failed": 0, "missing": 0}, {"zh": 10}),
    ("corpus/bilingual/cn_2024-06_cs.IR.xml", 10, 10, {}, {"usable": 10, "failed": 0, "missing": 0}, {"zh": 10}),
    ("corpus/bilingual/cn_empty_cs.IR.md", 0, 0, {"empty_digest": 1}, {"usable": 0, "failed": 0, "missing": 0}, {}),
    ("corpus/bilingual/cn_empty_cs.IR.xml", 0, 0, {"empty_digest": 1}, {"usable": 0, "failed": 0, "missing": 0}, {}),
    ("corpus/bilingual/cn_paper_2305.17574.json", 1, 1, {}, {"usable": 1, "failed": 0, "missing": 0}, {"zh": 1}),
    ("corpus/bilingual/cn_paper_2308.12443.json", 1, 1, {}, {"usable": 1, "failed": 0, "missing": 0}, {"zh": 1}),
    ("corpus/bilingual/cn_paper_2608.20337.json", 1, 1, {}, {"usable": 1, "failed": 0, "missing": 0}, {"zh": 1}),
    ("corpus/bilingual/ha_GLU_Variants_Improve_Transformer.md", 1, 1, {}, {"usable": 0, "failed": 0, "missing": 1}, {}),
    ("corpus/bilingual/ha_month_index.md", 394, 394, {"no_identifiers": 394}, {"usable": 0, "failed": 0, "missing": 394}, {}),
    ("corpus/daily_jsonl/dw_2025-03-21_AI_enhanced_Chinese.jsonl", 45, 45, {}, {"usable": 45, "failed": 0, "missing": 0}, {"zh": 45}),
    ("corpus/daily_jsonl/dw_2025-10-14.jsonl", 1, 1, {}, {"usable": 0, "failed": 0, "missing": 1}, {}),
    ("corpus/daily_jsonl/dw_2025-11-18_AI_enhanced_Chinese.jsonl", 1, 1, {}, {"usable": 1, "failed": 0, "missing": 0}, {"zh": 1}),
    ("corpus/hf_json/bv_hf_daily_papers.json", 5, 5, {}, {"usable": 0, "failed": 0, "missing": 5}, {}),
    ("corpus/hf_json/sc_hf_papers.json", 30, 30, {}, {"usable": 0, "failed": 0, "missing": 30}, {}),
    ("corpus/biorxiv_json/ys_biorxiv.json", 4, 3, {"duplicate_papers": 1}, {"usable": 0, "failed": 0, "missing": 3}, {}),
    ("corpus/arxiv_feed/sc_api_query_atom.xml", 25, 25, {}, {"usable": 0, "failed": 0, "missing": 25}, {}),
    ("corpus/arxiv_mail/astro-ph_new.txt", 97, 97, {"authors_not_shown": 4}, {"usable": 0, "failed": 0, "missing": 97}, {}),
    ("corpus/arxiv_mail/astro-ph_pastweek.EP.txt", 49, 49, {}, {"usable": 0, "failed": 0, "missing": 49}, {}),
    ("corpus/arxiv_mail/math_new.AG.txt", 2, 2, {}, {"usable": 0, "failed": 0, "missing": 2}, {}),
    ("corpus/arxiv_feed/td_e856935_atom.xml", 86, 86, {"xml_truncated": 1}, {"usable": 0, "failed": 0, "missing": 86}, {}),
    ("corpus/arxiv_feed/bv_weekend_empty_rss.xml", 0, 0, {"empty_digest": 1}, {"usable": 0, "failed": 0, "missing": 0}, {}),
], ids=lambda facts: str(facts[0]))  # fmt: skip
def test_a_real_digest_has_the_facts_that_formats_md_tells(
    facts: tuple[str, int, int, dict[str, int], dict[str, int], dict[str, int] | None],
) -> None:
    name, papers, unique, warnings, summaries, languages = facts
    report = _report(name)
    assert (report["papers"], report["unique"]) == (papers, unique)
    assert _codes(report) == warnings
    assert report["summaries"] == summaries
    if languages is not None:
        assert report["languages"] == languages


@pytest.mark.parametrize(
    ("name", "key", "field", "value"),
    [
        (
            "corpus/daily_md/dw_2026-05-06.md",
            "2605.03031",
            "title",
            "Cyclic codes over the ring Z2[u,v](u2(1+u),v2(1+v2))",
        ),
        ("corpus/arxiv_feed/spec_item_rss.xml", "2203.01250", "categories", ["math.AP", "math.OC"]),
        ("corpus/arxiv_feed/spec_item_rss.xml", "2203.01250", "version", 3),
        ("corpus/arxiv_feed/spec_item_rss.xml", "2203.01250", "doi", "10.5802/jep.257"),
        ("corpus/arxiv_feed/spec_item_rss.xml", "2203.01250", "announce_type", "replace-cross"),
        ("corpus/daily_md/xm_2025-06-10_e930b06.md", "2506.06333", "categories", ["cs.LG"]),
        (
            "corpus/daily_md/xm_2025-06-10_e930b06.md",
            "2506.06333",
            "authors",
            ["Benjamin von Berg", "Bernhard K. Aichernig"],
        ),
        ("corpus/daily_md/xm_2025-06-26.md", "2506.19870", "categories", ["cs.CR", "cs.AI", "cs.LG"]),
        ("corpus/daily_jsonl/dw_2025-10-14.jsonl", None, "categories", ["cs.AI"]),
        ("corpus/arxiv_feed/sc_api_query_atom.xml", "2607.28628", "primary", "hep-th"),
        ("corpus/arxiv_feed/sc_api_query_atom.xml", "2607.28628", "categories", ["hep-th", "cs.AI", "cs.LG", "hep-ph"]),
        ("corpus/arxiv_feed/sc_api_query_atom.xml", "2607.28628", "version", 1),
        ("corpus/biorxiv_json/ys_biorxiv.json", "10.1101/2025.01.10.632001", "version", 2),
        (
            "corpus/biorxiv_json/ys_biorxiv.json",
            "10.1101/2025.01.10.632001",
            "authors",
            ["Chen, L.", "Garcia, M.", "Okafor, N."],
        ),
        ("corpus/biorxiv_json/ys_biorxiv.json", "10.1101/2025.01.10.632001", "categories", []),
    ],
)
def test_a_real_paper_has_what_stands_there(name: str, key: str | None, field: str, value: object) -> None:
    (item,) = [item for item in _report(name)["items"] if key in (item["key"], None)]
    assert item[field] == value


def test_three_line_lists_lose_only_their_announcements() -> None:
    for name in ("corpus/bilingual3/derived_three_line_0.txt", "corpus/bilingual3/derived_three_line_1.txt"):
        digest = _read(name)
        for paper in digest.entries:
            assert paper.announce_type, paper.key
            assert paper.version, paper.key
            assert not paper.abstract.startswith("arXiv:")
            (translation,) = paper.translations
            assert translation.language == "zh"
            assert "公告类型" not in translation.abstract[:40]
            assert not translation.abstract.startswith("摘要")


@pytest.mark.parametrize("day", ["2023-04", "2024-06", "empty"])
def test_both_writings_of_a_bilingual_day_give_the_same_papers(day: str) -> None:
    markdown, feed = _read(f"corpus/bilingual/cn_{day}_cs.IR.md"), _read(f"corpus/bilingual/cn_{day}_cs.IR.xml")
    assert (markdown.format, feed.format) == ("bilingual_md", "bilingual_rss")
    assert markdown.entries == feed.entries
    assert (markdown.warnings, markdown.day) == (feed.warnings, feed.day)


def test_bilingual_papers_lose_announcements_and_keep_facts() -> None:
    old, new = _read("corpus/bilingual/cn_2023-04_cs.IR.xml"), _read("corpus/bilingual/cn_2024-06_cs.IR.xml")
    assert Counter(paper.announce_type for paper in old.entries) == {None: 10, "replace": 4}
    assert Counter(paper.announce_type for paper in new.entries) == {
        None: 4,
        "new": 2,
        "cross": 1,
        "replace": 2,
        "replace-cross": 1,
    }
    assert [paper.version for paper in old.entries] == [1] * 10 + [4, 4, 4, 3]
    assert [paper.primary for paper in old.entries if paper.primary] == [paper.primary for paper in old.entries]
    assert [paper.primary for paper in new.entries] == [None] * 4 + [
        "eess.IV",
        "cs.SI",
        "cs.IR",
        "cs.IR",
        "cs.CY",
        "eess.IV",
    ]
    for paper in (
        *old.entries,
        *new.entries,
        *(
            _read(f"corpus/bilingual/cn_paper_{name}.json").entries[0]
            for name in ("2305.17574", "2308.12443", "2608.20337")
        ),
    ):
        assert "arXiv:" not in paper.title + paper.abstract[:60], paper.key
        assert not paper.title.endswith("."), paper.key
        (translation,) = paper.translations
        assert translation.language == "zh"
        assert translation.title, paper.key
        assert "公告类型" not in translation.abstract[:40], paper.key
        assert 500 < len(paper.abstract) <= 1000, paper.key


@pytest.mark.parametrize(
    ("name", "arxiv_id", "day", "title"),
    [
        ("ha_Analyzing_Multimodal_Interaction_Strategies_for_LLM-Assisted_Manipulation_of_3D_.md", "2410.22177", "2024-10-29", "Analyzing Multimodal Interaction Strategies for LLM-Assisted Manipulation of 3D Scenes"),
        ("ha_GLU_Variants_Improve_Transformer.md", "2002.05202", "2020-02-12", "GLU Variants Improve Transformer"),
        ("ha_What_Do_LLM_Agents_Do_When_Left_Alone_Evidence_of_Spontaneous_Meta-Cognitive_Pat.md", "2509.21224", "2025-09-25", "What Do LLM Agents Do When Left Alone? Evidence of Spontaneous Meta-Cognitive Patterns"),
    ],
)  # fmt: skip
def test_a_real_page_of_one_paper_has_both_languages_and_its_day(
    name: str, arxiv_id: str, day: str, title: str
) -> None:
    report = _report(f"corpus/bilingual/{name}")
    (item,) = report["items"]
    assert (report["format"], report["date"], item["key"], item["title"]) == ("hugging_md", day, arxiv_id, title)
    assert list(item["translations"]) == ["zh"]
    assert all(item["translations"]["zh"].values())
    assert not item["abstract"].startswith("Abstract")
    assert not item["translations"]["zh"]["abstract"].startswith("摘要")
    assert item["abstract"].isascii()


def test_a_real_month_has_each_paper_once_with_its_translation() -> None:
    report = _report("corpus/bilingual/ha_month_index.md")
    assert (report["format"], report["date"]) == ("hugging_index", "2024-11-25")
    assert max(len(item["title"]) for item in report["items"]) == 218
    for item in report["items"]:
        assert item["translations"]["zh"]["title"], item["title"]
        assert (item["arxiv_id"], item["url"], item["abstract"]) == (None, None, "")


@pytest.mark.parametrize(
    ("name", "day", "types"),
    [
        ("daily_jsonl/dw_2025-10-14.jsonl", "2025-10-14", {}),  # by the name of the file
        ("hf_json/bv_hf_daily_papers.json", "2026-07-31", {}),
        ("hf_json/sc_hf_papers.json", "2026-07-31", {}),
        ("biorxiv_json/ys_biorxiv.json", "2025-01-20", {}),
        ("arxiv_feed/sc_api_query_atom.xml", "2026-08-02", {}),
        ("arxiv_mail/astro-ph_new.txt", "2023-03-03", {"new": 53, "cross": 4, "replace": 29, "replace-cross": 11}),
        ("arxiv_mail/astro-ph_pastweek.EP.txt", "2023-03-03", {"new": 36, "cross": 13}),
        ("arxiv_mail/math_new.AG.txt", "2023-06-09", {"cross": 1, "replace": 1}),
        ("arxiv_feed/td_e856935_atom.xml", "2025-08-20", {"new": 41, "cross": 45}),
        ("arxiv_feed/derived_rss_2025-12-13.xml", "2025-12-12", {"new": 10, "cross": 2, "replace-cross": 1}),
    ],
)
def test_answers_mails_and_json_tell_day_and_announcement(name: str, day: str, types: dict[str, int]) -> None:
    report = _report("corpus/" + name)
    assert report["date"] == day
    assert report["announce_types"] == types


def test_a_real_mail_has_abstracts_and_whole_lists_of_names() -> None:
    entries = _read("corpus/arxiv_mail/astro-ph_new.txt").entries
    for paper in entries:
        assert bool(paper.abstract) != (paper.announce_type in ("replace", "replace-cross")), paper.key
        assert paper.title, paper.key
        assert paper.primary, paper.key
        for name in paper.authors:
            assert not set(name) & set("\\{}():;"), name
            assert " and " not in name
            assert "et al" not in name
    papers = {paper.key: paper for paper in entries}
    assert papers["2303.00985"].authors == (
        "Miki Kurihara", "Masahiro Tsujimoto", "Megan E. Eckart", "Caroline A. Kilbourne", "Frederick T. Matsuda",
        "Brian McLaughlin", "Shugo Oguri", "Frederick S. Porter", "Yoh Takei", "Yoichi Kochibe",
    )  # fmt: skip
    assert papers["2303.00011"].doi == "10.3847/2515-5172/acaa34"
    assert papers["2303.00768"].title.endswith("a C/O ratio $< 1$")
    week = {paper.key: paper for paper in _read("corpus/arxiv_mail/astro-ph_pastweek.EP.txt").entries}
    assert not [paper.key for paper in week.values() if paper.abstract]
    assert week["2303.01496"].authors == ("Connor J. Cheverall", "Nikku Madhusudhan", "Måns Holmberg")
