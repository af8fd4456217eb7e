"""Who delivers when, in one process: an asyncio drain of the lanes that were nudged."""

import asyncio
import heapq
from collections.abc import Sequence
from datetime import datetime
from itertools import count

from bot.engines.pace import Pace
from bot.ports import Clock, Deliver
from subscriptions import Lane

CONCURRENCY = 10  # lanes at once


class EmbeddedEngine:
    """The Engine of one process. Order: higher priority first, then first nudged first."""

    def __init__(self, clock: Clock, pace: Pace, *, concurrency: int = CONCURRENCY) -> None:
        self._clock = clock
        self._pace = pace
        self._concurrency = concurrency
        self._order = count()
        self._waiting: list[tuple[int, int, Lane]] = []
        self._queued: set[Lane] = set()
        self._running: set[Lane] = set()
        self._again: set[Lane] = set()
        self._ticks: set[tuple[str, datetime]] = set()

    def nudge(self, lanes: Sequence[Lane], *, priority: int = 0, not_before: datetime | None = None) -> None:
        """Wakes lanes. A wait belongs to the store, which is asked again at the next tick."""
        if not_before is not None and not_before > self._clock.now():
            return
        for lane in lanes:
            if lane in self._running:
                self._again.add(lane)
            elif lane not in self._queued:
                self._queued.add(lane)
                heapq.heappush(self._waiting, (-priority, next(self._order), lane))

    async def run(self, deliver: Deliver) -> None:
        """Delivers in every nudged lane, one sender per lane, until nothing is left.

        An error in one lane breaks off no other: what they have on its way would be unclear. All are raised at the end.
        """
        errors: list[Exception] = []
        async with asyncio.TaskGroup() as group:
            tasks: set[asyncio.Task[None]] = set()
            while self._waiting or tasks:
                while self._waiting and len(tasks) < self._concurrency:
                    _, _, lane = heapq.heappop(self._waiting)
                    self._queued.discard(lane)
                    self._running.add(lane)
                    tasks.add(group.create_task(self._one(lane, deliver, errors)))
                _, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if errors:
            raise ExceptionGroup("lanes that failed", errors)

    async def _one(self, lane: Lane, deliver: Deliver, errors: list[Exception]) -> None:
        try:
            await deliver(lane)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            errors.append(error)
        finally:
            self._running.discard(lane)
            if lane in self._again:
                self._again.discard(lane)
                self.nudge([lane])

    async def reserve(self, token: str, n: int = 1, *, urgent: bool = False) -> float:
        """Takes `n` sends of a token's budget, and waits until the first may start."""
        while True:
            start = self._pace.reserve(token, self._clock.monotonic(), n, urgent=urgent)
            if (wait := start - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            if urgent or not self._pace.gives_way(token):
                return start

    async def once(self, name: str, due: datetime) -> bool:
        """One process: the first caller."""
        first = (name, due) not in self._ticks
        self._ticks.add((name, due))
        return first
