"""The table of docs/reliability.md: its rows, stored in one file each, and its place on the page."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.programs.faults.judging import Verdict

ROOT = Path(__file__).parents[3]
KEPT = ROOT / ".faults"
HEAD = (
    "| fault | tries | lost | doubled (allowed) | out of order | seconds to recover: median, longest | |\n"
    "|---|--:|--:|--:|--:|--:|---|\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured row."""

    tries: int
    lost: int
    doubled: int
    allowed: int
    disorder: int
    strange: int
    median: float | None
    longest: float | None
    day: str

    @property
    def kept(self) -> bool:
        """Tells whether the promises were kept."""
        return self.lost == self.disorder == self.strange == 0 and self.doubled <= self.allowed


def row_of(verdict: Verdict, day: str) -> Row:
    found = verdict.recoveries
    return Row(
        tries=verdict.tries,
        lost=verdict.lost,
        doubled=verdict.doubled,
        allowed=verdict.allowed,
        disorder=verdict.disorder,
        strange=verdict.strange,
        median=median(found) if found else None,
        longest=max(found) if found else None,
        day=day,
    )


def keep(folder: Path, name: str, row: Row) -> None:
    """Writes a row to its own file, so that an interrupted run can be continued."""
    folder.mkdir(exist_ok=True)
    _file(folder, name).write_text(json.dumps(asdict(row)), "utf-8")


def kept(folder: Path, name: str) -> Row | None:
    """Returns the last measurement of a row, or None."""
    file = _file(folder, name)
    return Row(**json.loads(file.read_text("utf-8"))) if file.exists() else None


def _file(folder: Path, name: str) -> Path:
    return folder / ("".join(letter if letter.isalnum() else "-" for letter in name) + ".json")


def line(name: str, row: Row) -> str:
    """Returns the row as a line of Markdown."""
    result = "green" if row.kept else f"**red**{f' ({row.strange} strange)' if row.strange else ''}"
    seconds = "" if row.longest is None or row.median is None else f"{_seconds(row.median)}, {_seconds(row.longest)}"
    return (
        f"| {name} | {row.tries:,} | {row.lost:,} | {row.doubled:,} ({row.allowed:,}) | {row.disorder:,} | {seconds} |"
        f" {result} |\n"
    )


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def table(rows: Mapping[str, Row]) -> str:
    days = sorted({row.day for row in rows.values() if row.day})
    when = f"Measured on {', '.join(days)}.\n\n" if days else ""
    return when + HEAD + "".join(line(name, row) for name, row in rows.items())


def write(page: Path, name: str, text: str) -> None:
    """Replaces the text between the marks with this name on the page."""
    start, end = f"<!-- {name} -->\n", f"<!-- {name} end -->\n"
    whole = page.read_text("utf-8")
    before, found, rest = whole.partition(start)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{page} has no place for {name}.")
    page.write_text(f"{before}{start}{text}{end}{after}", "utf-8")
