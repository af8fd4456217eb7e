"""Days that a source owes: those that were due and that nobody has read yet, and what a receipt says of them. Pure.

A day is a batch of arXiv, a day of an address with `{date}`, or one on which a line of cron falls. It is owed from when it
is due until it was read, is known to be empty, or is given up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

DAY = timedelta(days=1)
DAYS_BACK = timedelta(days=14)  # a day that lies further back is not asked for any more
MOST_TRIES = 8  # some four hours, with the waits that follow a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedDays:
    """What a source owes, and what became in this poll of days that were missed."""

    days: Mapping[date, int] = field(default_factory=dict)  # owed → how often it was asked for in vain
    upto: date | None = None  # the newest day that ever was due
    fetched: tuple[date, ...] = ()
    absent: tuple[date, ...] = ()  # there is no document of them
    lost: tuple[date, ...] = ()  # too long ago, or asked for too often in vain
    gone: tuple[date, ...] = ()  # the source shows only its newest, so nobody can ask for them
    reason: str = ""  # why the last one could not be fetched

    def with_due(self, days: Iterable[date], today: date, current: Iterable[date] = ()) -> "MissedDays":
        """These days have become due; of all that is owed, what lies too far back is given up, but for the `current` ones.

        What lies ahead was owed by a clock that has been set since.
        """
        owed = {day: tries for day, tries in self.days.items() if day <= today + DAY} | dict.fromkeys(days, 0)
        kept = frozenset(current)  # a monthly list is asked for as usual until the next one is due
        old = [day for day, tries in owed.items() if day not in kept and self._is_hopeless(day, tries, today)]
        return replace(
            self,
            days={day: tries for day, tries in owed.items() if day not in old},
            upto=max(owed, default=self.upto),
            lost=(*self.lost, *old),
        )

    @staticmethod
    def _is_hopeless(day: date, tries: int, today: date) -> bool:
        return day < today - DAYS_BACK or tries >= MOST_TRIES

    def read(self, *days: date) -> "MissedDays":
        """These days are not owed any more: what was due in them has come."""
        return replace(self, days={day: tries for day, tries in self.days.items() if day not in days})

    def brought(self, day: date) -> "MissedDays":
        """A day that was missed was fetched."""
        return replace(self.read(day), fetched=(*self.fetched, day))

    def is_empty(self, day: date) -> "MissedDays":
        """There is no document of a day that was missed."""
        return replace(self.read(day), absent=(*self.absent, day))

    def is_gone(self, day: date) -> "MissedDays":
        """Nobody can ask for a day that was missed."""
        return replace(self.read(day), gone=(*self.gone, day))

    def failed(self, day: date, reason: str, *, answered: bool = True) -> "MissedDays":
        """A day that was missed could not be fetched. One for which nobody `answered` is not given up because of that."""
        tries = self.days.get(day, 0) + 1
        return replace(self, days={**self.days, day: tries if answered else min(tries, MOST_TRIES - 1)}, reason=reason)

    @property
    def undecided(self) -> Mapping[date, int]:
        """What is owed while nobody has been told yet of the days that nobody will have."""
        return {**dict.fromkeys((*self.lost, *self.gone), MOST_TRIES), **self.days}

    def past(self, *current: date | None) -> tuple[date, ...]:
        """What is owed and was missed, oldest first: all but what is read as usual."""
        return tuple(sorted(day for day in self.days if day not in current))

    def tries(self, *current: date | None) -> int:
        """How often in vain the one was asked for that was asked for most."""
        return max((self.days[day] for day in self.past(*current)), default=0)

    def notified(self, *current: date | None, partly: bool) -> str:
        """What a receipt says of the days that were missed; "" when none was. `partly`: what was fetched lacks something."""
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
    """Days for people, what follows on each other together: "2026-01-19 to 2026-01-21, 2026-01-23"."""
    return ", ".join(
        f"{first} to {last}" if last - first > DAY else ", ".join(map(str, dict.fromkeys((first, last))))
        for first, last in runs(days)
    )


def runs(days: Iterable[date]) -> tuple[tuple[date, date], ...]:
    """The first and the last of the days that follow on each other, in order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)
