"""When a subscription is due: default hours, changes of clocks, how long when-out waits, when quiet hours end. Pure.

`now` and `after` are arguments, with the zone UTC. If the clocks skip a local time, the first minute that exists after
it counts. If they repeat it, the first time counts. Each due moment is computed from the calendar, not from the
previous moment, so errors do not add up.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from subscriptions.model import Cadence

NINE = time(9)
DEFAULT_WINDOW = (time(8), time(20))


@lru_cache(maxsize=4096)  # many chats have the same cadence, zone and moment of planning
def next_due(cadence: Cadence, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first regular due moment after `after`, in UTC; None for the cadence now, which has none.

    The regular moment of when-out is the first of its two times, when its window opens.
    """
    if cadence.kind == "now":
        return None
    return next(moment for moment in _moments(cadence, zone, after) if moment > after)


def first_due(cadence: Cadence, zone: tzinfo, created: datetime) -> datetime | None:
    """Return the first due moment of a subscription that is added at `created`: usually what `next_due` returns.

    But if a when-out window is open at `created`, returns when that window opened, a moment in the past.
    """
    if cadence.kind == "when-out":
        opened = next(_moments(cadence, zone, created))
        if opened <= created < closes(cadence, zone, opened):
            return opened
    return next_due(cadence, zone, created)


def closes(cadence: Cadence, zone: tzinfo, opened: datetime) -> datetime:
    """Return when the when-out window that opened at `opened` closes: at its second time, on the same local day."""
    first, last = window_of(cadence)
    day = opened.astimezone(zone).date()
    yesterday = day - timedelta(days=1)
    if local_moment(yesterday, first, zone) == opened:  # the clocks skipped the opening time and the rest of that day
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
    """Return whether to plan a subscription now. `next_due_at` is its next regular moment.

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


@lru_cache(maxsize=4096)  # a plan asks this for many chats with the same quiet hours
def quiet_until(quiet: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return when the quiet hours that include `now` end, in UTC; None if no quiet hours include it.

    `quiet` is a chat's setting: "off", or a span such as "22:00-08:00", which may cross midnight.
    """
    if quiet == "off":
        return None
    first, last = map(time.fromisoformat, quiet.split("-"))
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # if the clocks repeat an hour, only the first time counts
        begins, ends = local_moment(day, first, zone), local_moment(day + timedelta(days=first > last), last, zone)
        if begins <= now < ends:
            return ends
    return None


def local_moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the moment of a local time, in UTC.

    If the clocks show the time twice, returns the first moment; if they skip it, the first minute after it.
    """
    local = datetime.combine(day, at.replace(fold=0))  # fold=0: the first of two moments
    while True:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            return instant
        local += timedelta(minutes=1)


def _moments(cadence: Cadence, zone: tzinfo, start: datetime) -> Iterator[datetime]:
    """Yield due moments in ascending order without end, beginning with the local day of `start`."""
    at = cadence.at or NINE
    day = start.astimezone(zone).date()
    while True:
        if day.weekday() in cadence.days:
            yield local_moment(day, at, zone)
        day += timedelta(days=1)


def window_of(cadence: Cadence | None) -> tuple[time, time]:
    """Return the two times of a when-out cadence; for any other cadence and for None, DEFAULT_WINDOW."""
    if cadence and cadence.at is not None and cadence.until is not None:
        return cadence.at, cadence.until
    return DEFAULT_WINDOW
