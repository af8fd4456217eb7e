"""The report of `inspect`, for programs and for people."""

import json
from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from bot.digests.report import DigestTables, Report, digest_report
from bot.errors import UnknownFormat
from subscriptions.model import Announce, Digest, DigestWarning, Paper, Summary, Translation

KEYS = [
    "path", "format", "date", "papers", "unique", "categories", "declared", "announce_types", "summaries", "languages",
    "warnings", "error", "items",
]  # fmt: skip
ITEM_KEYS = [
    "key", "arxiv_id", "doi", "version", "title", "authors", "categories", "primary", "url", "abstract", "announce_type",
    "summaries", "translations", "failed",
]  # fmt: skip

KITE = Paper(
    key="2601.00001",
    title="A [bold] Kite",
    abstract="It flies.",
    authors=("Ada Quill",),
    categories=("cs.KT", "cs.AI"),
    primary="cs.KT",
    arxiv_id="2601.00001",
    doi="10.1/kite",
    version=2,
    url="https://arxiv.org/abs/2601.00001",
    announce_type=Announce.CROSS,
    summaries=(
        Summary(language="zh", fields={"tldr": "风筝。", "method": "放。"}),
        Summary(language="vi", fields={"tldr": "Diều."}),
    ),
    translations=(Translation(language="zh", title="一只风筝"),),
)
FAILED = Paper(key="2601.00002", title="Failed", failed=True, primary="cs.AI", categories=("cs.AI",))
BARE = Paper(key="abstract:0123456789abcdef", abstract="Nothing but an abstract.")
DIGEST = Digest(
    format="daily_arxiv_md",
    entries=(KITE, FAILED, KITE, BARE),
    day=date(2026, 1, 22),
    declared={"cs.KT": 3},
    warnings=(
        DigestWarning(code="declared_mismatch", message="papers announced: 3, read: 4", count=1, line=5, examples=("cs.KT: 3 announced, 1 read",)),
        DigestWarning(code="date_from_name", message="the date is taken from the file name"),
    ),
)  # fmt: skip
ERROR = UnknownFormat("notes.md: no paper entries found.")


def test_a_report_has_the_shape_of_the_contract_and_is_json() -> None:
    report = digest_report("inbox/a.md", DIGEST, papers=True)
    assert list(report) == KEYS
    assert [list(item) for item in report["items"]] == [ITEM_KEYS] * 3
    assert json.loads(json.dumps(report)) == report


def test_counts_are_of_unique_papers() -> None:
    report = digest_report("inbox/a.md", DIGEST, papers=False)
    assert (report["papers"], report["unique"], report["items"]) == (4, 3, [])
    assert report["categories"] == {"cs.KT": 1, "cs.AI": 1}
    assert report["declared"] == {"cs.KT": 3}
    assert report["announce_types"] == {"cross": 1}
    assert report["summaries"] == {"usable": 1, "failed": 1, "missing": 1}
    assert report["languages"] == {"zh": 1}
    assert (report["format"], report["date"], report["error"]) == ("daily_arxiv_md", "2026-01-22", None)


def test_an_item_is_the_paper_in_plain_values() -> None:
    item = digest_report("a", DIGEST, papers=True)["items"][0]
    assert item["key"] == "2601.00001"
    assert item["authors"] == ["Ada Quill"]
    assert item["announce_type"] == "cross"
    assert item["summaries"] == {"zh": {"tldr": "风筝。", "method": "放。"}, "vi": {"tldr": "Diều."}}
    assert item["translations"] == {"zh": {"title": "一只风筝", "abstract": ""}}


def test_warnings_come_with_line_and_examples() -> None:
    first = digest_report("a", DIGEST, papers=False)["warnings"][0]
    assert first == {
        "code": "declared_mismatch",
        "count": 1,
        "line": 5,
        "message": "papers announced: 3, read: 4",
        "examples": ["cs.KT: 3 announced, 1 read"],
    }


def test_what_could_not_be_read_has_the_same_shape() -> None:
    report = digest_report("notes.md", ERROR, papers=True)
    assert list(report) == KEYS
    assert (report["format"], report["date"], report["papers"], report["items"]) == (None, None, 0, [])
    assert report["error"] == "notes.md: no paper entries found."


def _printed(reports: list[Report], width: int = 120) -> str:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(DigestTables(reports))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_people_see_a_table_then_warnings_then_what_failed() -> None:
    text = _printed([digest_report("inbox/a.md", DIGEST, papers=False), digest_report("notes.md", ERROR, papers=False)])
    rows = text.splitlines()
    assert rows[0].split() == ["File", "Format", "Date", "Papers", "Summaries", "Categories"]
    assert " ".join(rows[1].split()) == "inbox/a.md daily_arxiv_md 2026-01-22* 3 (+1) zh 1, 1 failed cs.KT 1, cs.AI 1"
    assert rows[2] == "* from the file name"
    assert rows[3] == "! inbox/a.md, line 5: papers announced: 3, read: 4 (cs.KT: 3 announced, 1 read)"
    assert rows[4] == "✗ notes.md: no paper entries found."


def test_a_narrow_console_shows_fewer_columns() -> None:
    reports = [digest_report("inbox/a.md", DIGEST, papers=False)]
    assert _printed(reports, 90).split("\n")[0].split() == ["File", "Format", "Date", "Papers", "Summaries"]
    assert _printed(reports, 60).split("\n")[0].split() == ["File", "Format", "Date", "Papers"]


def test_titles_are_shown_unknown_ones_by_their_abstract() -> None:
    text = _printed([digest_report("inbox/a.md", DIGEST, papers=True)])
    assert "A [bold] Kite" in text
    assert "title unknown: Nothing but an abstract." in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    reports = [digest_report("a/very/long/path/" * 4 + "x.md", DIGEST, papers=True)]
    assert max(len(row) for row in _printed(reports, width).splitlines()) <= width
