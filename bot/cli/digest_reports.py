"""The output of `inspect`: one dict per document for `--json`, tables for people; their columns by width, one row per format for many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bot.cli.tables import plain_table
from bot.digests import INFO, LEADING
from subscriptions import texts
from subscriptions.errors import PaperwireError, Sentence
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
    return {
        "code": warning.code,
        "count": warning.count,
        "line": warning.line,
        "message": warning.message,
        "examples": list(warning.examples),
    }


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
        _, papers, day, _, summaries, categories = _cells([report])
        mark = "*" if _is_named(report) else ""
        path = _shortened_path(report["path"], _PATH)
        _add_row(table, path, report["format"] or "", f"{day}{mark}", papers, summaries, categories)
    return table


def _shortened_path(path: str, most: int) -> str:
    """Returns the end of a path, in at most `most` characters, on one line: files may have any name."""
    return cutting.clip_start(texts.escaped(path), most)


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
    where = texts.escaped(report["path"]) + (f", line {warning['line']}" if warning["line"] else "")
    remark = Text.assemble(("! ", "yellow"), where, ": ", texts.escaped(warning["message"]))
    if warning["examples"]:
        remark.append(" (" + "; ".join(map(texts.escaped, warning["examples"])) + ")", style="dim")
    return remark


def _items(report: Report) -> Table:
    table = plain_table(("Paper", "Category", "Title"), fold=("Title",))
    table.title, table.title_justify = Text(texts.escaped(report["path"])), "left"
    for item in report["items"]:
        title = item["title"] or "title unknown: " + item["abstract"][:80]
        _add_row(table, texts.escaped(item["key"]), item["primary"] or "–", texts.escaped(title))
    return table


MANY = 20
"""A table of more documents than this does not fit on a screen, so `inspect` shows one row per format instead."""

_WIDE_FROM = 100  # columns of the console
_WIDEST_FROM = 140
_FIRST = 2  # files named for each reason
_UNBOUNDED = 400  # columns; no screen is this wide, so the output goes to a file, and paths are not cut
_NARROW, _WIDE = 26, 44  # characters of a path, on a narrow and on a wide console


@dataclass(frozen=True, slots=True)
class Overview:
    """The documents that were read: a row per format, most papers first, then a row per kind of warning."""

    reports: Sequence[Report]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._formats(options.max_width)
        found = [(report, one) for report in self.reports for one in report["warnings"] if one["code"] not in INFO]
        if found:
            yield ""
            table = plain_table(("Warning", "Files", "Cases", "First"), right=("Files", "Cases"))
            for code, files in Counter(one["code"] for _, one in found).most_common():
                cases = sum(one["count"] for _, one in found if one["code"] == code)
                report, first = next((report, one) for report, one in found if one["code"] == code)
                line = f", line {first['line']}" if first["line"] else ""
                place = _shortened_path(report["path"], _path_room(options.max_width))
                _add_row(table, code, str(files), str(cases), place + line)
            yield table
        yield Text("Each file by itself: add --json", style="dim")

    def _formats(self, width: int) -> Table:
        kinds: dict[str, list[Report]] = {}
        for report in self.reports:
            kinds.setdefault(report["format"] or "", []).append(report)
        columns = 5 + (width >= _WIDE_FROM) + (width >= _WIDEST_FROM)
        names = ("Format", "Files", "Papers", "First day", "Last day", "Summaries", "Categories")
        table = plain_table(names[:columns], right=("Files", "Papers"), fold=("Categories",))
        for name, of_format in sorted(kinds.items(), key=lambda item: (-_papers_of_all(item[1]), item[0])):
            _add_row(table, name, *_cells(of_format))
        if len(kinds) > 1:
            table.add_section()
            _add_row(table, "in all", *_cells(self.reports))
        return table


@dataclass(frozen=True, slots=True)
class RefusedFiles:
    """The documents that could not be read: a row per reason, with the number of files and the first ones."""

    refused: Sequence[tuple[str, PaperwireError]]
    documents: int  # number of all documents

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.is_terminal:  # an empty line after the tables above
            yield ""
        yield Text.assemble(("✗ ", "red"), f"Not read as digests: {len(self.refused)} of {self.documents} files")
        groups: dict[object, list[tuple[str, Sentence]]] = {}
        for path, error in self.refused:
            reason = _reason(error.sentence)
            groups.setdefault(_reason_key(reason), []).append((path, reason))
        table = plain_table(("Files", "Why", "First"), right=("Files",), fold=("Why",))
        for group in sorted(groups.values(), key=len, reverse=True):
            paths = "\n".join(_shortened_path(path, _path_room(options.max_width)) for path, _ in group[:_FIRST])
            _add_row(table, str(len(group)), texts.escaped(str(group[0][1])).rstrip(".。"), paths)
        yield table


def _papers_of_all(reports: Iterable[Report]) -> int:
    return sum(report["unique"] for report in reports)


def _cells(reports: Sequence[Report]) -> tuple[str, ...]:
    """Returns the cells with the totals of some documents. A paper that is in two documents counts twice."""
    papers = _papers_of_all(reports)
    copies = sum(report["papers"] for report in reports) - papers
    days = sorted(report["date"] for report in reports if report["date"]) or ["–"]
    categories, languages = Counter[str](), Counter[str]()
    for report in reports:
        categories.update(report["categories"])
        languages.update(report["languages"])
    failed = sum(report["summaries"]["failed"] for report in reports)
    shown = f"{papers} (+{copies})" if copies else str(papers)
    return (str(len(reports)), shown, days[0], days[-1], _summaries(languages, failed), _counted(categories))


def _reason(sentence: Sentence) -> Sentence:
    """Returns the reason in a refusal's sentence, without the name of the file and without the list of formats."""
    values = sentence.values
    if isinstance(look := values.get("look"), Sentence):
        return Sentence("looks like {look}", {"look": look})
    if isinstance(problem := values.get("problem"), Sentence):
        return problem
    if isinstance(reason := values.get("reason"), str):
        return Sentence("cannot be read ({reason})", {"reason": reason})
    return Sentence(sentence.template.removeprefix("{name}: "), {**values})


def _reason_key(reason: Sentence) -> object:
    """Returns a key that groups reasons: equal if they differ only in a quotation or a line number."""
    look, cause = reason.values.get("look"), reason.values.get("reason")
    return reason.template, look.template if isinstance(look, Sentence) else cause


def _path_room(width: int) -> int:
    if width >= _UNBOUNDED:
        return width
    return _WIDE if width >= _WIDE_FROM else _NARROW


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
