"""The clock of the demo."""

from datetime import datetime, timedelta


class DemoClock:
    """A clock that only `go_to` and `sleep` move."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """See Clock."""
        return self._now

    def wall(self) -> datetime:
        """See Clock. It is the same as `now` here."""
        return self._now

    def monotonic(self) -> float:
        """See Clock."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._now += timedelta(seconds=seconds)

    def go_to(self, moment: datetime) -> None:
        """Moves the clock to a moment, but never back."""
        self._now = max(self._now, moment)
