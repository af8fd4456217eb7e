"""Tells when sources are due, and which days they should have brought; how many days back count as missed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from bot.settings import SourceSettings, is_listing
from bot.settings.cron import CronSchedule
from bot.sources.fetch_request import DAY, is_dated
from subscriptions.planning import source_calendar
from subscriptions.planning.receipts import Observation
from subscriptions.zones import zone

MAX_DAYS_COUNTED = timedelta(days=60)  # days longer ago do not count as missed


class SourceSchedules:
    """Tells when sources are due, by the schedules of the settings, arXiv's calendar and the operator's time zone."""

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

    def due(
        self, source: SourceSettings, observation: Observation, now: datetime
    ) -> tuple[source_calendar.Overdue | None, bool]:
        """Returns (what a unit should hold by now, or None; whether None means that nothing is announced today)."""
        schedule = self.schedule(source)
        if schedule is None:
            return None, False
        if observation.batch:
            return self._arxiv(source).due_now(now), True
        return schedule.due_now(now), schedule.awaited

    def is_awaited(self, source: SourceSettings) -> bool:
        """Returns whether documents of a source are due at known moments. If not, papers of any day count as new."""
        schedule = self.schedule(source)
        return schedule is not None and schedule.awaited

    def batch_due(self, source: SourceSettings, now: datetime) -> source_calendar.Overdue | None:
        """Returns the batch of arXiv that the source should show by now; None if none is due."""
        return self._arxiv(source).due_now(now)

    def current_days(self, source: SourceSettings, now: datetime) -> tuple[date, ...]:
        """Returns the days of the regular requests: today and yesterday for a dated address, else the day that is due."""
        today = now.astimezone(UTC).date()
        if is_dated(source):
            return today, today - DAY
        schedule = self.schedule(source)
        if self._follows_arxiv(source):
            due = self._arxiv(source).due_now(now)
            if due and due.batch:
                return (due.batch,)
            return ()
        last = None
        if schedule and schedule.awaited:
            last = schedule.last_due(now)
        if last:
            return (last.astimezone(self._zone).date(),)
        return ()

    def days_due(self, source: SourceSettings, after: date | None, now: datetime) -> tuple[date, ...]:
        """Returns the days after `after` that a source should have brought by `now`, oldest first.

        If `after` is None, returns only the current day.
        """
        if source.database:
            return ()  # each poll asks for all papers since the last one that was good
        current = self.current_days(source, now)
        today = now.astimezone(UTC).date()
        if after is None or after > today + DAY:  # a time in the future was stored before the clock was set back
            return current[:1]
        first = max(after, today - MAX_DAYS_COUNTED) + DAY
        if is_dated(source):
            return tuple(first + DAY * n for n in range((today - first).days + 1))
        if self._follows_arxiv(source):
            schedule = self._arxiv(source)
            days = self.calendar.announcement_days(first, today + DAY)
            return tuple(day for day in days if schedule.expected_at(day) <= now)
        return self._days_of_cron(source, first, now)

    def _days_of_cron(self, source: SourceSettings, first: date, now: datetime) -> tuple[date, ...]:
        schedule = self.schedule(source)
        if schedule is None or not schedule.awaited:
            return ()
        found: dict[date, None] = {}
        moment = schedule.next_poll(datetime(first.year, first.month, first.day, tzinfo=UTC) - DAY)
        while moment <= now:
            day = moment.astimezone(self._zone).date()
            if day >= first:
                found[day] = None
            moment = schedule.next_poll(moment + timedelta(hours=1))
        return tuple(found)

    def _follows_arxiv(self, source: SourceSettings) -> bool:
        """Returns whether a source follows arXiv's calendar."""
        return bool(source.arxiv) or source.schedule == "arxiv"

    def expected_at(self, source: SourceSettings, batch: date) -> datetime:
        """Returns the moment from which a source should hold a batch of arXiv."""
        return self._arxiv(source).expected_at(batch)

    def _arxiv(self, source: SourceSettings) -> source_calendar.ArxivSchedule:
        return source_calendar.ArxivSchedule(
            calendar=self.calendar, evening=source.url is not None and is_listing(source.url)
        )
