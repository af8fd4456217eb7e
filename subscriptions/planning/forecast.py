"""Forecasts what sources bring and when subscriptions deliver next. Pure; moments are aware UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from subscriptions.model import Cadence
from subscriptions.planning import cadence as cadences
from subscriptions.planning.receipts import Outcome
from subscriptions.planning.source_calendar import DAY, NEW_YORK, SATURDAY, ArxivSchedule, Schedule

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedSource:
    """A source with due moments that are known."""

    name: str  # for people
    schedule: Schedule
    due: datetime | None = None  # its last due moment; None: there was none yet
    settled: bool = True  # it has reported since `due`, or nothing can come of it any more
    outcome: Outcome | None = None  # of its last receipt since `due`
    behind: tuple[str, ...] = ()  # its units that have not come, where others have


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is known of all sources at a moment."""

    at: datetime
    awaited: tuple[AwaitedSource, ...] = ()
    anytime: bool = False  # there are other sources, whose due moments are not known

    @property
    def all_reported(self) -> bool | None:
        """Whether all awaited sources have reported since their last due moment; None if no source is awaited."""
        return not self.missing if self.awaited else None

    @property
    def missing(self) -> tuple[AwaitedSource, ...]:
        """The awaited sources that have not reported since their last due moment."""
        return tuple(one for one in self.awaited if not one.settled)

    def next_due(self) -> datetime | None:
        """The next moment at which an awaited source is due; None if it is not known."""
        moments = [one.schedule.next_due(self.at) for one in self.awaited]
        return min((moment for moment in moments if moment), default=None)

    def may_have_come(self, since: datetime) -> bool:
        """Whether papers could have come from `since` to now; those of a missing source may come at any time."""
        if self.anytime or not self.awaited or self.missing:
            return True
        return any(one.due and one.due > since for one in self.awaited)

    def reason_for_rest(self, until: datetime) -> str:
        """Why nothing comes before `until`, on a later day: "weekend", "holiday"; "": no reason is known."""
        first, last = (moment.astimezone(NEW_YORK).date() for moment in (self.at, until))
        arxiv = [one.schedule for one in self.awaited if isinstance(one.schedule, ArxivSchedule)]
        if self.anytime or len(arxiv) < len(self.awaited) or (last - first).days < 1:
            return ""
        between = [first + DAY * n for n in range((last - first).days)]
        silent = [day for day in between if not any(schedule.calendar.has_batch(day) for schedule in arxiv)]
        if any(day.weekday() < SATURDAY for day in silent):
            return "holiday"
        return "weekend" if silent else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDelivery:
    """When a subscription delivers next, as far as is known."""

    at: datetime | None = None  # None: as soon as papers come
    about: bool = False  # papers are expected then, and may be late
    opens: bool = False  # from `at` on, as soon as papers come
    latest: datetime | None = None  # it waits for papers, at most until this moment
    rest: str = ""  # why it is not earlier, see Forecast.rest


def forecast_delivery(
    cadence: Cadence,
    zone: tzinfo,
    regular: datetime | None,
    forecast: Forecast,
    *,
    news: bool,
    quiet: str = "off",
    clock: tzinfo | None = None,
) -> NextDelivery:
    """When a subscription delivers next.

    `regular` is its next regular moment, which may have passed. `news`: papers came that are new to it. `quiet` are the
    chat's quiet hours by the zone `clock`, which delay the cadence now.
    """
    now = forecast.at
    if cadence.kind == "now":
        return _forecast_at_once(regular, forecast, quiet, clock or zone, news=news)
    plain = max(regular or now, now)
    foreseen = forecast.awaited and not forecast.anytime and not news and not forecast.missing
    batch = forecast.next_due() if foreseen else None
    if cadence.kind == "when-out":
        return _forecast_when_out(cadence, zone, plain, batch, forecast, news=news)
    if batch is None or batch <= plain:
        return NextDelivery(at=plain)
    at = cadences.next_due(cadence, zone, batch - _INSTANT)
    return NextDelivery(at=at, rest=forecast.reason_for_rest(batch))


def _forecast_at_once(
    held: datetime | None, forecast: Forecast, quiet: str, clock: tzinfo, *, news: bool
) -> NextDelivery:
    if held is not None and held > forecast.at:
        return NextDelivery(at=held)
    if news and (until := cadences.quiet_until(quiet, clock, forecast.at)) is not None:
        return NextDelivery(at=until)
    batch = None if forecast.anytime or forecast.missing else forecast.next_due()
    if batch is None:
        return NextDelivery()
    return NextDelivery(
        at=cadences.quiet_until(quiet, clock, batch) or batch, about=True, rest=forecast.reason_for_rest(batch)
    )


def _forecast_when_out(
    cadence: Cadence, zone: tzinfo, plain: datetime, batch: datetime | None, forecast: Forecast, *, news: bool
) -> NextDelivery:
    """The next delivery of a when-out subscription.

    `plain` is the opening of its window, or now while that is open; `batch` is when papers are due, if that is known.
    """
    now = forecast.at
    closes = cadences.closes(cadence, zone, cadences.first_due(cadence, zone, plain) or plain)
    if batch is not None:
        opening = cadences.first_due(cadence, zone, batch) or batch
        if batch < plain:
            return NextDelivery(at=plain, about=True)
        return NextDelivery(
            at=max(opening, batch), about=True, rest=forecast.reason_for_rest(batch) if batch >= closes else ""
        )
    if plain > now:
        return NextDelivery(at=plain, about=True, opens=True)
    if forecast.missing:
        return NextDelivery(latest=closes)
    return NextDelivery(at=now) if forecast.awaited and news else NextDelivery(at=now, about=True, opens=True)
