"""The missed days of a source: days that were due and that were not read yet. Pure.

A day is the date of a batch of arXiv, a date in an address with `{date}`, or a day with a moment of a cron line. It counts
as missed from the moment when it is due until it is read, is known to be empty, or is given up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

DAY = timedelta(days=1)
DAYS_BACK = timedelta(days=14)  # a missed day longer ago is given up
MOST_TRIES = 8  # tries to fetch a day; they take about four hours, with the waits after failures


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedDays:
    """The missed days of a source, and what happened to some of them in this poll."""

    days: Mapping[date, int] = field(default_factory=dict)  # missed day -> failed tries to fetch it
    upto: date | None = None  # the newest day that was ever due
    fetched: tuple[date, ...] = ()
    absent: tuple[date, ...] = ()  # days without a document
    lost: tuple[date, ...] = ()  # given up: too long ago, or too many failed tries
    gone: tuple[date, ...] = ()  # days that cannot be fetched, because the source shows only its newest document
    reason: str = ""  # why the last fetch failed

    def with_due(self, days: Iterable[date], today: date, current: Iterable[date] = ()) -> "MissedDays":
        """Adds days that have become due. Gives up days too far back or tried too often, except the `current` ones.

        Removes days in the future: they were added before the clock was set back.
        """
        missed = {day: tries for day, tries in self.days.items() if day <= today + DAY} | dict.fromkeys(days, 0)
        exempt = frozenset(current)  # a monthly list is requested regularly until the next one is due
        old = [day for day, tries in missed.items() if day not in exempt and self._is_hopeless(day, tries, today)]
        return replace(
            self,
            days={day: tries for day, tries in missed.items() if day not in old},
            upto=max(missed, default=self.upto),
            lost=(*self.lost, *old),
        )

    @staticmethod
    def _is_hopeless(day: date, tries: int, today: date) -> bool:
        return day < today - DAYS_BACK or tries >= MOST_TRIES

    def read(self, *days: date) -> "MissedDays":
        """Removes days that the regular requests have read."""
        return replace(self, days={day: tries for day, tries in self.days.items() if day not in days})

    def brought(self, day: date) -> "MissedDays":
        """Notes that a missed day was fetched."""
        return replace(self.read(day), fetched=(*self.fetched, day))

    def is_empty(self, day: date) -> "MissedDays":
        """Notes that the source has no document for a missed day."""
        return replace(self.read(day), absent=(*self.absent, day))

    def is_gone(self, day: date) -> "MissedDays":
        """Notes that a missed day cannot be fetched from this source."""
        return replace(self.read(day), gone=(*self.gone, day))

    def failed(self, day: date, reason: str, *, answered: bool = True) -> "MissedDays":
        """Counts a failed try to fetch a missed day. A try to which no server has `answered` does not give up the day."""
        tries = self.days.get(day, 0) + 1
        return replace(self, days={**self.days, day: tries if answered else min(tries, MOST_TRIES - 1)}, reason=reason)

    @property
    def undecided(self) -> Mapping[date, int]:
        """The missed days, including days that this poll gave up before operators were notified."""
        return {**dict.fromkeys((*self.lost, *self.gone), MOST_TRIES), **self.days}

    def past(self, *current: date | None) -> tuple[date, ...]:
        """Returns the missed days except the `current` ones, which have regular requests; oldest first."""
        return tuple(sorted(day for day in self.days if day not in current))

    def tries(self, *current: date | None) -> int:
        """Returns the largest number of failed tries of one of the `past` days."""
        return max((self.days[day] for day in self.past(*current)), default=0)

    def notified(self, *current: date | None, partly: bool) -> str:
        """Returns the sentences of a receipt about missed days; "" if there are none. `partly`: fetched days are incomplete."""
        waits = self.past(*current)
        lacks = "; cross-lists of older papers and new versions are not in it" if partly else ""
        parts = (
            (self.fetched, "Fetched afterwards: {days}" + lacks),
            (self.absent, "There is nothing of {days}"),
            (self.gone, "Missed: {days}; it shows only its newest"),
            (self.lost, "Given up: {days}"),
            (waits if self.reason else (), f"Not fetched yet: {{days}} ({self.reason.rstrip('.')})"),
        )
        return " ".join(f"{words.replace('{days}', ranges(days))}." for days, words in parts if days)


def ranges(days: Iterable[date]) -> str:
    """Returns the days as text, with consecutive days joined: "2026-01-19 to 2026-01-21, 2026-01-23"."""
    return ", ".join(
        f"{first} to {last}" if last - first > DAY else ", ".join(map(str, dict.fromkeys((first, last))))
        for first, last in runs(days)
    )


def runs(days: Iterable[date]) -> tuple[tuple[date, date], ...]:
    """Returns the runs of consecutive days, each as (first, last), in order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)
