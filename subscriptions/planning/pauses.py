"""Reads how long a pause is: "3 days", "until friday", 到3月3日; the longest pause, when "next week" ends, which dates are refused."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from subscriptions.errors import Refused, Sentence
from subscriptions.model import DAYS
from subscriptions.planning import cadence as cadences
from subscriptions.planning.time_words import count_of
from subscriptions.planning.times import clock_of, is_time
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
    rf"(?:for )?(?:(?:the )?(?:next|coming) |another |about )?(?P<many>{_MANY})(?P<half> and a half)? ?(?P<unit>(?:(?<=\d)|(?<=\d ))[hdw]|{_UNIT})"
    r"(?P<half_more> and a half)?(?: or so)?"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_NAMES = {"tonight": "today evening", "christmas": "25 dec", "new year": "1 jan"}
_NAME = re.compile("|".join(_NAMES))
_HALVES = {"hour": "30 minutes", "day": "12 hours", "week": "84 hours", "month": "15 days", "year": "6 months"}
_HALF = re.compile(rf"half an? (?P<unit>{'|'.join(_HALVES)})")
UNTIL = re.compile(r"(?:until|till?|up to|before|'?til) (?:after )?|(?:直到|等到|推到|放到|到|至|等) ?")
# until the end of what is named, instead of its beginning
THROUGH = re.compile(
    r"(?:throughout|through|during|over|for|(?:all|the whole|the entire)(?: of)?(?= next\b)) |(?:整个?|一整个?)(?=[下这本]|周末)"
)
_WHOLE = re.compile(
    r"next (?:week|weekend|month|year)|(?:this|the) weekend|today|今天|下个?(?:周末?|星期|礼拜)|[这本]?个?周末"
    r"|(?:all|(?:the|this) (?:whole|entire)) (?:week|month|year|weekend)|整[周月年]"
)
_NUMBER_OF_DAY = re.compile(r"(?:the )?\d\d?(?:st|nd|rd|th)?[号日]?")
RANGE = re.compile(
    r"(?:from|between) (?P<first>.+?) (?:to|and|through|until|till) (?P<last>.+)|[从自](?P<first_zh>.+?)[到至](?P<last_zh>.+)"
)
_NEXT_UNIT = re.compile(r"for the (?:next|coming) (?=(?:day|week|month|year)\b)")  # from now on
_ALL = re.compile(r"\b(?:all|(?:the|this) (?:whole|entire)) (?=week|month|year)")
_CHRISTMAS = (12, 25)  # which has two days
_NAMED_DAY = re.compile(
    rf"(?:on )?(?:(?P<iso>\d{{4}}-\d\d?-\d\d?)"
    rf"|(?:the )?(?P<day>\d\d?)(?:st|nd|rd|th)?\.? (?:of )?(?P<month>{MONTH})(?:,? (?P<year>\d{{4}}))?"
    rf"|(?P<month2>{MONTH}) (?:the )?(?P<day2>\d\d?)(?:st|nd|rd|th)?(?:,? (?P<year2>\d{{4}}))?"
    rf"|(?:the )?(?P<nth>\d\d?)(?:st|nd|rd|th)(?: of (?:the|this|(?P<of_next>(?:the )?next)) month)?"
    rf"|(?:(?P<next>next)|(?:for )?(?:this|(?:the )?(?:end|rest) of (?:the |this )?)) ?(?P<unit>week|month|year)"
    r"|(?:(?P<next_weekend>next)|this|the) (?P<weekend>weekend)"
    rf"|(?:(?P<week>next week) |next |this |coming )?(?P<weekday>{cadences.PATTERN})|(?P<tomorrow>tomorrow)|(?P<today>today)"
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
    r"(?:接下来|未来|这)?(?P<many>(?:负|-)? ?\d{1,9}|[两俩仨半几]|(?:负)?[一两二三四五六七八九十百千万亿]{1,9}) ?(?:个多?)?(?P<half>半)?"
    r"(?P<unit>分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?P<half_more>半)?(?:[以之]?后|时间|左右)?"
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
_WORDS_ZH = {
    "今晚": "today 晚上",
    "明晚": "tomorrow 晚上",
    "明天": "tomorrow",
    "今天": "today",
    "明年": "next year",
    "年底": "end of year",
    "整个星期": "this week",
    "整个礼拜": "this week",
    "整个月": "this month",
    "整周": "this week",
    "整月": "this month",
    "整年": "this year",
    "月底": "end of month",
    "元旦节": "1 jan",
    "元旦": "1 jan",
    "圣诞节": "25 dec",
    "圣诞": "25 dec",
    "下个周末": "next weekend",
    "下周末": "next weekend",
    "这个周末": "this weekend",
    "这周末": "this weekend",
    "本周末": "this weekend",
    "周末": "the weekend",
}
_NEXT_ZH = re.compile(r"(?P<which>下|这|本)个?(?P<unit>周|星期|礼拜|月)")
_NTH_OF_NEXT_ZH = re.compile(r"下个?月(?P<day>\d\d?|[一二三四五六七八九十]{1,3})[号日]")
_NTH_ZH = re.compile(r"(?<![\d月])(?P<day>\d\d?)[号日]")
_AFTER_ZH = re.compile(r"(?:为?止|[以之]?[后前]|再说?)+$")  # words after a day that do not change its meaning
_DAY_ZH = re.compile(rf"(?P<next>下个?|[这本]个?)?(?:周|星期|礼拜)(?P<day>[{cadences.CHINESE_SIGNS}])")
_DATE_OF_NUMBERS = re.compile(r"\d/\d")  # refused, since 3/4 is in March in one country and in April in another
_LONGEST_TEXT = 60
_EXAMPLES = Sentence("For example: 7d, 2 weeks, until mon, until 3 Mar.")


class NoSuchPause(Refused):
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
    is_whole = bool(_WHOLE.fullmatch(typed))
    over = NoSuchPause(Sentence("“{text}” is over already.", {"text": text.strip()}), _EXAMPLES)
    if _PAST.fullmatch(UNTIL.sub("", typed, count=1)):
        raise over
    try:
        if length is None:
            end = _after_range(typed, zone, now) or _at_moment(plain, zone, now, is_whole=is_whole)
        else:
            end = now + length
    except _NoSuchDay:
        not_there = Sentence("No calendar has this day. For example: 7d, 2 weeks, until mon, until 3 Mar.")
        raise NoSuchPause(_no_time(text), not_there) from None
    if end is None:
        raise Refused(_no_time(text), _EXAMPLES)
    if end <= now:
        raise over
    if end - now > LONGEST:
        raise NoSuchPause(
            Sentence("That is longer than two years."),
            Sentence("Pause without a date; resume ends it when you like."),
        )
    return end


def _no_time(text: str) -> Sentence:
    return Sentence("“{text}” is not a time to pause until.", {"text": text.strip()})


def _in_english(plain: str) -> str:
    """Returns the text with its Chinese days and lengths of time in English."""
    if plain.isascii():
        plain = _NEXT_UNIT.sub("for 1 ", plain)
        plain = _HALF.sub(lambda found: _HALVES[found["unit"]], _ALL.sub("this ", plain))
        return _NAME.sub(lambda found: _NAMES[found[0]], plain)
    if through := THROUGH.match(plain):
        return f"through {_in_english(plain[through.end() :])}"
    if length := _LENGTH_ZH.fullmatch(plain):
        unit = length["unit"]
        if length["many"] == "半":
            return _HALVES[_UNITS_ZH[unit][:-1]] if unit != "分钟" else plain
        half = " and a half" if length["half"] or length["half_more"] else ""
        return f"{_count(length['many'])}{half} {_UNITS_ZH[unit]}"
    plain = _AFTER_ZH.sub("", plain)
    for chinese, english in _WORDS_ZH.items():
        plain = plain.replace(chinese, f"{english} ")
    plain = _NTH_OF_NEXT_ZH.sub(_day_of_next_month_in_english, _DATE_ZH.sub(_date_in_english, plain))
    plain = _NTH_ZH.sub(r"\g<day>th ", _DAY_ZH.sub(_day_in_english, plain))
    return " ".join(_NEXT_ZH.sub(_unit_in_english, plain).split())


def _unit_in_english(match: re.Match[str]) -> str:
    return f"{'next' if match['which'] == '下' else 'this'} {_UNITS_ZH[match['unit']][:-1]} "


def _date_in_english(match: re.Match[str]) -> str:
    day, month = count_of(match["day"]), MONTHS[count_of(match["month"]) - 1]
    return f"{day} {month} {match['year'] or ''} "


def _day_of_next_month_in_english(match: re.Match[str]) -> str:
    return f"{count_of(match['day'])}th of next month "


def _day_in_english(match: re.Match[str]) -> str:
    is_next = (match["next"] or "").startswith("下")
    return f"{'next week ' if is_next else ''}{DAYS[cadences.chinese_day_number(match['day'])]} "


def _length(plain: str) -> timedelta | None:
    match = _LENGTH.fullmatch(plain)
    if match is None:
        return None
    unit = next(unit for name, unit in _UNITS.items() if match["unit"].startswith(name))
    many = min(_count(match["many"]), 2 * LONGEST // unit)
    if match["half"] or match["half_more"]:
        return many * unit + unit / 2
    return many * unit


def _count(many: str) -> int:
    """Returns the number of units that a length of time has: 3 for "a few", 100 for 一百, 0 for a negative number."""
    plain = many.replace(" ", "") if many[-1].isdecimal() else many
    if plain.startswith(("-", "负")):
        return 0
    if not _LARGE.intersection(plain):
        return count_of(plain)
    for sign, size in _LARGE_ZH.items():
        before, found, behind = plain.partition(sign)
        if found:
            return (_count(before) if before else 1) * size + (_count(behind) if behind else 0)
    return 0


_LARGE_ZH = {"亿": 10**8, "万": 10**4, "千": 1000, "百": 100}
_LARGE = frozenset(_LARGE_ZH)


def _at_moment(plain: str, zone: tzinfo, now: datetime, *, is_whole: bool) -> datetime | None:
    """Returns the moment that a text names by a day, a time of day or both; None if it names none.

    With `is_whole`, a day, week, month or year without a time of day means its end.
    """
    until, through = UNTIL.match(plain), THROUGH.match(plain)
    begin = until or through
    said = (plain[begin.end() :] if begin else plain).strip(" ,")
    if until and (month := _MONTH.fullmatch(said)):  # only after "until", since "may" and "march" are other words, too
        said = f"1 {month['month'] or MONTHS[count_of(month['number']) - 1]}"
    if _DATE_OF_NUMBERS.search(said):
        return None
    today = now.astimezone(zone).date()
    for day_words, clock_words in _halves(said[:_LONGEST_TEXT]):
        clock = clock_of(clock_words) if clock_words else time(0)
        match = _NAMED_DAY.fullmatch(day_words)
        # a number alone is no time: "2" may be 2:00 or two days, and "the friday one" is not one o'clock
        is_number = bool(clock_words) and not is_time(clock_words)
        if clock is None or (day_words and match is None) or (match and is_number and not clock_words[0].isdigit()):
            continue
        if match is None:
            if is_number:
                return None
            return _next_at(clock, zone, now)
        day = _day(match, today)
        if day is None:
            raise _NoSuchDay
        if (through or is_whole) and not clock_words:
            day = _after(match, day, today)
        far = date(today.year + 4, 1, 1)  # later than a pause may end, and a valid day in every zone
        return cadences.local_moment(min(day, far), clock, zone)
    return None


def _after_range(typed: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Returns the end of the last day of "from monday to friday"; None if a text is no such range."""
    found = RANGE.fullmatch(typed[:_LONGEST_TEXT])
    if found is None:
        return None
    first, last = (_NAMED_DAY.fullmatch(_in_english(found[one] or found[f"{one}_zh"])) for one in ("first", "last"))
    today = now.astimezone(zone).date()
    if first is None and not _NUMBER_OF_DAY.fullmatch(
        found["first"] or found["first_zh"]
    ):  # "a break from moss until friday"
        return None
    begin = _day(first, today) if first else None  # of "from 1 to 10 february" only the last one is a day
    if begin:
        today = begin - timedelta(days=1)
    day = _day(last, today) if last else None
    is_of_years = bool(last and last["number_of_year"])  # "from 2020 to 2024" is about the papers
    if last is None or day is None or is_of_years or last[0].endswith("days"):  # "from mondays to fridays" is a plan
        return None
    return cadences.local_moment(min(_after(last, day, today), date(today.year + 4, 1, 1)), time(0), zone)


def _halves(said: str) -> Iterator[tuple[str, str]]:
    """Yields (day, time of day) and (time of day, day) for each way to cut the text in two at a space."""
    words = said.split()
    if not words:
        return
    for place in range(len(words), -1, -1):
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


def _after(match: re.Match[str], day: date, today: date) -> date:
    """Returns the first day after what was matched, which begins on `day`."""
    if match["weekend"]:
        return _start_of_next("week", today) + timedelta(days=7 if match["next_weekend"] else 0)
    if match["unit"]:
        return _start_of_next(match["unit"], day) if match["next"] else day
    return day + timedelta(days=2 if (day.month, day.day) == _CHRISTMAS and not match["iso"] else 1)


def _near_day(match: re.Match[str], today: date) -> date | None:
    if match["today"] or match["tomorrow"]:
        return today + timedelta(days=bool(match["tomorrow"]))
    if match["unit"]:
        return _start_of_next(match["unit"], today)
    if match["weekend"]:
        if not match["next_weekend"] and not match[0].startswith("the "):  # this weekend: it may have begun
            return _start_of_next("week", today)
        return today + timedelta(days=(4 - today.weekday()) % 7 + 1 + (7 if match["next_weekend"] else 0))
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
    if unit == "month" and today.month < 12:  # noqa: PLR2004 - December
        return date(today.year, today.month + 1, 1)
    return date(today.year + 1, 1, 1)


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
