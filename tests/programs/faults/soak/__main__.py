"""Runs a soak and prints its tables.

    python -m tests.programs.faults.soak [--minutes 30] [--leaking 4] [--rest 5] [--page docs/reliability.md]

It runs `--minutes` of load, `--leaking` minutes of a smaller load with a leak, which must be red, and `--rest` minutes
of an idle process. A part with 0 minutes is left out. With `--page`, the tables replace those between the marks on that
page, and the drawing becomes images/soak.svg next to it. Ends with 1 if a part is red that must be green, or if the
leak is not found.
"""

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from tests.programs.faults.soak import run
from tests.programs.faults.soak.judge import Verdict
from tests.programs.faults.soak.load import Pace
from tests.programs.faults.soak.program import Sample
from tests.programs.faults.table import write

SUBSCRIPTIONS = 100_000  # in the store of the process at rest
LEAK = 16_384  # bytes that each request leaks in the leaking run
WARM_UP = 0.2  # of the time of the load
WIDTH, HEIGHT, LEFT, BOTTOM = 720, 240, 56, 24
STYLE = (
    "text{font:12px sans-serif;fill:#888}polyline{fill:none;stroke-width:1.5}.memory{stroke:#2a6fdb}.processor{stroke:#d9822b}"
    "line{stroke:#8884}"
)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--leaking", type=float, default=4)
    parser.add_argument("--rest", type=float, default=5)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    day, green = f"{datetime.now(UTC):%Y-%m-%d}", True
    if options.minutes:
        pace = Pace(seconds=options.minutes * 60, chats=1500, channels=100)
        green, text = _loaded(pace, options.leaking, day, options.page)
        sys.stdout.write(text)
    if options.rest:
        verdict = run.rest(SUBSCRIPTIONS, options.rest * 60)
        text = f"On {day}:\n\n{table([verdict])}"
        sys.stdout.write(text)
        green = green and verdict.green
        if options.page:
            write(options.page, "rest", text)
    return 0 if green else 1


def _loaded(pace: Pace, leaking: float, day: str, page: Path | None) -> tuple[bool, str]:
    """Runs the load and a smaller one with a leak. Returns whether both have the expected result, and the text."""
    soaked = run.soak(pace, warm_up=pace.seconds * WARM_UP)
    green = soaked.green
    text = f"{_headline(pace, soaked, day)}\n\n{table(soaked.verdicts)}"
    if leaking:
        small = replace(pace, seconds=leaking * 60, chats=60, channels=10, digest=10.0, talk=0.2)
        leaks = run.soak(small, warm_up=small.seconds * WARM_UP, leak=LEAK)
        text += f"\nWith a leak of {LEAK:,} bytes, a thread, five descriptors and a row for each request, {leaking:g} minutes:\n\n"
        text += table([one for one in leaks.verdicts if not one.green])
        green = green and not leaks.green
    if page:
        (page.parent / "images" / "soak.svg").write_text(drawing(soaked.samples), "utf-8")
        write(page, "soak", f"{text}\n![Memory and processor over the minutes of the soak](images/soak.svg)\n")
    return green, text


def _headline(pace: Pace, soaked: run.Soaked, day: str) -> str:
    account = soaked.account
    faults = ", ".join(f"{name} {times}" for name, times in sorted(account.faults.items()))
    return (
        f"{pace.seconds / 60:g} minutes on {day}: {pace.chats:,} chats on Telegram and {pace.channels} channels on Slack, "
        f"{account.digests} digests; {soaked.messages:,} messages, {soaked.rate:.1f} a second, and {soaked.edits:,} edits; "
        f"{soaked.busy:.0%} of a core. Times: {faults}."
    )


# ── the page ──────────────────────────────────────────────────────────────────


def table(verdicts: list[Verdict]) -> str:
    return "| | measured | allowed | |\n|---|---|---|---|\n" + "".join(
        f"| {one.what} | {one.measured} | {one.allowed} | {'green' if one.green else '**red**'} |\n" for one in verdicts
    )


def drawing(samples: list[Sample]) -> str:
    """Returns an SVG of memory and processor time over the run."""
    last = samples[-1].second or 1.0
    memory = [(one.second, one.memory / 1e6) for one in samples]
    busy = [
        (after.second, (after.processor - before.processor) / (after.second - before.second) * 100)
        for before, after in pairwise(samples)
        if after.second > before.second
    ]
    most = max(value for _, value in (*memory, *busy)) * 1.1
    parts = [
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{_y(value, most):.0f}" y2="{_y(value, most):.0f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(value, most) + 4:.0f}" text-anchor="end">{value:.0f}</text>'
        for value in (step * most / 4 for step in range(5))
    ]
    parts += [
        f'<text x="{_x(minute * 60, last):.0f}" y="{HEIGHT - 6}" text-anchor="middle">{minute}</text>'
        for minute in range(0, int(last // 60) + 1, max(1, int(last // 360)))
    ]
    parts += [
        _line("memory", memory, last, most),
        _line("processor", busy, last, most),
        f'<text x="{LEFT + 8}" y="16" style="fill:#2a6fdb">memory, MB</text>',
        f'<text x="{LEFT + 108}" y="16" style="fill:#d9822b">processor, % of a core</text>',
        f'<text x="{WIDTH - 8}" y="16" text-anchor="end">minutes</text>',
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>Memory and processor during the soak</title><style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _line(name: str, points: list[tuple[float, float]], last: float, most: float) -> str:
    at = " ".join(f"{_x(second, last):.1f},{_y(value, most):.1f}" for second, value in points)
    return f'<polyline class="{name}" points="{at}"/>'


def _x(second: float, last: float) -> float:
    return LEFT + second / last * (WIDTH - LEFT - 8)


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - 24)


if __name__ == "__main__":
    sys.exit(main())
