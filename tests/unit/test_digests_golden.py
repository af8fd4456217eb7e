"""What is read from the pages of every format, the difficult cases that they contain, the demo's samples, and the real digests in PAPERWIRE_SHARED."""

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from bench.formats import GENERIC
from bot import digests
from bot.cli.digest_reports import Report, digest_report
from bot.digests import _example
from bot.errors import UnknownFormat
from bot.pages.samples import SAMPLES
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest
from tests import tables
from tests.digest_pages import PARTS

PAGES = Path(__file__).parents[1] / "digests"
PAIRS = sorted(path for path in PAGES.iterdir() if not path.name.endswith(".expected.json"))


def _expected(page: Path) -> Mapping[str, object]:
    return dict(json.loads(page.with_suffix(".expected.json").read_text(encoding="utf-8")))


def _read(page: Path) -> Digest | PaperwireError:
    try:
        return digests.read_digest(page.read_bytes(), page.name)
    except PaperwireError as error:
        return error


def _agree(found: object, expected: object, where: str) -> None:
    if isinstance(expected, list) and where.endswith("error"):
        for words in expected:
            assert words in str(found)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert isinstance(found, list)
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            for name, value in other.items():
                assert one[name] == value, f"{where}[{number}].{name}"
    else:
        assert found == expected, where


@pytest.mark.parametrize("page", PAIRS, ids=lambda page: page.name)
def test_a_page_gives_the_papers_that_are_on_it(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.name.startswith("_example"):
        monkeypatch.setattr("bot.digests.FORMATS", (*digests.FORMATS, _example))
    report = digest_report(page.name, _read(page), papers=True)
    for name, value in _expected(page).items():
        _agree(report[name], value, name)  # type: ignore[literal-required]  # the names of the file are checked above


def test_pages_and_expected_papers_belong_together() -> None:
    assert {path.name.removesuffix(".expected.json") for path in PAGES.glob("*.expected.json")} == {
        page.stem for page in PAIRS
    }


@pytest.mark.parametrize("module", digests.FORMATS, ids=lambda module: module.name)
def test_every_format_has_pages_parts_and_a_benchmark(module: object) -> None:
    formats = [_expected(page).get("format") for page in PAIRS]
    name = module.name  # type: ignore[attr-defined]  # modules satisfy the protocol
    assert formats.count(name) >= 3, (
        f"Put three pages of {name} into tests/digests, each beside its NAME.expected.json with “format”: “{name}” in it: "
        "one as it should be, an empty one and a damaged one (CONTRIBUTING.md, Add a digest format, step 4)."
    )
    assert any(made.partition(",")[0] == name for made in PARTS), (
        f"Add a page of {name}, made of parts of one paper each, to PARTS in tests/digest_pages.py "
        "(CONTRIBUTING.md, Add a digest format, step 6)."
    )
    assert name in GENERIC, (
        f"Add a row for {name} to GENERIC in bench/formats.py: what a generic library would do with such a page "
        "(CONTRIBUTING.md, Add a digest format, step 7)."
    )


TRAPS = tables.rows(r"""
    # bytes, and pages that are not digests
    a byte order mark and other line ends                      → daily_bom_crlf.md                → \A\ufeff.*\r\n
    a lone carriage return is text                             → daily_lone_returns.md            → [^\n]\r[^\n]
    a form feed ends no line                                   → daily_controls.md                → \x0c
    a control character of TeX                                 → daily_controls.md                → \x08
    the last line has no end                                   → daily_no_newline_at_end.md       → [^\n]\Z
    a null byte                                                → refused_nul.md                   → \x00
    a README among the digests                                 → refused_readme.md                → (?s)\A# About.*arxiv\.org
    a page that was scraped                                    → refused_trending.md              → \[LINK:[ ]
    an answer in plain words                                   → refused_plain_answer.txt         → \ARate exceeded\.
    half a document of JSON                                    → refused_half_hf.json             → [^\]]\s*\Z
    a page of the web with entries in it                       → refused_html_with_entries.md     → (?is)\A<(?:!doctype )?html.*### \[
    # daily-arXiv markdown
    a title that holds the end of a link                       → daily_titles.md                  → ### .*\]\(.*\]\(https
    a collaboration with a bare colon                          → daily_authors.md                 → \*.*,:,
    a label at the beginning of a line of the abstract         → daily_labels_in_lines.md         → (?s)Abstract: .*\nConclusion:[ ]
    a value of several lines                                   → daily_labels_in_lines.md         → Method: [^\n]*\n+[^\n]
    failed summaries in every wording                          → daily_states.md                  → 错误：AI分析失败。
    a placeholder                                              → daily_states.md                  → \{tldr\}
    a real summary with the word failed                        → daily_states.md                  → TL;DR: .*\S.*\bfailed\b
    totals that are not true                                   → daily_totals.md                  → \[Total: \d+\]
    the label of two days in April                             → daily_tldr_label.md              → \nTLDR:[ ]
    a head that is none                                        → daily_unparsed_heading.md        → \n### \[
    # three-line lists
    an announcement of each kind                               → bilingual3_kinds.txt             → Announce Type: replace-cross
    a translated announcement                                  → bilingual3_announcements.txt     → 公告类型
    another id than the address has                            → bilingual3_id_mismatch.txt       → (?m)^arXiv:[\d.]+v\d
    one line left over                                         → bilingual3_one_left.txt          → \n[^\n]+\Z
    two lines left over                                        → bilingual3_two_left.txt          → \n[^\n]+\n[^\n]+\s*\Z
    # text copied from Hugging Face
    the button glued to a title                                → hf_plain.txt                     → (?m)^Subscribe\S
    the button alone                                           → hf_button_alone.txt              → (?m)^Subscribe$
    a title more                                               → hf_odd.txt                       → \A(?:.*\n){2}(?:.+\n.+\n)*.+\Z
    pairs that slipped                                         → hf_slipped.txt                   → Window\nA Kite in the Wind and
    # JSON lines
    a task in place of the tldr                                → jsonl_task.jsonl                 → "task":
    no AI at all                                               → jsonl_standard.jsonl             → (?m)^(?!.*"AI").*"id"
    fields of AI that fail one by one                          → jsonl_states.jsonl               → "tldr": " Processing failed.*"motivation": "Still
    a class that is no category                                → jsonl_standard.jsonl             → "I\.7\.5; I\.2\.1"
    the fork: one category as a text                           → jsonl_fork.jsonl                 → "cate": "
    the fork: an address in place of abs                       → jsonl_fork.jsonl                 → "url": "http
    the fork: more fields of AI                                → jsonl_fork.jsonl                 → "title_translation".*"keywords"
    members that are null                                      → jsonl_odd_values.jsonl           → "authors": null, "categories": null
    members in another order                                   → jsonl_standard.jsonl             → (?m)^\{"title"
    escaped texts                                              → jsonl_states.jsonl               → \\u9519
    members that nobody knows                                  → jsonl_standard.jsonl             → "extra":[ ]
    an id for each crawled category                            → jsonl_duplicates.jsonl           → (?s)2602\.21301.*2602\.21301.*2602\.21301
    a broken last line                                         → jsonl_broken_last_line.jsonl     → "summary": "Thr\s*\Z
    one line, which is one document                            → jsonl_one_line_2026-02-11.json   → \A\{[^\n]*\}\Z
    # feeds of arXiv
    a blank before the line end of the announcement            → rss_standard.xml                 → Announce Type: cross \nAbstract:[ ]
    a blank in place of the line end                           → rss_standard.xml                 → replace-cross Abstract:[ ]
    no announcement                                            → rss_announcements.xml            → <description>(?!arXiv:)
    no guid                                                    → rss_keys.xml                     → <item>(?:(?!</item>|<guid>).)*</item>
    other prefixes                                             → rss_other_prefixes.xml           → xmlns:(?!arxiv|dc|atom)\w+=
    namespaces on the elements                                 → rss_local_namespaces.xml         → <\w+:\w+ xmlns:
    another prefix for all of Atom                             → atom_prefixed.xml                → <a:entry>
    a category that is a class                                 → rss_classes_and_doi.xml          → <category>[^a-z<]
    affiliations with commas                                   → rss_affiliations.xml             → \([^()]*,[^()]*\)
    accents of TeX                                             → rss_standard.xml                 → Jovan\\v\{c\}evi\\'c
    the DOI of a journal                                       → rss_classes_and_doi.xml          → DOI>10\.
    a weekend                                                  → rss_weekend.xml                  → (?s)\A(?!.*<item>).*Sat,[ ]
    an error in place of papers                                → rss_error.xml                    → Feed error for query:
    an error as Atom                                           → atom_error.xml                   → Feed error for query:
    a feed that was cut                                        → atom_cut.xml                     → (?s)\A(?!.*</feed>).*<entry>
    a feed that was cut in its first entry                     → rss_cut_in_first.xml             → (?s)\A(?!.*</item>).*<item>
    a DTD                                                      → rss_doctype.xml                  → <!DOCTYPE
    an entity that nobody declared                             → rss_entity.xml                   → &(?!lt|amp|gt|quot|apos|#)\w+;
    text that is not HTML                                      → rss_markup_in_text.xml           → &lt;
    an evening in New York                                     → atom_day_of_new_york.xml         → T03:59:59Z
    two feeds joined to one file                               → rss_glued.xml                    → (?s)</rss>.*<rss
    # answers of the API
    other names in one namespace                               → api_other_prefixes.xml           → :DOI[ ]
    wrapped titles                                             → api_of_old.xml                   → <title>On the Title of a Kite That Is So Long\n  That
    a summary that begins with blanks and ends with a line end → api_of_old.xml                   → <summary>  We (?s:.*)\n</summary>
    namespaces on each element                                 → api_of_old.xml                   → <ns0:primary_category xmlns:ns0=
    classes among the categories                               → api_standard.xml                 → term="68T05 \(Primary\), 68Q32"
    the main category is not the first                         → api_standard.xml                 → (?s)term="cs\.KT".*primary_category term="math\.AP"
    an error as an entry                                       → api_error_1.xml                  → https://arxiv.org/api/errors#
    an error as an entry, by http                              → api_error_2.xml                  → http://arxiv.org/api/errors#
    an error among papers                                      → api_error_among_papers.xml       → (?s)<entry>.*api/errors#.*<entry>
    a total that is the size of the search                     → api_standard.xml                 → totalResults>98765<
    # Hugging Face as JSON
    the day of the list is not that of the paper               → hfjson_standard.json             → (?s)"publishedAt".*"submittedOnDailyAt"
    what is outside differs                                    → hfjson_standard.json             → "title": "The outer title"
    a hidden author                                            → hfjson_standard.json             → "hidden": true
    few members                                                → hfjson_standard.json             → \{"paper": \{"id": "2602\.41002", "title"
    a summary of lines                                         → hfjson_standard.json             → "summary": "They hug the wind\.\\n
    upvotes that change                                        → hfjson_duplicates.json           → (?s)"upvotes": 3.*"upvotes": 9
    an empty list                                              → hfjson_empty_2026-02-14.json     → \A\[\]
    # cn-chat-arxiv
    an empty block keeps its place                             → bilingual_md_standard.md         → 。\n\n    \n\n   [ ]
    a table without notes                                      → bilingual_md_cut.md              → (?s)\A(?!.*\[\^3\]:).*\| \[\^3\] \|
    notes without a table                                      → bilingual_md_notes_only.md       → \[\^\d\]:
    an empty day                                               → bilingual_md_empty.md            → \| --- \| --- \| --- \|\s*# 详细\s*\Z
    an empty day as a feed                                     → bilingual_rss_empty.xml          → (?s)\A(?!.*<item>).*Chat Arxiv
    no XML declaration                                         → bilingual_rss_standard.xml       → \A<rss
    signs as references                                        → bilingual_rss_standard.xml       → &#\d+;
    paragraphs that are no HTML                                → bilingual_rss_standard.xml       → x &lt; y
    an announcement behind the title                           → bilingual_json_old.json          → Kite\. \(arXiv:2304\.05001v1 \[cs\.KT\]\)
    an update behind the title                                 → bilingual_md_standard.md         → \?\. \(arXiv:2211\.05002v4 \[eess\.IV\] UPDATED\)
    an announcement before the abstract                        → bilingual_json_new.json          → Announce Type: replace-cross  Abstract:[ ]
    an abstract that was cut                                   → bilingual_json_old.json          → the strings ho"
    an old link                                                → bilingual_json_old.json          → "link": "http://
    a name that is spelt so                                    → bilingual_json_old.json          → "en_tdlr"
    # bioRxiv
    versions of one preprint                                   → biorxiv_standard.json            → (?s)"version": "1".*"version": "10".*"version": "9"
    a newer prefix of DOIs                                     → biorxiv_standard.json            → "10.64898/
    names with commas inside                                   → biorxiv_standard.json            → "Reed, U\.; Stone, V\. K\.; van der Berg
    a category of another world                                → biorxiv_standard.json            → "category": "infectious diseases"
    published nowhere yet                                      → biorxiv_standard.json            → "published": "NA"
    a total that is a text                                     → biorxiv_standard.json            → "total": "1234"
    an answer without preprints                                → biorxiv_empty.json               → no posts found
""")


@pytest.mark.parametrize(("trap", "name", "pattern"), TRAPS, ids=[trap for trap, *_ in TRAPS])
def test_a_trap_lies_in_a_golden_page(trap: str, name: str, pattern: str) -> None:
    page = PAGES / name
    assert re.search(pattern, page.read_bytes().decode(errors="replace")), trap
    assert page.with_suffix(".expected.json").exists()


SHARED = os.environ.get("PAPERWIRE_SHARED", "")
real = pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with corpus/ and seeds/")

COVERED = [module.name for module in digests.FORMATS]


def _manifest() -> list[dict[str, str]]:
    if not SHARED:
        return []
    with (Path(SHARED) / "corpus" / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _real(name: str) -> Digest:
    return digests.read_digest((Path(SHARED) / name).read_bytes(), name)


def _report(name: str) -> Report:
    return digest_report(name, _real(name), papers=True)


@real
@pytest.mark.parametrize(
    "row", [row for row in _manifest() if row["format"] in COVERED], ids=lambda row: str(row["file"])
)
def test_a_real_digest_gives_the_papers_of_the_manifest(row: dict[str, str]) -> None:
    report = _report("corpus/" + row["file"])
    assert (report["format"], report["papers"]) == (row["format"], int(row["papers"]))
    # the file of one feed ends inside its 87th entry
    if row["unique_ids"] and int(row["unique_ids"]) <= int(row["papers"]):
        assert len([item for item in report["items"] if item["arxiv_id"]]) == int(row["unique_ids"])
    if row["declared_total"]:
        assert sum((report["declared"] or {}).values()) == int(row["declared_total"])


@real
@pytest.mark.parametrize(
    "row", [row for row in _manifest() if row["format"] not in COVERED], ids=lambda row: str(row["file"])
)
def test_what_is_of_no_format_is_not_mistaken_for_one(row: dict[str, str]) -> None:
    with pytest.raises(UnknownFormat, match="no paper entries found"):
        _real("corpus/" + row["file"])


# file → papers → different ones → warnings → summaries that are usable, failed, missing → languages
FACTS = tables.rows("""
    seeds/daily_arxiv.md                                       → 81  → 81  →                       → 81 0 0  → zh 81
    seeds/bilingual_three_line.txt                             → 10  → 10  →                       → 0 0 10  →
    seeds/hf_papers_page.txt                                   → 60  → 60  →                       → 0 0 60  →
    corpus/daily_md/wl_2026-06-10.md                           → 415 → 415 → failed_summaries 1    → 414 1 0 → en 414
    corpus/daily_md/ka_2025-11-20_japanese.md                  → 5   → 5   →                       → 5 0 0   → ja 5
    corpus/daily_md/nv_2026-02-07_vietnamese_excerpt.md        → 1   → 1   → declared_mismatch 2   → 1 0 0   → en 1
    corpus/daily_md/xm_2025-03-18.md                           → 465 → 328 → duplicate_papers 137  → 0 0 328 →
    corpus/daily_md/xm_2025-04-14.md                           → 151 → 147 → duplicate_papers 4    → 147 0 0 → any
    corpus/daily_md/xm_2025-06-10_e930b06.md                   → 3   → 3   → failed_summaries 3    → 0 3 0   →
    corpus/daily_md/xm_2025-06-18.md                           → 0   → 0   → empty_digest 1        → 0 0 0   →
    corpus/daily_md/xm_2025-06-26.md                           → 381 → 381 → control_characters 34 → 381 0 0 → zh 381
    corpus/bilingual/cn_2023-04_cs.IR.md                       → 14  → 14  →                       → 14 0 0  → zh 14
    corpus/bilingual/cn_2023-04_cs.IR.xml                      → 14  → 14  →                       → 14 0 0  → zh 14
    corpus/bilingual/cn_2024-06_cs.IR.md                       → 10  → 10  →                       → 10 0 0  → zh 10
    corpus/bilingual/cn_2024-06_cs.IR.xml                      → 10  → 10  →                       → 10 0 0  → zh 10
    corpus/bilingual/cn_empty_cs.IR.md                         → 0   → 0   → empty_digest 1        → 0 0 0   →
    corpus/bilingual/cn_empty_cs.IR.xml                        → 0   → 0   → empty_digest 1        → 0 0 0   →
    corpus/bilingual/cn_paper_2305.17574.json                  → 1   → 1   →                       → 1 0 0   → zh 1
    corpus/bilingual/cn_paper_2308.12443.json                  → 1   → 1   →                       → 1 0 0   → zh 1
    corpus/bilingual/cn_paper_2608.20337.json                  → 1   → 1   →                       → 1 0 0   → zh 1
    corpus/daily_jsonl/dw_2025-03-21_AI_enhanced_Chinese.jsonl → 45  → 45  →                       → 45 0 0  → zh 45
    corpus/daily_jsonl/dw_2025-10-14.jsonl                     → 1   → 1   →                       → 0 0 1   →
    corpus/daily_jsonl/dw_2025-11-18_AI_enhanced_Chinese.jsonl → 1   → 1   →                       → 1 0 0   → zh 1
    corpus/hf_json/bv_hf_daily_papers.json                     → 5   → 5   →                       → 0 0 5   →
    corpus/hf_json/sc_hf_papers.json                           → 30  → 30  →                       → 0 0 30  →
    corpus/biorxiv_json/ys_biorxiv.json                        → 4   → 3   → duplicate_papers 1    → 0 0 3   →
    corpus/arxiv_feed/sc_api_query_atom.xml                    → 25  → 25  →                       → 0 0 25  →
    corpus/arxiv_feed/td_e856935_atom.xml                      → 86  → 86  → xml_truncated 1       → 0 0 86  →
    corpus/arxiv_feed/bv_weekend_empty_rss.xml                 → 0   → 0   → empty_digest 1        → 0 0 0   →
""")


def in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


@real
@pytest.mark.parametrize("facts", FACTS, ids=[file for file, *_ in FACTS])
def test_a_real_digest_has_the_facts_that_formats_md_tells(facts: tuple[str, ...]) -> None:
    report = _report(facts[0])
    warnings = {warning["code"]: warning["count"] for warning in report["warnings"]}
    warnings.pop("date_from_name", None)
    summaries = " ".join(str(report["summaries"][state]) for state in ("usable", "failed", "missing"))
    languages = "any" if facts[-1] == "any" else in_words(report["languages"])
    numbers = (str(report["papers"]), str(report["unique"]))
    assert (*numbers, in_words(warnings), summaries, languages) == facts[1:]


@real
@pytest.mark.parametrize(
    ("name", "key", "field", "value"),
    tables.rows("""
        corpus/daily_md/dw_2026-05-06.md         → 2605.03031                → title         → Cyclic codes over the ring Z2[u,v](u2(1+u),v2(1+v2))
        corpus/arxiv_feed/spec_item_rss.xml      → 2203.01250                → categories    → math.AP; math.OC
        corpus/arxiv_feed/spec_item_rss.xml      → 2203.01250                → version       → 3
        corpus/arxiv_feed/spec_item_rss.xml      → 2203.01250                → doi           → 10.5802/jep.257
        corpus/arxiv_feed/spec_item_rss.xml      → 2203.01250                → announce_type → replace-cross
        corpus/daily_md/xm_2025-06-10_e930b06.md → 2506.06333                → categories    → cs.LG
        corpus/daily_md/xm_2025-06-10_e930b06.md → 2506.06333                → authors       → Benjamin von Berg; Bernhard K. Aichernig
        corpus/daily_md/xm_2025-06-26.md         → 2506.19870                → categories    → cs.CR; cs.AI; cs.LG
        corpus/daily_jsonl/dw_2025-10-14.jsonl   →                           → categories    → cs.AI
        corpus/arxiv_feed/sc_api_query_atom.xml  → 2607.28628                → primary       → hep-th
        corpus/arxiv_feed/sc_api_query_atom.xml  → 2607.28628                → categories    → hep-th; cs.AI; cs.LG; hep-ph
        corpus/arxiv_feed/sc_api_query_atom.xml  → 2607.28628                → version       → 1
        corpus/biorxiv_json/ys_biorxiv.json      → 10.1101/2025.01.10.632001 → version       → 2
        corpus/biorxiv_json/ys_biorxiv.json      → 10.1101/2025.01.10.632001 → authors       → Chen, L.; Garcia, M.; Okafor, N.
        corpus/biorxiv_json/ys_biorxiv.json      → 10.1101/2025.01.10.632001 → categories    →
    """),
)
def test_a_real_paper_has_what_stands_there(name: str, key: str, field: str, value: str) -> None:
    (item,) = [item for item in _report(name)["items"] if item["key"] == key or not key]
    found = item[field]
    assert ("; ".join(found) if isinstance(found, list) else str(found)) == value


@real
def test_three_line_lists_lose_only_their_announcements() -> None:
    for name in ("corpus/bilingual3/derived_three_line_0.txt", "corpus/bilingual3/derived_three_line_1.txt"):
        for paper in _real(name).entries:
            assert paper.announce_type, paper.key
            assert paper.version, paper.key
            assert not paper.abstract.startswith("arXiv:")
            (translation,) = paper.translations
            assert translation.language == "zh"
            assert "公告类型" not in translation.abstract[:40]
            assert not translation.abstract.startswith("摘要")


@real
@pytest.mark.parametrize("day", ["2023-04", "2024-06", "empty"])
def test_both_writings_of_a_bilingual_day_give_the_same_papers(day: str) -> None:
    markdown, feed = _real(f"corpus/bilingual/cn_{day}_cs.IR.md"), _real(f"corpus/bilingual/cn_{day}_cs.IR.xml")
    assert (markdown.format, feed.format) == ("bilingual_md", "bilingual_rss")
    assert (markdown.entries, markdown.warnings, markdown.day) == (feed.entries, feed.warnings, feed.day)


@real
def test_bilingual_papers_lose_announcements_and_keep_facts() -> None:
    old, new = _real("corpus/bilingual/cn_2023-04_cs.IR.xml"), _real("corpus/bilingual/cn_2024-06_cs.IR.xml")
    assert Counter(paper.announce_type for paper in old.entries) == {None: 10, "replace": 4}
    assert Counter(paper.announce_type for paper in new.entries) == {
        None: 4,
        "new": 2,
        "cross": 1,
        "replace": 2,
        "replace-cross": 1,
    }
    assert [paper.version for paper in old.entries] == [1] * 10 + [4, 4, 4, 3]
    assert all(paper.primary for paper in old.entries)
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
            _real(f"corpus/bilingual/cn_paper_{name}.json").entries[0]
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


@real
@pytest.mark.parametrize(
    ("name", "day", "types"),
    tables.rows("""
        daily_jsonl/dw_2025-10-14.jsonl       → 2025-10-14 →  # by the name of the file
        hf_json/bv_hf_daily_papers.json       → 2026-07-31 →
        hf_json/sc_hf_papers.json             → 2026-07-31 →
        biorxiv_json/ys_biorxiv.json          → 2025-01-20 →
        arxiv_feed/sc_api_query_atom.xml      → 2026-08-02 →
        arxiv_feed/td_e856935_atom.xml        → 2025-08-20 → new 41, cross 45
        arxiv_feed/derived_rss_2025-12-13.xml → 2025-12-12 → new 10, cross 2, replace-cross 1
    """),
)
def test_answers_and_json_tell_day_and_announcement(name: str, day: str, types: str) -> None:
    report = _report("corpus/" + name)
    assert (report["date"], in_words(report["announce_types"])) == (day, types)


def sample(name: str) -> Digest:
    return digests.read_digest(files("bot").joinpath("samples", name).read_bytes(), name)


@pytest.mark.parametrize(
    ("name", "format_name", "papers"),
    [
        ("daily_arxiv.md", "daily_arxiv_md", 36),
        ("bilingual.txt", "bilingual3", 38),
        ("hf_papers.json", "hf_json", 10),
        ("arxiv_rss.xml", "arxiv_rss", 28),
    ],
)
def test_a_sample_is_of_its_format_and_whole(name: str, format_name: str, papers: int) -> None:
    digest = sample(name)
    assert (digest.format, digest.day) == (format_name, None)
    assert len({paper.key for paper in digest.entries}) == len(digest.entries) == papers
    assert [warning.code for warning in digest.warnings] == (["failed_summaries"] if name == "daily_arxiv.md" else [])
    assert all(paper.abstract for paper in digest.entries)


def test_the_samples_have_what_the_demo_shows() -> None:
    daily, feed, bilingual = map(sample, ("daily_arxiv.md", "arxiv_rss.xml", "bilingual.txt"))
    assert daily.declared == {"cs.LG": 11, "cs.CL": 11, "cs.CV": 8, "cs.RO": 3, "cs.IR": 1, "eess.SP": 1, "stat.ML": 1}
    assert [paper.arxiv_id for paper in daily.entries if paper.failed] == ["2601.10804"]
    assert {summary.language for paper in daily.entries for summary in paper.summaries} == {"zh"}
    assert {paper.key for paper in daily.entries} & {paper.key for paper in feed.entries} == {"2601.15625"}
    assert Counter(paper.announce_type for paper in feed.entries) == {"new": 20, "cross": 7, "replace": 1}
    others = [*daily.entries, *feed.entries, *sample("hf_papers.json").entries]
    assert {paper.key for paper in bilingual.entries} == {paper.key for paper in others} - {
        paper.key for paper in others if paper.summaries
    }


def test_they_are_small() -> None:
    assert sum(len(files("bot").joinpath("samples", name).read_bytes()) for name in SAMPLES) < 150_000
