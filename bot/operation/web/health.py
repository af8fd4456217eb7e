"""What is wrong with the running process, and for how long: the contents of `/health/ready`."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot.ports.clock import Clock
from subscriptions.store import Store
from subscriptions.store.database.write_probe import write_refusal

LOOK_INTERVAL = 5.0  # seconds between two looks at the database
SHORT_REFUSAL = 15.0  # seconds; a lock that lasts longer is no mere neighbour at work


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: one line for the public, without a path or a secret, and how long it has been so."""

    why: str
    seconds: int


class Health:
    """Knows what is wrong now, and since when."""

    def __init__(self, store: Store, clock: Clock, problems: Callable[[], Mapping[str, str]]) -> None:
        """`problems` returns what the parts of the process say is wrong, by name."""
        self._store = store
        self._clock = clock
        self._problems = problems
        self._since: dict[str, float] = {}  # name of a problem -> monotonic second at which it was seen first
        self._refused_since: float | None = None  # monotonic second from which the database has taken no writes
        self._refusal = ""

    def problems(self) -> dict[str, Problem]:
        """Returns what is wrong now, by name."""
        now, found = self._clock.monotonic(), dict(self._problems())
        self._since = {name: self._since.get(name, now) for name in found}
        wrong = {name: Problem(why, int(now - self._since[name])) for name, why in found.items()}
        if self._refused_since is not None and now - self._refused_since > SHORT_REFUSAL:
            why = f"nothing can be written: {self._refusal}"
            wrong["database"] = Problem(why, int(now - self._refused_since))
        return wrong

    def whys(self) -> dict[str, str]:
        """Returns what is wrong now, by name, without the ages."""
        return {name: problem.why for name, problem in self.problems().items()}

    async def watch(self) -> None:
        """Looks at the database and the parts of the process, until it is cancelled.

        Has a thread of its own: while the database is locked, writers may hold all those of the shared pool.
        """
        with ThreadPoolExecutor(1, "paperwire-health") as thread:
            while True:
                await self.look(thread)
                await self._clock.sleep(LOOK_INTERVAL)

    async def look(self, thread: ThreadPoolExecutor | None = None) -> None:
        """Looks once."""
        refusal = await asyncio.get_running_loop().run_in_executor(thread, write_refusal, self._store)
        if refusal is None:
            self._refused_since = None
        else:
            self._refusal = refusal.cause
            self._refused_since = self._clock.monotonic() if self._refused_since is None else self._refused_since
        self.problems()
