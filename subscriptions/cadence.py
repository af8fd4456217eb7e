"""When is a subscription due: cadences as text, and the moments that follow from a cadence and a zone.

Local times live here and in rendering, nowhere else. Everything is pure: `now` and `after` are arguments, aware UTC.
A local time happens once per local day: one that the clocks skip is due at the first minute that
exists after it, one that they repeat at the first of the two. A due moment is always computed from the calendar, never
from the moment before it, so nothing drifts.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from unicodedata import normalize

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Cadence

KINDS = ("now", "when-out", "daily", "weekdays", "weekly")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NINE = time(9)
DEFAULT_WINDOW = (time(8), time(20))

_TIME = r"(?:(?:1[0-2]|0?[1-9])(?::[0-5]\d)? ?[ap]m|(?:2[0-3]|[01]?\d)(?::[0-5]\d)?)"
_DAY = r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_CLOCK = re.compile(r"(?P<hour>\d+)(?::(?P<minute>\d+))? ?(?P<half>[ap]m)?")
_RANGE = re.compile(rf"(?P<first>{_TIME}) ?- ?(?P<last>{_TIME})")
_WHEN = re.compile(
    rf"(?P<now>now)"
    rf"|(?P<out>when-out)(?: {_RANGE.pattern})?(?P<workdays> weekdays)?"
    rf"|(?:(?P<rhythm>daily|weekdays)|(?P<weekly>weekly)(?: (?:on )?(?P<day>{_DAY}))?)(?: (?:at )?(?P<time>{_TIME}))?"
    rf"|at (?P<at>{_TIME})"
)
_LONGEST_WHEN = 7  # words: "when-out 8 am - 8 pm weekdays"
_QUOTES = '"“”„‟«»「」『』＂'
_DASHES = str.maketrans("‐‑‒–—−~", "-------")

_EXAMPLES = Sentence(
    "For example: now, when-out 08:00-20:00, when-out 09:00-18:00 weekdays, daily 09:00, weekdays 8:30, weekly mon 09:00."
)


def parse_cadence(text: str, chat_schedule: Cadence | None = None) -> Cadence:
    """Reads a cadence as stored, exported or typed (docs/settings.md, schedule).

    What is left out comes from `chat_schedule` (the two times of when-out) or the defaults: 08:00-20:00, 09:00, Monday.
    Raises Refused.
    """
    match = _WHEN.fullmatch(_plain(text))
    if match is None:
        raise Refused(Sentence("“{text}” is not a schedule.", {"text": text.strip()}), _EXAMPLES)
    if match["now"]:
        return Cadence(kind="now")
    if match["out"]:
        first, last = (_clock(match["first"]), _clock(match["last"])) if match["first"] else _window_of(chat_schedule)
        return _when_out(first, last, weekdays_only=bool(match["workdays"]))
    if match["weekly"]:
        return Cadence(kind="weekly", at=_clock(match["time"] or "9"), weekday=_weekday(match["day"] or "mon"))
    return Cadence(kind=match["rhythm"] or "daily", at=_clock(match["time"] or match["at"] or "9"))


def cadence_text(cadence: Cadence) -> str:
    """The cadence as stored and exported; `parse_cadence` reads it back to an equal value."""
    first = f"{cadence.at:%H:%M}" if cadence.at else ""
    match cadence.kind:
        case "now":
            return "now"
        case "when-out":
            return f"when-out {first}-{cadence.until:%H:%M}" + (" weekdays" if cadence.weekdays_only else "")
        case "weekly":
            return f"weekly {DAYS[cadence.weekday or 0]} {first}"
    return f"{cadence.kind} {first}"


def make_cadence(every: str | None, on: str | None, at: str | None, chat_schedule: Cadence) -> Cadence:
    """The cadence that the options --every, --on and --at ask for (docs/commands.md, subscribe); None: not given.

    Without --every it is the chat's schedule, with the time or day that was given: a range of times asks for when-out,
    a day for weekly, a single time keeps the rhythm of a chat that has one and is daily elsewhere. Raises Refused.
    """
    kind = _plain(every) if every is not None else _kind_of(on, at, chat_schedule)
    if kind not in KINDS:
        raise Refused(
            Sentence("“{every}” is not a schedule.", {"every": every}),
            Sentence("Choose one of: {kinds}.", {"kinds": ", ".join(KINDS)}),
        )
    if on is not None and kind != "weekly":
        raise Refused(
            Sentence("A day of the week goes with weekly only."),
            Sentence("For example: --every weekly --on mon --at 9."),
        )
    if every is None and on is None and at is None:
        return chat_schedule
    if kind == "now":
        if at is not None:
            raise Refused(Sentence("“now” takes no time."), Sentence("For example: --every daily --at 09:00."))
        return Cadence(kind="now")
    if kind == "when-out":
        keep_weekdays = every is None and chat_schedule.weekdays_only
        return _when_out(*_range(at, chat_schedule), weekdays_only=keep_weekdays)
    weekday = _chosen_weekday(on, every, chat_schedule) if kind == "weekly" else None
    return Cadence(kind=kind, at=_single(at), weekday=weekday)


def split_when(text: str) -> tuple[str, str | None]:
    """Splits a text typed in a chat into the query and its trailing WHEN, None without one.

    WHEN is read only at the end, with something left before it and outside quotes; `parse_cadence` reads what is
    returned. ("diffusion -survey at 8am" -> "diffusion -survey", "at 8am")
    """
    words = text.rsplit(maxsplit=_LONGEST_WHEN)
    if _is_when(" ".join(words)):
        return text, None
    for length in range(min(_LONGEST_WHEN, len(words) - 1), 0, -1):
        query, *tail = text.rsplit(maxsplit=length)
        if _is_when(" ".join(tail)):
            inside_quotes = sum(map(query.count, _QUOTES)) % 2
            return (text, None) if inside_quotes else (query, " ".join(tail))
    return text, None


def two_times(text: str) -> tuple[time, time] | None:
    """The two times of a range of hours, "22:00-8" or "9am - 6pm"; None when it is no such range."""
    match = _RANGE.fullmatch(_plain(text))
    return (_clock(match["first"]), _clock(match["last"])) if match else None


def next_due(cadence: Cadence, zone: tzinfo, after: datetime) -> datetime | None:
    """The first regular moment strictly after `after`; both aware UTC. None for now, which waits for papers only.

    For when-out it is the opening, the first of its two times, of the next local day's window.
    """
    if cadence.kind == "now":
        return None
    return next(moment for moment in _moments(cadence, zone, after) if moment > after)


def first_due(cadence: Cadence, zone: tzinfo, created: datetime) -> datetime | None:
    """Like `next_due`, but a when-out window that is open at `created` counts: its opening, which lies in the past."""
    if cadence.kind == "when-out":
        opened = next(_moments(cadence, zone, created))
        if opened <= created < closes(cadence, zone, opened):
            return opened
    return next_due(cadence, zone, created)


def closes(cadence: Cadence, zone: tzinfo, opened: datetime) -> datetime:
    """When the window of a when-out cadence that opened at `opened` closes: its second time on the same local day."""
    first, last = _window_of(cadence)
    day = opened.astimezone(zone).date()
    yesterday = day - timedelta(days=1)
    if local_moment(yesterday, first, zone) == opened:  # its own time was skipped, together with the end of that day
        day = yesterday
    return max(opened, local_moment(day, last, zone))


def is_due(
    cadence: Cadence,
    zone: tzinfo,
    next_due_at: datetime | None,
    now: datetime,
    papers_came: bool,  # noqa: FBT001 - a fact beside other facts, passed by name where it is read
    *,
    sources_in: bool | None = None,
) -> bool:
    """Whether a subscription whose next regular moment is `next_due_at` is to be planned at `now`.

    `papers_came`: something arrived that is new to it. `sources_in`: whether every source that is awaited has reported
    for its last due time; None when no source is awaited. Until its second time when-out waits for both. `now` has a next
    moment only while it is held back, until then.
    """
    if cadence.kind == "now":
        return papers_came and (next_due_at is None or now >= next_due_at)
    if next_due_at is None or now < next_due_at:
        return False
    if cadence.kind != "when-out" or now >= closes(cadence, zone, next_due_at):
        return True
    return papers_came and sources_in is not False


def quiet_until(quiet: str, zone: tzinfo, now: datetime) -> datetime | None:
    """When the quiet hours that hold at `now` end; None outside of them.

    `quiet` is a chat's setting: "22:00-08:00", which may pass midnight, or "off". Instants are aware UTC.
    """
    hours = two_times(quiet)
    if hours is None:
        return None
    first, last = hours
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # an hour that comes twice belongs to them the first time only
        ends = local_moment(day + timedelta(days=first > last), last, zone)
        if local_moment(day, first, zone) <= now < ends:
            return ends
    return None


def local_moment(day: date, at: time, zone: tzinfo) -> datetime:
    """The instant of a local time, aware UTC: the first of two, or the first minute that exists after one that does not."""
    local = datetime.combine(day, at.replace(fold=0))  # the first of a time that exists twice
    while True:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            return instant
        local += timedelta(minutes=1)


def _moments(cadence: Cadence, zone: tzinfo, start: datetime) -> Iterator[datetime]:
    """The due moments from the local day of `start` on, ascending, without end."""
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
    return weekday < 5 or not (cadence.kind == "weekdays" or cadence.weekdays_only)  # noqa: PLR2004 - Saturday is 5


def _replaced(cadence: Cadence, zone: tzinfo, day: date) -> bool:
    """Whether a zone left out the whole of `day` (Samoa: 30 December 2011) and the day after it is due anyway."""
    following = local_moment(day, time(0), zone).astimezone(zone).date()
    return following != day and _on_day(cadence, following)


def _plain(text: str) -> str:
    """As the patterns see it: full-width signs, dashes, letter case and blanks evened out."""
    return " ".join(normalize("NFKC", text).translate(_DASHES).casefold().split())


def _is_when(text: str) -> bool:
    """Whether a trailing text is a WHEN: rhythms want their time here, for "daily" alone may be a word of the query."""
    match = _WHEN.fullmatch(_plain(text))
    if match is None or (match["weekly"] and not match["day"]):
        return False
    return bool(match["now"] or match["out"] or match["time"] or match["at"])


def _clock(text: str) -> time:
    """A time that _TIME matches: "8", "8am", "08:00"."""
    match = _CLOCK.fullmatch(text)
    assert match is not None, text  # noqa: S101 - every caller has matched _TIME
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] == "pm" else 0)
    return time(hour, int(match["minute"] or 0))


def _window_of(cadence: Cadence | None) -> tuple[time, time]:
    """The two times of a when-out cadence, the default ones of any other."""
    if cadence is not None and cadence.kind == "when-out" and cadence.at and cadence.until:
        return cadence.at, cadence.until
    return DEFAULT_WINDOW


def _when_out(first: time, last: time, *, weekdays_only: bool) -> Cadence:
    if first >= last:
        raise Refused(
            Sentence("The second time of when-out must be later on the same day than the first."),
            Sentence("For example: when-out 08:00-20:00."),
        )
    return Cadence(kind="when-out", at=first, until=last, weekdays_only=weekdays_only)


def _weekday(name: str) -> int:
    """0 is Monday; any beginning of an English name from three letters on."""
    return DAYS.index(name[:3])


def _kind_of(on: str | None, at: str | None, chat_schedule: Cadence) -> str:
    if on is not None:
        return "weekly"
    if at is None:
        return chat_schedule.kind
    if _RANGE.fullmatch(_plain(at)):
        return "when-out"
    return chat_schedule.kind if chat_schedule.kind in ("daily", "weekdays", "weekly") else "daily"


def _chosen_weekday(on: str | None, every: str | None, chat_schedule: Cadence) -> int:
    if on is None:
        return chat_schedule.weekday or 0 if every is None else 0
    if not re.fullmatch(_DAY, _plain(on)):
        raise Refused(
            Sentence("“{day}” is not a day of the week.", {"day": on}),
            Sentence("Choose one of: {days}.", {"days": ", ".join(DAYS)}),
        )
    return _weekday(_plain(on))


def _single(at: str | None) -> time:
    if at is None:
        return NINE
    if not re.fullmatch(_TIME, _plain(at)):
        raise Refused(Sentence("“{at}” is not a time of day.", {"at": at}), Sentence("For example: 8, 8am or 08:00."))
    return _clock(_plain(at))


def _range(at: str | None, chat_schedule: Cadence) -> tuple[time, time]:
    if at is None:
        return _window_of(chat_schedule)
    times = two_times(at)
    if times is None:
        raise Refused(
            Sentence("when-out takes two times of day, and “{at}” is not two.", {"at": at}),
            Sentence("For example: --every when-out --at 08:00-20:00."),
        )
    return times
