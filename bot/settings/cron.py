"""Cron lines (man 5 crontab): checks lines of the settings, and computes the schedule of a line.

A line has five fields: minute, hour, day of the month, month, day of the week. Each field is a list of `*`, a value or a
range, with or without a step. Months and days of the week also have names, in lower case here. cronsim computes the
moments, by the rules of Debian's cron; it is a little more liberal, so a line is checked here first.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from subscriptions.planning.source_calendar import Overdue

_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:\*|(?P<first>\w{1,3})(?:-(?P<last>\w{1,3}))?)(?:/(?P<step>\d{1,3}))?", re.ASCII)
_MONTH, _WEEKDAY = 3, 4
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day, month, day of the week: 0 and 7 are Sunday
_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _WEEKDAYS)
_NEVER = timedelta(days=366)  # the wait until the next poll of a source whose cron line no day fits
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def is_cron(line: str) -> bool:
    """Returns whether a line in lower case is a cron line: five fields, each with values that exist."""
    fields = line.split()
    return len(fields) == len(_RANGES) and all(_values(text, index) for index, text in enumerate(fields))


def fits_any_day(line: str) -> bool:
    """Returns whether any day fits a cron line. No day fits 30 February."""
    try:
        CronSim(_plain(line), _ANY_DAY)
    except CronSimError:
        return False
    return True


class CronSchedule:
    """The schedule of a cron line, in the local time of a zone. See subscriptions.planning.source_calendar.Schedule.

    If the line restricts both the day of the month and the day of the week, a day that fits either of them counts.
    When the clocks go forward, a time that is skipped comes at once after the change; when they go back, a time that is
    repeated comes once. Lines with `*` as minute or hour follow the clock instead (man 8 cron).
    """

    awaited = True

    def __init__(self, line: str, zone: tzinfo) -> None:
        """`line` has passed `is_cron`."""
        self._line = _plain(line)
        self._zone = zone

    def next_poll(self, after: datetime) -> datetime:
        """See Schedule. Returns the first moment of the line after `after`; if there is none, `after` and _NEVER."""
        return self.next_due(after) or after + _NEVER

    def next_due(self, after: datetime) -> datetime | None:
        """See Schedule. None if no day fits the line."""
        return next((moment for moment in self._moments(after) if moment > after), None)

    def last_due(self, now: datetime) -> datetime | None:
        """See Schedule. None if no day fits the line."""
        return next(self._moments(now + timedelta(microseconds=1), reverse=True), None)

    def due_now(self, now: datetime) -> Overdue | None:
        """See Schedule. A source that one moment made due stays due until the next moment."""
        at = self.last_due(now)
        return Overdue(at=at) if at else None

    def _moments(self, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        try:
            found = CronSim(self._line, start.astimezone(self._zone), reverse=reverse)
        except CronSimError:  # no day fits the line
            return
        for moment in found:
            yield moment.astimezone(UTC)


def _plain(line: str) -> str:
    """Returns the line as cronsim reads it: names, steps and ranges across the weekend become lists of numbers.

    Fields that begin with `*` are kept, since that sign decides how the two fields of days combine, and what happens when
    the clocks change.
    """
    fields = (
        text if text.startswith("*") else ",".join(map(str, sorted(_values(text, index))))
        for index, text in enumerate(line.split())
    )
    return " ".join(fields)


def _values(text: str, index: int) -> set[int]:
    """Returns the values that a field names; none if the field cannot be read."""
    found: set[int] = set()
    for part in text.split(","):
        values = _part(part, index)
        if not values:
            return set()
        found |= values
    return found


def _part(text: str, index: int) -> set[int]:
    """Returns the values of `*`, `5`, `1-5` or `mon-fri`, with or without a step such as `*/15`; none if unreadable."""
    matched, (low, high) = _PART.fullmatch(text), _RANGES[index]
    if matched is None:
        return set()
    first, last, step = (matched[name] for name in ("first", "last", "step"))
    if index == _MONTH and first and (first.isdigit() != (last or first).isdigit() or (step and not first.isdigit())):
        return set()  # "1-mar" and "jan-jun/2" are refused
    begin = low if first is None else _number(first, index)
    end = _number(last, index) if last is not None else high if first is None or step else begin
    if index == _WEEKDAY and end < begin and last is not None:  # fri-mon
        end, high = end + len(_WEEKDAYS), high + len(_WEEKDAYS)
    if not low <= begin <= end <= high or (step and not 1 <= int(step) <= end - begin):
        return set()
    if index != _WEEKDAY:
        return set(range(begin, end + 1, int(step or 1)))
    end -= step is not None and last is None  # a step without an end goes up to Saturday, and not to the 7 of Sunday
    return {value % len(_WEEKDAYS) for value in range(begin, end + 1, int(step or 1))}


def _number(text: str, index: int) -> int:
    """Returns a value by its number or its name; -1 for an unknown name."""
    if text.isdigit():
        return int(text)
    return _NAMES[index].index(text) if text in _NAMES[index] else -1
