"""When papers come: arXiv's days, and the schedules by which sources are asked. Pure; every instant is aware UTC.

arXiv announces from Sunday to Thursday at 20:00 in New York; its lists show the papers from then on, its feeds from the
midnight that follows, so a *batch* bears the date of the day after its announcement, Monday to Friday
(info.arxiv.org/help/availability.html and rss.html).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")  # the zone and not an offset: arXiv's evening moves with its summer time
LISTED_AT = time(20, 5)  # from when a list of arXiv is asked, on the evening of the announcement
FED_AT = time(0, 5)  # from when a feed is asked, on the day of the batch
SUNDAY, FRIDAY, SATURDAY = 6, 4, 5
DAY = timedelta(days=1)

AGAIN_AFTER = timedelta(minutes=15)  # how soon is asked again what was due and has not come
EAGER_FOR = timedelta(hours=12)  # so long; then only every SLOWLY, until a day after it was due
SLOWLY = timedelta(hours=1)
LATE_AFTER = timedelta(hours=6)  # what has not come by then is late
HOLIDAY_LOOKS = timedelta(hours=6)  # nothing is due on a holiday, but lists of holidays err

FIRST_WAIT = timedelta(minutes=2)  # after a failure; doubled by each that follows
LONGEST_WAIT = timedelta(hours=1)
JITTER = 0.2  # a wait is lengthened by up to this share, so that not all who failed together come again together

# "Holidays" as arXiv published them for these years; in 2024 nobody kept the page.
_PUBLISHED = {
    2023: ("01-16", "06-14", "06-19", "07-04", "09-04", "11-23", "12-25", "12-27"),
    2025: ("01-01", "01-20", "06-19", "07-06", "09-01", "11-27"),
    2026: ("01-01", "01-19", "06-19", "07-03", "09-07", "11-26", "12-25", "12-29", "12-31"),
}


def usual_holidays(year: int) -> frozenset[date]:
    """The days of a year that arXiv lists as holidays, on whose evenings it announces nothing.

    Of 2023, 2025 and 2026 the published lists (info.arxiv.org/help/availability.html, "On Deferred Mailings", and its
    source in github.com/arXiv/arxiv-docs). Of other years what all lists have in common: New Year, Martin Luther King Day,
    Juneteenth, Independence Day, Labor Day, Thanksgiving, Christmas. `[arxiv] holidays` replaces them.
    """
    if year in _PUBLISHED:
        return frozenset(date.fromisoformat(f"{year}-{day}") for day in _PUBLISHED[year])
    fixed = {date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 12, 25)}
    return frozenset(fixed | {_nth(year, 1, 0, 3), _nth(year, 9, 0, 1), _nth(year, 11, 3, 4)})


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """The first (second, …) Monday (…) of a month."""
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (number - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that should be there by now."""

    at: datetime  # since when
    batch: date | None = None  # the day of arXiv that it is; None: whatever the source brings


class Schedule(Protocol):
    """By which a source is asked."""

    @property
    def awaited(self) -> bool:
        """Whether something is due at its moments; of other sources nobody knows when they have news."""

    def next_poll(self, after: datetime) -> datetime:
        """The first moment after `after` at which the source is asked, whatever it said before."""

    def next_due(self, after: datetime) -> datetime | None:
        """The first moment after `after` at which something is due; None: nobody can tell."""

    def last_due(self, now: datetime) -> datetime | None:
        """The last moment up to `now` at which something was due; None: there was none, or nothing ever is."""

    def due_now(self, now: datetime) -> Due | None:
        """What should be there at `now`; None: nothing is expected today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivCalendar:
    """On which days arXiv announces. A holiday is a day without an announcement in the evening.

    A Friday has none anyway: as a holiday it stands for its own batch, which Thursday evening would have announced.
    """

    holidays: frozenset[date] | None = None  # None: those that are usual

    def announces(self, evening: date) -> bool:
        """Whether there is an announcement at 20:00 of this day, in New York."""
        return evening.weekday() not in (FRIDAY, SATURDAY) and not self._is_holiday(evening)

    def has_batch(self, day: date) -> bool:
        """Whether a batch bears this date: a weekday after an announcement."""
        return self.announces(day - DAY) and not (day.weekday() == FRIDAY and self._is_holiday(day))

    def announcement_days(self, first: date, last: date) -> tuple[date, ...]:
        """The dates of the batches from `first` to `last`, both included."""
        days = (first + DAY * n for n in range((last - first).days + 1))
        return tuple(day for day in days if self.has_batch(day))

    def _is_holiday(self, day: date) -> bool:
        return day in (usual_holidays(day.year) if self.holidays is None else self.holidays)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivSchedule:
    """arXiv's own rhythm. `evening` for its lists, which show a batch on the evening before its date."""

    calendar: ArxivCalendar = ArxivCalendar()
    evening: bool = False
    awaited: bool = True

    def expected_at(self, batch: date) -> datetime:
        """From when the batch of a date can be read."""
        day, at = (batch - DAY, LISTED_AT) if self.evening else (batch, FED_AT)
        return datetime.combine(day, at, NEW_YORK).astimezone(UTC)  # neither time is ever skipped or repeated there

    def next_due(self, after: datetime) -> datetime:
        """The first moment after `after` from which a batch can be read."""
        return next(at for at, regular in self._moments(after) if regular and at > after)

    def next_poll(self, after: datetime) -> datetime:
        """As `next_due`; on a holiday it is looked every six hours whether something came all the same."""
        return next(at for at, _ in self._moments(after) if at > after)

    def last_due(self, now: datetime) -> datetime | None:
        """The last moment up to `now` from which a batch could be read."""
        batch = self._batch_at(now)
        while not self.calendar.has_batch(batch) or self.expected_at(batch) > now:
            batch -= DAY
        return self.expected_at(batch)

    def due_now(self, now: datetime) -> Due | None:
        """Today's batch, for a day from when it can be read; None at weekends and on holidays."""
        batch = self._batch_at(now)
        at = self.expected_at(batch)
        if at > now:
            batch -= DAY
            at = self.expected_at(batch)
        return Due(at=at, batch=batch) if self.calendar.has_batch(batch) else None

    def _batch_at(self, now: datetime) -> date:
        """The date whose batch becomes readable on the day of `now` in New York."""
        return now.astimezone(NEW_YORK).date() + (DAY if self.evening else timedelta(0))

    def _moments(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        """Moments of polling from the day of `start` on, ascending, without end, and whether a batch is due at them."""
        batch = self._batch_at(start) - DAY
        while True:
            at = self.expected_at(batch)
            if self.calendar.has_batch(batch):
                yield at, True
            elif batch.weekday() < SATURDAY:
                yield from ((at + HOLIDAY_LOOKS * n, False) for n in range(int(DAY / HOLIDAY_LOOKS)))
            batch += DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class EverySchedule:
    """At an interval. Nothing is ever due: a source that is asked every half hour seldom has news."""

    interval: timedelta
    awaited: bool = False

    def next_poll(self, after: datetime) -> datetime:
        """One interval later."""
        return after + self.interval

    def next_due(self, after: datetime) -> datetime | None:  # noqa: ARG002 - of the port
        """None."""
        return None

    def last_due(self, now: datetime) -> datetime | None:  # noqa: ARG002 - of the port
        """None."""
        return None

    def due_now(self, now: datetime) -> Due | None:  # noqa: ARG002 - of the port
        """None."""
        return None


_EVERY = re.compile(r"every (?P<number>\d+)(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_schedule(text: str, arxiv: ArxivSchedule, cron: Callable[[str], Schedule]) -> Schedule:
    """The schedule that a text of the settings means: "arxiv", "every 30m" or a line of cron, which `cron` reads."""
    if text == "arxiv":
        return arxiv
    if every := _EVERY.fullmatch(text):
        return EverySchedule(interval=timedelta(**{_UNITS[every["unit"]]: int(every["number"])}))
    return cron(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules:
    """Reads the schedules of sources as the operator's settings mean them."""

    calendar: ArxivCalendar = ArxivCalendar()
    cron: Callable[[str], Schedule] | None = None  # None: nobody here reads lines of cron
    names: frozenset[str] | None = None  # of the sources of the settings, in lower case; None: all that the store knows
    implied: str = ""  # the one that there is although the settings name none

    def counts(self, name: str, next_at: datetime | None, now: datetime) -> bool:
        """Whether a source is one of the settings: nobody waits for another one, whoever asked it once.

        The implied one counts while somebody asks it, which `next_at` tells: when it is to be asked next, None at first.
        """
        if self.names is None or name.casefold() in self.names:
            return True
        return name.casefold() == self.implied and (next_at is None or now - next_at < DAY)

    def read(self, text: str, *, evening: bool = False) -> Schedule | None:
        """The schedule that a text means; None for "", what is only watched, and for what cannot be read here.

        `evening`: its documents are lists of arXiv (see ArxivSchedule).
        """
        if not text or (self.cron is None and text != "arxiv" and not _EVERY.fullmatch(text)):
            return None
        return read_schedule(text, ArxivSchedule(calendar=self.calendar, evening=evening), self.cron or _nobody)


def _nobody(line: str) -> Schedule:
    raise AssertionError(line)  # Schedules has looked before


def poll_again(schedule: Schedule, now: datetime, *, settled: bool) -> datetime:
    """When a source is asked next that was asked at `now`. `settled`: what was due has come, or nothing is."""
    regular = schedule.next_poll(now)
    due = schedule.due_now(now)
    if settled or due is None or not schedule.awaited:
        return regular
    waited = now - due.at
    if waited >= DAY:
        return regular
    return min(regular, now + (AGAIN_AFTER if waited < EAGER_FOR else SLOWLY))


def wait_after_failure(failures: int, asked: timedelta, chance: float) -> timedelta:
    """How long a source is left alone after so many failures in a row (from 1). `asked`: what its server wants at least.

    `chance` from 0 to 1 decides about the jitter.
    """
    wait = min(FIRST_WAIT * (1 << min(failures - 1, 10)), LONGEST_WAIT)
    return max(asked, wait) * (1 + JITTER * chance)
