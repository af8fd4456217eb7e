"""Reads the time that the options --every, --on and --at of a command line give."""

from dataclasses import replace

from subscriptions.errors import Refused, Sentence
from subscriptions.model import DAYS, Cadence
from subscriptions.planning import cadence as cadences
from subscriptions.planning.times import NoSuchTime, When, read_when, when_of
from subscriptions.planning.times.reading import Reading, clock_with_zone, hours_of, reading_of


def make_when(every: str | None, on: str | None, at: str | None, chat_schedule: Cadence) -> When:
    """Returns the time that the options --every, --on and --at give (docs/commands.md, subscribe). Raises Refused.

    An option that was not given is None. Without --every, the other options change the chat's schedule:

    - Days (--on) make the schedule weekly, or "days" if there are several.
    - A range of times (--at 8-20) makes the schedule when-out.
    - A single time makes the schedules now and when-out daily. Of other schedules it changes only the time.
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
            Sentence("Say on which days of the week."),
            Sentence("For example: --every days --on mon,thu --at 9."),
        )
    if on is not None:
        found = cadences.cadence_of_days(_weekdays(on), None)
        reading = replace(reading, kind=found.kind, weekday=found.weekday, days=found.days)
    if reading.kind == "now":
        if at is not None:
            raise Refused(Sentence("“now” takes no time."), Sentence("For example: --every daily --at 09:00."))
        return when_of(reading, chat_schedule)
    return when_of(_at_times(at, reading, every), chat_schedule)


def _cadence_of(every: str) -> Reading:
    if every == "days":
        return Reading(kind="days")
    try:
        read_when(every)
    except NoSuchTime:
        raise
    except Refused:
        kinds = Sentence("Choose one of: {kinds}.", {"kinds": ", ".join(cadences.KINDS)})
        raise Refused(Sentence("“{every}” is not a schedule.", {"every": every}), kinds) from None
    return reading_of(every, bare=True) or Reading()


def _of_chat(on: str | None, at: str | None, chat_schedule: Cadence) -> Reading:
    """Returns the cadence that --on and --at make of the chat's schedule, still without their days and times."""
    kind = chat_schedule.kind
    if on is not None:
        kind = "weekly"
    elif at is not None and hours_of(at):
        kind = "when-out"
    elif at is not None and kind in ("now", "when-out"):
        kind = "daily"
    weekday = None
    if kind == "weekly":
        weekday = chat_schedule.weekday or 0
    return Reading(
        kind=kind,
        weekday=weekday,
        weekdays_only=chat_schedule.weekdays_only,
        days=chat_schedule.days if kind == "days" else (),
    )


def _weekdays(on: str) -> list[int]:
    reading = reading_of(on)
    if reading and reading.kind in ("weekly", "days") and reading.exact and not (reading.timed or reading.zone):
        return [day for day in (*reading.days, reading.weekday) if day is not None]
    raise Refused(
        Sentence("“{day}” is not a day of the week.", {"day": on}),
        Sentence("Choose one of: {days}.", {"days": ", ".join(DAYS)}),
    )


def _at_times(at: str | None, reading: Reading, every: str | None) -> Reading:
    """Returns `reading` with the times of --at: two times for when-out, otherwise one, perhaps with a zone.

    Without --at, `reading` keeps its own time, or gets 09:00 if it has none. Raises Refused.
    """
    if reading.kind == "when-out":
        times = hours_of(at) if at is not None else (reading.at, reading.until)
        if times is None:
            raise Refused(
                Sentence("when-out takes two times of day, and “{at}” is not two.", {"at": at}),
                Sentence("For example: --every when-out --at 08:00-20:00."),
            )
        return replace(reading, at=times[0], until=times[1])
    if at is None:
        return replace(reading, at=reading.at or cadences.NINE)
    if reading.at is not None:
        raise Refused(
            Sentence("“{every}” says a time of day already.", {"every": every}),
            Sentence("For example: --every monday --at 9."),
        )
    found, zone = clock_with_zone(at)
    if found is None:
        raise Refused(
            Sentence("“{at}” is not a time of day.", {"at": at}),
            Sentence("For example: 8, 8am or 08:00."),
        )
    return replace(reading, at=found, zone=zone or reading.zone)
