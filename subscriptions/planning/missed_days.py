"""The missed days of a source: for how many days and tries each is still fetched, and what became of the others. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
DAYS_BACK = timedelta(days=14)  # older missed days are given up
MOST_TRIES = 8  # tries to fetch a day; they take about four hours, with the waits after failures


class End(StrEnum):
    """What became of a missed day, in the words of a receipt."""

    FETCHED = "Fetched afterwards: {days}"
    ABSENT = "There is nothing of {days}"  # it has no document
    GONE = "Missed: {days}; it shows only its newest"  # it cannot be fetched
    LOST = "Given up: {days}"  # too long ago, or too many failed tries


LOSSES = (End.LOST, End.GONE)  # of these days operators are notified


@dataclass(slots=True, kw_only=True)
class MissedDays:
    """The missed days of a source, and what became of some of them in this poll."""

    days: dict[date, int] = field(default_factory=dict)  # day that is still to be fetched -> failed tries
    ended: dict[date, End] = field(default_factory=dict)
    upto: date | None = None  # the newest day that was ever due
    # days that regular requests fetch; the day of a monthly list stays among them until the next list is due
    current: tuple[date, ...] = ()
    reason: str = ""  # why the last fetch failed

    def add_due(self, days: Iterable[date], today: date) -> None:
        """Adds days that have become due. Gives up days that are too old or were tried too often, except `current` days.

        Removes days in the future, which were added before the clock was set back.
        """
        self.days = {day: tries for day, tries in self.days.items() if day <= today + DAY} | dict.fromkeys(days, 0)
        self.upto = max(self.days, default=self.upto)
        for day in self.past:
            if day < today - DAYS_BACK or self.days[day] >= MOST_TRIES:
                self.settle(day, End.LOST)

    def take_off(self, days: Iterable[date]) -> None:
        """Removes days that the regular requests have read."""
        for day in days:
            self.days.pop(day, None)

    def settle(self, day: date, end: End) -> None:
        """Notes what became of a missed day."""
        self.take_off([day])
        self.ended[day] = end

    def fail(self, day: date, reason: str, *, answered: bool = True) -> None:
        """Counts a failed try to fetch a missed day. If no server `answered`, the day is not given up after this try."""
        tries = self.days.get(day, 0) + 1
        self.days[day] = tries if answered else min(tries, MOST_TRIES - 1)
        self.reason = reason

    def of(self, *ends: End) -> tuple[date, ...]:
        """Returns the days that ended in one of these ways."""
        return tuple(day for day, end in self.ended.items() if end in ends)

    @property
    def untold(self) -> dict[date, int]:
        """The days to store during a poll: those still to be fetched, and those of whose loss operators do not know yet."""
        return {**dict.fromkeys(self.of(*LOSSES), MOST_TRIES), **self.days}

    @property
    def past(self) -> tuple[date, ...]:
        """The days still to be fetched except the current ones, which have regular requests; oldest first."""
        return tuple(sorted(day for day in self.days if day not in self.current))

    @property
    def tries(self) -> int:
        """The largest number of failed tries of one of the `past` days."""
        return max((self.days[day] for day in self.past), default=0)

    def notified(self, *, partly: bool) -> str:
        """Returns the sentences of a receipt about missed days; "" if there are none.

        `partly`: fetched days are incomplete.
        """
        said = []
        for end in End:
            if days := self.of(end):
                said.append(end.format(days=ranges(days)))
                if partly and end is End.FETCHED:
                    said[-1] += "; cross-lists of older papers and new versions are not in it"
        if self.reason and self.past:
            said.append(f"Not fetched yet: {ranges(self.past)} ({self.reason.rstrip('.')})")
        return " ".join(f"{one}." for one in said)


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
