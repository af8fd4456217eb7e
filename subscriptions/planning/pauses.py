"""Reads how long a chat wants to pause: "3 days", "until friday", 到3月3日."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from subscriptions import errors
from subscriptions.model import DAYS
from subscriptions.planning import cadence as cadences
from subscriptions.planning import clock_times
from subscriptions.planning.times.reading import clock_of, reading_of
from subscriptions.texts.normal_forms import normalized

LONGEST = timedelta(days=2 * 366)

_UNITS = {
    "mi": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "f": timedelta(weeks=2),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}
_MANY = (
    r"(?:-? ?\d{1,9}|(?:an? )?(?:couple(?: of)?|few)|several|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve|fifteen|twenty|thirty)"
)
_UNIT = r"(?:minutes?|mins?|hours?|days?|weeks?|fortnights?|months?|years?)"
_LENGTH = re.compile(
    rf"(?:for )?(?:(?:the )?(?:next|coming) |another |about )?(?P<many>{_MANY}) ?(?P<unit>(?:(?<=\d)|(?<=\d ))[hdw]|{_UNIT})(?: or so)?"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_NAMES = {"tonight": "today night", "half an hour": "30 minutes", "christmas": "25 dec", "new year": "1 jan"}
_NAMES |= {"this weekend": "this week", "the weekend": "sat"}
_NAME = re.compile("|".join(_NAMES))
UNTIL = re.compile(r"(?:until|till?|through|up to|before|'?til) (?:after )?|(?:直到|等到|推到|放到|到|至|等) ?")
_NAMED_DAY = re.compile(
    rf"(?:on )?(?:(?P<iso>\d{{4}}-\d\d?-\d\d?)"
    rf"|(?:the )?(?P<day>\d\d?)(?:st|nd|rd|th)?\.? (?:of )?(?P<month>{MONTH})(?:,? (?P<year>\d{{4}}))?"
    rf"|(?P<month2>{MONTH}) (?:the )?(?P<day2>\d\d?)(?:st|nd|rd|th)?(?:,? (?P<year2>\d{{4}}))?"
    rf"|(?:the )?(?P<nth>\d\d?)(?:st|nd|rd|th)(?: of (?:the|this|(?P<of_next>(?:the )?next)) month)?"
    rf"|(?:next|(?:for )?(?:this|(?:the )?(?:end|rest) of (?:the |this )?)) ?(?P<unit>week|month|year)"
    rf"|(?:(?P<week>next week) |next )?(?P<weekday>{cadences.PATTERN})|(?P<tomorrow>tomorrow)|(?P<today>today)"
    r"|(?P<number_of_year>(?:19|20)\d\d))"
)
_MONTH_ZH = r"1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九]"
_MONTH = re.compile(rf"(?:the )?(?:(?:start|beginning) of )?(?P<month>{MONTH})|(?P<number>{_MONTH_ZH})月初?")
_PAST = re.compile(
    rf"(?:the day before )?yesterday|(?:last|previous) (?:{cadences.PATTERN}|week|weekend|month|year|night)|(?:{_MANY} ?{_UNIT}|long) ago"
    r"|昨[天日晚]|大?前天|上个?(?:周末|(?:周|星期|礼拜)[一二三四五六日天]?|月)|去年|前年"
    r"|[\d一两二三四五六七八九十半几百]{1,4} ?个?(?:分钟|小时|钟头|天|日|周|星期|礼拜|月|年)[以之]?前"
)
# Dates in Chinese: 3月3日, as the bot's replies write them, and 三月三号.
_DATE_ZH = re.compile(
    rf"(?:(?P<year>\d{{4}})年)?(?P<month>{_MONTH_ZH})月(?P<day>\d\d?|[一二三四五六七八九十]{{1,3}}(?=[日号]))[日号]?"
)
_LENGTH_ZH = re.compile(
    r"(?:接下来|未来|这)?(?P<many>(?:负|-)? ?\d{1,9}|[两俩仨半几]|(?:负)?[一两二三四五六七八九十百千万亿]{1,9}) ?(?:个多?)?"
    r"(?P<unit>分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?:[以之]?后|时间|左右)?"
)
_UNITS_ZH = {
    "分钟": "minutes",
    "小时": "hours",
    "钟头": "hours",
    "天": "days",
    "日": "days",
    "周": "weeks",
    "星期": "weeks",
    "礼拜": "weeks",
    "月": "months",
    "年": "years",
}
_HALF_ZH = {"小时": "30 minutes", "钟头": "30 minutes", "天": "12 hours", "月": "15 days", "年": "6 months"}
_WORDS_ZH = {
    "今晚": "today 晚上",
    "明晚": "tomorrow 晚上",
    "明天": "tomorrow",
    "今天": "today",
    "明年": "next year",
    "年底": "end of year",
    "月底": "end of month",
    "元旦": "1 jan",
    "圣诞": "25 dec",
    "周末": "sat",
}
_NEXT_ZH = re.compile(r"(?P<which>下|这|本)个?(?P<unit>周|星期|礼拜|月)")
_NTH_OF_NEXT_ZH = re.compile(r"下个?月(?P<day>\d\d?|[一二三四五六七八九十]{1,3})[号日]")
_NTH_ZH = re.compile(r"(?<![\d月])(?P<day>\d\d?)[号日]")
_AFTER_ZH = re.compile(r"(?:为?止|[以之]?[后前]|再说?)+$")  # words after a day that do not change its meaning
_DAY_ZH = re.compile(rf"(?P<next>下个?|[这本]个?)?(?:周|星期|礼拜)(?P<day>[{cadences.CHINESE_SIGNS}])")
_DATE_OF_NUMBERS = re.compile(r"\d/\d")  # refused, since 3/4 is in March in one country and in April in another
# A length of time or a day of the calendar in a sentence. Only whole words match.
SPAN = re.compile(
    rf"(?P<long>(?:half an hour|{_MANY}[ -]?{_UNIT})(?![a-z0-9])"
    r"|(?:\d{1,3}|[一两俩二三仨四五六七八九半几]|二?十[一二三四五]?) ?(?:个(?:分钟|小时|钟头|天|周|星期|礼拜|月)|分钟|小时|钟头|天|周(?![一二三四五六日末年])|星期(?![一二三四五六日])|礼拜(?![一二三四五六日])|年))"
    rf"|(?P<date>\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{MONTH}(?![a-z])|{MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?![a-z0-9])"
    r"|\d{1,2}(?:st|nd|rd|th) of (?:the )?next month(?![a-z])|下个?月(?:\d\d?|[一二三四五六七八九十]{1,3})[日号]"
    r"|\d{4}-\d\d?-\d\d?|(?:1[0-2]|0?[1-9])月\d\d?[日号]?)"
)
_LONGEST_TEXT = 60
_EXAMPLES = errors.Sentence("For example: 7d, 2 weeks, until mon, until 3 Mar.")


class NoSuchPause(errors.Refused):
    """A day or a length of time for which nobody can pause: it is over, longer than two years, or in no calendar."""


class _NoSuchDay(Exception):
    """A day that no calendar has, such as 31 February."""


def parse_pause(text: str, zone: tzinfo, now: datetime) -> datetime:
    """Returns the end of a pause that a person requests at `now`, in UTC. The end is after `now`.

    Raises NoSuchPause; Refused if the text names no time.
    """
    typed = " ".join(normalized("NFKC", text).casefold().split())
    plain = _in_english(typed)
    length = _length(plain)
    over = NoSuchPause(errors.Sentence("“{text}” is over already.", {"text": text.strip()}), _EXAMPLES)
    if _PAST.fullmatch(UNTIL.sub("", typed, count=1)):
        raise over
    try:
        end = _at_moment(plain, zone, now) if length is None else now + length
    except _NoSuchDay:
        not_there = errors.Sentence("No calendar has this day. For example: 7d, 2 weeks, until mon, until 3 Mar.")
        raise NoSuchPause(_no_time(text), not_there) from None
    if end is None:
        raise errors.Refused(_no_time(text), _EXAMPLES)
    if end <= now:
        raise over
    if end - now > LONGEST:
        raise NoSuchPause(
            errors.Sentence("That is longer than two years."),
            errors.Sentence("Pause without a date; resume ends it when you like."),
        )
    return end


def _no_time(text: str) -> errors.Sentence:
    return errors.Sentence("“{text}” is not a time to pause until.", {"text": text.strip()})


def _in_english(plain: str) -> str:
    """Returns the text with its Chinese days and lengths of time in English."""
    if plain.isascii():
        return _NAME.sub(lambda found: _NAMES[found[0]], plain)
    if length := _LENGTH_ZH.fullmatch(plain):
        unit = length["unit"]
        if length["many"] == "半":
            return _HALF_ZH.get(unit, plain)
        return f"{_count(length['many'])} {_UNITS_ZH[unit]}"
    plain = _AFTER_ZH.sub("", plain)
    for chinese, english in _WORDS_ZH.items():
        plain = plain.replace(chinese, f"{english} ")
    plain = _NTH_OF_NEXT_ZH.sub(_day_of_next_month_in_english, _DATE_ZH.sub(_date_in_english, plain))
    plain = _NTH_ZH.sub(r"\g<day>th ", _DAY_ZH.sub(_day_in_english, plain))
    return " ".join(_NEXT_ZH.sub(lambda one: f"next {_UNITS_ZH[one['unit']][:-1]} ", plain).split())


def _date_in_english(match: re.Match[str]) -> str:
    day, month = clock_times.count_of(match["day"]), MONTHS[clock_times.count_of(match["month"]) - 1]
    return f"{day} {month} {match['year'] or ''} "


def _day_of_next_month_in_english(match: re.Match[str]) -> str:
    return f"{clock_times.count_of(match['day'])}th of next month "


def _day_in_english(match: re.Match[str]) -> str:
    is_next = (match["next"] or "").startswith("下")
    return f"{'next week ' if is_next else ''}{DAYS[cadences.chinese_day_number(match['day'])]} "


def length_of(text: str) -> timedelta | None:
    """Returns the length of time that a text names ("half an hour", "3天"); None if it names none."""
    return _length(_in_english(" ".join(normalized("NFKC", text).casefold().split())))


def _length(plain: str) -> timedelta | None:
    match = _LENGTH.fullmatch(plain)
    if match is None:
        return None
    unit = next(unit for name, unit in _UNITS.items() if match["unit"].startswith(name))
    return min(_count(match["many"]), 2 * LONGEST // unit) * unit


def _count(many: str) -> int:
    """Returns the number of units that a length of time has: 3 for "a few", 100 for 一百, 0 for a negative number."""
    plain = many.replace(" ", "") if many[-1].isdecimal() else many
    if plain.startswith(("-", "负")):
        return 0
    if not _LARGE.intersection(plain):
        return clock_times.count_of(plain)
    for sign, size in _LARGE_ZH.items():
        before, found, behind = plain.partition(sign)
        if found:
            return (_count(before) if before else 1) * size + (_count(behind) if behind else 0)
    return 0


_LARGE_ZH = {"亿": 10**8, "万": 10**4, "千": 1000, "百": 100}
_LARGE = frozenset(_LARGE_ZH)


def _at_moment(plain: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Returns the moment that a text names by a day, a time of day or both; None if it names none."""
    until = UNTIL.match(plain)
    said = (plain[until.end() :] if until else plain).strip(" ,")
    if until and (month := _MONTH.fullmatch(said)):  # only after "until", since "may" and "march" are other words, too
        said = f"1 {month['month'] or MONTHS[clock_times.count_of(month['number']) - 1]}"
    if _DATE_OF_NUMBERS.search(said):
        return None
    today = now.astimezone(zone).date()
    for day_words, clock_words in _halves(said[:_LONGEST_TEXT]):
        clock = clock_of(clock_words) if clock_words else time(0)
        match = _NAMED_DAY.fullmatch(day_words)
        # a number alone is no time: "2" may be 2:00 or two days, and "the friday one" is not one o'clock
        is_number = bool(clock_words) and reading_of(clock_words) is None
        if clock is None or (day_words and match is None) or (match and is_number and not clock_words[0].isdigit()):
            continue
        if match is None:
            if is_number:
                return None
            return _next_at(clock, zone, now)
        day = _day(match, today)
        if day is None:
            raise _NoSuchDay
        far = date(today.year + 4, 1, 1)  # later than a pause may end, and a valid day in every zone
        return cadences.local_moment(min(day, far), clock, zone)
    return None


def _halves(said: str) -> Iterator[tuple[str, str]]:
    """Yields (day, time of day) and (time of day, day) for each way to cut the text in two at a space."""
    words = said.split()
    for place in range(len(words), -1, -1) if words else ():
        first, last = " ".join(words[:place]).rstrip(","), " ".join(words[place:])
        yield first, last
        yield last, first


def _next_at(clock: time, zone: tzinfo, now: datetime) -> datetime:
    """Returns the next moment with this time of day."""
    today = now.astimezone(zone).date()
    end = cadences.local_moment(today, clock, zone)
    if end > now:
        return end
    return cadences.local_moment(today + timedelta(days=1), clock, zone)


def _day(match: re.Match[str], today: date) -> date | None:
    """Returns the next day that a matched name or date means; None if the calendar has no such day."""
    return _near_day(match, today) or _calendar_day(match, today)


def _near_day(match: re.Match[str], today: date) -> date | None:
    if match["today"] or match["tomorrow"]:
        return today + timedelta(days=bool(match["tomorrow"]))
    if match["unit"]:
        return _start_of_next(match["unit"], today)
    if match["weekday"]:
        day = cadences.day_number(match["weekday"]) - today.weekday()
        return today + timedelta(days=day + 7 if match["week"] else (day - 1) % 7 + 1)  # 下周五 is in the next week
    return None


def _calendar_day(match: re.Match[str], today: date) -> date | None:
    if match["nth"]:
        return _nth(int(match["nth"]), today, of_next=bool(match["of_next"]))
    if match["number_of_year"]:
        return date(int(match["number_of_year"]), 1, 1)
    try:
        if match["iso"]:
            return date(*map(int, match["iso"].split("-")))
        month = MONTHS.index((match["month"] or match["month2"])[:3]) + 1
        number, year = int(match["day"] or match["day2"]), match["year"] or match["year2"]
        if year:
            return date(int(year), month, number)
        return _next_of(month, number, today)
    except ValueError:
        return None


def _nth(day: int, today: date, *, of_next: bool) -> date | None:
    """Returns the next such day of a month, or that of the next month; None if the next month has none."""
    start = _start_of_next("month", today) if of_next else today + timedelta(days=1)
    days = (start + timedelta(days=many) for many in range(31 if of_next else 62))
    return next((one for one in days if one.day == day and (not of_next or one.month == start.month)), None)


def _start_of_next(unit: str, today: date) -> date:
    """Returns the first day of the next week, month or year."""
    if unit == "week":
        return today + timedelta(days=7 - today.weekday())
    year, month = (today.year, today.month + 1) if unit == "month" else (today.year + 1, 1)
    return date(year + month // 13, (month - 1) % 12 + 1, 1)


def _next_of(month: int, day: int, today: date) -> date:
    """Returns the next day after today with this month and day; 29 February is in the next leap year."""
    for year in range(today.year, today.year + 9):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found > today:
            return found
    raise ValueError("there is no such day")
