"""Lines of cron."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.triggers.cron import CronTrigger

from subscriptions.planning.source_calendar import Due

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
