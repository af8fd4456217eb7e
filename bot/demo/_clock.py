"""The clock of the demo."""

from datetime import datetime, timedelta


class DemoClock:
    """Time that stands still between the moments of the story; whoever waits moves it."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """See Clock."""
        return self._now

    def wall(self) -> datetime:
        """See Clock. The story has no other clock."""
        return self._now

    def monotonic(self) -> float:
        """See Clock."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._now += timedelta(seconds=seconds)

    def go_to(self, moment: datetime) -> None:
        """The next moment of the story; never back."""
        self._now = max(self._now, moment)
