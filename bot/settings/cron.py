"""When a source is due whose schedule is a line of cron, as Debian's cron reads it (man 5 crontab)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim

from subscriptions.planning.source_calendar import Overdue, Schedule

_NEVER = timedelta(days=366)  # time until the next poll of a source if no day fits its cron line


class CronSchedule(Schedule):
    """The schedule of a cron line, in the local time of a zone. See subscriptions.planning.source_calendar.Schedule.

    If the line restricts both the day of the month and the day of the week, a day must fit only one of the two. When
    the clocks go forward, a skipped time is due right after the change. When they go back, a repeated time is due only
    once. These two rules do not apply to lines with `*` as minute or hour, which are due whenever the clock shows a
    fitting time (man 8 cron).
    """

    awaited = True

    def __init__(self, line: str, zone: tzinfo) -> None:
        """`line` must be one that the settings accept."""
        self._line = line
        self._zone = zone

    def next_poll(self, after: datetime) -> datetime:
        """See Schedule. Returns the first time after `after` that fits the line; if there is none, `after` plus _NEVER."""
        return self.next_due(after) or after + _NEVER

    def next_due(self, after: datetime) -> datetime | None:
        """See Schedule. Returns None if no day fits the line."""
        return next((moment for moment in self._moments(after) if moment > after), None)

    def last_due(self, now: datetime) -> datetime | None:
        """See Schedule. Returns None if no day fits the line."""
        return next(self._moments(now + timedelta(microseconds=1), reverse=True), None)

    def due_now(self, now: datetime) -> Overdue | None:
        """See Schedule. After each time of the line, the source counts as due until the next one."""
        at = self.last_due(now)
        return Overdue(at=at) if at else None

    def _moments(self, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        for moment in CronSim(self._line, start.astimezone(self._zone), reverse=reverse):
            yield moment.astimezone(UTC)
