"""Runs every fault of tests/programs/results.md and writes its table.

    python -m tests.programs.faults                                    # all rows, 300 tries each, two at a time
    python -m tests.programs.faults --only "SIGKILL at random"         # some rows; with --page, the others stay there
    python -m tests.programs.faults --page tests/programs/results.md --day 2026-11-21

Exits with 1 if a promise was broken, if a row has fewer tries, or if a row that must be red is not.
"""

import argparse
import multiprocessing
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.programs.faults import table
from tests.programs.faults.judging import Verdict
from tests.programs.faults.rows import BY_NAME, measured

TRIES = 300


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", choices=list(BY_NAME), metavar="ROW")
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--day", default="")
    options = parser.parse_args()
    names = options.only or list(BY_NAME)
    found: dict[str, Verdict] = {}
    # a new process for each row, so that none begins with what another one left in it
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        running = {pool.submit(measured, name, options.tries): name for name in names}
        for number, done in enumerate(as_completed(running), start=1):
            name = running[done]
            if error := done.exception():
                traceback.print_exception(error)
                sys.stderr.write(f"{number}/{len(names)} {name}: failed\n")
                continue
            found[name] = done.result()
            sys.stderr.write(f"{number}/{len(names)} {table.line(name, found[name])}")
    rows = {name: found[name] for name in names if name in found}
    sys.stdout.write(table.table(rows, options.day))
    if options.page and options.only:
        table.write_again(options.page, rows, options.day, BY_NAME)
    elif options.page and len(rows) == len(BY_NAME):
        table.write(options.page, "faults", table.table(rows, options.day))
    wrong = [name for name, row in rows.items() if not BY_NAME[name].is_as_it_must_be(row, options.tries)]
    for name in wrong:
        sys.stderr.write(f"Not as it must be: {name}\n")
    return int(bool(wrong) or len(rows) < len(names))


if __name__ == "__main__":
    sys.exit(main())
