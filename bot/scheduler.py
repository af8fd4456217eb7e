"""The only home of APScheduler. It ticks and knows nothing else: what is due stands in the store (design section 8)."""

import asyncio
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.ports import Clock

TICK_SECONDS = 2.0
GUARD_SECONDS = 5.0
STEP_SECONDS = 1.5  # a wall clock that moved this much against the monotonic one was set, or the machine slept


class Ticker:
    """Calls `tick` every two seconds, one call at a time; late ticks are merged into one.

    APScheduler computes its next run in wall time and sleeps on after a step back of the clock (seen in 3.11), so a
    guard compares wall with monotonic time and reschedules after a step.
    """

    def __init__(self, clock: Clock, tick: Callable[[], Awaitable[None]], *, seconds: float = TICK_SECONDS) -> None:
        self._clock = clock
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._offset = self._now_offset()

    async def run(self, stopped: asyncio.Event) -> None:
        """Ticks until `stopped` is set; a tick that has begun is finished."""
        self._scheduler.add_job(
            self._tick, self._trigger(), id="tick", max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._scheduler.start()
        try:
            while not stopped.is_set():
                self.guard()
                try:
                    await asyncio.wait_for(stopped.wait(), GUARD_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self._scheduler.shutdown(wait=False)

    def guard(self) -> bool:
        """Reschedules the tick if the clock was set. Returns whether it did."""
        offset = self._now_offset()
        stepped = abs(offset - self._offset) > STEP_SECONDS
        if stepped:
            self._scheduler.reschedule_job("tick", trigger=self._trigger())
        self._offset = offset
        return stepped

    def _trigger(self) -> IntervalTrigger:
        return IntervalTrigger(seconds=self._seconds, timezone="UTC")

    def _now_offset(self) -> float:
        return self._clock.wall().timestamp() - self._clock.monotonic()
