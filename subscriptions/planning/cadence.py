"""Cadences and their due moments, and the days of the week and times of day that people type.

All patterns match English and Chinese in the form that `times._words.plain` returns (lower case, single spaces).
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from subscriptions import errors, model

FULL_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATTERN = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
"""The English names, in full and shortened."""
_CHINESE = "一二三四五六日"
CHINESE_SIGNS = f"{_CHINESE}天"
"""The characters that name a day after 周, 星期 and 礼拜."""


def day_number(name: str) -> int:
    """Returns the number of a day of the week by its English name, as `PATTERN` matches it: 0 for Monday."""
    return model.DAYS.index(name[:3])


def chinese_day_number(sign: str) -> int:
    """Returns the number of a day of the week by its character in `CHINESE_SIGNS`: 0 for 一, Monday."""
    return _CHINESE.index(sign.replace("天", "日"))


# ---------------------------------------------------------------------------------------------------------------------
# Cadences as text, and the moments at which a subscription is due by its cadence and zone.
#
# Everything is pure: `now` and `after` are arguments, with the zone UTC. If the clocks skip a local time, the first
# minute that exists after it counts. If they repeat it, the first time counts. Each due moment is computed from the
# calendar, not from the previous moment, so errors do not add up.


KINDS = ("now", "when-out", "daily", "weekdays", "weekly", "days")
NINE = time(9)
_SATURDAY = 5
DEFAULT_WINDOW = (time(8), time(20))
# quiet hours are shorter than 24 hours on the clock; they last an hour longer if the clocks are set back
LONGEST_QUIET = timedelta(hours=25)
_HOURS = re.compile(r"(?P<first>\d\d:\d\d)-(?P<last>\d\d:\d\d)")
_DAY = f"(?:{'|'.join(model.DAYS)})"
_STORED = re.compile(
    rf"(?P<now>now)|when-out {_HOURS.pattern}(?P<weekdays> weekdays)?"
    rf"|(?:(?P<kind>daily|weekdays|weekly)(?: (?P<day>{'|'.join(model.DAYS)}))?|(?P<days>{_DAY}(?:,{_DAY}){{1,5}})) (?P<at>\d\d:\d\d)"
)
EXAMPLES = errors.Sentence(
    "For example: now, when-out 08:00-20:00, when-out 09:00-18:00 weekdays, daily 09:00, weekdays 8:30, weekly mon 09:00, tue,thu 10:00."
)


def parse_cadence(text: str) -> model.Cadence:
    """Parses a cadence from its stored text, as `str` returns it. Raises Refused.

    `subscriptions.planning.times` parses what people type.
    """
    match = _STORED.fullmatch(text)
    with suppress(ValueError):  # ValueError: a time that no clock shows
        if match and str(found := _of(match)) == text:
            return found
    raise errors.Refused(errors.Sentence("“{text}” is not a schedule.", {"text": text.strip()}), EXAMPLES)


def _of(match: re.Match[str]) -> model.Cadence:
    if match["now"]:
        return model.Cadence(kind="now")
    if match["first"]:
        first, last = time.fromisoformat(match["first"]), time.fromisoformat(match["last"])
        return model.Cadence(kind="when-out", at=first, until=last, weekdays_only=bool(match["weekdays"]))
    at, days = time.fromisoformat(match["at"]), match["days"] or match["day"]
    if days:
        return cadence_of_days(map(model.DAYS.index, days.split(",")), at)
    return model.Cadence(kind=match["kind"], at=at)


def cadence_of_days(days: Iterable[int], at: time | None) -> model.Cadence:
    """Returns the cadence for some days of the week: weekly, weekdays, daily or days."""
    several = tuple(sorted(set(days)))
    if len(several) == 1:
        return model.Cadence(kind="weekly", at=at, weekday=several[0])
    kind = {(0, 1, 2, 3, 4): "weekdays", (0, 1, 2, 3, 4, 5, 6): "daily"}.get(several, "days")
    return model.Cadence(kind=kind, at=at, days=several if kind == "days" else ())


def with_days(cadence: model.Cadence, days: Iterable[int]) -> model.Cadence:
    """Returns the cadence with further days of the week; unchanged if it is due on every day."""
    if cadence.kind in ("now", "daily"):
        return cadence
    own = {day for day in range(7) if _is_on(cadence, day)} | {*days}
    if cadence.kind == "when-out":
        return replace(cadence, weekdays_only=own == set(range(_SATURDAY)))
    return cadence_of_days(own, cadence.at)


def next_due(cadence: model.Cadence, zone: tzinfo, after: datetime) -> datetime | None:
    """Returns the first regular due moment after `after`, in UTC; None for the cadence now, which has none.

    The regular moment of when-out is the first of its two times, when its window opens.
    """
    if cadence.kind == "now":
        return None
    return next(moment for moment in _moments(cadence, zone, after) if moment > after)


def first_due(cadence: model.Cadence, zone: tzinfo, created: datetime) -> datetime | None:
    """Returns the first due moment of a subscription that is added at `created`: usually what `next_due` returns.

    But if a when-out window is open at `created`, returns when that window opened, a moment in the past.
    """
    if cadence.kind == "when-out":
        opened = next(_moments(cadence, zone, created))
        if opened <= created < closes(cadence, zone, opened):
            return opened
    return next_due(cadence, zone, created)


def closes(cadence: model.Cadence, zone: tzinfo, opened: datetime) -> datetime:
    """Returns when the when-out window that opened at `opened` closes: at its second time, on the same local day."""
    first, last = window_of(cadence)
    day = opened.astimezone(zone).date()
    yesterday = day - timedelta(days=1)
    if local_moment(yesterday, first, zone) == opened:  # the clocks skipped the opening time and the rest of that day
        day = yesterday
    return max(opened, local_moment(day, last, zone))


def is_due(
    cadence: model.Cadence,
    zone: tzinfo,
    next_due_at: datetime | None,
    now: datetime,
    papers_came: bool,  # noqa: FBT001 - one fact among others
    *,
    all_reported: bool | None = None,
) -> bool:
    """Returns whether to plan a subscription now. `next_due_at` is its next regular moment.

    - `papers_came`: papers arrived that are new to the subscription.
    - `all_reported`: every awaited source has reported since its last due moment; None if no source is awaited.

    A when-out subscription waits until papers came and no awaited source is missing, at most until its second time. The
    cadence now waits only for papers; its `next_due_at` is not None only while quiet hours delay it.
    """
    if cadence.kind == "now":
        return papers_came and (next_due_at is None or now >= next_due_at)
    if next_due_at is None or now < next_due_at:
        return False
    if cadence.kind != "when-out" or now >= closes(cadence, zone, next_due_at):
        return True
    return papers_came and all_reported is not False


def is_too_far(cadence: model.Cadence, zone: tzinfo, next_due_at: datetime, now: datetime) -> bool:
    """Returns whether a due moment is later than the cadence allows: it was computed while the clock was ahead."""
    latest = next_due(cadence, zone, now) or now + LONGEST_QUIET
    return next_due_at > latest


def quiet_until(quiet: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Returns when the quiet hours that include `now` end, in UTC; None if no quiet hours include it.

    `quiet` is a chat's setting: "off", or a span such as "22:00-08:00", which may cross midnight.
    """
    span = quiet_span(quiet, zone, now)
    return span[1] if span else None


def quiet_span(quiet: str, zone: tzinfo, now: datetime) -> tuple[datetime, datetime] | None:
    """Returns (beginning, end) of the quiet hours that include `now`, or None. See `quiet_until`."""
    hours = _HOURS.fullmatch(quiet)
    if hours is None:
        return None
    first, last = time.fromisoformat(hours["first"]), time.fromisoformat(hours["last"])
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # if the clocks repeat an hour, only the first time counts
        begins, ends = local_moment(day, first, zone), local_moment(day + timedelta(days=first > last), last, zone)
        if begins <= now < ends:
            return begins, ends
    return None


def local_moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Returns the moment of a local time, in UTC.

    If the clocks show the time twice, returns the first moment; if they skip it, the first minute after it.
    """
    local = datetime.combine(day, at.replace(fold=0))  # fold=0: the first of two moments
    while True:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            return instant
        local += timedelta(minutes=1)


def _moments(cadence: model.Cadence, zone: tzinfo, start: datetime) -> Iterator[datetime]:
    """Yields due moments in ascending order without end, beginning with the local day of `start`."""
    at = cadence.at or NINE
    day = start.astimezone(zone).date()
    while True:
        if _on_day(cadence, day) and not _replaced(cadence, zone, day):
            yield local_moment(day, at, zone)
        day += timedelta(days=1)


def _on_day(cadence: model.Cadence, day: date) -> bool:
    return _is_on(cadence, day.weekday())


def _is_on(cadence: model.Cadence, weekday: int) -> bool:
    if cadence.kind == "weekly":
        return weekday == (cadence.weekday or 0)
    if cadence.kind == "days":
        return weekday in cadence.days
    return weekday < _SATURDAY or not (cadence.kind == "weekdays" or cadence.weekdays_only)


def _replaced(cadence: model.Cadence, zone: tzinfo, day: date) -> bool:
    """Returns whether the zone skipped all of `day` (Samoa: 30 December 2011), and the day after it is a due day."""
    following = local_moment(day, time(0), zone).astimezone(zone).date()
    return following != day and _on_day(cadence, following)


def window_of(cadence: model.Cadence | None) -> tuple[time, time]:
    """Returns the two times of a when-out cadence; for any other cadence and for None, DEFAULT_WINDOW."""
    if cadence is not None and cadence.kind == "when-out" and cadence.at and cadence.until:
        return cadence.at, cadence.until
    return DEFAULT_WINDOW


# --------------------------------------------------------------------------------------------------------- times of day


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
_ENDS = r"(?![a-z0-9_]|[:.]\d)"


def count_of(word: str) -> int:
    """Returns the number that words name, in digits, English or Chinese: "3x", "twice", "couple of", "十二"; "" is 1.

    Of a Chinese range, such as 两三, returns the larger number.
    """
    plain = word.removesuffix("times").strip()
    # removes the x of "3x", but not that of "six"
    plain = plain if plain in _WORDS else plain.removesuffix("x").strip()
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
    minute = _han_number(said["minute"]) if said.get("minute") else _MINUTES.get(said.get("word", ""), 0)
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
# (pattern of a time of day, whether a text that matches it can only be a time)
CLOCKS = (
    (rf"(?P<hour>\d{{1,2}}|{_WORD}(?= ))(?:[:.h](?P<minute>\d\d))? ?(?P<half>[ap]\.?m\.?)(?![a-z0-9_])", True),
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
