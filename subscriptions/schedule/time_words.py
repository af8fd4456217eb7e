"""The words of times in English and Chinese, as tokens.

A new word is a line in one of the tables; the longest word that fits counts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from enum import Enum, auto
from typing import Any, NamedTuple

from subscriptions.model import DAY_NAMES
from subscriptions.schedule.zone_names import plain as plain_name
from subscriptions.schedule.zones import zone_of_place

MAX_TIME_LENGTH = 90  # most characters of a time
EVERY_DAY, WEEKDAYS, WEEKEND = frozenset(range(7)), frozenset(range(5)), frozenset({5, 6})
NOON = 12


class Kind(Enum):
    """The kind of a token."""

    DAYS = auto()  # value: the days of the week; 0 is Monday
    WEEKLY = auto()
    CLOCK = auto()  # value: a time of day, or None if no clock shows it (25:00)
    NUMBER = auto()  # a number, which is a time only after other words: "at 9", "daily 7.30"; value as for CLOCK
    PART = auto()  # a part of the day; value: a PartOfDay
    NOW = auto()
    WHEN_OUT = auto()
    ZONE = auto()  # value: the zone's name
    NEVER = auto()  # a schedule that does not exist: "hourly"
    EXCEPT = auto()
    AT = auto()
    ON = auto()
    TO = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a phrase of a time."""

    kind: Kind
    value: Any = None
    firm: bool = False  # alone, it can only be a time: "every monday"; "daily" may be a word of a query
    settled: bool = False  # for CLOCK: "evening" beside it changes nothing, since it names am, pm or noon


class PartOfDay(NamedTuple):
    """A part of the day: the time that it means alone, and the hours that are p.m. beside it."""

    at: time
    afternoon: frozenset[int] = frozenset()


JOINING = frozenset({Kind.AT, Kind.ON, Kind.TO, Kind.AND})  # they mean nothing on their own
MORNING = PartOfDay(time(8))
MIDDAY = PartOfDay(time(12), frozenset({1, 2, 3}))
AFTERNOON = PartOfDay(time(14), frozenset(range(1, 12)))
EVENING = PartOfDay(time(18), frozenset(range(4, 12)))

_DAILY, _EVERY_DAY = Token(Kind.DAYS, EVERY_DAY), Token(Kind.DAYS, EVERY_DAY, firm=True)
_NAMES_OF_DAYS = {name: day for day, full in enumerate(DAY_NAMES) for name in (full, full[:3])}
_NAMES_OF_DAYS |= {"tues": 1, "thur": 3, "thurs": 3}
_SIGNS_OF_DAYS = {sign: day for day, sign in enumerate("一二三四五六日")} | {"天": 6}  # after 周, 星期 and 礼拜

# (phrases, their tokens)
_TABLE: tuple[tuple[str, tuple[Token, ...]], ...] = (
    ("daily | once daily | once a day", (_DAILY,)),
    ("every day | each day | 每天 | 每日 | 每天一次", (_EVERY_DAY,)),
    ("weekday | weekdays | 工作日", (Token(Kind.DAYS, WEEKDAYS),)),
    ("every weekday | each weekday | 每个工作日", (Token(Kind.DAYS, WEEKDAYS, firm=True),)),
    ("weekend | weekends | 周末", (Token(Kind.DAYS, WEEKEND),)),
    ("every weekend | each weekend | 每周末 | 每个周末", (Token(Kind.DAYS, WEEKEND, firm=True),)),
    ("weekly | once weekly | once a week", (Token(Kind.WEEKLY),)),
    ("every week | each week | 每周 | 每星期 | 每周一次", (Token(Kind.WEEKLY, firm=True),)),
    ("morning | mornings | in the morning | 早上 | 上午", (Token(Kind.PART, MORNING),)),
    ("中午", (Token(Kind.PART, MIDDAY),)),
    ("afternoon | afternoons | in the afternoon | 下午", (Token(Kind.PART, AFTERNOON),)),
    ("evening | evenings | in the evening | 晚上", (Token(Kind.PART, EVENING),)),
    ("every morning | each morning | 每早", (_EVERY_DAY, Token(Kind.PART, MORNING))),
    ("every afternoon | each afternoon", (_EVERY_DAY, Token(Kind.PART, AFTERNOON))),
    ("every evening | each evening | every night | each night | 每晚", (_EVERY_DAY, Token(Kind.PART, EVENING))),
    ("noon", (Token(Kind.CLOCK, time(NOON), settled=True),)),
    ("midnight", (Token(Kind.CLOCK, time(0), settled=True),)),
    ("now | immediately | right away | asap | 立即 | 马上 | 立刻", (Token(Kind.NOW, firm=True),)),
    ("when-out | when out | 论文公布后", (Token(Kind.WHEN_OUT, firm=True),)),
    ("at", (Token(Kind.AT),)),
    ("on", (Token(Kind.ON),)),
    ("to | - | until | till | through | 到 | 至", (Token(Kind.TO),)),
    ("and | & | + | 和", (Token(Kind.AND),)),
    ("except | but not | not | no | without | 除了 | 不含 | 不要", (Token(Kind.EXCEPT),)),
    # schedules that do not exist; today and tomorrow are single days
    ("hourly | biweekly | bi-weekly | fortnightly | monthly | quarterly | yearly | annually", (Token(Kind.NEVER),)),
    ("today | tonight | tomorrow | 隔天 | 隔日 | 隔周 | 双周 | 今天 | 今晚 | 明天", (Token(Kind.NEVER),)),
)
PHRASES = {phrase: tokens for phrases, tokens in _TABLE for phrase in phrases.split(" | ")}
for _name, _day in _NAMES_OF_DAYS.items():
    PHRASES |= dict.fromkeys((_name, f"{_name}s"), (Token(Kind.DAYS, frozenset({_day})),))
    if _name in DAY_NAMES:
        PHRASES[f"{_name}s"] = (Token(Kind.DAYS, frozenset({_day}), firm=True),)
    PHRASES |= dict.fromkeys((f"every {_name}", f"each {_name}"), (Token(Kind.DAYS, frozenset({_day}), firm=True),))
# Days, parts of the day and "now" are also words of papers: where one of them is a whole text, it is a query.
NAMES = frozenset(
    phrase
    for phrase, (token, *_) in PHRASES.items()
    if (token.kind in (Kind.DAYS, Kind.PART) and not token.firm and token != _DAILY)
    or token.kind is Kind.NOW
    or (token.kind is Kind.CLOCK and token.settled)
)

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {name: number for number, name in enumerate(_NUMBERS)} | {"a": 1, "an": 1}
_VAGUE = "once|twice|fifteen|twenty|thirty|sixty|(?:a )?couple(?: of)?|(?:a )?few|several|other|half an?"
_HAN_DIGITS = {sign: digit for digit, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN = r"(?:\d{1,2}|[零一二两三四五六七八九十]{1,3})"
_NTH = r"(?:first|second|third|fourth|last|\d\d?(?:st|nd|rd|th))"
_MANY = rf"(?:\d{{1,3}} ?|(?:{'|'.join(_COUNTS)}|{_VAGUE}|{_NTH}) )"
_DAY_SIGN = f"[{''.join(_SIGNS_OF_DAYS)}]"
_DAY = rf"(?:{'|'.join(_NAMES_OF_DAYS)}|weekday|weekend|day)"
_UNIT = rf"(?:(?:second|minute|min|hour|hr|week|fortnight|month|quarter|year|{_DAY})s?|[hdw])"


def count_of(word: str) -> int:
    """Return the number that a word names: "12", "twelve", 十二."""
    if word.isdecimal():
        return int(word)
    if word in _COUNTS:
        return _COUNTS[word]
    tens, ten, ones = word.rpartition("十")
    if ten:
        return 10 * _HAN_DIGITS.get(tens[-1:], 1) + _HAN_DIGITS.get(ones[-1:], 0)
    return _HAN_DIGITS[word[-1]]


def _clock(match: re.Match[str]) -> tuple[Token, ...]:
    """Return the token of a time of day with a minute, am, pm or 点."""
    said = match.groupdict()
    half, minutes = said.get("half"), said["minute"]
    at = _time(count_of(said["hour"]), 30 if minutes == "半" else count_of(minutes) if minutes else 0, half or "")
    firm = match[0][-1] not in "点整"  # 17点 may be points
    return (Token(Kind.CLOCK, at, firm=firm, settled=bool(half)),)


def _half_past(match: re.Match[str]) -> tuple[Token, ...]:
    return (Token(Kind.CLOCK, _time(count_of(match["hour"]), 30), firm=True),)


def _european(match: re.Match[str]) -> tuple[Token, ...]:
    return (Token(Kind.NUMBER, _time(int(match["hour"]), int(match["minute"] or 0))),)


def _time(hour: int, minute: int, half: str = "") -> time | None:
    """Return a time of day; None if no clock shows it. `half` is "a", "p" or ""."""
    if half and not 1 <= hour <= NOON:
        return None
    if half:
        hour = hour % NOON + (NOON if half == "p" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None


def _days(match: re.Match[str]) -> tuple[Token, ...]:
    """Return the token of Chinese days: 周三, 每周一三五, 星期二、四."""
    days = {_SIGNS_OF_DAYS[sign] for sign in match["days"] if sign in _SIGNS_OF_DAYS}
    return (Token(Kind.DAYS, frozenset(days), firm=match[0].startswith("每")),)


def _zone(match: re.Match[str]) -> tuple[Token, ...]:
    zone = zone_of_place(match[0])
    return (Token(Kind.ZONE, zone),) if zone else ()


def _never(_: re.Match[str]) -> tuple[Token, ...]:
    return (Token(Kind.NEVER),)


# (what matches, what makes its tokens); of equally long matches, phrases and then the first of these count
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[Token, ...]]], ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))? ?(?P<half>[ap])(?:m|\.m\.?)(?!\w)", _clock),
        (r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?![\w:])", _clock),
        (rf"(?P<hour>{_HAN})点[钟整]?(?:(?P<minute>半|{_HAN}(?![点十]))分?)?", _clock),
        (rf"half past (?P<hour>\d{{1,2}}|{'|'.join(_COUNTS)})(?!\w)", _half_past),
        (r"(?P<hour>\d{1,2}) ?o['’]?clock(?P<minute>)", _clock),
        (r"\d{1,2}(?![\w%]|[.:]\d)", lambda match: (Token(Kind.NUMBER, _time(int(match[0]), 0), firm=True),)),
        # 7.30 and 21h30 may be quantities, unless a day is beside them
        (r"(?P<hour>0?[1-9]|1\d|2[0-3])(?:[.h](?P<minute>[0-5]\d)|h)(?![\w.])", _european),
        (
            rf"(?:每个?)?(?:周|星期|礼拜)(?P<days>{_DAY_SIGN}(?:、?{_DAY_SIGN})*)(?!点)",
            _days,
        ),
        (r"(?:utc|gmt) ?[+-] ?\d{1,2}(?::?\d\d)?(?![\w:])|(?<= )[+-]\d\d:?\d\d(?![\w:])", _zone),
        (rf"早(?={_HAN}点)", lambda _: PHRASES["早上"]),
        (rf"晚(?={_HAN}点)", lambda _: PHRASES["晚上"]),
        (r"[\u4e00-\u9fff]{2,6}时间", _zone),
        # schedules that do not exist: every 3 days, twice a day, first monday of the month, 每两周, 一天两次
        (rf"(?:every|each) {_MANY}?{_UNIT}(?!\w)", _never),
        (
            rf"(?:once|twice|\d+ ?x|{_MANY}times) (?:(?:an?|per|each|every) )?(?:{_UNIT}|(?:dai|week|month)ly)(?!\w)",
            _never,
        ),
        (rf"(?:on )?(?:the )?{_NTH} (?:{_DAY} )?of (?:the|every|each) month(?!\w)", _never),
        (rf"每隔?(?:{_HAN}|几|半)?个?(?:小时|分钟|天|日|周|星期|月|季度?|年)(?:{_HAN}[次号日]|初|底)?", _never),
        (rf"(?:一天|一周|每天|每周){_HAN}次|(?:每[天日])?早晚(?:各一次|{_HAN}点)|每[天日]早晚", _never),
    )
)
_PHRASE = re.compile(
    "|".join(
        re.escape(phrase) + ("(?![a-z0-9])" if phrase.isascii() and phrase[-1].isalpha() else "")
        for phrase in sorted(PHRASES, key=len, reverse=True)
    )
)
_SAME = str.maketrans("~〜週點時鐘", "--周点时钟")
_BETWEEN = " ,;、"


def plain(text: str) -> str:
    """Return the text as the tables have it: NFKC, lower case, simplified Chinese, single spaces."""
    return plain_name(text).translate(_SAME)


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the tokens of a whole text; () if it has another word, is too long, or is empty.

    What follows the other words may be a known place: "daily 9 Berlin".
    """
    if len(text) > MAX_TIME_LENGTH:
        return ()
    written, found, at = plain(text), list[Token](), 0
    while at < len(written):
        if written[at] in _BETWEEN:
            at += 1
            continue
        end, tokens = _longest_at(written, at)
        if not tokens:
            zone = zone_of_place(written[at:]) if any(token.kind not in JOINING for token in found) else ""
            end, tokens = len(written), (Token(Kind.ZONE, zone),) if zone and not written[at:].isdecimal() else ()
        if not tokens:
            return ()
        found += tokens
        at = end
    return tuple(found)


def _longest_at(text: str, at: int) -> tuple[int, tuple[Token, ...]]:
    """Return (end, tokens) of the longest match that begins at `at`; (at, ()) if there is none."""
    phrase = _PHRASE.match(text, at)
    end, tokens = (phrase.end(), PHRASES[phrase[0]]) if phrase else (at, ())
    for pattern, make in _PATTERNS:
        if (match := pattern.match(text, at)) and match.end() > end and (made := make(match)):
            end, tokens = match.end(), made
    return end, tokens
