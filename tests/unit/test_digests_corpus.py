"""The real digests of the folder that PAPERWIRE_SHARED names, with the counts that people took from them."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from bot.digests import read_digest
from bot.digests.report import Report, digest_report
from bot.errors import UnknownFormat
from subscriptions import Digest

SHARED = os.environ.get("PAPERWIRE_SHARED", "")
pytestmark = pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with corpus/ and seeds/")

COVERED = ("arxiv_rss", "arxiv_atom", "hf_text", "bilingual3", "daily_arxiv_md")


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
    if row["unique_ids"] and int(row["unique_ids"]) <= int(row["papers"]):  # one feed is cut inside its 87th entry
        with_id = [item for item in report["items"] if item["arxiv_id"]]
        assert len(with_id) == int(row["unique_ids"])
    if row["declared_total"]:
        assert sum((report["declared"] or {}).values()) == int(row["declared_total"])


@pytest.mark.parametrize(
    "row", [row for row in _manifest() if row["format"] not in COVERED], ids=lambda row: str(row["file"])
)
def test_a_format_of_later_is_not_mistaken_for_one_of_ours(row: dict[str, str]) -> None:
    with pytest.raises(UnknownFormat, match="no paper entries found"):
        _read("corpus/" + row["file"])


FACTS: list[tuple[str, int, int, dict[str, int], dict[str, int], dict[str, int] | None]] = [
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
    ("corpus/arxiv_feed/td_e856935_atom.xml", 86, 86, {"xml_truncated": 1}, {"usable": 0, "failed": 0, "missing": 86}, {}),
    ("corpus/arxiv_feed/bv_weekend_empty_rss.xml", 0, 0, {"empty_digest": 1}, {"usable": 0, "failed": 0, "missing": 0}, {}),
]  # fmt: skip


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: str(facts[0]))
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


def test_the_categories_of_the_seed_are_those_it_declares() -> None:
    report = _report("seeds/daily_arxiv.md")
    assert report["categories"] == report["declared"] == {"eess.SP": 19, "cs.LG": 56, "stat.ML": 6}
    assert report["date"] is None


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
    ],
)
def test_a_real_paper_has_what_stands_there(name: str, key: str, field: str, value: object) -> None:
    (item,) = [item for item in _report(name)["items"] if item["key"] == key]
    assert item[field] == value  # type: ignore[literal-required]  # a table of names


def test_what_no_paper_may_lose_is_there_in_every_standard_page() -> None:
    for name in ("dw_2026-01-19.md", "dw_2026-02-10.md", "dw_2026-02-18.md", "dw_2026-05-06.md", "wl_2026-06-10.md"):
        for paper in _read(f"corpus/daily_md/{name}").entries:
            assert paper.title, paper.key
            assert paper.authors, paper.key
            assert paper.primary, paper.key
            assert len(paper.abstract) > 80, paper.key
            assert "Conclusion:" not in paper.abstract[:200]


def test_three_line_lists_lose_their_announcements_and_nothing_else() -> None:
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


def test_feeds_tell_how_their_papers_are_announced() -> None:
    counts = Counter(paper.announce_type for paper in _read("corpus/arxiv_feed/td_e856935_atom.xml").entries)
    assert counts == {"new": 41, "cross": 45}
    counts = Counter(paper.announce_type for paper in _read("corpus/arxiv_feed/derived_rss_2025-12-13.xml").entries)
    assert counts == {"new": 10, "cross": 2, "replace-cross": 1}
    names = {name for paper in _read("corpus/arxiv_feed/td_e856935_atom.xml").entries for name in paper.authors}
    assert {"Igor Jovančević", "Anders Søgaard", "Hendrik Kraß"} <= names
    assert not [name for name in names if "\\" in name or "{" in name]


def test_the_same_papers_come_from_two_writings_of_one_day() -> None:
    linked = [paper.title for paper in _read("corpus/daily_md/xm_2025-06-08_012ef1f.md").entries]
    unlinked = [paper.title for paper in _read("corpus/daily_md/xm_2025-06-08_57a7b20.md").entries]
    assert linked == unlinked
