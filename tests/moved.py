"""Runs `paperwire` with a clock that another process sets: `python -m tests.moved FILE ARGUMENTS…`.

FILE holds the moment.

The clock stands still until the file has another moment. Waits end when the clock has been moved far enough, or when
that many seconds have passed on the machine's clock.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.cli import main

_LOOK_EVERY = 0.02  # seconds


class MovedClock:
    """See the module."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = self.now()

    def now(self) -> datetime:
        return datetime.fromisoformat(self._file.read_text()).astimezone(UTC)

    def wall(self) -> datetime:
        return self.now()

    def monotonic(self) -> float:
        return time.monotonic() + (self.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:  # noqa: ASYNC110 - the other process tells nobody
            await asyncio.sleep(min(left, _LOOK_EVERY))


if __name__ == "__main__":
    clock = MovedClock(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:], lambda _: clock))
