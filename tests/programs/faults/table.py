"""The table of tests/programs/results.md: a line for each row, and its place on the page."""

import re
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from tests.programs.faults.judging import Verdict

ROOT = Path(__file__).parents[3]
HEAD = (
    "| fault | tries | lost | doubled (allowed) | out of order | seconds to recover: median, longest | |\n"
    "|---|--:|--:|--:|--:|--:|---|\n"
)


def line(name: str, verdict: Verdict) -> str:
    """Returns a row as a line of Markdown."""
    result = "green" if verdict.kept else f"**red**{f' ({verdict.strange} strange)' if verdict.strange else ''}"
    found = verdict.recoveries
    seconds = f"{_seconds(median(found))}, {_seconds(max(found))}" if found else ""
    return (
        f"| {name} | {verdict.tries:,} | {verdict.lost:,} | {verdict.doubled:,} ({verdict.allowed:,}) |"
        f" {verdict.disorder:,} | {seconds} | {result} |\n"
    )


def table(verdicts: dict[str, Verdict], day: str) -> str:
    return f"Measured on {day}.\n\n{HEAD}" + "".join(line(name, verdict) for name, verdict in verdicts.items())


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def write_again(page: Path, verdicts: dict[str, Verdict], day: str, names: Iterable[str]) -> None:
    """Replaces the lines of some rows on the page, and adds the day.

    `names`: of all rows, in the order of the table.
    """
    whole = page.read_text("utf-8").replace("<!-- faults -->\nMeasured on ", f"<!-- faults -->\nMeasured on {day}, ")
    before = HEAD.splitlines(keepends=True)[-1]
    for name in names:
        known = re.search(rf"(?m)^\| {re.escape(name)} \|.*\n", whole)
        now = line(name, verdicts[name]) if name in verdicts else known[0] if known else ""
        whole = whole.replace(known[0], now) if known else whole.replace(before, before + now)
        before = now or before
    page.write_text(whole, "utf-8")


def write(page: Path, name: str, text: str) -> None:
    """Replaces the text between the marks with this name on the page."""
    start, end = f"<!-- {name} -->\n", f"<!-- {name} end -->\n"
    whole = page.read_text("utf-8")
    before, found, rest = whole.partition(start)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{page} has no place for {name}.")
    page.write_text(f"{before}{start}{text}{end}{after}", "utf-8")
