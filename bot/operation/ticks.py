"""The tick of the process, by APScheduler. The store, not the scheduler, keeps what is due."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.ports.channel import Clock

TICK_SECONDS = 1.0  # a changed file must be read within five seconds, which takes two ticks
GUARD_SECONDS = 5.0  # between two calls of `guard`
STEP_SECONDS = (
    1.5  # if the wall clock moved more than this against the monotonic clock, it was set, or the machine slept
)


class Ticker:
    """Calls `tick` every second, one call at a time. Several late ticks become one.

    APScheduler 3 plans the next run by the wall clock. If that clock is set back by an hour, there would be no tick for an
    hour. `guard` compares the wall clock with the monotonic clock, and then plans the next run anew.
    """

    def __init__(self, clock: Clock, tick: Callable[[], Awaitable[None]], *, seconds: float = TICK_SECONDS) -> None:
        self._clock = clock
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._offset = self._now_offset()
        self._ticking = asyncio.Lock()

    async def run(self, stopped: asyncio.Event) -> None:
        """Calls `tick` until `stopped` is set. A running tick is finished."""
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
                self._scheduler.shutdown(wait=False)  # this cancels a running tick, hence the lock

    async def _tick_once(self) -> None:
        async with self._ticking:
            await self._tick()

    def guard(self) -> bool:
        """Reschedules the tick if the clock was set. Returns whether it did."""
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

    APScheduler makes a list of all intervals that IntervalTrigger has missed before it merges them. On a machine without a
    battery-backed clock, NTP may set the clock forward by a year; that list would take gigabytes and half a minute.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Returns the time of the next run, which is always after `now`."""
        following: datetime = super().get_next_fire_time(previous_fire_time, now)
        return following if following > now else now + self.interval
