"""Runs every fault of docs/reliability.md and writes its table.

    python -m tests.programs.faults                                    # all rows, 300 tries each, two at a time
    python -m tests.programs.faults --only "SIGKILL at random"         # measures some rows again and keeps the others
    python -m tests.programs.faults --resume                           # continues with rows that were not measured
    python -m tests.programs.faults --page docs/reliability.md --day 2026-11-21

Exits with 1 if a promise was broken, if a row has fewer tries, or if a row that must be red is not.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.programs.faults.rows import ROWS, Fault
from tests.programs.faults.table import KEPT, ROOT, Row, keep, kept, line, row_of, table, write

TRIES = 300
_BY_NAME = {fault.name: fault for fault in ROWS}


def measure(name: str, tries: int, day: str, folder: Path) -> None:
    """Measures a row in this process and stores it."""
    with tempfile.TemporaryDirectory() as work:
        keep(folder, name, row_of(_BY_NAME[name].measure(Path(work), tries), day))


def is_as_it_must_be(fault: Fault, row: Row, tries: int) -> bool:
    """Tells whether a row has enough tries and is green, or red if it must be red."""
    return row.tries >= tries and row.kept != fault.must_be_red


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", choices=list(_BY_NAME), metavar="ROW")
    parser.add_argument("--resume", action="store_true", help="keep the rows that were measured")
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--day", default="")
    parser.add_argument("--kept", type=Path, default=KEPT, help="the folder with a file for each row")
    parser.add_argument("--measure", choices=list(_BY_NAME), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.tries, options.day, options.kept)
        return 0
    asked = options.only or [name for name in _BY_NAME if not (options.resume and kept(options.kept, name) is not None)]
    failed = _run(asked, options)
    rows = {name: row for name in _BY_NAME if (row := kept(options.kept, name)) is not None}
    wrong = [name for name, row in rows.items() if not is_as_it_must_be(_BY_NAME[name], row, options.tries)]
    sys.stdout.write(table(rows))
    if options.page and len(rows) == len(ROWS):
        write(options.page, "faults", table(rows))
    for name in wrong:
        sys.stderr.write(f"Not as it must be: {name}\n")
    return 1 if failed or set(wrong) & set(asked or rows) else 0


def _run(names: Sequence[str], options: argparse.Namespace) -> list[str]:
    """Measures rows, several at a time, each in a new process. Returns the names of those that could not run."""
    failed: list[str] = []

    def one(name: str) -> tuple[int, str, float]:
        began = time.monotonic()
        command = [sys.executable, "-m", "tests.programs.faults", "--measure", name, "--tries", str(options.tries)]
        done = subprocess.run(  # noqa: S603 - this program
            [*command, "--day", options.day, "--kept", str(options.kept)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr[-2000:], time.monotonic() - began

    with ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(one, name): name for name in names}
        for number, done in enumerate(as_completed(running), start=1):
            name, (status, words, seconds) = running[done], done.result()
            row = kept(options.kept, name)
            if status or row is None:
                failed.append(name)
                sys.stderr.write(f"{number}/{len(names)} {name}: failed\n{words}\n")
            else:
                sys.stderr.write(f"{number}/{len(names)} {seconds:.0f} s {line(name, row)}")
            sys.stderr.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
