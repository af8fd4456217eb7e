"""Lines of cron (man 5 crontab) as the settings take them: whether one can be read, and whether any day ever fits it. Pure.

What passes here, `bot.operation.ticks.CronSchedule` understands. Names stand for months and days of the week alone, in lower case.
"""

import re

_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:\*|(?P<first>\w{1,3})(?:-(?P<last>\w{1,3}))?)(?:/(?P<step>\d{1,3}))?", re.ASCII)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month, in some year
_DAY, _MONTH, _WEEKDAY = 2, 3, 4
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day, month, day of the week: 0 and 7 are Sunday
_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _WEEKDAYS)


def is_cron(line: str) -> bool:
    """Whether a line in lower case is one of cron: five fields, each with values that there are."""
    fields = line.split()
    return len(fields) == len(_RANGES) and all(_values(text, index) for index, text in enumerate(fields))


def comes_ever(line: str) -> bool:
    """Whether some day fits a line of cron; not so 30 February. Two sorts of days that are both named mean either."""
    _, _, days, months, weekdays = line.split()
    if weekdays[0] != "*" and days[0] != "*":
        return True
    first = min(_values(days, _DAY))
    return any(first <= _LONGEST[month - 1] for month in _values(months, _MONTH))


def _values(text: str, index: int) -> set[int]:
    """The values that a field names; empty when it cannot be read."""
    found: set[int] = set()
    for part in text.split(","):
        values = _part(part, index)
        if not values:
            return set()
        found |= values
    return found


def _part(text: str, index: int) -> set[int]:
    """The values of `*`, `5`, `1-5`, `mon-fri`, each perhaps with a step: `*/15`; empty when it cannot be read."""
    matched, (low, high) = _PART.fullmatch(text), _RANGES[index]
    if matched is None:
        return set()
    first, last, step = (matched[name] for name in ("first", "last", "step"))
    if index == _MONTH and first and (first.isdigit() != (last or first).isdigit() or (step and not first.isdigit())):
        return set()  # who reads the line for us knows no "1-mar" and no "jan-jun/2"
    begin = low if first is None else _number(first, index)
    end = _number(last, index) if last is not None else high if first is None or step else begin
    if index == _WEEKDAY and end < begin and last is not None:  # fri-mon
        end, high = end + len(_WEEKDAYS), high + len(_WEEKDAYS)
    if not low <= begin <= end <= high or (step and not 1 <= int(step) <= end - begin):
        return set()
    return set(range(begin, end + 1, int(step or 1)))


def _number(text: str, index: int) -> int:
    """A value by its number or its name; -1 for a name that there is not."""
    if text.isdigit():
        return int(text)
    return _NAMES[index].index(text) if text in _NAMES[index] else -1
