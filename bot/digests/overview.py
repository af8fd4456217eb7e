"""The tables that `inspect` prints about many digests: of formats, of warnings, of files that could not be read.

Each is a rich renderable that adapts to the width of the console.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bot.digests._format import INFO
from bot.digests.report import Report, counted, counted_summaries, shortened_path
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.text import escaped

MANY = 20
"""With more documents than this, which a screen does not hold, `inspect` shows one row per format, not per document."""

_ROOM_FOR_SUMMARIES = 100  # columns of the console
_ROOM_FOR_CATEGORIES = 140
_FIRST = 2  # files named for each reason
_UNBOUNDED = 400  # columns that no screen has; output to a file is not cut
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
            table = _table("Warning", "Files", "Cases", "First", numbers=(1, 2))
            for code, files in Counter(one["code"] for _, one in found).most_common():
                cases = sum(one["count"] for _, one in found if one["code"] == code)
                report, first = next((report, one) for report, one in found if one["code"] == code)
                line = f", line {first['line']}" if first["line"] else ""
                place = shortened_path(report["path"], _path_room(options.max_width))
                _add_row(table, code, str(files), str(cases), place + line)
            yield table
        yield Text("Each file by itself: add --json", style="dim")

    def _formats(self, width: int) -> Table:
        kinds: dict[str, list[Report]] = {}
        for report in self.reports:
            kinds.setdefault(report["format"] or "", []).append(report)
        columns = 5 + (width >= _ROOM_FOR_SUMMARIES) + (width >= _ROOM_FOR_CATEGORIES)
        names = ("Format", "Files", "Papers", "First day", "Last day", "Summaries", "Categories")
        table = _table(*names[:columns], numbers=(1, 2), wrapped=(6,))
        for name, of_format in sorted(kinds.items(), key=lambda item: (-_papers(item[1]), item[0])):
            _add_row(table, name, *_cells(of_format))
        if len(kinds) > 1:
            table.add_section()
            _add_row(table, "in all", *_cells(self.reports))
        return table


@dataclass(frozen=True, slots=True)
class Refusals:
    """The documents that could not be read: a row per reason, with the number of files and the first ones."""

    refused: Sequence[tuple[str, PaperwireError]]
    documents: int  # number of all documents

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.is_terminal:  # a blank line after the tables above
            yield ""
        yield Text.assemble(("✗ ", "red"), f"Not read as digests: {len(self.refused)} of {self.documents} files")
        groups: dict[object, list[tuple[str, Sentence]]] = {}
        for path, error in self.refused:
            reason = _reason(error.sentence)
            groups.setdefault(_reason_key(reason), []).append((path, reason))
        table = _table("Files", "Why", "First", numbers=(0,), wrapped=(1,))
        for group in sorted(groups.values(), key=len, reverse=True):
            paths = "\n".join(shortened_path(path, _path_room(options.max_width)) for path, _ in group[:_FIRST])
            _add_row(table, str(len(group)), escaped(str(group[0][1])).rstrip(".。"), paths)
        yield table


def _papers(reports: Iterable[Report]) -> int:
    return sum(report["unique"] for report in reports)


def _cells(reports: Sequence[Report]) -> tuple[str, ...]:
    """Returns the totals of documents. Copies of a paper count only within one document."""
    papers, copies = _papers(reports), sum(report["papers"] - report["unique"] for report in reports)
    days = sorted(report["date"] for report in reports if report["date"]) or ["–"]
    categories, languages = Counter[str](), Counter[str]()
    for report in reports:
        categories.update(report["categories"])
        languages.update(report["languages"])
    failed = sum(report["summaries"]["failed"] for report in reports)
    shown = f"{papers} (+{copies})" if copies else str(papers)
    return (str(len(reports)), shown, days[0], days[-1], counted_summaries(languages, failed), counted(categories))


def _reason(sentence: Sentence) -> Sentence:
    """Returns the reason in a sentence, without the name of the file and without the list of formats."""
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
    return _WIDE if width >= _ROOM_FOR_SUMMARIES else _NARROW


def _table(*names: str, numbers: Sequence[int], wrapped: Sequence[int] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place in numbers else "left", no_wrap=place not in wrapped)
    return table


def _add_row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(cell) for cell in cells[: len(table.columns)]))
