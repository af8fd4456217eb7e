"""Times of day as they are written in English and Chinese, and the hour that a part of the day makes of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day as written; `at` is None if no clock shows it (25:00)."""

    at: time | None
    settled: bool = False  # am, pm or noon is named, so a part of the day does not change it
    firm: bool = False  # only a time is written so: 9am, 9点半; 8:30 may be a ratio, 17点 may be points
    beyond: bool = False  # its hour is too large for a slip


_NOON, _HALF_A_DAY = 12, 12
_HAN_DIGITS = {sign: digit for digit, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {"a": 1, "an": 1, "once": 1, "twice": 2, "thrice": 3, "half": 0, "half a": 0, "half an": 0, "半": 0}
_COUNTS |= {"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60}
_SLIP = 30
_SEVERAL = 3  # few, several, 几
_QUARTER = 15

HAN_NUMBER = r"(?:\d{1,2}|[零〇一二两三四五六七八九十]{1,3})"
_WORD = rf"(?:{'|'.join(_WORDS)})"
_ENDS = r"(?![a-z0-9_]|[:.]\d)"


def count_of(word: str) -> int:
    """The number that a word names, in digits, English or Chinese: "3x", "twice", "couple of", "十二"; 1 for ""."""
    plain = word.removesuffix("times").strip()
    plain = plain if plain in _WORDS else plain.removesuffix("x").strip()  # of 3x, not of six
    if not plain:
        return 1
    if plain.isdecimal():
        return int(plain)
    if plain in _COUNTS:
        return _COUNTS[plain]
    if plain in _WORDS:
        return _WORDS.index(plain)
    if "couple" in plain:
        return 2
    return _SEVERAL if plain.isascii() or plain in "几数多" else _han_number(plain)


def _han_number(word: str) -> int:
    """The number that Chinese characters or digits name: 十二 is 12, 二十 20, 二十三 23."""
    if word.isdecimal() and word.isascii():
        return int(word)
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return int("".join(str(_HAN_DIGITS.get(sign, 9)) for sign in word) or 0)
    return (_HAN_DIGITS.get(tens, 9) if tens else 1) * 10 + (_HAN_DIGITS.get(ones, 9) if ones else 0)


def _time(hour: int, minute: int = 0) -> time | None:
    try:
        return time(hour, minute)
    except ValueError:
        return None


def _of_half(match: re.Match[str]) -> TimeOfDay:
    hour, minute = count_of(match["hour"]), int(match["minute"] or 0)
    if not 1 <= hour <= _NOON:
        return TimeOfDay(None, settled=True, firm=True)
    late = _HALF_A_DAY if match["half"].startswith("p") else 0
    return TimeOfDay(_time(hour % _NOON + late, minute), settled=True, firm=True)


def _of_digits(match: re.Match[str]) -> TimeOfDay:
    hour = int(match["hour"])
    return TimeOfDay(_time(hour, int(match["minute"] or 0)), beyond=hour > _SLIP)


def _of_o_clock(match: re.Match[str]) -> TimeOfDay:
    return TimeOfDay(_time(count_of(match["hour"])), firm=True)


def _of_word(match: re.Match[str]) -> TimeOfDay:
    return TimeOfDay(_time(_WORDS.index(match["hour"])))


def _of_past(match: re.Match[str]) -> TimeOfDay:
    """The time of "half past 8" or "quarter to 9"."""
    hour = count_of(match["hour"])
    minute = 30 if match["part"] == "half" else _QUARTER
    if match["side"] == "to":
        return TimeOfDay(_time((hour - 1) % 24, 60 - minute), firm=True)
    return TimeOfDay(_time(hour, minute), firm=True)


def _of_han(match: re.Match[str]) -> TimeOfDay:
    minute = {"半": 30, "一刻": _QUARTER, "三刻": 3 * _QUARTER}.get(match["word"] or "")
    if minute is None:
        minute = _han_number(match["minute"]) if match["minute"] else 0
    bare = not (match["minute"] or match["word"]) and match["sign"] != "点钟"
    return TimeOfDay(_time(_han_number(match["hour"]), minute), firm=not bare)


def _noon(_: re.Match[str]) -> TimeOfDay:
    return TimeOfDay(time(_NOON), settled=True)


def _midnight(_: re.Match[str]) -> TimeOfDay:
    return TimeOfDay(time(0), settled=True)


Make = Callable[[re.Match[str]], TimeOfDay]
# Patterns that are a time of day by themselves.
CLOCKS: tuple[tuple[str, Make], ...] = (
    (rf"(?P<hour>\d{{1,2}}|{_WORD}(?= ))(?:[:.h](?P<minute>\d\d))? ?(?P<half>[ap]\.?m\.?)(?![a-z0-9_])", _of_half),
    (rf"(?:a )?(?P<part>half|quarter) (?P<side>past|to) (?P<hour>\d{{1,2}}|{_WORD}){_ENDS}", _of_past),
    (rf"(?P<hour>\d{{1,2}}|{_WORD}) ?o ?['’]? ?clock{_ENDS}", _of_o_clock),
    (r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?: ?h(?:rs?)?)?(?![a-z0-9_:]|\.\w)", _of_digits),
    (rf"(?P<hour>1?\d|2[0-3])h(?P<minute>[0-5]\d)?{_ENDS}", _of_digits),
    (rf"(?:um )?(?P<hour>\d{{1,2}})(?: ?uhr ?(?P<minute>[0-5]\d)?){_ENDS}", _of_digits),
    (rf"(?:(?:12|twelve) )?(?:noon|midday){_ENDS}", _noon),
    (rf"(?:(?:12|twelve) )?midnight{_ENDS}", _midnight),
    (
        (
            rf"(?P<hour>{HAN_NUMBER}) ?(?P<sign>点钟|点|时(?!间|序))"
            rf"(?: ?(?:(?P<word>半|整|[一三]刻)|(?P<minute>{HAN_NUMBER})(?! ?[点时:]) ?分?))?(?:左右|前后|[以之]后)?"
        ),
        _of_han,
    ),
)
# Patterns that are a time of day only after other words: "daily 9", "at 8.30".
NUMBERS: tuple[tuple[str, Make], ...] = (
    (rf"(?P<hour>\d{{1,2}})[.h](?P<minute>\d\d){_ENDS}", _of_digits),
    (rf"(?P<hour>[012]\d)(?P<minute>[0-5]\d){_ENDS}", _of_digits),
    (rf"(?P<hour>\d{{1,3}})(?P<minute>)h?{_ENDS}", _of_digits),
    (rf"(?P<hour>{_WORD}){_ENDS}", _of_word),
)

# For each part of a day: the time that it means alone, and the hours that count as p.m. in it.
_PARTS: dict[str, tuple[time, range]] = {
    "small hours": (time(5), range(0)),
    "morning": (time(9), range(0)),
    "forenoon": (time(9), range(0)),
    "noon": (time(12), range(1, 4)),
    "afternoon": (time(15), range(1, 12)),
    "evening": (time(18), range(4, 12)),
    "night": (time(21), range(5, 12)),
    "midnight": (time(0), range(0)),
}
_FROM_MIDNIGHT = frozenset({"small hours", "morning", "evening", "night", "midnight"})  # in which 12 is hour 0


def time_of_part(part: str) -> time:
    """The time that a part of the day means alone."""
    return _PARTS[part][0]


def in_part(clock: TimeOfDay, part: str) -> TimeOfDay:
    """A time of day within a part of the day: 8 in the evening is 20:00."""
    if clock.at is None or clock.settled:
        return clock
    hour = clock.at.hour
    if hour in _PARTS[part][1]:
        hour += _HALF_A_DAY
    elif hour == _NOON and part in _FROM_MIDNIGHT:
        hour = 0
    return TimeOfDay(clock.at.replace(hour=hour), settled=True, firm=True)
