"""The output of `inspect`: one dict per document for `--json`, tables for people; their columns by width."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bot.cli.tables import plain_table
from bot.digests import INFO, LEADING
from subscriptions import texts
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest, DigestWarning, Paper
from subscriptions.texts import cutting

_PATH = 36  # characters of a path in the table; paths below the table are not shortened
_ROOM_FOR_SUMMARIES = 80  # columns that a console needs for the table to show summaries
_ROOM_FOR_CATEGORIES = 120
_MOST_COUNTS = 3  # in one cell


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
    summaries: dict[str, int]  # papers with a usable summary, with a failed one, with none
    languages: dict[str, int]
    warnings: list[dict[str, Any]]
    error: str | None
    items: list[dict[str, Any]]


def digest_report(path: str, read: Digest | PaperwireError, *, papers: bool) -> Report:
    """Returns the report of the digest that was read at `path`, or of the error. With `papers`, lists papers in `items`.

    Copies of a paper are counted once, except in "papers".
    """
    if isinstance(read, PaperwireError):
        error, digest = read, Digest(format="", entries=())
    else:
        error, digest = None, read
    first: dict[str, Paper] = {}
    for paper in digest.entries:
        first.setdefault(paper.key, paper)
    kept = first.values()
    usable = [paper for paper in kept if _summary_state(paper) == "usable"]
    states = Counter(_summary_state(paper) for paper in kept)
    return Report(
        path=path,
        format=digest.format or None,
        date=digest.day.isoformat() if digest.day else None,
        papers=len(digest.entries),
        unique=len(kept),
        categories=dict(Counter(paper.primary for paper in kept if paper.primary)),
        declared=dict(digest.declared) if digest.declared is not None else None,
        announce_types=dict(Counter(paper.announce_type.value for paper in kept if paper.announce_type)),
        summaries={state: states[state] for state in ("usable", "failed", "missing")},
        languages=dict(Counter(paper.summaries[0].language for paper in usable)),
        warnings=list(map(warning_document, digest.warnings)),
        error=str(error) if error else None,
        items=[paper_document(paper) for paper in kept] if papers else [],
    )


def _summary_state(paper: Paper) -> str:
    """Returns "failed", "usable" or "missing". A summary is usable if it has its first field (tldr or task)."""
    if paper.failed:
        return "failed"
    leading = any(name in summary.fields for summary in paper.summaries for name in LEADING)
    return "usable" if leading else "missing"


def warning_document(warning: DigestWarning) -> dict[str, Any]:
    """Returns a warning as the object that `inspect --json` and `ingest --json` print."""
    return {"code": warning.code, "count": warning.count, "message": warning.message}


@dataclass(frozen=True, slots=True)
class DigestTables:
    """The reports for people: a table of what was read, then the warnings with their lines.

    The library rich can print this object. A narrow console gets fewer columns.
    """

    reports: Sequence[Report]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _overview(self.reports, options.max_width)
        if any(_is_named(report) for report in self.reports):
            yield Text("* from the file name", style="dim")
        for report in self.reports:
            yield from (_remark(report, warning) for warning in report["warnings"] if warning["code"] not in INFO)
        yield from (_items(report) for report in self.reports if report["items"])


def _overview(reports: Sequence[Report], width: int) -> Table:
    columns = 4 + (width >= _ROOM_FOR_SUMMARIES) + (width >= _ROOM_FOR_CATEGORIES)
    names = ("File", "Format", "Date", "Papers", "Summaries", "Categories")
    table = plain_table(names[:columns], right=("Papers",), fold=("Categories",))
    for report in reports:
        copies = report["papers"] - report["unique"]
        _add_row(
            table,
            cutting.clip_start(texts.escaped(report["path"]), _PATH),
            report["format"] or "",
            (report["date"] or "–") + ("*" if _is_named(report) else ""),
            f"{report['unique']} (+{copies})" if copies else str(report["unique"]),
            _summaries(report["languages"], report["summaries"]["failed"]),
            _counted(report["categories"]),
        )
    return table


def _is_named(report: Report) -> bool:
    return any(warning["code"] == "date_from_name" for warning in report["warnings"])


def _counted(counts: Mapping[str, int]) -> str:
    """Returns the largest counts as text: `cs.LG 6, cs.CL 4, cs.CV 3, …`."""
    shown = ", ".join(f"{name} {count}" for name, count in Counter(counts).most_common(_MOST_COUNTS))
    if shown:
        return shown + (", …" if len(counts) > _MOST_COUNTS else "")
    return "–"


def _summaries(languages: Mapping[str, int], failed: int) -> str:
    """Returns the numbers of summaries by language and of failed ones as text: `zh 13, 1 failed`."""
    if not failed:
        return _counted(languages)
    if not languages:
        return f"{failed} failed"
    return f"{_counted(languages)}, {failed} failed"


def _remark(report: Report, warning: Mapping[str, Any]) -> Text:
    return Text.assemble(("! ", "yellow"), texts.escaped(report["path"]), ": ", texts.escaped(warning["message"]))


def _items(report: Report) -> Table:
    table = plain_table(("Paper", "Category", "Title"), fold=("Title",))
    table.title, table.title_justify = Text(texts.escaped(report["path"])), "left"
    for item in report["items"]:
        title = item["title"] or "title unknown: " + item["abstract"][:80]
        _add_row(table, texts.escaped(item["key"]), item["primary"] or "–", texts.escaped(title))
    return table


def _add_row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(cell) for cell in cells[: len(table.columns)]))


def paper_document(paper: Paper) -> dict[str, Any]:
    """Returns a paper as the object that `inspect --json --papers` prints."""
    return {
        "key": paper.key,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "primary": paper.primary,
        "url": paper.url,
        "abstract": paper.abstract,
        "venue": paper.venue or None,
        "date": paper.published or None,
        "announce_type": paper.announce_type.value if paper.announce_type else None,
        "summaries": {summary.language: dict(summary.fields) for summary in paper.summaries},
        "translations": {one.language: {"title": one.title, "abstract": one.abstract} for one in paper.translations},
        "failed": paper.failed,
    }
