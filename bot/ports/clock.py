"""The clock, from which all of the program gets the time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time. Everything that is stored or decided goes by `now`."""

    def now(self) -> datetime:
        """Returns the time in aware UTC. With `--now` this clock starts at the given time and runs on."""

    def wall(self) -> datetime:
        """Returns the machine's time in aware UTC, also with `--now`: for rate limits, retries and files."""

    def monotonic(self) -> float:
        """Returns seconds that run on evenly, also when the machine's clock is set."""

    async def sleep(self, seconds: float) -> None:
        """Waits so many seconds. The clock of a test jumps ahead instead."""
