"""The clock: time enters here and nowhere else."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time enters here and nowhere else. `now` is the clock of every stored time and decision."""

    def now(self) -> datetime:
        """Aware UTC. With `--now` it starts there and runs on."""

    def wall(self) -> datetime:
        """What the machine says, aware UTC. Pace and the waits of platforms go by it, nothing that is decided does."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Waits; a test's clock jumps."""
