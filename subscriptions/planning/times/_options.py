"""Reads the options of a command line: --every, --on and --at."""

from datetime import time

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Cadence
from subscriptions.planning.cadence import DAYS, KINDS, NINE, cadence_of_days, window_of
from subscriptions.planning.times._reading import Reading, clock_with_zone, hours_of, reading_of
from subscriptions.planning.times._when import NoSuchTime, When, read_when, window


def make_when(every: str | None, on: str | None, at: str | None, chat_schedule: Cadence) -> When:
    """The time of the options --every, --on and --at (docs/commands.md, subscribe); None: not given. Raises Refused.

    Without --every it is the chat's schedule, changed by the others: a range of times makes it when-out, a day makes it
    weekly. A single time keeps a schedule of the kinds daily, weekdays and weekly, and makes any other daily.
    """
    if every is None and on is None and at is None:
        return When(chat_schedule)
    reading = _cadence_of(every) if every is not None else _of_chat(on, at, chat_schedule)
    if on is not None and reading.kind not in ("weekly", "days"):
        raise Refused(
            Sentence("Days of the week go with weekly and days only."),
            Sentence("For example: --every weekly --on mon --at 9, or --every days --on mon,thu --at 9."),
        )
    if reading.kind == "days" and not (on or reading.days):
        raise Refused(
            Sentence("Say on which days of the week."), Sentence("For example: --every days --on mon,thu --at 9.")
        )
    days = _weekdays(on) if on is not None else reading.days or (reading.weekday,)
    if reading.kind == "now":
        if at is not None:
            raise Refused(Sentence("“now” takes no time."), Sentence("For example: --every daily --at 09:00."))
        return When(Cadence(kind="now"))
    if reading.kind == "when-out":
        first, last = _range(at, reading, chat_schedule)
        return When(window(first, last, weekdays_only=reading.weekdays_only), reading.zone)
    clock, zone = _single(at, reading, every)
    on_days = [day for day in days if day is not None]
    cadence = cadence_of_days(on_days, clock) if on_days else Cadence(kind=reading.kind, at=clock)
    return When(cadence, zone or reading.zone)


def _cadence_of(every: str) -> Reading:
    if every == "days":
        return Reading(kind="days")
    try:
        read_when(every)
    except NoSuchTime:
        raise
    except Refused:
        kinds = Sentence("Choose one of: {kinds}.", {"kinds": ", ".join(KINDS)})
        raise Refused(Sentence("“{every}” is not a schedule.", {"every": every}), kinds) from None
    return reading_of(every, bare=True) or Reading()


def _of_chat(on: str | None, at: str | None, chat_schedule: Cadence) -> Reading:
    """The cadence of the chat's schedule, changed by --on and --at."""
    kind = chat_schedule.kind
    if on is not None:
        kind = "weekly"
    elif at is not None and hours_of(at):
        kind = "when-out"
    elif at is not None and kind in ("now", "when-out"):
        kind = "daily"
    weekday = (chat_schedule.weekday or 0) if kind == "weekly" else None
    return Reading(
        kind=kind,
        weekday=weekday,
        weekdays_only=chat_schedule.weekdays_only,
        days=chat_schedule.days if kind == "days" else (),
    )


def _weekdays(on: str) -> tuple[int, ...]:
    reading = reading_of(on)
    named = (
        reading.days or (reading.weekday,) if reading and reading.kind in ("weekly", "days") and reading.exact else ()
    )
    days = tuple(day for day in named if day is not None)
    if reading is None or reading.timed or reading.zone or not days:
        raise Refused(
            Sentence("“{day}” is not a day of the week.", {"day": on}),
            Sentence("Choose one of: {days}.", {"days": ", ".join(DAYS)}),
        )
    return days


def _single(at: str | None, reading: Reading, every: str | None) -> tuple[time, str]:
    """The time of day of --at, else of the cadence, else 09:00; and the zone named in --at."""
    if at is None:
        return reading.at or NINE, ""
    if reading.at is not None:
        raise Refused(
            Sentence("“{every}” says a time of day already.", {"every": every}),
            Sentence("For example: --every monday --at 9."),
        )
    found, zone = clock_with_zone(at)
    if found is None:
        raise Refused(Sentence("“{at}” is not a time of day.", {"at": at}), Sentence("For example: 8, 8am or 08:00."))
    return found, zone


def _range(at: str | None, reading: Reading, chat_schedule: Cadence) -> tuple[time, time]:
    if at is None:
        return (reading.at, reading.until) if reading.at and reading.until else window_of(chat_schedule)
    times = hours_of(at)
    if times is None:
        raise Refused(
            Sentence("when-out takes two times of day, and “{at}” is not two.", {"at": at}),
            Sentence("For example: --every when-out --at 08:00-20:00."),
        )
    return times
