"""The missed days of a source: which are still to be read, for how long and how often they are tried, what became of the others. Pure.

Days are read oldest first. The store keeps the day until which a source was read, and how often the next one was tried.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from subscriptions.planning.source_calendar import DAY

DAYS_BACK = timedelta(days=14)  # older missed days are given up
MOST_TRIES = 8  # tries to read the oldest day; they take about four hours, with the waits after failures


class End(StrEnum):
    """What became of a missed day, in the words of a receipt."""

    FETCHED = "Fetched afterwards: {days}"
    ABSENT = "There is nothing of {days}"  # it has no document
    GONE = "Missed: {days}; it shows only its newest"  # it cannot be fetched
    LOST = "Given up: {days}"  # too long ago, or too many failed tries


LOSSES = (End.LOST, End.GONE)  # of these days operators are notified


@dataclass(slots=True, kw_only=True)
class MissedDays:
    """The missed days of a source in one poll."""

    read_until: date | None = None  # each day up to this one that was due was read, or given up
    tries: int = 0  # failed tries to read the oldest day
    left: list[date] = field(default_factory=list)  # still to be read, oldest first
    ended: dict[date, End] = field(default_factory=dict)
    why: str = ""  # why the last try failed

    def begin(self, due: Collection[date], current: Collection[date], today: date) -> None:
        """Notes the days that are due. Regular requests ask for the `current` ones. Those that are too old are given up."""
        if due:  # so that a first day on which nothing comes is missed on the next one
            self.read_until = min(due) - DAY
        self.left = sorted(set(due) - set(current))
        for day in [one for one in self.left if one < today - DAYS_BACK]:
            self.settle(day, End.LOST)

    def settle(self, day: date, end: End) -> None:
        """Notes what became of a day."""
        self.left.remove(day)
        self.ended[day] = end
        if not self.left or day < self.left[0]:
            self.read_until, self.tries = day, 0

    def fail(self, day: date, why: str, *, answered: bool) -> None:
        """Notes that a day could not be read. The oldest one is given up after MOST_TRIES tries, the last of them `answered`."""
        self.why = why
        if day not in self.left:  # it was settled in a transaction that failed
            del self.ended[day]
            self.left = sorted((*self.left, day))
            self.read_until = min(self.read_until or day, day - DAY)
        if day == self.left[0]:
            self.tries = min(self.tries + 1, MOST_TRIES if answered else MOST_TRIES - 1)
            if self.tries == MOST_TRIES:
                self.settle(day, End.LOST)

    def of(self, *ends: End) -> tuple[date, ...]:
        """Returns the days that ended in one of these ways."""
        return tuple(day for day, end in self.ended.items() if end in ends)

    def sentences(self, *, partly: bool) -> Iterator[str]:
        """Yields the sentences of a receipt about missed days. `partly`: fetched days are incomplete."""
        for end in End:
            if days := self.of(end):
                lacks = "; cross-lists of older papers and new versions are not in it"
                yield f"{end.format(days=ranges(days))}{lacks if partly and end is End.FETCHED else ''}."
        if self.why and self.left:
            yield f"Not fetched yet: {ranges(self.left)} ({self.why.rstrip('.')})."


def ranges(days: Collection[date]) -> str:
    """Returns the days as text, with consecutive days joined: "2026-01-19 to 2026-01-21, 2026-01-23"."""
    return ", ".join(
        f"{first} to {last}" if last - first > DAY else ", ".join(map(str, dict.fromkeys((first, last))))
        for first, last in runs(days)
    )


def runs(days: Collection[date]) -> tuple[tuple[date, date], ...]:
    """Returns the runs of consecutive days, each as (first, last), in order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)
