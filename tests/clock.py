"""A clock that moves only when a test moves it, or when the program waits by it."""

import asyncio
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)  # a Thursday


class FakeClock:
    """A clock that moves only when a test moves it. `sleep` moves it too, and returns at once."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._wall = start
        self._second = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def wall(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._second

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.step(timedelta(seconds=seconds))
        self._second += seconds  # not rounded, unlike a timedelta, which has only microseconds

    def advance(self, by: timedelta) -> None:
        """Moves the time of day and the monotonic clock."""
        self._now += by
        self._wall += by
        self._second += by.total_seconds()

    def step(self, by: timedelta) -> None:
        """Moves the time of day but not the monotonic clock, as when a person sets the machine's clock."""
        self._now += by
        self._wall += by

    def set_now(self, now: datetime) -> None:
        """Sets the time of day, as a later command with another `--now` does."""
        self._now = now


class SharedClock(FakeClock):
    """A clock on which waits that begin together end together."""

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        await asyncio.sleep(0)  # other tasks begin their waits first
        if self.monotonic() < end:
            self.advance(timedelta(seconds=end - self.monotonic()))
            self._second = max(self._second, end)  # a timedelta is rounded to microseconds
