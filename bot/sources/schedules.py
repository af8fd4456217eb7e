"""Tells when sources are due."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from bot.settings import SourceSettings
from bot.settings.cron import CronSchedule
from bot.settings.source_facts import is_listing
from bot.sources.http import is_dated
from subscriptions.planning.receipts import Observation
from subscriptions.planning.source_calendar import (
    ArxivCalendar,
    ArxivSchedule,
    Due,
    Schedule,
    read_schedule,
)
from subscriptions.zones import zone

DAY = timedelta(days=1)
MAX_DAYS_COUNTED = timedelta(days=60)  # days missed before that are not counted


class SourceSchedules:
    """Tells when sources are due, by the schedules of the settings, arXiv's calendar and the operator's time zone."""

    def __init__(self, holidays: Sequence[date] | None, zone_name: str) -> None:
        self.calendar = ArxivCalendar(holidays=None if holidays is None else frozenset(holidays))
        self._zone = zone(zone_name)

    def schedule(self, source: SourceSettings) -> Schedule | None:
        """The schedule of a source; None for a file that is only watched."""
        if source.schedule is None:
            return None
        return read_schedule(source.schedule, self._arxiv(source), lambda line: CronSchedule(line, self._zone))

    def due(self, source: SourceSettings, observation: Observation, now: datetime) -> tuple[Due | None, bool]:
        """What an observed unit should hold by now; if that is nothing, also whether it is only a day of rest."""
        schedule = self.schedule(source)
        if schedule is None:
            return None, False
        if observation.batch:
            return self._arxiv(source).due_now(now), True
        return schedule.due_now(now), schedule.awaited

    def is_awaited(self, source: SourceSettings) -> bool:
        """Whether a source is awaited. Papers of any day are new from a source that is not awaited."""
        schedule = self.schedule(source)
        return schedule is not None and schedule.awaited

    def batch_due(self, source: SourceSettings, now: datetime) -> Due | None:
        """The batch of arXiv that is due."""
        return self._arxiv(source).due_now(now)

    def current_days(self, source: SourceSettings, now: datetime) -> tuple[date, ...]:
        """The days that a source is asked for as usual, today first; for arXiv and cron lines, the day that is due."""
        today = now.astimezone(UTC).date()
        if is_dated(source):
            return today, today - DAY
        schedule = self.schedule(source)
        if self._follows_arxiv(source):
            due = self._arxiv(source).due_now(now)
            return (due.batch,) if due and due.batch else ()
        last = schedule.last_due(now) if schedule and schedule.awaited else None
        return (last.astimezone(self._zone).date(),) if last else ()

    def days_due(self, source: SourceSettings, after: date | None, now: datetime) -> tuple[date, ...]:
        """The days after `after` that a source should have brought by `now`, oldest first. With None, only the current day."""
        current = self.current_days(source, now)
        today = now.astimezone(UTC).date()
        if after is None or after > today + DAY:  # set before the clock was set back
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
            found |= {day: None} if day >= first else {}
            moment = schedule.next_poll(moment + timedelta(hours=1))
        return tuple(found)

    def _follows_arxiv(self, source: SourceSettings) -> bool:
        """Whether a source follows arXiv's calendar."""
        return bool(source.arxiv) or source.schedule == "arxiv"

    def expected_at(self, source: SourceSettings, batch: date) -> datetime:
        """The moment from which a source should hold a batch of arXiv."""
        return self._arxiv(source).expected_at(batch)

    def _arxiv(self, source: SourceSettings) -> ArxivSchedule:
        return ArxivSchedule(calendar=self.calendar, evening=source.url is not None and is_listing(source.url))
