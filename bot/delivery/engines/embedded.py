"""Who delivers when, in one process: an asyncio drain of the lanes that were nudged."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count

from bot.delivery.rate_limiter import RateLimiter
from bot.ports.clock import Clock
from bot.ports.engine import Deliver
from subscriptions.model import Lane

CONCURRENCY = 10  # lanes at once
MAX_SLEEP = 0.2  # seconds

QueuePosition = tuple[int, int]  # (-priority, order)


class EmbeddedEngine:
    """The Engine of one process. Order: higher priority first, then first nudged first, also after a rest."""

    def __init__(
        self,
        clock: Clock,
        rate_limiter: RateLimiter,
        *,
        concurrency: int = CONCURRENCY,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency
        self._stopping = stopping
        self._order = count()
        self._positions: dict[Lane, QueuePosition] = {}  # of every lane that waits, runs or rests
        self._waiting: list[tuple[QueuePosition, Lane]] = []  # a heap
        self._delayed: list[
            tuple[float, QueuePosition, Lane]
        ] = []  # a heap; the monotonic second at which a rest is over
        self._running: set[Lane] = set()
        self._rerun_at: dict[Lane, float] = {}  # lanes that run, and the second from which they are to run once more
        self._changed = asyncio.Event()
        self._ticks: set[tuple[str, datetime]] = set()

    def wake(self, lanes: Sequence[Lane], *, priority: int = 0, not_before: datetime | None = None) -> None:
        """Wakes lanes; with `not_before` they rest until then, in the place that they have, and no other nudge wakes them."""
        now = second = self._clock.monotonic()
        if not_before is not None:
            second += max(0.0, (not_before - self._clock.now()).total_seconds())
        for lane in lanes:
            if lane in self._running:
                self._rerun_at[lane] = max(second, self._rerun_at.get(lane, second))
            elif lane not in self._positions:
                self._queue(lane, (-priority, next(self._order)), second, now)
        self._changed.set()

    def _queue(self, lane: Lane, place: QueuePosition, second: float, now: float) -> None:
        self._positions[lane] = place
        if second > now:
            heapq.heappush(self._delayed, (second, place, lane))
        else:
            heapq.heappush(self._waiting, (place, lane))

    async def run(self, deliver: Deliver) -> None:
        """Delivers in every nudged lane, one sender per lane, until nothing is left; rests are waited for.

        An error in one lane breaks off no other: what they have on its way would be unclear. All are raised at the end.
        """
        errors: list[Exception] = []
        self._changed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            alarm: asyncio.Task[None] | None = None
            while self._running or self._waiting or (self._delayed and not self._stopping()):
                self._queue_delayed()
                while self._waiting and len(self._running) < self._concurrency:
                    _, lane = heapq.heappop(self._waiting)
                    self._running.add(lane)
                    group.create_task(self._deliver_lane(lane, deliver, errors))
                if self._delayed and (alarm is None or alarm.done()):
                    alarm = asyncio.create_task(self._wait_for_delayed(self._delayed[0][0]))
                self._changed.clear()
                await self._changed.wait()
            if alarm is not None:
                alarm.cancel()
        if errors:
            raise ExceptionGroup("lanes that failed", errors)

    def _queue_delayed(self) -> None:
        """Whose rest is over waits again, in the place that it had."""
        now = self._clock.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            _, place, lane = heapq.heappop(self._delayed)
            heapq.heappush(self._waiting, (place, lane))

    async def _wait_for_delayed(self, second: float) -> None:
        """Rings when the first rest is over, or a shorter one that began meanwhile may be."""
        await self._clock.sleep(min(second - self._clock.monotonic(), MAX_SLEEP))
        self._changed.set()

    async def _deliver_lane(self, lane: Lane, deliver: Deliver, errors: list[Exception]) -> None:
        try:
            await deliver(lane)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            errors.append(error)
        finally:
            self._running.discard(lane)
            place = self._positions.pop(lane)
            now, second = self._clock.monotonic(), self._rerun_at.pop(lane, None)
            if second is not None:
                rests = second > now
                self._queue(lane, place if rests else (place[0], next(self._order)), second, now)
            self._changed.set()

    async def reserve(self, token: str, n: int = 1, *, urgent: bool = False) -> float:
        """Takes `n` sends of a token's budget, and waits until the first may start."""
        while True:
            start = self._rate_limiter.reserve(token, self._clock.monotonic(), n, urgent=urgent)
            if (wait := start - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            if urgent or not self._rate_limiter.was_preempted(token):
                return start

    async def claim_tick(self, name: str, due: datetime) -> bool:
        """One process: the first caller."""
        first = (name, due) not in self._ticks
        self._ticks.add((name, due))
        return first
