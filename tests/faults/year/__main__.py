"""Runs the simulated year and prints its table.

    python -m tests.faults.year [--days 400] [--chats 50] [--seed 1] [--page docs/reliability.md --day 2026-11-20]
    python -m tests.faults.year --postgresql        in databases on a server of its own

The last rows are faults that are put into the product in memory; if they were not red, the judge would be blind.
"""

import sys

from tests.faults.year.simulation import main

sys.exit(main())
