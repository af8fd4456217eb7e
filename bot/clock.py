"""The clocks: the machine's, and one that starts where `--now` says."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """Time as the machine has it. With `start` the clock of decisions begins there and runs on (docs/commands.md, --now)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._began = time.monotonic()

    def now(self) -> datetime:
        """The clock of every stored time and decision, aware UTC."""
        if self._start is None:
            return self.wall()
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def wall(self) -> datetime:
        """The machine's clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never step."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)
