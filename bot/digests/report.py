"""The output of `inspect` about digests: one dict per document for `--json`, a table for people."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bot.digests._format import INFO
from subscriptions.cutting import clip_start
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest, DigestWarning, Paper
from subscriptions.text import escaped

_PATH = 36  # characters of a path in the table; below it paths are whole
_ROOM_FOR_SUMMARIES = 80  # columns of the console
_ROOM_FOR_CATEGORIES = 120
_MOST_COUNTS = 3  # in one cell


class WarningReport(TypedDict):
    """A warning, as in `inspect --json`."""

    code: str
    count: int
    line: int | None
    message: str
    examples: list[str]


class PaperReport(TypedDict):
    """A paper, as in `inspect --json --papers`."""

    key: str
    arxiv_id: str | None
    doi: str | None
    version: int | None
    title: str
    authors: list[str]
    categories: list[str]
    primary: str | None
    url: str | None
    abstract: str
    announce_type: str | None
    summaries: dict[str, dict[str, str]]
    translations: dict[str, dict[str, str]]
    failed: bool


class Summaries(TypedDict):
    """Numbers of papers with a usable summary, with a failed one, with none."""

    usable: int
    failed: int
    missing: int


class Report(TypedDict):
    """One element of "digests" in `inspect --json` (docs/commands.md)."""

    path: str
    format: str | None
    date: str | None
    papers: int
    unique: int
    categories: dict[str, int]
    declared: dict[str, int] | None
    announce_types: dict[str, int]
    summaries: Summaries
    languages: dict[str, int]
    warnings: list[WarningReport]
    error: str | None
    items: list[PaperReport]


def digest_report(path: str, read: Digest | PaperwireError, *, papers: bool) -> Report:
    """Returns the report of what was read at `path`, or of the error. Counts are of unique papers; `papers` adds `items`."""
    if isinstance(read, PaperwireError):
        return _report_of_error(path, read)
    first: dict[str, Paper] = {}
    for paper in read.entries:
        first.setdefault(paper.key, paper)
    kept = first.values()
    usable = [paper for paper in kept if _summary_state(paper) == "usable"]
    states = Counter(_summary_state(paper) for paper in kept)
    return Report(
        path=path,
        format=read.format,
        date=read.day.isoformat() if read.day else None,
        papers=len(read.entries),
        unique=len(kept),
        categories=dict(Counter(paper.primary for paper in kept if paper.primary)),
        declared=dict(read.declared) if read.declared is not None else None,
        announce_types=dict(Counter(paper.announce_type.value for paper in kept if paper.announce_type)),
        summaries=Summaries(usable=states["usable"], failed=states["failed"], missing=states["missing"]),
        languages=dict(Counter(paper.summaries[0].language for paper in usable)),
        warnings=[_warning(warning) for warning in read.warnings],
        error=None,
        items=[_item(paper) for paper in kept] if papers else [],
    )


def _report_of_error(path: str, error: PaperwireError) -> Report:
    return Report(
        path=path,
        format=None,
        date=None,
        papers=0,
        unique=0,
        categories={},
        declared=None,
        announce_types={},
        summaries=Summaries(usable=0, failed=0, missing=0),
        languages={},
        warnings=[],
        error=str(error),
        items=[],
    )


def _summary_state(paper: Paper) -> str:
    """Returns "failed", "usable" or "missing". A summary is usable if its first field (tldr or task) is there."""
    if paper.failed:
        return "failed"
    leading = any("tldr" in summary.fields or "task" in summary.fields for summary in paper.summaries)
    return "usable" if leading else "missing"


def _warning(warning: DigestWarning) -> WarningReport:
    return WarningReport(
        code=warning.code,
        count=warning.count,
        line=warning.line,
        message=warning.message,
        examples=list(warning.examples),
    )


def _item(paper: Paper) -> PaperReport:
    return PaperReport(
        key=paper.key,
        arxiv_id=paper.arxiv_id,
        doi=paper.doi,
        version=paper.version,
        title=paper.title,
        authors=list(paper.authors),
        categories=list(paper.categories),
        primary=paper.primary,
        url=paper.url,
        abstract=paper.abstract,
        announce_type=paper.announce_type.value if paper.announce_type else None,
        summaries={summary.language: dict(summary.fields) for summary in paper.summaries},
        translations={
            translation.language: {"title": translation.title, "abstract": translation.abstract}
            for translation in paper.translations
        },
        failed=paper.failed,
    )


@dataclass(frozen=True, slots=True)
class DigestTables:
    """The reports for people: a table of what was read, then the warnings with their lines, then the errors.

    A rich renderable; a narrow console gets fewer columns. `translate` is a gettext function.
    """

    reports: Sequence[Report]
    translate: Callable[[str], str] = str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        readable = [report for report in self.reports if report["error"] is None]
        if readable:
            yield _overview(readable, options.max_width, self.translate)
        if any(_is_named(report) for report in readable):
            yield Text(self.translate("* from the file name"), style="dim")
        for report in readable:
            yield from (
                _remark(report, warning, self.translate) for warning in report["warnings"] if _is_trouble(warning)
            )
        yield from (_items(report, self.translate) for report in readable if report["items"])
        for report in self.reports:
            if report["error"] is not None:
                yield Text.assemble(("✗ ", "red"), escaped(report["error"]))


def _overview(reports: Sequence[Report], width: int, translate: Callable[[str], str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(translate("File"), no_wrap=True)
    table.add_column(translate("Format"), no_wrap=True)
    table.add_column(translate("Date"), no_wrap=True)
    table.add_column(translate("Papers"), justify="right", no_wrap=True)
    if width >= _ROOM_FOR_SUMMARIES:
        table.add_column(translate("Summaries"), no_wrap=True)
    if width >= _ROOM_FOR_CATEGORIES:
        table.add_column(translate("Categories"))
    for report in reports:
        cells = [shortened_path(report["path"], _PATH), report["format"] or "", _date(report), _papers(report)]
        failed = report["summaries"]["failed"]
        cells += [counted_summaries(report["languages"], failed, translate), counted(report["categories"])]
        table.add_row(*(Text(cell) for cell in cells[: len(table.columns)]))
    return table


def shortened_path(path: str, most: int) -> str:
    """Returns the end of a path, in at most `most` characters, on one line: files may have any name."""
    return clip_start(escaped(path), most)


def _date(report: Report) -> str:
    return (report["date"] or "–") + ("*" if _is_named(report) else "")


def _is_named(report: Report) -> bool:
    return any(warning["code"] == "date_from_name" for warning in report["warnings"])


def _papers(report: Report) -> str:
    copies = report["papers"] - report["unique"]
    return f"{report['unique']} (+{copies})" if copies else str(report["unique"])


def counted(counts: Mapping[str, int]) -> str:
    """Returns the largest counts as text: `cs.LG 6, cs.CL 4, cs.CV 3, …`."""
    shown = ", ".join(f"{name} {count}" for name, count in Counter(counts).most_common(_MOST_COUNTS))
    return shown + (", …" if len(counts) > _MOST_COUNTS else "") if shown else "–"


def counted_summaries(languages: Mapping[str, int], failed: int, translate: Callable[[str], str]) -> str:
    """Returns the numbers of summaries by language and of failed ones as text: `zh 13, 1 failed`."""
    parts = [counted(languages)] if languages else []
    if failed:
        parts.append(translate("{count} failed").format(count=failed))
    return ", ".join(parts) or "–"


def _is_trouble(warning: WarningReport) -> bool:
    return warning["code"] not in INFO


def _remark(report: Report, warning: WarningReport, translate: Callable[[str], str]) -> Text:
    where = escaped(report["path"]) + (
        translate(", line {line}").format(line=warning["line"]) if warning["line"] else ""
    )
    remark = Text.assemble(("! ", "yellow"), where, ": ", escaped(warning["message"]))
    if warning["examples"]:
        remark.append(" (" + "; ".join(map(escaped, warning["examples"])) + ")", style="dim")
    return remark


def _items(report: Report, translate: Callable[[str], str]) -> Table:
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), title=Text(escaped(report["path"])), title_justify="left"
    )
    table.add_column(translate("Paper"), no_wrap=True)
    table.add_column(translate("Category"), no_wrap=True)
    table.add_column(translate("Title"), overflow="fold")
    for item in report["items"]:
        title = item["title"] or translate("title unknown") + ": " + item["abstract"][:80]
        table.add_row(Text(escaped(item["key"])), Text(item["primary"] or "–"), Text(escaped(title)))
    return table
