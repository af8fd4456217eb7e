"""The report of the papers in a digest, and the overview of many digests."""

import json
from datetime import date
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from bot import errors as problems
from bot.cli import digest_reports as reporting
from bot.digests import read_digest
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Announce, Digest, DigestWarning, Paper, Summary, Translation

KEYS = [
    "path", "format", "date", "papers", "unique", "categories", "declared", "announce_types", "summaries", "languages",
    "warnings", "error", "items",
]  # fmt: skip
ITEM_KEYS = [
    "key", "arxiv_id", "doi", "version", "title", "authors", "categories", "primary", "url", "abstract", "venue", "date", "announce_type",
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
DIGEST = Digest(
    format="daily_arxiv_md",
    entries=(KITE, Paper(key="2601.00002", title="Failed", failed=True, primary="cs.AI", categories=("cs.AI",)), KITE, Paper(key="abstract:0123456789abcdef", abstract="Nothing but an abstract.")),
    day=date(2026, 1, 22),
    declared={"cs.KT": 3},
    warnings=(
        DigestWarning(code="declared_mismatch", message="papers announced: 3, read: 4", count=1, line=5, examples=("cs.KT: 3 announced, 1 read",)),
        DigestWarning(code="date_from_name", message="the date is taken from the file name"),
    ),
)  # fmt: skip


def test_a_report_has_the_shape_of_the_contract_and_is_json() -> None:
    report = reporting.digest_report("inbox/a.md", DIGEST, papers=True)
    assert list(report) == KEYS
    assert [list(item) for item in report["items"]] == [ITEM_KEYS] * 3
    assert json.loads(json.dumps(report)) == report


def test_counts_are_of_unique_papers() -> None:
    report = reporting.digest_report("inbox/a.md", DIGEST, papers=False)
    expected = {
        "path": "inbox/a.md",
        "papers": 4,
        "unique": 3,
        "items": [],
        "categories": {"cs.KT": 1, "cs.AI": 1},
        "declared": {"cs.KT": 3},
        "announce_types": {"cross": 1},
        "summaries": {"usable": 1, "failed": 1, "missing": 1},
        "languages": {"zh": 1},
        "format": "daily_arxiv_md",
        "date": "2026-01-22",
        "error": None,
    }
    assert {name: value for name, value in report.items() if name in expected} == expected


def test_what_could_not_be_read_has_the_same_shape() -> None:
    report = reporting.digest_report(
        "notes.md", problems.UnknownFormat("notes.md: no paper entries found."), papers=True
    )
    assert list(report) == KEYS
    assert report["error"] == "notes.md: no paper entries found."


def _rows_of(renderable: RenderableType, width: int) -> list[str]:
    stream = StringIO()
    Console(file=stream, width=width, color_system=None, highlight=False, emoji=False).print(renderable)
    return [row.rstrip() for row in stream.getvalue().splitlines()]


def test_people_see_a_table_then_warnings() -> None:
    rows = _rows_of(reporting.DigestTables([reporting.digest_report("inbox/a.md", DIGEST, papers=False)]), 120)
    assert rows[0].split() == ["File", "Format", "Date", "Papers", "Summaries", "Categories"]
    assert " ".join(rows[1].split()) == "inbox/a.md daily_arxiv_md 2026-01-22* 3 (+1) zh 1, 1 failed cs.KT 1, cs.AI 1"
    assert rows[2] == "* from the file name"
    assert rows[3] == "! inbox/a.md, line 5: papers announced: 3, read: 4 (cs.KT: 3 announced, 1 read)"


def test_a_narrow_console_shows_fewer_columns() -> None:
    reports = [reporting.digest_report("inbox/a.md", DIGEST, papers=False)]
    assert _rows_of(reporting.DigestTables(reports), 90)[0].split() == ["File", "Format", "Date", "Papers", "Summaries"]
    assert _rows_of(reporting.DigestTables(reports), 60)[0].split() == ["File", "Format", "Date", "Papers"]


def test_titles_are_shown_unknown_ones_by_their_abstract() -> None:
    text = "\n".join(
        _rows_of(reporting.DigestTables([reporting.digest_report("inbox/a.md", DIGEST, papers=True)]), 120)
    )
    assert "A [bold] Kite" in text
    assert "title unknown: Nothing but an abstract." in text


def _report(
    path: str, form: str, papers: int, *, copies: int = 0, day: str = "", warnings: int = 0
) -> reporting.Report:
    entries = [
        Paper(
            key=f"{path}-{n}",
            categories=("cs.KT",),
            primary="cs.KT",
            summaries=(Summary(language="zh", fields={"tldr": "风筝。"}),),
        )
        for n in range(papers)
    ]
    found = (DigestWarning(code="bad_json_line", message="…", count=warnings, line=7),) if warnings else ()
    digest = Digest(
        format=form,
        entries=(*entries, *entries[:copies]),
        content_hash="",
        day=date.fromisoformat(day) if day else None,
        warnings=(*found, DigestWarning(code="date_from_name", message="the date is taken from the file name")),
    )
    return reporting.digest_report(path, digest, papers=False)


REPORTS = [
    _report("inbox/a.jsonl", "daily_arxiv_jsonl", 3, copies=1, day="2026-02-11", warnings=2),
    _report("inbox/b.md", "daily_arxiv_md", 40, day="2026-01-22"),
    _report("inbox/c.jsonl", "daily_arxiv_jsonl", 5, day="2026-01-30", warnings=9),
    _report("inbox/d.jsonl", "daily_arxiv_jsonl", 0),
]


def _refused(path: str, data: bytes) -> tuple[str, PaperwireError]:
    with pytest.raises(PaperwireError) as caught:
        read_digest(data, path)
    return path, caught.value


REFUSED = [
    _refused("inbox/README.md", b"# About\n"),
    _refused("inbox/half.json", b'[{"paper": {"id": "2602.00001"}}, {"pa'),
    _refused("inbox/deeper/NOTES.md", b"# Notes\n\nNone.\n"),
    ("inbox/secret", problems.UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": "inbox/secret", "reason": "Permission denied"}))),
    _refused("inbox/other.json", b'[{"paper": {"id": "2602.00001"}},\n{"paper": {"id": "2602.00001"}}, 7'),
    _refused("inbox/cut.md", b"\xff\xfeA"),
    _refused("inbox/third.md", b"# Third\n"),
    ("inbox/shut", problems.UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": "inbox/shut", "reason": "Is a directory"}))),
]  # fmt: skip


def _overview(reports: list[reporting.Report]) -> list[list[str]]:
    return [row.split() for row in _rows_of(reporting.Overview(reports), 80)]


def test_there_is_a_row_for_each_format_and_warning_that_worries() -> None:
    assert _overview(REPORTS) == [
        ["Format", "Files", "Papers", "First", "day", "Last", "day"],
        ["daily_arxiv_md", "1", "40", "2026-01-22", "2026-01-22"],
        ["daily_arxiv_jsonl", "3", "8", "(+1)", "2026-01-30", "2026-02-11"],
        ["in", "all", "4", "48", "(+1)", "2026-01-22", "2026-02-11"],
        [],
        ["Warning", "Files", "Cases", "First"],
        ["bad_json_line", "2", "11", "inbox/a.jsonl,", "line", "7"],
        ["Each", "file", "by", "itself:", "add", "--json"],
    ]
    assert not [row for row in _overview(REPORTS[1:2]) if row[:1] in (["Warning"], ["in"])]


def test_reasons_are_grouped_and_the_first_files_named() -> None:
    rows = _rows_of(reporting.RefusedFiles(REFUSED, 12), 100)
    assert rows[0] == "✗ Not read as digests: 8 of 12 files"
    assert [" ".join(row.split()) for row in rows[1:]] == [
        "Files Why First",
        '3 looks like a README: "# About" inbox/README.md',
        "inbox/deeper/NOTES.md",
        "2 The JSON cannot be read beyond line 1 (Unterminated string starting inbox/half.json",
        "at) inbox/other.json",
        "1 cannot be read (Permission denied) inbox/secret",
        "1 looks like UTF-16 text inbox/cut.md",
        "1 cannot be read (Is a directory) inbox/shut",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_no_line_is_too_wide_and_no_file_loses_its_name(width: int) -> None:
    deep = "a/very/long/way/" * 5
    reports = [_report(f"{deep}x.md", "daily_arxiv_jsonl", 3, warnings=123_456)]
    refused = [(f"{deep}y.md", error) for _, error in REFUSED]
    shown = [*_rows_of(reporting.Overview(reports), width), *_rows_of(reporting.RefusedFiles(refused, 9), width)]
    assert max(map(len, shown)) <= width
    if width < 80:
        return
    assert any("x.md, line 7" in row for row in shown)
    assert sum("y.md" in row for row in shown) == 7  # of the three that are equal, two are shown


def test_a_name_cannot_steer_the_terminal() -> None:
    rows = _rows_of(
        reporting.RefusedFiles([(f"a\x1b[2Jb\x07{n}", error) for n, (_, error) in enumerate(REFUSED)], 8), 100
    )
    assert not [sign for row in rows for sign in row if ord(sign) < 32]
