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
from pathlib import Path

from tests.programs.faults.soak import run
from tests.programs.faults.soak.load import Pace
from tests.programs.faults.soak.page import drawing, table
from tests.programs.faults.soak.run import Soaked
from tests.programs.faults.table import write

SUBSCRIPTIONS = 100_000  # in the store of the process at rest
LEAK = 16_384  # bytes that each request leaks in the leaking run
WARM_UP = 0.2  # of the time of the load


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--leaking", type=float, default=4)
    parser.add_argument("--rest", type=float, default=5)
    parser.add_argument("--chats", type=int, default=1500, help="on Telegram")
    parser.add_argument("--channels", type=int, default=100, help="on Slack")
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    day, green = f"{datetime.now(UTC):%Y-%m-%d}", True
    if options.minutes:
        pace = Pace(seconds=options.minutes * 60, chats=options.chats, channels=options.channels)
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
        text += table(leaks.verdicts)
        green = green and not leaks.green
    if page:
        (page.parent / "images" / "soak.svg").write_text(drawing(soaked.samples), "utf-8")
        write(page, "soak", f"{text}\n![Memory and processor over the minutes of the soak](images/soak.svg)\n")
    return green, text


def _headline(pace: Pace, soaked: Soaked, day: str) -> str:
    account = soaked.account
    faults = ", ".join(f"{name} {times}" for name, times in sorted(account.faults.items()))
    return (
        f"{pace.seconds / 60:g} minutes on {day}: {pace.chats:,} chats on Telegram and {pace.channels} channels on Slack, "
        f"{account.digests} digests; {soaked.messages:,} messages, {soaked.rate:.1f} a second, and {soaked.edits:,} edits; "
        f"{soaked.busy:.0%} of a core. Times: {faults}."
    )


if __name__ == "__main__":
    sys.exit(main())
