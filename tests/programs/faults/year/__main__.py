"""Runs the simulated year and prints its table.

    python -m tests.programs.faults.year [--days 400] [--chats 50] [--seed 1] [--page docs/reliability.md --day 2026-11-20]
    python -m tests.programs.faults.year --postgresql        in databases on its own server

For the last rows, mistakes are injected into the product in memory. These rows must be red, which shows that the
comparison detects mistakes.
"""

import sys

from tests.programs.faults.year.simulation import main

sys.exit(main())
