"""The days of the week, as they are stored and as people type them, and times of day as they are written.

All patterns are for plain text in lower case, in English and Chinese.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NoReturn

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Cadence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The stored names, by the numbers of `date.weekday`. They are also the first three letters of the full names."""
FULL_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATTERN = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
"""The English names, in full and shortened."""
_CHINESE = "一二三四五六日"
CHINESE_SIGNS = f"{_CHINESE}天"
"""The signs behind 周, 星期 and 礼拜."""


def day_number(name: str) -> int:
    """Returns the number of an English name that `PATTERN` matches: 0 for Monday."""
    return DAYS.index(name[:3])


def chinese_day_number(sign: str) -> int:
    """Returns the number of one of `CHINESE_SIGNS`: 0 for 一."""
    return _CHINESE.index(sign.replace("天", "日"))


# ---------------------------------------------------------------------------------------------------------------------
# Cadences as text, and the moments at which a subscription is due by its cadence and zone.
#
# Local times are used here and in rendering, nowhere else. Everything is pure: `now` and `after` are arguments, aware
# UTC. A local time that the clocks skip is due at the first minute that exists after it; of one that they repeat the
# first counts. A due moment is computed from the calendar and not from the moment before it, so nothing drifts.


KINDS = ("now", "when-out", "daily", "weekdays", "weekly", "days")
NINE = time(9)
DEFAULT_WINDOW = (time(8), time(20))
LONGEST_QUIET = timedelta(
    hours=25
)  # quiet hours end on the next day at the latest, and clocks may be set back meanwhile
_HOURS = re.compile(r"(?P<first>\d\d:\d\d)-(?P<last>\d\d:\d\d)")
_DAY = f"(?:{'|'.join(DAYS)})"
_STORED = re.compile(
    rf"(?P<now>now)|when-out {_HOURS.pattern}(?P<weekdays> weekdays)?"
    rf"|(?:(?P<kind>daily|weekdays|weekly)(?: (?P<day>{'|'.join(DAYS)}))?|(?P<days>{_DAY}(?:,{_DAY}){{1,5}})) (?P<at>\d\d:\d\d)"
)
EXAMPLES = Sentence(
    "For example: now, when-out 08:00-20:00, when-out 09:00-18:00 weekdays, daily 09:00, weekdays 8:30, weekly mon 09:00, tue,thu 10:00."
)


def parse_cadence(text: str) -> Cadence:
    """Parses the form of `cadence_text`. What people type is parsed by `subscriptions.planning.times`. Raises Refused."""
    match = _STORED.fullmatch(text)
    try:
        return _of(match) if match else _no_cadence(text)
    except ValueError:
        return _no_cadence(text)


def _of(match: re.Match[str]) -> Cadence:
    if match["now"]:
        return Cadence(kind="now")
    if match["first"]:
        first, last = time.fromisoformat(match["first"]), time.fromisoformat(match["last"])
        return Cadence(kind="when-out", at=first, until=last, weekdays_only=bool(match["weekdays"]))
    at = time.fromisoformat(match["at"])
    if match["days"]:
        days = [DAYS.index(day) for day in match["days"].split(",")]
        if days != sorted(set(days)) or cadence_of_days(days, at).kind != "days":
            raise ValueError
        return cadence_of_days(days, at)
    if (match["kind"] == "weekly") != bool(match["day"]):
        raise ValueError
    weekday = DAYS.index(match["day"]) if match["day"] else None
    return Cadence(kind=match["kind"], at=at, weekday=weekday)


def cadence_of_days(days: Iterable[int], at: time | None) -> Cadence:
    """The cadence of some days of the week: weekly, weekdays, daily or days."""
    several = tuple(sorted(set(days)))
    if len(several) == 1:
        return Cadence(kind="weekly", at=at, weekday=several[0])
    kind = {(0, 1, 2, 3, 4): "weekdays", (0, 1, 2, 3, 4, 5, 6): "daily"}.get(several, "days")
    return Cadence(kind=kind, at=at, days=several if kind == "days" else ())


def _no_cadence(text: str) -> NoReturn:
    raise Refused(Sentence("“{text}” is not a schedule.", {"text": text.strip()}), EXAMPLES)


def cadence_text(cadence: Cadence) -> str:
    """The cadence as text, for storage and export; `parse_cadence` returns an equal value."""
    first = f"{cadence.at:%H:%M}" if cadence.at else ""
    match cadence.kind:
        case "now":
            return "now"
        case "when-out":
            return f"when-out {first}-{cadence.until:%H:%M}" + (" weekdays" if cadence.weekdays_only else "")
        case "weekly":
            return f"weekly {DAYS[cadence.weekday or 0]} {first}"
        case "days":
            return f"{','.join(DAYS[day] for day in cadence.days)} {first}"
    return f"{cadence.kind} {first}"


def next_due(cadence: Cadence, zone: tzinfo, after: datetime) -> datetime | None:
    """The first regular moment strictly after `after`; both aware UTC. None for the cadence now, which has no moments.

    For when-out it is the opening of the next window, the first of its two times.
    """
    if cadence.kind == "now":
        return None
    return next(moment for moment in _moments(cadence, zone, after) if moment > after)


def first_due(cadence: Cadence, zone: tzinfo, created: datetime) -> datetime | None:
    """The first due moment of a subscription that is added at `created`: as `next_due`.

    If a when-out window is open at `created`, it is the opening of that window, in the past.
    """
    if cadence.kind == "when-out":
        opened = next(_moments(cadence, zone, created))
        if opened <= created < closes(cadence, zone, opened):
            return opened
    return next_due(cadence, zone, created)


def closes(cadence: Cadence, zone: tzinfo, opened: datetime) -> datetime:
    """When a when-out window closes that opened at `opened`: the second time, on the same local day."""
    first, last = window_of(cadence)
    day = opened.astimezone(zone).date()
    yesterday = day - timedelta(days=1)
    if local_moment(yesterday, first, zone) == opened:  # the clocks skipped the opening and the rest of its day
        day = yesterday
    return max(opened, local_moment(day, last, zone))


def is_due(
    cadence: Cadence,
    zone: tzinfo,
    next_due_at: datetime | None,
    now: datetime,
    papers_came: bool,  # noqa: FBT001 - one fact among others
    *,
    all_reported: bool | None = None,
) -> bool:
    """Whether a subscription whose next regular moment is `next_due_at` is to be planned at `now`.

    `papers_came`: papers arrived that are new to it. `all_reported`: every awaited source has reported for its last due
    moment; None if no source is awaited. When-out waits for both until its second time. The cadence now has a next
    moment only while it is delayed.
    """
    if cadence.kind == "now":
        return papers_came and (next_due_at is None or now >= next_due_at)
    if next_due_at is None or now < next_due_at:
        return False
    if cadence.kind != "when-out" or now >= closes(cadence, zone, next_due_at):
        return True
    return papers_came and all_reported is not False


def is_too_far(cadence: Cadence, zone: tzinfo, next_due_at: datetime, now: datetime) -> bool:
    """Whether a due moment is further away than the cadence allows: it was computed while the clock was wrong."""
    latest = next_due(cadence, zone, now) or now + LONGEST_QUIET
    return next_due_at > latest


def quiet_until(quiet: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The end of the quiet hours at `now`; None outside of quiet hours.

    `quiet` is a chat's setting: "22:00-08:00", which may pass midnight, or "off". Moments are aware UTC.
    """
    span = quiet_span(quiet, zone, now)
    return span[1] if span else None


def quiet_span(quiet: str, zone: tzinfo, now: datetime) -> tuple[datetime, datetime] | None:
    """Beginning and end of the quiet hours at `now`, as `quiet_until`; None outside of quiet hours."""
    hours = _HOURS.fullmatch(quiet)
    if hours is None:
        return None
    first, last = time.fromisoformat(hours["first"]), time.fromisoformat(hours["last"])
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # of an hour that the clocks repeat only the first counts
        begins, ends = local_moment(day, first, zone), local_moment(day + timedelta(days=first > last), last, zone)
        if begins <= now < ends:
            return begins, ends
    return None


def local_moment(day: date, at: time, zone: tzinfo) -> datetime:
    """The moment of a local time, aware UTC: the first of two, or the first minute after one that does not exist."""
    local = datetime.combine(day, at.replace(fold=0))  # the first of two
    while True:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            return instant
        local += timedelta(minutes=1)


def _moments(cadence: Cadence, zone: tzinfo, start: datetime) -> Iterator[datetime]:
    """Yields the due moments from the local day of `start` on, ascending, without end."""
    at = cadence.at or NINE
    day = start.astimezone(zone).date()
    while True:
        if _on_day(cadence, day) and not _replaced(cadence, zone, day):
            yield local_moment(day, at, zone)
        day += timedelta(days=1)


def _on_day(cadence: Cadence, day: date) -> bool:
    weekday = day.weekday()
    if cadence.kind == "weekly":
        return weekday == (cadence.weekday or 0)
    if cadence.kind == "days":
        return weekday in cadence.days
    return weekday < 5 or not (cadence.kind == "weekdays" or cadence.weekdays_only)  # noqa: PLR2004 - Saturday is 5


def _replaced(cadence: Cadence, zone: tzinfo, day: date) -> bool:
    """Whether the zone skipped all of `day` (Samoa: 30 December 2011), and the next day is due anyway."""
    following = local_moment(day, time(0), zone).astimezone(zone).date()
    return following != day and _on_day(cadence, following)


def window_of(cadence: Cadence | None) -> tuple[time, time]:
    """The two times of a when-out cadence; for any other the default ones."""
    if cadence is not None and cadence.kind == "when-out" and cadence.at and cadence.until:
        return cadence.at, cadence.until
    return DEFAULT_WINDOW


# --------------------------------------------------------------------------------------------------------- times of day


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
