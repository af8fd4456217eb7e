"""Times of day that people type, in English and Chinese: am and pm, what "few" and "couple" count, which hour morning or evening means."""

import re
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day as a person wrote it. `at` is None if no clock shows it (25:00)."""

    at: time | None
    settled: bool = False  # it names am, pm or noon, so a word such as "evening" does not change it
    firm: bool = False  # it can only be a time: 9am, 9点半. Not firm: 8:30 may be a ratio, and 17点 may be points
    beyond: bool = False  # its hour is too large to be a typing error for an hour


_NOON = 12
_HAN_DIGITS = {sign: digit for digit, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {"a": 1, "an": 1, "once": 1, "twice": 2, "thrice": 3, "half": 0, "half a": 0, "half an": 0, "半": 0}


_COUNTS |= {"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60}


_SLIP = 30
_SEVERAL = 3  # the number that is meant by few, several or 几
HAN_NUMBER = r"(?:\d{1,2}|[零〇一二两三四五六七八九十]{1,3})"
_WORD = rf"(?:{'|'.join(_WORDS)})"
_TENS = r"(?:fifteen|twenty|thirty|forty(?:[ -]five)?|fifty)"  # minutes, as in "nine thirty"
_ENDS = r"(?:[ -]?ish)?(?![a-z0-9_]|[:.]\d)"


def count_of(word: str) -> int:
    """Returns the number that words name, in digits, English or Chinese: "3x", "twice", "couple of", "十二"; "" is 1.

    Of a Chinese range, such as 两三, returns the larger number.
    """
    plain = word.removesuffix("times").strip()
    # removes the x of "3x", but not that of "six"
    if plain not in _WORDS:
        plain = plain.removesuffix("x").strip()
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
    is_vague = plain.isascii() or plain in "几数多"
    return _SEVERAL if is_vague else _han_number(plain if "十" in plain else plain[-1])


def _han_number(word: str) -> int:
    """Returns the number that Chinese characters or digits name: 12 for 十二, 20 for 二十, 23 for 二十三 and 二三."""
    if word.isdecimal() and word.isascii():
        return int(word)
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return int("".join(str(_HAN_DIGITS.get(sign, 9)) for sign in word) or 0)
    return (_HAN_DIGITS.get(tens[-1], 9) if tens else 1) * 10 + (_HAN_DIGITS.get(ones[-1], 9) if ones else 0)


def clock_in(match: re.Match[str], *, firm: bool = False) -> TimeOfDay:
    """Returns the time of day in a match of one of the patterns CLOCKS or NUMBERS."""
    said = match.groupdict("")
    if "hour" not in said:
        return TimeOfDay(time(0) if "midnight" in match[0] else time(_NOON), settled=True)
    hour, half = count_of(said["hour"]), said.get("half", "")
    minute = _MINUTES.get(said.get("word", ""), 0)
    if said.get("minute"):
        minute = _han_number(said["minute"])
    firm |= said.get("sign") == "点钟" or ("sign" in said and bool(said["minute"] or said["word"]))
    if said.get("side") == "to":
        hour, minute = (hour - 1) % 24, 60 - minute
    is_wrong = half and not 1 <= hour <= _NOON
    if half:
        hour = hour % _NOON + (_NOON if half.startswith("p") else 0)
    try:
        at = None if is_wrong else time(hour, minute)
    except ValueError:
        at = None
    return TimeOfDay(at, settled=bool(half), firm=firm, beyond=hour > _SLIP)


_MINUTES = {"half": 30, "半": 30, "quarter": 15, "一刻": 15, "三刻": 45}
_MINUTES |= {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "forty five": 45, "fifty": 50}
# (pattern of a time of day, whether a text that matches it can only be a time)
CLOCKS = (
    (
        rf"(?P<hour>\d{{1,2}}|{_WORD}(?= ))(?:[:.h](?P<minute>\d\d)| (?P<word>{_TENS}))? ?(?P<half>[ap]\.?m\.?)(?![a-z0-9_])",
        True,
    ),
    (rf"(?:a )?(?P<word>half|quarter) (?P<side>past|to) (?P<hour>\d{{1,2}}|{_WORD}){_ENDS}", True),
    (rf"(?P<hour>\d{{1,2}}|{_WORD}) ?o ?['’]? ?clock{_ENDS}", True),
    (r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?: ?h(?:rs?)?)?(?![a-z0-9_:]|\.\w)", False),
    (rf"(?P<hour>1?\d|2[0-3])h(?P<minute>[0-5]\d)?{_ENDS}", False),
    (rf"(?:um )?(?P<hour>\d{{1,2}})(?: ?uhr ?(?P<minute>[0-5]\d)?){_ENDS}", False),
    (rf"(?:(?:12|twelve) )?(?:noon|midday){_ENDS}", False),
    (rf"(?:(?:12|twelve) )?midnight{_ENDS}", False),
    (
        (
            rf"(?P<hour>{HAN_NUMBER}) ?(?P<sign>点钟|点|时(?!间|序))"
            rf"(?: ?(?:(?P<word>半|整|[一三]刻)|(?P<minute>{HAN_NUMBER})(?! ?[点时:]) ?分?))?(?:左右|前后|[以之]后)?"
        ),
        False,
    ),
)
# In "papers from 2024", 2024 is a year.
_AFTER_WHICH_YEARS = rf"(?:{'|'.join(f'(?<={word} )' for word in ('from', 'since', 'in', 'of', 'before', 'after', 'by', 'until', 'to'))})"
# Patterns that are a time of day only after other words: "daily 9", "at 8.30".
NUMBERS = (
    rf"(?P<hour>\d{{1,2}})[.h](?P<minute>\d\d){_ENDS}",
    rf"(?!{_AFTER_WHICH_YEARS}(?:19|20)\d\d)(?P<hour>[012]\d)(?P<minute>[0-5]\d){_ENDS}",
    rf"(?P<hour>{_WORD}) (?P<word>{_TENS}){_ENDS}",
    rf"(?P<word>half) (?P<hour>\d{{1,2}}|{_WORD}){_ENDS}",  # "half seven", which is 7:30 in English
    rf"(?P<hour>\d{{1,3}})h?{_ENDS}",
    rf"(?P<hour>{_WORD}){_ENDS}",
)
# Part of the day → (the time that it means if no hour is named, the hours that are p.m. next to it).
PARTS_OF_DAY: dict[str, tuple[time, range]] = {
    "small hours": (time(5), range(0)),
    "morning": (time(9), range(0)),
    "forenoon": (time(9), range(0)),
    "noon": (time(12), range(1, 4)),
    "afternoon": (time(15), range(1, 12)),
    "evening": (time(18), range(4, 12)),
    "night": (time(21), range(5, 12)),
    "midnight": (time(0), range(0)),
}
_FROM_MIDNIGHT = frozenset({"small hours", "morning", "evening", "night", "midnight"})  # 12 in these means 0:00


def in_part(clock: TimeOfDay, part: str) -> TimeOfDay:
    """Returns a time of day within a part of the day: 20:00 for 8 in the evening."""
    if clock.at is None or clock.settled:
        return clock
    hour = clock.at.hour
    if hour in PARTS_OF_DAY[part][1]:
        hour += _NOON
    elif hour == _NOON and part in _FROM_MIDNIGHT:
        hour = 0
    return TimeOfDay(clock.at.replace(hour=hour), settled=True, firm=True)
