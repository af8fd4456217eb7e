"""The ticker: calls a step once a second, and never twice at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.ports.channel import Clock

TICK_SECONDS = 1.0  # a changed file must be read within five seconds, and reading it takes two ticks
GUARD_SECONDS = 5.0  # between two calls of `guard`
# if the wall clock and the monotonic clock differ by more, the wall clock was set or the machine slept
STEP_SECONDS = 1.5


class Ticker:
    """Calls `tick` every second, one call at a time. If ticks were missed, calls it once for all of them.

    APScheduler 3 computes the next run from the wall clock. So after that clock was set back by an hour, there would be
    no tick for an hour. `guard` compares the wall clock with the monotonic clock. If the wall clock was set, it
    reschedules the next run.
    """

    def __init__(self, clock: Clock, tick: Callable[[], Awaitable[None]], *, seconds: float = TICK_SECONDS) -> None:
        self._clock = clock
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._offset = self._now_offset()
        self._ticking = asyncio.Lock()

    async def run(self, stopped: asyncio.Event) -> None:
        """Calls `tick` until `stopped` is set. Then it waits for a running tick."""
        self._scheduler.add_job(
            self._tick_once, self._trigger(), id="tick", max_instances=1, coalesce=True, misfire_grace_time=None
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
            async with self._ticking:
                self._scheduler.shutdown(wait=False)  # this call would cancel a running tick, so the lock is needed

    async def _tick_once(self) -> None:
        async with self._ticking:
            await self._tick()

    def guard(self) -> bool:
        """Reschedules the tick if the wall clock was set. Returns whether the clock was set."""
        offset = self._now_offset()
        stepped = abs(offset - self._offset) > STEP_SECONDS
        if stepped:
            self._scheduler.reschedule_job("tick", trigger=self._trigger())
        self._offset = offset
        return stepped

    def _trigger(self) -> IntervalTrigger:
        return _NextTick(seconds=self._seconds, timezone="UTC")

    def _now_offset(self) -> float:
        return self._clock.wall().timestamp() - self._clock.monotonic()


class _NextTick(IntervalTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """A trigger that fires once for all intervals that have passed.

    Before APScheduler merges missed intervals, it makes a list of all of them. On a machine without a battery-backed clock,
    NTP may set the clock forward by a year; that list would take gigabytes of memory and half a minute.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Returns the time of the next run, which is always after `now`."""
        following: datetime = super().get_next_fire_time(previous_fire_time, now)
        return following if following > now else now + self.interval
