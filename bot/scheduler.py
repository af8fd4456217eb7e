"""The only home of APScheduler: it ticks, and reads lines of cron. What is due stands in the store."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.ports import Clock
from subscriptions import Due

TICK_SECONDS = 1.0  # a file of a watched folder must be read within five of its last change, and takes two looks
GUARD_SECONDS = 5.0
STEP_SECONDS = 1.5  # a wall clock that moved this much against the monotonic one was set, or the machine slept


class Ticker:
    """Calls `tick` every second, one call at a time; late ticks are merged into one.

    APScheduler 3 plans its next run by the wall clock: set that clock back an hour, and it would not tick for an hour.
    A guard notices when wall and monotonic time drift apart, and plans anew.
    """

    def __init__(self, clock: Clock, tick: Callable[[], Awaitable[None]], *, seconds: float = TICK_SECONDS) -> None:
        self._clock = clock
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._offset = self._now_offset()
        self._ticking = asyncio.Lock()

    async def run(self, stopped: asyncio.Event) -> None:
        """Ticks until `stopped` is set; a tick that has begun is finished."""
        self._scheduler.add_job(
            self._one, self._trigger(), id="tick", max_instances=1, coalesce=True, misfire_grace_time=None
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
                self._scheduler.shutdown(wait=False)  # it cancels what runs, so nothing may

    async def _one(self) -> None:
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
    """Fires once for all intervals that have passed.

    IntervalTrigger names each of them, and APScheduler lists them before it merges them: a clock that is set forward by a
    year, by NTP on a machine without one of its own, would cost gigabytes and half a minute.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next moment after `now`."""
        following: datetime = super().get_next_fire_time(previous_fire_time, now)
        return following if following > now else now + self.interval


_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")  # by number, as cron counts them
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
_NEVER = timedelta(days=366)  # a line that no day fits is looked at again after so long
_BACK = tuple(timedelta(days=days) for days in (1 / 24, 1, 8, 32, 367, 1500))  # how far back its last moment is sought


class CronSchedule:
    """The schedule of a line of cron (man 5 crontab): minute, hour, day of the month, month, day of the week.

    As there, a line that names both sorts of days means either of them. See subscriptions.Schedule.
    """

    awaited = True

    def __init__(self, line: str, zone: tzinfo) -> None:
        """`line` as the settings have checked it; its times are local to `zone`."""
        minute, hour, day, month, weekday = line.split()
        days = [(day, _by_name(weekday))] if "*" in (day[0], weekday[0]) else [(day, "*"), ("*", _by_name(weekday))]
        self._triggers = [
            CronTrigger(minute=minute, hour=hour, day=one, month=month, day_of_week=other, timezone=zone)
            for one, other in days
        ]

    def next_poll(self, after: datetime) -> datetime:
        """The first moment of the line after `after`."""
        return self._after(after) or after + _NEVER

    def next_due(self, after: datetime) -> datetime | None:
        """The first moment of the line after `after`; None: no day fits it."""
        return self._after(after)

    def last_due(self, now: datetime) -> datetime | None:
        """The last moment of the line up to `now`."""
        if self._after(now - _BACK[-1]) is None:
            return None
        for back in _BACK:
            found = list(self._between(now - back, now))
            if found:
                return found[-1]
        return None

    def due_now(self, now: datetime) -> Due | None:
        """What was due last is due until the next moment."""
        at = self.last_due(now)
        return Due(at=at) if at else None

    def _between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        moment = self._after(start)
        while moment is not None and moment <= end:
            yield moment
            moment = self._after(moment)

    def _after(self, after: datetime) -> datetime | None:
        """The first moment strictly after; the triggers count the given one in."""
        start = after.astimezone(UTC) + timedelta(microseconds=1)
        found = (trigger.get_next_fire_time(None, start) for trigger in self._triggers)
        return min((moment.astimezone(UTC) for moment in found if moment is not None), default=None)


def _by_name(weekdays: str) -> str:
    """Days of the week by their names: APScheduler 3 counts them from Monday, cron from Sunday."""
    if weekdays == "*":
        return weekdays
    names: list[str] = []
    for part in weekdays.split(","):
        found = _PART.fullmatch(part)
        assert found is not None, part  # noqa: S101 - the settings let nothing else through
        first = 0 if found["first"] == "*" else _number(found["first"])
        last = (
            6
            if found["first"] == "*" or (found["step"] and not found["last"])
            else _number(found["last"] or found["first"])
        )
        last += 7 if last < first else 0  # fri-mon
        names += [_WEEKDAYS[number % 7] for number in range(first, last + 1, int(found["step"] or 1))]
    return ",".join(dict.fromkeys(names))


def _number(weekday: str) -> int:
    return int(weekday) if weekday.isdigit() else _WEEKDAYS.index(weekday[:3])
