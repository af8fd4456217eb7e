"""When sources are due, and which days they should have brought: schedules of the settings, arXiv's calendar, the operator's zone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from bot.settings import SourceSettings, is_listing
from bot.settings.opening import CronSchedule
from bot.sources.fetch_request import is_dated
from subscriptions.planning import source_calendar
from subscriptions.planning.source_calendar import DAY
from subscriptions.zones import zone

MAX_DAYS_COUNTED = timedelta(days=60)  # days longer ago do not count as missed


class SourceSchedules:
    """Tells when sources are due, and which days they should have brought."""

    def __init__(self, holidays: Sequence[date] | None, zone_name: str) -> None:
        self.calendar = source_calendar.ArxivCalendar(holidays=None if holidays is None else frozenset(holidays))
        self._zone = zone(zone_name)

    def schedule(self, source: SourceSettings) -> source_calendar.Schedule | None:
        """Returns the schedule of a source; None for a file that is only watched."""
        if source.schedule is None:
            return None
        return source_calendar.read_schedule(
            source.schedule, self._arxiv(source), lambda line: CronSchedule(line, self._zone)
        )

    def due(self, source: SourceSettings, now: datetime) -> source_calendar.Overdue | None:
        """Returns what a source should hold by now; None if nothing is expected, or nobody knows."""
        schedule = self._arxiv(source) if follows_arxiv(source) else self.schedule(source)
        return schedule.due_now(now) if schedule else None

    def current_days(self, source: SourceSettings, now: datetime) -> tuple[date, ...]:
        """Returns the days of the regular requests: today and yesterday for a dated address, else arXiv's batch."""
        if is_dated(source):
            today = now.astimezone(UTC).date()
            return today, today - DAY
        due = self.due(source, now)
        return (due.batch,) if due and due.batch else ()

    def days_due(self, source: SourceSettings, after: date | None, now: datetime) -> tuple[date, ...]:
        """Returns the days after `after` that a source should have brought by `now`, oldest first.

        If `after` is None, returns only the current day. Nobody knows the days of other sources than arXiv's and those
        with a date in the address.
        """
        today = now.astimezone(UTC).date()
        if after is None or after > today + DAY:  # a time in the future was stored before the clock was set back
            return self.current_days(source, now)[:1]
        first = max(after, today - MAX_DAYS_COUNTED) + DAY
        if is_dated(source):
            return tuple(first + DAY * n for n in range((today - first).days + 1))
        if not follows_arxiv(source):
            return ()
        arxiv = self._arxiv(source)
        days = self.calendar.announcement_days(first, today + DAY)
        return tuple(day for day in days if arxiv.expected_at(day) <= now)

    def _arxiv(self, source: SourceSettings) -> source_calendar.ArxivSchedule:
        evening = source.url is not None and is_listing(source.url)
        return source_calendar.ArxivSchedule(calendar=self.calendar, evening=evening)


def follows_arxiv(source: SourceSettings) -> bool:
    """Returns whether papers of a source are due when arXiv announces them, however often it is asked."""
    return bool(source.arxiv) or source.schedule == "arxiv"
