"""arXiv's days and holidays, how often a source is polled, when its papers are due, how long they are news (rule 12).

Pure; moments are in UTC.

arXiv announces papers from Sunday to Thursday at 20:00 in New York. Its lists show them at once, its feeds from the
next midnight on. So a *batch*, the papers of one announcement, is dated with the day after it, Monday to Friday
(info.arxiv.org/help/availability.html and rss.html).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")  # a zone, not an offset, since arXiv's evening follows summer time there
LISTED_AT = time(20, 5)  # polls of a list of arXiv begin at this time on the evening of the announcement
FED_AT = time(0, 5)  # polls of a feed begin at this time on the day of the batch
SUNDAY, FRIDAY, SATURDAY = 6, 4, 5
DAY = timedelta(days=1)

AGAIN_AFTER = timedelta(minutes=15)  # between polls while papers are due and have not come
# how long a source is polled every AGAIN_AFTER; then it is polled every SLOWLY, until a day after it was due
EAGER_FOR = timedelta(hours=12)
SLOWLY = timedelta(hours=1)
# between polls on a holiday, when nothing is due; the list of holidays may have an error
HOLIDAY_LOOKS = timedelta(hours=6)

FIRST_WAIT = timedelta(minutes=2)  # until the next poll after a failure; doubled after each further failure
LONGEST_WAIT = timedelta(hours=1)
# each wait gets longer by a random share up to this, so that sources that failed together are polled apart
JITTER = 0.2

NEWS_FOR = timedelta(days=7)  # a digest that comes longer after its day is an archive
_AHEAD = timedelta(days=2)  # no zone is that far ahead of another, so a later day is an error

# The holidays that arXiv published for these years. We do not have the list of 2024.
_PUBLISHED = {
    2023: ("01-16", "06-14", "06-19", "07-04", "09-04", "11-23", "12-25", "12-27"),
    2025: ("01-01", "01-20", "06-19", "07-06", "09-01", "11-27"),
    2026: ("01-01", "01-19", "06-19", "07-03", "09-07", "11-26", "12-25", "12-29", "12-31"),
}


def usual_holidays(year: int) -> frozenset[date]:
    """Return the holidays of arXiv in a year. On the evenings of these days arXiv announces nothing.

    For 2023, 2025 and 2026 these are the published lists (info.arxiv.org/help/availability.html, "On Deferred
    Mailings", and its source in github.com/arXiv/arxiv-docs). For other years they are the days that are on every list:
    New Year, Martin Luther King Day, Juneteenth, Independence Day, Labor Day, Thanksgiving and Christmas. The operator
    can replace them with the setting `[arxiv] holidays`.
    """
    if year in _PUBLISHED:
        return frozenset(date.fromisoformat(f"{year}-{day}") for day in _PUBLISHED[year])
    fixed = {date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 12, 25)}
    return frozenset(fixed | {_nth(year, 1, 0, 3), _nth(year, 9, 0, 1), _nth(year, 11, 3, 4)})


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """Return the `number`-th Monday (`weekday` 0) to Sunday (`weekday` 6) of a month."""
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (number - 1))


def is_archive(day: date, came: date) -> bool:
    """Return whether a digest of `day` is an archive if it comes on `came`. Both are days in the operator's zone."""
    return came - day > NEWS_FOR


def lies_ahead(day: date, came: date) -> bool:
    """Return whether `day` had not begun in any zone when a digest came on `came`. Then the date must be wrong."""
    return day - came > _AHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Something that should have come by now."""

    at: datetime  # since when it is due
    batch: date | None = None  # the date of arXiv's batch; None: any new paper of the source will do

    @property
    def readable_since(self) -> datetime:
        """The moment from which what is due may be found: arXiv writes a batch in the minutes before it is due."""
        if self.batch is None:
            return self.at
        return min(self.at, datetime.combine(self.batch, time(), NEW_YORK).astimezone(UTC))


class Schedule(ABC):
    """Tells when to poll a source, and when papers are due there. Where nobody knows that, papers are never due."""

    awaited = False  # papers are due at known moments, so that subscriptions can wait for them

    @abstractmethod
    def next_poll(self, after: datetime) -> datetime:
        """Return the first regular poll after `after`."""

    def next_due(self, after: datetime) -> datetime | None:  # noqa: ARG002 - of those that know
        """Return the first moment after `after` at which papers are due; None if that is not known."""
        return None

    def last_due(self, now: datetime) -> datetime | None:  # noqa: ARG002 - as above
        """Return the last moment up to `now` at which papers were due; None if there was none."""
        return None

    def due_now(self, now: datetime) -> Overdue | None:  # noqa: ARG002 - as above
        """Return what should have come by `now`; None if nothing is expected today."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivCalendar:
    """The days on which arXiv announces papers, which it does in the evening.

    There is no announcement on the evening of a Friday, a Saturday or a holiday. If a Friday is a holiday, it has no
    batch. So there is no announcement on the Thursday before.
    """

    holidays: frozenset[date] | None = None  # None: usual_holidays

    def announces(self, evening: date) -> bool:
        """Return whether arXiv announces papers at 20:00 on this day, in New York."""
        return evening.weekday() not in (FRIDAY, SATURDAY) and not self._is_holiday(evening)

    def has_batch(self, day: date) -> bool:
        """Return whether arXiv has a batch that is dated with this day."""
        return self.announces(day - DAY) and not (day.weekday() == FRIDAY and self._is_holiday(day))

    def announcement_days(self, first: date, last: date) -> tuple[date, ...]:
        """Return the dates of the batches from `first` to `last`, both included."""
        days = (first + DAY * n for n in range((last - first).days + 1))
        return tuple(day for day in days if self.has_batch(day))

    def _is_holiday(self, day: date) -> bool:
        return day in (usual_holidays(day.year) if self.holidays is None else self.holidays)


@dataclass(frozen=True, kw_only=True)
class ArxivSchedule(Schedule):
    """The schedule of arXiv's feeds; if `evening`, of its lists, which show a batch on the evening before its date."""

    calendar: ArxivCalendar = ArxivCalendar()
    evening: bool = False
    awaited = True

    def expected_at(self, batch: date) -> datetime:
        """Return the moment from which a batch can be read. `batch` is its date."""
        day, at = (batch - DAY, LISTED_AT) if self.evening else (batch, FED_AT)
        # New York's changes of the clocks do not skip or repeat these times
        return datetime.combine(day, at, NEW_YORK).astimezone(UTC)

    def next_due(self, after: datetime) -> datetime:
        """Return the first moment after `after` from which a batch can be read."""
        return next(at for at, regular in self._moments(after) if regular and at > after)

    def next_poll(self, after: datetime) -> datetime:
        """Like `next_due`, but also every six hours on holidays, since the list of holidays may have an error."""
        return next(at for at, _ in self._moments(after) if at > after)

    def last_due(self, now: datetime) -> datetime | None:
        """Return the last moment up to `now` from which a batch could be read."""
        batch = self._batch_at(now)
        while not self.calendar.has_batch(batch) or self.expected_at(batch) > now:
            batch -= DAY
        return self.expected_at(batch)

    def due_now(self, now: datetime) -> Overdue | None:
        """Return today's batch, for 24 hours from the moment when it can be read; None at weekends and on holidays."""
        batch = self._batch_at(now)
        at = self.expected_at(batch)
        if at > now:
            batch -= DAY
            at = self.expected_at(batch)
        if self.calendar.has_batch(batch):
            return Overdue(at=at, batch=batch)
        return None

    def _batch_at(self, now: datetime) -> date:
        """Return the date whose batch becomes readable on the day of `now` in New York."""
        return now.astimezone(NEW_YORK).date() + (DAY if self.evening else timedelta(0))

    def _moments(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        """Yield (moment of a poll, whether a batch is due then), ascending without end, from the day of `start` on."""
        batch = self._batch_at(start) - DAY
        while True:
            at = self.expected_at(batch)
            if self.calendar.has_batch(batch):
                yield at, True
            elif batch.weekday() < SATURDAY:
                yield from ((at + HOLIDAY_LOOKS * n, False) for n in range(int(DAY / HOLIDAY_LOOKS)))
            batch += DAY


@dataclass(frozen=True, kw_only=True)
class EverySchedule(Schedule):
    """Polls at an interval. Papers are never due, since no one knows which poll will find new ones."""

    interval: timedelta

    def next_poll(self, after: datetime) -> datetime:
        """Return the moment that is one interval after `after`."""
        return after + self.interval


_EVERY = re.compile(r"every (?P<number>\d+)(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules:
    """Parses the schedules of sources with the operator's settings."""

    calendar: ArxivCalendar = ArxivCalendar()
    cron: Callable[[str], Schedule] | None = None  # parses cron lines; None: cron lines count as no schedule
    names: frozenset[str] | None = None  # the sources in the settings, lower case; None: all stored sources count
    implied: str = ""  # name of the source that exists without being declared

    def counts(self, name: str, next_at: datetime | None, now: datetime) -> bool:
        """Return whether subscriptions wait for a source: it is in the settings, or it is the implied source.

        The implied source counts only while it is polled. `next_at` is its next poll; None before its first poll.
        """
        if self.names is None or name.casefold() in self.names:
            return True
        return name.casefold() == self.implied and (next_at is None or now - next_at < DAY)

    def read(self, text: str, *, evening: bool = False) -> Schedule | None:
        """Return the schedule that a text in the settings names: "arxiv", "every 30m" or a cron line.

        Return None for "" (a watched folder has no schedule). `evening`: the source is one of arXiv's lists.
        """
        if text == "arxiv":
            return ArxivSchedule(calendar=self.calendar, evening=evening)
        if every := _EVERY.fullmatch(text):
            return EverySchedule(interval=timedelta(**{_UNITS[every["unit"]]: int(every["number"])}))
        return self.cron(text) if text and self.cron else None


def poll_again(schedule: Schedule, now: datetime, *, settled: bool) -> datetime:
    """Return when to poll a source again after a poll at `now`. `settled`: all that was due has come."""
    regular = schedule.next_poll(now)
    due = schedule.due_now(now)
    if settled or due is None or not schedule.awaited:
        return regular
    waited = now - due.at
    if waited >= DAY:
        return regular
    return min(regular, now + (AGAIN_AFTER if waited < EAGER_FOR else SLOWLY))


def wait_after_failure(failures: int, asked: timedelta, chance: float) -> timedelta:
    """Return how long to wait after this number of failures in a row, which is at least 1.

    `asked` is the shortest wait that the server asked for. `chance` is a random number from 0 to 1 for the jitter.
    """
    wait = min(FIRST_WAIT * (1 << min(failures - 1, 10)), LONGEST_WAIT)
    return max(asked, wait) * (1 + JITTER * chance)
