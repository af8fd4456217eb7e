"""Runs the simulated year and prints its table.

    python -m tests.programs.faults.year [--days 400] [--chats 50] [--seed 1] [--page tests/programs/results.md --day 2026-11-20]
    python -m tests.programs.faults.year --postgresql        in a database on its own server

The last rows have deliberate mistakes, on SQLite. Each must be red in its column, which shows that the comparison
detects mistakes.
"""

import sys

from tests.programs.faults.year.simulation import main

sys.exit(main())
