"""The tables that `inspect` prints about many digests: of formats, of warnings, of files that could not be read.

Each is a rich renderable that adapts to the width of the console; `translate` is a gettext function.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _FormatTotals:
    """The totals of all documents of one format."""

    files: int = 0
    papers: int = 0
    copies: int = 0
    days: list[str] = field(default_factory=list)  # the first and the last day
    categories: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    def add(self, report: Report) -> None:
        """Adds a document. Copies of a paper count only within one document."""
        self.files += 1
        self.papers += report["unique"]
        self.copies += report["papers"] - report["unique"]
        days = sorted([*self.days, *filter(None, [report["date"]])])
        self.days = days[:1] + days[1:][-1:]
        self.categories.update(report["categories"])
        self.languages.update(report["languages"])
        self.failed += report["summaries"]["failed"]


@dataclass(frozen=True, slots=True)
class Overview:
    """The documents that were read: a row per format, most papers first, then a row per kind of warning."""

    reports: Sequence[Report]
    translate: Callable[[str], str] = str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._formats(options.max_width)
        if any(warning["code"] not in INFO for report in self.reports for warning in report["warnings"]):
            yield ""
            yield self._warnings(options.max_width)
        yield Text(self.translate("Each file by itself: add --json"), style="dim")

    def _formats(self, width: int) -> Table:
        kinds: dict[str, _FormatTotals] = {}
        for report in self.reports:
            kinds.setdefault(report["format"] or "", _FormatTotals()).add(report)
        translate = self.translate
        table = _table(
            translate("Format"),
            translate("Files"),
            translate("Papers"),
            translate("First day"),
            translate("Last day"),
            numbers=(1, 2),
        )
        if width >= _ROOM_FOR_SUMMARIES:
            table.add_column(translate("Summaries"))
        if width >= _ROOM_FOR_CATEGORIES:
            table.add_column(translate("Categories"))
        for name, kind in sorted(kinds.items(), key=lambda item: (-item[1].papers, item[0])):
            _add_row(table, name, *_cells(kind, translate))
        if len(kinds) > 1:
            table.add_section()
            _add_row(table, translate("in all"), *_cells(_sum(self.reports), translate))
        return table

    def _warnings(self, width: int) -> Table:
        files, cases, first = Counter[str](), Counter[str](), dict[str, str]()
        for report in self.reports:
            for warning in report["warnings"]:
                if warning["code"] not in INFO:
                    files[warning["code"]] += 1
                    cases[warning["code"]] += warning["count"]
                    first.setdefault(warning["code"], _place(report["path"], warning["line"], width, self.translate))
        translate = self.translate
        table = _table(translate("Warning"), translate("Files"), translate("Cases"), translate("First"), numbers=(1, 2))
        for code, count in files.most_common():
            _add_row(table, code, str(count), str(cases[code]), first[code])
        return table


@dataclass(frozen=True, slots=True)
class Refusals:
    """The documents that could not be read: a row per reason, with the number of files and the first ones."""

    refused: Sequence[tuple[str, PaperwireError]]
    documents: int  # number of all documents
    translate: Callable[[str], str] = str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        translate = self.translate
        if console.is_terminal:  # a blank line after the tables above
            yield ""
        heading = translate("Not read as digests: {count} of {documents} files")
        yield Text.assemble(("✗ ", "red"), heading.format(count=len(self.refused), documents=self.documents))
        groups: dict[object, list[tuple[str, Sentence]]] = {}
        for path, error in self.refused:
            reason = _reason(error.sentence)
            groups.setdefault(_reason_key(reason), []).append((path, reason))
        table = _table(translate("Files"), translate("Why"), translate("First"), numbers=(0,), wrapped=(1,))
        for group in sorted(groups.values(), key=len, reverse=True):
            paths = "\n".join(shortened_path(path, _path_room(options.max_width)) for path, _ in group[:_FIRST])
            _add_row(table, str(len(group)), escaped(group[0][1].say(translate)).rstrip(".。"), paths)
        yield table


def _sum(reports: Iterable[Report]) -> _FormatTotals:
    kind = _FormatTotals()
    for report in reports:
        kind.add(report)
    return kind


def _cells(kind: _FormatTotals, translate: Callable[[str], str]) -> tuple[str, ...]:
    return (
        str(kind.files),
        f"{kind.papers} (+{kind.copies})" if kind.copies else str(kind.papers),
        kind.days[0] if kind.days else "–",
        kind.days[-1] if kind.days else "–",
        counted_summaries(kind.languages, kind.failed, translate),
        counted(kind.categories),
    )


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


def _place(path: str, line: int | None, width: int, translate: Callable[[str], str]) -> str:
    return shortened_path(path, _path_room(width)) + (translate(", line {line}").format(line=line) if line else "")


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
