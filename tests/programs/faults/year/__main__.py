"""Runs the simulated year and prints its table.

    python -m tests.programs.faults.year [--days 400] [--chats 50] [--seed 1] [--page docs/reliability.md --day 2026-11-20]
    python -m tests.programs.faults.year --postgresql        in databases on its own server

The last rows are bugs injected into the product in memory; they must be red, or the judge does not see bugs.
"""

import sys

from tests.programs.faults.year.simulation import main

sys.exit(main())
