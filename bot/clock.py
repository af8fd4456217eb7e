"""The only source of time, and the machine's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# also counts while the machine sleeps; not every system has it
_SECONDS = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """The only source of time. Everything that is stored or decided uses `now`."""

    def now(self) -> datetime:
        """Return the current time in aware UTC. With `--now`, the clock starts at the given time and runs on."""

    def wall(self) -> datetime:
        """Return the machine's time in aware UTC, even with `--now`. It is for rate limits, retries and files."""

    def monotonic(self) -> float:
        """Return seconds that increase evenly, even if the machine's clock is changed."""

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds. The clock of a test jumps forward instead."""


class SystemClock:
    """The machine's clock. With `start`, `now` begins at that time and runs on (docs/commands.md, --now)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._began = time.monotonic()

    def now(self) -> datetime:
        """See Clock."""
        if self._start is None:
            return self.wall()
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def wall(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See Clock."""
        return time.clock_gettime(_SECONDS)

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)
