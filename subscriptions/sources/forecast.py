"""When subscriptions deliver next, as people are told, and why nothing comes on weekends and holidays."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import NamedTuple

from subscriptions.model import EVERY_DAY, Cadence, Chat, MissingHow, Subscription, SubscriptionState
from subscriptions.model import WEEKDAYS as MON_TO_FRI
from subscriptions.schedule import cadence as cadences
from subscriptions.schedule import calendar as source_calendar
from subscriptions.schedule import zones
from subscriptions.schedule.due_moments import zone_of
from subscriptions.sources.poll_results import Outcome

QUIET_HOURS = "quiet hours"  # the chat's quiet hours hold it back
WEEKDAYS = "weekdays"  # its schedule has no weekends, and would deliver earlier if it had
_INSTANT = timedelta(microseconds=1)


class AwaitedSource(NamedTuple):
    """A source of which the program knows when it is due, so that subscriptions can wait for it."""

    name: str  # as people read it
    schedule: source_calendar.Schedule
    due: datetime | None = None  # its last due moment; None: there was none yet
    settled: bool = True  # it has reported since `due`, or waiting for it is pointless
    outcome: Outcome | None = None  # the outcome of its last poll since `due`
    # its units whose due papers have not come, although papers of other units have come
    behind: tuple[str, ...] = ()

    @property
    def how(self) -> MissingHow:
        """Why its papers are missing."""
        return MissingHow(self.outcome or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDelivery:
    """When a subscription delivers next, as far as is known."""

    at: datetime | None = None  # None: it delivers as soon as papers come
    about: bool = False  # papers are expected at `at`, and may be late
    opens: bool = False  # it delivers as soon as papers come, but not before `at`
    latest: datetime | None = None  # it waits for papers, at most until this moment
    # why nothing comes before `at`: QUIET_HOURS, WEEKDAYS, or what `Forecast.reason_for_rest` returns
    rest: str = ""

    @property
    def is_held(self) -> bool:
        """Whether quiet hours or a weekend hold back now what comes, and not only what is expected later."""
        return self.rest == WEEKDAYS or (self.rest == QUIET_HOURS and not self.about)


_NOTHING = NextDelivery()


class Case(NamedTuple):
    """What decides, beside the sources, when a subscription delivers next. Many subscriptions have the same."""

    cadence: Cadence
    zone: tzinfo
    regular: datetime | None  # its next regular moment, which may have passed
    news: bool = False  # papers came that are new to it
    quiet: str = "off"  # the chat's quiet hours, which delay only subscriptions with the cadence now
    clock: tzinfo = UTC  # in which they are

    def quiet_until(self, moment: datetime) -> datetime | None:
        """Return when the quiet hours that include `moment` end; None if none include it."""
        return cadences.quiet_until(self.quiet, self.clock, moment)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Knows the state of all sources at the moment `at`, and computes when subscriptions deliver next.

    The result for each case is kept in `cases`.
    """

    at: datetime
    awaited: tuple[AwaitedSource, ...] = ()
    anytime: bool = False  # there are other sources, whose due moments are not known
    last_sequence: int = 0  # of the newest paper
    cases: dict[Case, NextDelivery] = field(default_factory=dict, repr=False, compare=False)

    @property
    def all_reported(self) -> bool | None:
        """Whether all awaited sources have reported since their last due moment; None if no source is awaited."""
        if self.awaited:
            return not self.missing
        return None

    @property
    def missing(self) -> tuple[AwaitedSource, ...]:
        """The awaited sources that have not reported since their last due moment."""
        return tuple(one for one in self.awaited if not one.settled)

    @cached_property
    def next_due(self) -> datetime | None:
        """The next moment at which an awaited source is due; None if it is not known."""
        moments = [one.schedule.next_due(self.at) for one in self.awaited]
        return min((moment for moment in moments if moment), default=None)

    @property
    def expected(self) -> datetime | None:
        """The moment at which papers come next; None if it is not known, as where some may come at any time."""
        return None if self.anytime or self.missing else self.next_due

    def may_have_come(self, since: datetime) -> bool:
        """Return whether papers could have come since `since`. The papers of a missing source may come at any time."""
        if self.anytime or not self.awaited or self.missing:
            return True
        return any(one.due and one.due > since for one in self.awaited)

    def reason_for_rest(self, until: datetime) -> str:
        """Return why arXiv has no papers on a day before `until`: "weekend" or "holiday".

        Return "" if arXiv has papers on each of these days, or if papers may come from elsewhere.
        """
        first, last = (moment.astimezone(source_calendar.NEW_YORK).date() for moment in (self.at, until))
        arxiv = [one.schedule for one in self.awaited if isinstance(one.schedule, source_calendar.ArxivSchedule)]
        if self.anytime or len(arxiv) < len(self.awaited) or (last - first).days < 1:
            return ""
        between = [first + source_calendar.DAY * n for n in range((last - first).days)]
        silent = [day for day in between if not any(schedule.calendar.has_batch(day) for schedule in arxiv)]
        if any(day.weekday() < source_calendar.SATURDAY for day in silent):
            return "holiday"
        return "weekend" if silent else ""

    def next_delivery(
        self,
        subscription: Subscription,
        chat: Chat,
        *,
        planned: bool = False,
        fits: Callable[[int], bool] | None = None,
    ) -> NextDelivery:
        """Return when a subscription delivers next.

        If `planned`, returns the delivery after the one that is planned now.

        `fits(sequence)` tells whether its query matches a paper above that sequence. If it is None, every new paper
        counts as a match.
        """
        zone = zone_of(subscription, chat)
        regular = subscription.next_due_at
        if planned:
            regular = cadences.next_due(subscription.cadence, zone, self.at)
        news = not planned and self._has_news(subscription, chat, fits)
        quiet = "off" if subscription.hurry else chat.settings.quiet
        case = Case(subscription.cadence, zone, regular, news, quiet, zones.zone(chat.settings.timezone))
        if case not in self.cases:
            self.cases[case] = forecast_delivery(case, self)
        return self.cases[case]

    def _has_news(self, subscription: Subscription, chat: Chat, fits: Callable[[int], bool] | None) -> bool:
        """Whether new papers cause a delivery: one matches, or the chat's first delivery may say that none matches."""
        cursor = subscription.cursor
        if cursor >= self.last_sequence or fits is None:
            return cursor < self.last_sequence
        return fits(cursor) or (not chat.first_delivery_planned and self.is_last_word(subscription, chat))

    def is_last_word(self, subscription: Subscription, chat: Chat) -> bool:
        """Whether no more papers can come in time for a subscription that is due.

        A when-out subscription also waits for sources that are due before its window closes.
        """
        if subscription.cadence.kind != "when-out" or subscription.next_due_at is None:
            return True
        closes = cadences.closes(subscription.cadence, zone_of(subscription, chat), subscription.next_due_at)
        return self.at >= closes or self.next_due is None or self.next_due >= closes

    def next_of(self, chat: Chat, subscriptions: Sequence[Subscription], planned: Collection[int] = ()) -> NextDelivery:
        """Return the next delivery to a chat: the earliest next delivery of its active subscriptions.

        `planned` has the ids of subscriptions that deliver now, see `next_delivery`.
        """
        active = [
            self.next_delivery(subscription, chat, planned=subscription.id in planned)
            for subscription in subscriptions
            if subscription.state is SubscriptionState.ACTIVE
        ]
        at_once = next((one for one in active if one.at is None and one.latest is not None), None)
        first = min((one.at for one in active if one.at is not None), default=None)
        return at_once or next((one for one in active if one.at == first), _NOTHING)


def forecast_delivery(case: Case, forecast: Forecast) -> NextDelivery:
    """Return when a subscription delivers next."""
    if case.cadence.kind == "now":
        return _at_once(case, forecast)
    found = _regular(case, forecast)
    if case.cadence.days != MON_TO_FRI or found.at is None:
        return found
    every_day = replace(case.cadence, days=EVERY_DAY)
    opened = cadences.first_due(case.cadence, case.zone, forecast.at)
    is_over = opened and case.regular and opened < case.regular  # it has had its delivery of today
    first = (cadences.next_due if is_over else cadences.first_due)(every_day, case.zone, forecast.at)
    if (_regular(case._replace(cadence=every_day, regular=first), forecast).at or forecast.at) < found.at:
        return replace(found, rest=WEEKDAYS)
    return found


def _at_once(case: Case, forecast: Forecast) -> NextDelivery:
    now, held, batch = forecast.at, case.regular, forecast.expected
    if held is not None and held > now:
        is_quiet = case.quiet_until(held) or case.quiet_until(now)  # else it waits so that a person can skip it
        return NextDelivery(at=case.quiet_until(held) or held, rest=QUIET_HOURS if is_quiet else "")
    until = case.quiet_until(now)
    if case.news and until is not None:
        return NextDelivery(at=until, rest=QUIET_HOURS)
    if batch is None:
        return NextDelivery(at=until, opens=until is not None, rest=QUIET_HOURS if until else "")
    until = case.quiet_until(batch)
    return NextDelivery(at=until or batch, about=True, rest=QUIET_HOURS if until else forecast.reason_for_rest(batch))


def _regular(case: Case, forecast: Forecast) -> NextDelivery:
    plain = max(case.regular or forecast.at, forecast.at)
    batch = None if case.news else forecast.expected
    if case.cadence.kind == "when-out":
        return _when_out(case, plain, batch, forecast)
    if batch is None or batch <= plain:
        return NextDelivery(at=plain)
    at = cadences.next_due(case.cadence, case.zone, batch - _INSTANT)
    return NextDelivery(at=at, rest=forecast.reason_for_rest(batch))


def _when_out(case: Case, plain: datetime, batch: datetime | None, forecast: Forecast) -> NextDelivery:
    """Return the next delivery of a when-out subscription.

    `plain` is when its window opens, or now if the window is open. `batch` is when papers are due; None: not known.
    """
    cadence, zone = case.cadence, case.zone
    closes = cadences.closes(cadence, zone, cadences.first_due(cadence, zone, plain) or plain)
    if batch is not None and batch < plain:
        return NextDelivery(at=plain, about=True)
    if batch is not None:
        opening = cadences.first_due(cadence, zone, batch) or batch
        rest = forecast.reason_for_rest(batch) if batch >= closes else ""
        return NextDelivery(at=max(opening, batch), about=True, rest=rest)
    if plain > forecast.at:
        return NextDelivery(at=plain, about=True, opens=True)
    if forecast.missing:
        return NextDelivery(latest=closes)
    if forecast.awaited and case.news:
        return NextDelivery(at=plain)
    return NextDelivery(at=plain, about=True, opens=True)
