"""When subscriptions are due after a new time or zone, a pause or a return, and when quiet hours put them off."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from subscriptions.model import Cadence, Chat, ChatState, Subscription, SubscriptionState
from subscriptions.schedule import cadence as cadences
from subscriptions.schedule import zones

# No cadence is due later than this: a later moment was computed while the machine's clock was ahead.
FARTHEST = timedelta(days=8)
ANSWER_WITHIN = timedelta(minutes=10)  # how long a person can decide whether papers that waited are sent at once

DueSpan = tuple[datetime | None, datetime | None]  # (next due moment, latest due moment), see `due_span`
Move = tuple[int, int, DueSpan]  # (id of a subscription, its new cursor, its new due span)


def zone_of(subscription: Subscription, chat: Chat) -> tzinfo:
    """Return the zone of a subscription's times: its own zone; if it has none, the chat's."""
    return zones.zone(subscription.zone or chat.settings.timezone)


def quiet_until(chat: Chat, moment: datetime) -> datetime | None:
    """Return the end of the chat's quiet hours, if `moment` is in them; otherwise None."""
    return cadences.quiet_until(chat.settings.quiet, zones.zone(chat.settings.timezone), moment)


def moment_of(subscription: Subscription, now: datetime) -> datetime:
    """Return the moment that made a subscription due. For the cadence now and an open window, this is `now`."""
    due = subscription.next_due_at
    if due is None or subscription.cadence.kind == "now":
        return now  # a `now` subscription has a stored moment only while it is delayed
    if subscription.cadence.kind == "when-out":
        return min(now, subscription.latest_due_at or now)
    return due


def due_now(
    chat: Chat, subscriptions: Sequence[Subscription], now: datetime, *, last_sequence: int, all_reported: bool | None
) -> tuple[tuple[Subscription, ...], list[Move]]:
    """Return (the subscriptions of a chat that are due, the moves of those that have to wait).

    None if it is not active.

    Quiet hours put off what is due at once, unless a person requested it (`hurry`). A moment too far in the future is
    computed again. `all_reported`: see `cadences.is_due`; where a source is missing, a when-out subscription whose
    window passed while no planner ran waits in the window of today.
    """
    due, waits = [], list[Move]()
    active = [one for one in subscriptions if one.is_active] if chat.is_active else []
    for one in active:
        cadence, zone, moment, wait = one.cadence, zone_of(one, chat), one.next_due_at, None
        came = one.cursor < last_sequence
        is_due = cadences.is_due(cadence, zone, moment, now, came, all_reported=all_reported)
        if moment is not None and moment > now + FARTHEST:
            wait = first_span(cadence, zone, now)
        elif is_due and cadence.kind == "now" and not one.hurry:
            until = quiet_until(chat, now)
            wait = (until, None) if until else None
        elif is_due and cadence.kind == "when-out" and all_reported is False:
            span = first_span(cadence, zone, now)
            wait = span if moment and span[0] and moment < span[0] <= now else None
        if wait:
            waits.append((one.id, one.cursor, wait))
        elif is_due:
            due.append(one)
    return tuple(due), waits


def with_due(subscription: Subscription, due: DueSpan) -> Subscription:
    """Return the subscription with another due span.

    If its cadence is now and the span has both moments, it becomes one that a person wants at once (`hurry`).
    """
    return subscription._replace(next_due_at=due[0], latest_due_at=due[1])


def with_time(
    subscription: Subscription, chat: Chat, schedule: Cadence, zone: str | None, now: datetime
) -> Subscription:
    """Return the subscription with a schedule and a zone (None: the chat's zone).

    If the schedule or the zone changes, the subscription is due at the next moment of the new schedule.
    """
    if (subscription.cadence, subscription.zone) == (schedule, zone):
        return subscription
    after = subscription._replace(cadence=schedule, zone=zone)
    return with_due(after, first_span(schedule, zone_of(after, chat), now))


def by_new_clock(subscription: Subscription, before: Chat, after: Chat, now: datetime) -> Subscription:
    """Return the subscription with its due moment adapted to the new zone or quiet hours of its chat.

    A subscription that uses the chat's zone becomes due at the same local time in the new zone, also if its window is
    open now. An overdue subscription stays overdue. A subscription that the old quiet hours postponed is due when the
    new quiet hours end, or at once if there are none now.
    """
    due = subscription.latest_due_at or subscription.next_due_at
    if after.settings.timezone != before.settings.timezone and not subscription.zone and due is not None and due > now:
        subscription = with_due(subscription, first_span(subscription.cadence, zone_of(subscription, after), now))
    until = quiet_until(before, now)
    if until is not None and subscription.cadence.kind == "now" and subscription.next_due_at == until:
        subscription = with_due(subscription, (quiet_until(after, now), None))
    return subscription


def after_pauses(
    chat: Chat, subscriptions: Sequence[Subscription], now: datetime
) -> tuple[Chat, tuple[Subscription, ...]]:
    """Return a chat and its subscriptions after the pauses that are over at `now` have ended.

    A due moment that passed during a pause is replaced by the first regular one after it: "until mon" ends at midnight,
    and a subscription that is due at eight is then due on Monday at eight, not at once.
    """
    ended = None
    if chat.state is ChatState.PAUSED and chat.paused_until is not None and chat.paused_until <= now:
        ended = chat.paused_until
        chat = chat._replace(
            state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None
        )

    def awake(subscription: Subscription) -> Subscription:
        own = subscription.paused_until
        if subscription.is_active:
            return _due_after(chat, subscription, ended) if ended else subscription
        if own is None or own > now:
            return subscription
        return _due_after(chat, subscription, own)._replace(state=SubscriptionState.ACTIVE, paused_until=None)

    return chat, tuple(map(awake, subscriptions))


def _due_after(chat: Chat, subscription: Subscription, until: datetime) -> Subscription:
    """Return a subscription as it is due after a pause that ended at `until`. A window that is open then counts."""
    cadence, due = subscription.cadence, subscription.next_due_at
    if cadence.kind == "now" or due is None or due >= until:
        return subscription
    return with_due(subscription, first_span(cadence, zone_of(subscription, chat), until - timedelta(microseconds=1)))


def after_return(
    subscription: Subscription, chat: Chat, now: datetime, *, delay: timedelta = ANSWER_WITHIN
) -> Subscription:
    """Return a subscription as it is due when its chat gets messages again: later, so that papers can be skipped.

    A `now` subscription is due after the `delay`. An overdue moment is replaced by the next regular one.
    """
    due = subscription.next_due_at
    if subscription.cadence.kind == "now":
        return with_due(subscription, (now + delay, None))
    if due is None or due > now:
        return subscription
    zone = zone_of(subscription, chat)
    return with_due(
        subscription, due_span(subscription.cadence, zone, cadences.next_due(subscription.cadence, zone, now))
    )


def due_span(cadence: Cadence, zone: tzinfo, moment: datetime | None) -> DueSpan:
    """Return (due moment, latest due moment).

    For when-out the latest is the end of the window, else both are equal.
    """
    if moment is None or cadence.kind != "when-out":
        return moment, moment
    return moment, cadences.closes(cadence, zone, moment)


def first_span(cadence: Cadence, zone: tzinfo, now: datetime) -> DueSpan:
    """Return the due span of a subscription that begins or resumes at `now`."""
    return due_span(cadence, zone, cadences.first_due(cadence, zone, now))
