"""Lines of cron: which are right, and when a source with such a schedule is due.

A line has five fields: minute, hour, day of the month, month, day of the week. A field is a list of items with commas. An
item is `*`, a value or a range, and may have a step. Months and days of the week may be names, which are in lower case
here. cronsim computes the times by the rules of Debian's cron (man 5 crontab). cronsim also accepts lines that break these
rules, so each line is checked here first.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from subscriptions.planning.source_calendar import Overdue, Schedule

_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:\*|(?P<first>\w{1,3})(?:-(?P<last>\w{1,3}))?)(?:/(?P<step>\d{1,3}))?", re.ASCII)
_MONTH, _WEEKDAY = 3, 4
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day, month, day of the week: 0 and 7 are Sunday
_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _WEEKDAYS)
_NEVER = timedelta(days=366)  # time until the next poll of a source if no day fits its cron line
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def is_cron(line: str) -> bool:
    """Returns whether a line in lower case is a cron line: five fields with valid values."""
    fields = line.split()
    return len(fields) == len(_RANGES) and all(_values(text, index) for index, text in enumerate(fields))


def fits_any_day(line: str) -> bool:
    """Returns whether any day fits a cron line. For example, no day fits `0 6 30 2 *`: the 30th of February."""
    try:
        CronSim(_plain(line), _ANY_DAY)
    except CronSimError:
        return False
    return True


class CronSchedule(Schedule):
    """The schedule of a cron line, in the local time of a zone. See subscriptions.planning.source_calendar.Schedule.

    If the line restricts both the day of the month and the day of the week, a day must fit only one of the two. When
    the clocks go forward, a skipped time is due right after the change. When they go back, a repeated time is due only
    once. These two rules do not apply to lines with `*` as minute or hour, which are due whenever the clock shows a
    fitting time (man 8 cron).
    """

    awaited = True

    def __init__(self, line: str, zone: tzinfo) -> None:
        """`line` must have passed `is_cron`."""
        self._line = _plain(line)
        self._zone = zone

    def next_poll(self, after: datetime) -> datetime:
        """See Schedule. Returns the first time after `after` that fits the line; if there is none, `after` plus _NEVER."""
        return self.next_due(after) or after + _NEVER

    def next_due(self, after: datetime) -> datetime | None:
        """See Schedule. Returns None if no day fits the line."""
        return next((moment for moment in self._moments(after) if moment > after), None)

    def last_due(self, now: datetime) -> datetime | None:
        """See Schedule. Returns None if no day fits the line."""
        return next(self._moments(now + timedelta(microseconds=1), reverse=True), None)

    def due_now(self, now: datetime) -> Overdue | None:
        """See Schedule. After each time of the line, the source counts as due until the next one."""
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
    """Returns the line in a form that cronsim accepts: names, steps and ranges over a weekend become lists of numbers.

    Fields that begin with `*` stay as they are: whether the two fields for days are combined, and what happens when the
    clocks change, depends on the `*`.
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
    """Returns the values of `*`, `5`, `1-5` or `mon-fri`, which may have a step such as `*/15`; none if unreadable."""
    matched, (low, high) = _PART.fullmatch(text), _RANGES[index]
    if matched is None:
        return set()
    first, last, step = (matched[name] for name in ("first", "last", "step"))
    if index == _MONTH and first and (first.isdigit() != (last or first).isdigit() or (step and not first.isdigit())):
        return set()  # "1-mar" and "jan-jun/2" are refused
    begin = low
    if first is not None:
        begin = _number(first, index)
    end = high if first is None or step else begin
    if last is not None:
        end = _number(last, index)
    if index == _WEEKDAY and end < begin and last is not None:  # fri-mon
        end, high = end + len(_WEEKDAYS), high + len(_WEEKDAYS)
    if not low <= begin <= end <= high or (step and not 1 <= int(step) <= end - begin):
        return set()
    if index != _WEEKDAY:
        return set(range(begin, end + 1, int(step or 1)))
    end -= step is not None and last is None  # with a step but no end, Saturday (6) is the last; 7 is Sunday again
    return {value % len(_WEEKDAYS) for value in range(begin, end + 1, int(step or 1))}


def _number(text: str, index: int) -> int:
    """Returns the number of a value that is a number or a name; -1 for an unknown name."""
    if text.isdigit():
        return int(text)
    if text in _NAMES[index]:
        return _NAMES[index].index(text)
    return -1
