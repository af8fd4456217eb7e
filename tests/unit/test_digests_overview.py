"""The summary of `inspect` for more digests than fit a screen: by format, by warning, by reason."""

from datetime import date
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from bot.digests import read_digest
from bot.digests.report import Overview, Refusals, Report, digest_report
from bot.errors import UnreadableInput
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Digest, DigestWarning, Paper, Summary

NO_DATE = DigestWarning(code="date_from_name", message="the date is taken from the file name")


def _report(path: str, form: str, papers: int, *, copies: int = 0, day: str = "", warnings: int = 0) -> Report:
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
        warnings=(*found, NO_DATE),
    )
    return digest_report(path, digest, papers=False)


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
    ("inbox/secret", UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": "inbox/secret", "reason": "Permission denied"}))),
    _refused("inbox/other.json", b'[{"paper": {"id": "2602.00001"}},\n{"paper": {"id": "2602.00001"}}, 7'),
    _refused("inbox/cut.md", b"\xff\xfeA"),
    _refused("inbox/third.md", b"# Third\n"),
    ("inbox/shut", UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": "inbox/shut", "reason": "Is a directory"}))),
]  # fmt: skip


def _printed(renderable: RenderableType, width: int) -> list[str]:
    stream = StringIO()
    Console(file=stream, width=width, color_system=None, highlight=False, emoji=False).print(renderable)
    return [row.rstrip() for row in stream.getvalue().splitlines()]


def _words(rows: list[str]) -> list[list[str]]:
    return [row.split() for row in rows]


def test_there_is_a_row_for_each_format_and_one_for_all() -> None:
    rows = _words(_printed(Overview(REPORTS), 80))
    assert rows[:4] == [
        ["Format", "Files", "Papers", "First", "day", "Last", "day"],
        ["daily_arxiv_md", "1", "40", "2026-01-22", "2026-01-22"],
        ["daily_arxiv_jsonl", "3", "8", "(+1)", "2026-01-30", "2026-02-11"],
        ["in", "all", "4", "48", "(+1)", "2026-01-22", "2026-02-11"],
    ]


def test_there_is_a_row_for_each_warning_that_worries() -> None:
    rows = _words(_printed(Overview(REPORTS), 80))
    assert rows[4:] == [
        [],
        ["Warning", "Files", "Cases", "First"],
        ["bad_json_line", "2", "11", "inbox/a.jsonl,", "line", "7"],
        ["Each", "file", "by", "itself:", "add", "--json"],
    ]
    assert not [row for row in _words(_printed(Overview(REPORTS[1:2]), 80)) if row[:1] in (["Warning"], ["in"])]


def test_a_wide_console_shows_summaries_and_categories_too() -> None:
    wide, wider = _printed(Overview(REPORTS), 120), _printed(Overview(REPORTS), 160)
    assert wide[0].endswith("Summaries")
    assert wide[1].endswith("zh 40")
    assert wider[0].endswith("Categories")
    assert wider[1].endswith("cs.KT 40")
    assert wider[2].endswith("cs.KT 8")


def test_reasons_are_grouped_and_the_first_files_named() -> None:
    rows = _printed(Refusals(REFUSED, 12), 100)
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
    shown = [*_printed(Overview(reports), width), *_printed(Refusals(refused, 9), width)]
    assert max(map(len, shown)) <= width
    if width < 80:
        return
    assert any("x.md, line 7" in row for row in shown)
    assert sum("y.md" in row for row in shown) == 7  # two of the three that are alike


def test_what_is_written_to_a_file_is_not_cut() -> None:
    deep = "a/very/long/way/" * 5
    assert any(
        f"{deep}x.md, line 7" in row for row in _printed(Overview([_report(f"{deep}x.md", "f", 1, warnings=1)]), 4000)
    )


def test_a_name_cannot_steer_the_terminal() -> None:
    rows = _printed(Refusals([(f"a\x1b[2Jb\x07{n}", error) for n, (_, error) in enumerate(REFUSED)], 8), 100)
    assert not [sign for row in rows for sign in row if ord(sign) < 32]
