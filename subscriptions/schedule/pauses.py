"""Reads how long a pause is: "7d", "2 weeks", "until friday", "until 3 Mar", 到3月3日."""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from subscriptions.errors import Refused, Sentence
from subscriptions.schedule import cadence as cadences
from subscriptions.schedule.time_words import Kind, count_of, tokens_of
from subscriptions.text.forms import normalized

MAX_PAUSE = timedelta(days=2 * 366)
_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}
_UNITS_ZH = {"小时": "h", "天": "d", "日": "d", "周": "w", "星期": "w", "礼拜": "w", "月": "m", "年": "y"}
_MANY = r"\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten"
_LENGTH = re.compile(
    rf"(?:for )?(?P<many>{_MANY}) ?(?P<unit>(?<=[\d ])[hdw]|hours?|days?|weeks?|months?|years?)"
    rf"|(?P<many_zh>\d{{1,4}}|[一两二三四五六七八九十]{{1,3}}) ?个?(?P<unit_zh>{'|'.join(_UNITS_ZH)})"
)
_UNTIL = re.compile(r"(?:until|till|to) |(?:直到|到|至) ?")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?:{'|'.join(MONTHS)})[a-z]*\.?"
_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<number>\d\d?)-(?P<day>\d\d?)"
    rf"|(?P<day2>\d\d?)(?:st|nd|rd|th)?\.? (?:of )?(?P<month2>{_MONTH})(?:,? (?P<year2>\d{{4}}))?"
    rf"|(?P<month3>{_MONTH}) (?P<day3>\d\d?)(?:st|nd|rd|th)?(?:,? (?P<year3>\d{{4}}))?"
    r"|(?:(?P<year4>\d{4})年)?(?P<number4>\d\d?)月(?P<day4>\d\d?)[日号]?"
)
_BEFORE_DAY = re.compile(r"(?:next |this )(?=[a-z])|(?P<next>下个?)(?=[周星礼])")
_NEXT = {
    "tomorrow": "day",
    "明天": "day",
    "next week": "week",
    "下周": "week",
    "next month": "month",
    "下个月": "month",
}
_EXAMPLES = Sentence("For example: 7d, 2 weeks, until mon, until 3 Mar.")


class NoSuchPause(Refused):
    """A day or a length of time for which nobody can pause: it is over, longer than two years, or in no calendar."""


def parse_pause(text: str, zone: tzinfo, now: datetime) -> datetime:
    """Return the end of a pause that a person requests at `now`, in UTC. The end is after `now`.

    A day means its beginning. Raise NoSuchPause; Refused if the text names no time.
    """
    plain = " ".join(normalized("NFKC", text).casefold().split())
    end = _after_length(plain, zone, now) or _at_day(_UNTIL.sub("", plain, count=1), text, zone, now)
    if end is None:
        raise Refused(_no_time(text), _EXAMPLES)
    if end <= now:
        raise NoSuchPause(Sentence("“{text}” is over already.", {"text": text.strip()}), _EXAMPLES)
    if end - now > MAX_PAUSE:
        raise NoSuchPause(
            Sentence("That is longer than two years."),
            Sentence("Pause without a date; resume ends it when you like."),
        )
    return end


def _no_time(text: str) -> Sentence:
    return Sentence("“{text}” is not a time to pause until.", {"text": text.strip()})


def _after_length(plain: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the end of a pause of "7d" or 两周; None for another text. "0 days" end at once.

    Days end at the same time of the clock, also when the clocks change meanwhile.
    """
    found = _LENGTH.fullmatch(plain)
    if found is None:
        return None
    unit = _UNITS[found["unit"][0] if found["unit"] else _UNITS_ZH[found["unit_zh"]]]
    length = min(count_of(found["many"] or found["many_zh"]), 2 * MAX_PAUSE // unit) * unit
    if unit < _UNITS["d"]:
        return now + length
    local = now.astimezone(zone) + length
    return cadences.local_moment(local.date(), local.time(), zone)


def _at_day(plain: str, typed: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the beginning of the day that a text names; None if it names none. Raise NoSuchPause for 31 February."""
    today = now.astimezone(zone).date()
    if unit := _NEXT.get(plain):
        day = _start_of_next(unit, today)
    elif named := _next_named(plain, today):
        day = named
    elif found := _DATE.fullmatch(plain):
        try:
            day = _date(found, today)
        except ValueError:
            raise NoSuchPause(_no_time(typed), _EXAMPLES) from None
    else:
        return None
    far = date(today.year + 4, 1, 1)  # later than a pause may end, and a valid day in every zone
    return cadences.local_moment(min(day, far), time(0), zone)


def _next_named(plain: str, today: date) -> date | None:
    """Return the next such day of the week, 下周五 in the next week; None if the text names no single day."""
    before = _BEFORE_DAY.match(plain)
    tokens = tokens_of(plain[before.end() :] if before else plain)
    if len(tokens) != 1 or tokens[0].kind is not Kind.DAYS or tokens[0].firm or len(tokens[0].value) != 1:
        return None  # "mondays" are many
    apart = min(tokens[0].value) - today.weekday()
    return today + timedelta(days=apart + 7 if before and before["next"] else (apart - 1) % 7 + 1)


def _date(found: re.Match[str], today: date) -> date:
    """Return the date that was matched; without a year, the next such day after today.

    Raise ValueError if there is none.
    """
    day = int(found["day"] or found["day2"] or found["day3"] or found["day4"])
    name, number = found["month2"] or found["month3"], found["number"] or found["number4"]
    month = MONTHS.index(name[:3]) + 1 if name else int(number)
    if year := found["year"] or found["year2"] or found["year3"] or found["year4"]:
        return date(int(year), month, day)
    date(2024, month, day)  # a leap year has each day that any year has
    years = (year for year in range(today.year, today.year + 9) if _has(year, month, day))
    return next(one for year in years if (one := date(year, month, day)) > today)


def _has(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _start_of_next(unit: str, today: date) -> date:
    """Return tomorrow, or the first day of the next week or month."""
    if unit == "day":
        return today + timedelta(days=1)
    if unit == "week":
        return today + timedelta(days=7 - today.weekday())
    return (today.replace(day=1) + timedelta(days=31)).replace(day=1)
