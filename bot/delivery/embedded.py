"""The engine of one process: runs woken lanes concurrently in asyncio tasks."""

import asyncio
import heapq
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from math import inf
from weakref import WeakValueDictionary

from bot.delivery.rate_limiter import GcraRateLimiter
from bot.ports.channel import Clock, Deliver
from subscriptions.model import Lane

CONCURRENCY = 10  # lanes of one platform that run at once: none waits for the backlog of another platform
MAX_SLEEP = 0.2  # seconds until `run` looks again for rests that are over


class EmbeddedEngine:
    """See Engine. A lane that was woken with `not_before` rests until then. Lanes of a platform run in the order of their wakes.

    A lane keeps its place in that order during a rest.
    """

    def __init__(
        self,
        clock: Clock,
        rate_limiter: GcraRateLimiter,
        *,
        concurrency: int = CONCURRENCY,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency
        self._stopping = stopping
        self._order = count()
        self._places: dict[Lane, int] = {}  # lane that waits, runs or rests -> its place; the lowest place runs first
        self._waiting: defaultdict[str, list[tuple[int, Lane]]] = defaultdict(
            list
        )  # platform -> a heap of (place, lane)
        self._resting: list[tuple[float, int, Lane]] = []  # a heap of (monotonic second of its end, place, lane)
        self._running: set[Lane] = set()
        self._rerun_at: dict[Lane, float] = {}  # running lane that is to run again -> the monotonic second from which
        self._changed = asyncio.Event()
        self._posting: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()

    @property
    def lanes_in_hand(self) -> int:
        """See Engine."""
        return len(self._running)

    def wake(self, lanes: Sequence[Lane], *, not_before: datetime | None = None) -> None:
        """See Engine. With `not_before` the lanes rest until then; another wake does not end the rest earlier."""
        now = second = self._clock.monotonic()
        if not_before is not None:
            second += max(0.0, (not_before - self._clock.now()).total_seconds())
        for lane in lanes:
            if lane in self._running:
                self._rerun_at[lane] = max(second, self._rerun_at.get(lane, second))
            elif lane not in self._places:
                self._queue(lane, next(self._order), second, now)
        self._changed.set()

    def deliveries_stored(self, lanes: Sequence[Lane]) -> None:
        """See Engine."""
        self.wake(lanes)

    def _queue(self, lane: Lane, place: int, second: float, now: float) -> None:
        self._places[lane] = place
        if second > now:
            heapq.heappush(self._resting, (second, place, lane))
        else:
            heapq.heappush(self._waiting[lane.platform], (place, lane))

    async def run(self, deliver: Deliver) -> None:
        """See Engine. Returns when no lane waits, runs or rests; when the process stops, rests are not waited for.

        An error in one lane does not cancel the others, since their messages in flight would become unclear.
        """
        errors: list[Exception] = []
        self._changed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            alarm: asyncio.Task[None] | None = None
            while self._running or any(self._waiting.values()) or (self._resting and not self._stopping()):
                self._end_rests()
                for lane in self._next_lanes():
                    self._running.add(lane)
                    group.create_task(self._deliver_lane(lane, deliver, errors))
                if self._resting and (alarm is None or alarm.done()):
                    alarm = asyncio.create_task(self._wait_for_rest(self._resting[0][0]))
                self._changed.clear()
                await self._changed.wait()
            if alarm is not None:
                alarm.cancel()
        if errors:
            raise ExceptionGroup("lanes that failed", errors)

    def _next_lanes(self) -> list[Lane]:
        """Takes the lanes that can run now: of each platform the first ones, as many as it has room for."""
        running = Counter(lane.platform for lane in self._running)
        return [
            heapq.heappop(waiting)[1]
            for platform, waiting in self._waiting.items()
            for _ in range(min(len(waiting), self._concurrency - running[platform]))
        ]

    def _end_rests(self) -> None:
        """Moves lanes whose rest is over to the waiting lanes, with the places that they had."""
        now = self._clock.monotonic()
        while self._resting and self._resting[0][0] <= now:
            _, place, lane = heapq.heappop(self._resting)
            heapq.heappush(self._waiting[lane.platform], (place, lane))

    async def _wait_for_rest(self, second: float) -> None:
        """Sets `_changed` when a rest ends, and after MAX_SLEEP at the latest, since a shorter rest may have begun."""
        await self._clock.sleep(min(second - self._clock.monotonic(), MAX_SLEEP))
        self._changed.set()

    async def _deliver_lane(self, lane: Lane, deliver: Deliver, errors: list[Exception]) -> None:
        try:
            await deliver(lane)
        except Exception as error:  # noqa: BLE001 - the other lanes must go on
            errors.append(error)
        finally:
            self._running.discard(lane)
            place = self._places.pop(lane)
            now, second = self._clock.monotonic(), self._rerun_at.pop(lane, None)
            if second is not None:
                rests = second > now
                self._queue(lane, place if rests else next(self._order), second, now)
            self._changed.set()

    @asynccontextmanager
    async def posting(self, lane: Lane, *, patience: float = inf) -> AsyncIterator[bool]:  # noqa: ARG002 - one process sends
        """See Engine."""
        async with self._posting.setdefault(lane, asyncio.Lock()):
            yield True

    async def count_others(self, lane: Lane, *, anew: bool = False) -> None:
        """See Engine. Does nothing: one process sends."""

    async def reserve(self, token: str, *, urgent: bool = False) -> float:
        """See Engine. Waits until the send may start."""
        while True:
            start = self._rate_limiter.reserve(token, self._clock.monotonic(), urgent=urgent)
            if (wait := start - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            if urgent or not self._rate_limiter.was_preempted(token):
                return start
