"""Pauses and resumes chats and subscriptions: when they are due again, and for how long the papers that waited can be skipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions import errors
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast, next_deliveries
from subscriptions.service import changes, listing
from subscriptions.service.paper_search import undelivered
from subscriptions.states import ChatState, PauseReason, SubscriptionState
from subscriptions.store import (
    chat_outbox,
    ended_pauses,
    paper_sequence,
    sources,
)
from subscriptions.store import chats as stored_chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads, writes

ANSWER_WITHIN = timedelta(minutes=10)  # how long a person can decide whether the papers that waited are sent


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPapers:
    """Papers that wait for a chat after a pause."""

    papers: int  # number of papers, including those in planned deliveries
    upto: int  # the highest sequence of papers that were counted
    delivered_at: datetime | None = None  # when they are sent if no person decides; None: unknown


@writes
def pause(
    transaction: Transaction,
    address: ChatAddress,
    number: int | None,
    *,
    until: datetime | None,
    now: datetime,
    who: str = "",
) -> bool:
    """Pauses a subscription, or the chat if `number` is None. If `until` is None, a person has to end the pause.

    Returns whether anything changed. Raises NotFound, and Refused if the chat gets no messages for another reason.
    """
    chat = listing.get_chat(transaction, address)
    if number is None:
        return _pause_chat(transaction, chat, until=until, now=now, who=who)
    subscription = listing.numbered(transaction, chat, number)
    if (subscription.state, subscription.paused_until) == (SubscriptionState.PAUSED, until):
        return False
    changes.change_subscriptions(transaction, [subscription], [as_paused(subscription, until)], now=now, who=who)
    return True


def as_paused(subscription: Subscription, until: datetime | None) -> Subscription:
    """Returns a subscription as it is while it is paused. `until`: None: until somebody resumes it."""
    return subscription._replace(state=SubscriptionState.PAUSED, paused_until=until)


def _pause_chat(transaction: Transaction, chat: Chat, *, until: datetime | None, now: datetime, who: str) -> bool:
    if not chat.is_active and not changes.is_paused_by_person(chat):
        raise errors.Refused(errors.Sentence("This chat gets nothing now anyway."))
    if chat.state is ChatState.PAUSED and chat.paused_until == until:
        return False
    changes.record_change(transaction, chat.id, now=now, who=who)
    changes.note_changed_state(transaction, chat.id)
    stored_chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    return True


@writes
def resume(
    transaction: Transaction, address: ChatAddress, number: int | None, *, now: datetime, who: str = ""
) -> Chat | None:
    """Resumes a subscription, or, if `number` is None, the chat; if that is not paused, all its subscriptions.

    Papers that would be sent at once wait ten minutes, so that a person can skip them. Returns the changed chat; None if
    nothing was paused. Raises NotFound.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    chosen = listing.chosen(subscriptions, number)
    stood_still = number is None and changes.is_paused_by_person(chat)
    paused = [one for one in chosen if one.state is SubscriptionState.PAUSED and not stood_still]
    if not paused and not stood_still:
        return None
    changes.record_change(transaction, chat.id, now=now, who=who)
    changes.note_changed_state(transaction, chat.id)
    for subscription in paused:
        after = subscription._replace(state=SubscriptionState.ACTIVE, paused_until=None)
        stored_subscriptions.change_subscription(transaction, subscription, _after_return(after, chat, now))
    if stood_still:
        stored_chats.resume_chat(transaction, chat.id, now=now)
        delay_after_return(transaction, chat, now=now)
    return listing.get_chat(transaction, address)


@writes
def end_pauses(transaction: Transaction, *, now: datetime) -> None:
    """Ends the pauses whose time is over. A due moment that passed during a pause is replaced by the next regular one.

    For example, "until mon" ends at midnight. A subscription that is due at eight is then due on Monday at eight, and
    not at once.
    """
    chat_ids = ended_pauses.chats_with_ended_pause(transaction, now)
    chats = stored_chats.chats_by_id(transaction, chat_ids)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    ended_pauses.end_pauses(transaction, now)
    for chat in chats.values():
        _, woken = with_ended_pauses(chat, subscriptions[chat.id], now)
        for before, after in zip(subscriptions[chat.id], woken, strict=True):
            if after.next_due_at != before.next_due_at:
                stored_subscriptions.change_subscription(transaction, before, after)


def _due_after(chat: Chat, subscription: Subscription, until: datetime) -> Subscription:
    """Returns a subscription with the due moment that it has after a pause that ended at `until`.

    If its due moment passed during the pause, this is the first regular moment after the pause. For when-out, a window
    that is open at the end of the pause counts as the first.
    """
    cadence, due = subscription.cadence, subscription.next_due_at
    if cadence.kind == "now" or due is None or due >= until:
        return subscription
    zone = forecast.zone_of(subscription, chat)
    moment = cadences.first_due(cadence, zone, until - timedelta(microseconds=1))
    return forecast.with_due(subscription, forecast.due_span(cadence, zone, moment))


def with_ended_pauses(
    chat: Chat, subscriptions: Sequence[Subscription], now: datetime
) -> tuple[Chat, tuple[Subscription, ...]]:
    """Returns a chat and its subscriptions as they would be after `end_pauses`. Stores nothing."""
    until = chat.paused_until if chat.state is ChatState.PAUSED else None
    if until is not None and until <= now:
        chat = chat._replace(
            state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None
        )
    else:
        until = None

    def woken(subscription: Subscription) -> Subscription:
        if subscription.is_active:
            if until:
                return _due_after(chat, subscription, until)
            return subscription
        own = subscription.paused_until
        if own is None or own > now:
            return subscription
        return _due_after(chat, subscription, own)._replace(state=SubscriptionState.ACTIVE, paused_until=None)

    return chat, tuple(map(woken, subscriptions))


@writes
def reactivate(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Reactivates the chats at an address to which the bot could not write. An address with a topic means only this topic.

    Papers that would be sent at once wait ten minutes, so that a person can skip them. Returns False if none of these
    chats was unreachable.
    """
    chats = stored_chats.chats_in(transaction, address.lane)
    returning = [chat for chat in chats if _returns(chat, address)]
    back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
    for chat in back:
        changes.note_changed_state(transaction, chat.id)
        delay_after_return(transaction, chat, now=now)
    return bool(back)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether to reactivate a chat when `address` is reachable again. Topics that were closed or deleted stay paused."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


@writes
def delay_after_return(transaction: Transaction, chat: Chat, *, now: datetime) -> None:
    """Delays by ten minutes the papers of a chat that gets messages again, so that a person can skip them.

    Only papers that would be sent at once are delayed.
    """
    chat_outbox.hold_planned(transaction, chat.id, now + ANSWER_WITHIN)
    for subscription in stored_subscriptions.subscriptions_in(transaction, chat.id):
        stored_subscriptions.change_subscription(transaction, subscription, _after_return(subscription, chat, now))


def _after_return(subscription: Subscription, chat: Chat, now: datetime) -> Subscription:
    """Returns the subscription with its new due moment, when its chat gets messages again at `now`.

    A `now` subscription is due in ten minutes. An overdue moment is replaced by the next regular one.
    """
    cadence, due = subscription.cadence, subscription.next_due_at
    if cadence.kind == "now":
        return forecast.with_due(subscription, (now + ANSWER_WITHIN, None))
    if due is None or due > now:
        return subscription
    zone = forecast.zone_of(subscription, chat)
    return forecast.with_due(subscription, forecast.due_span(cadence, zone, cadences.next_due(cadence, zone, now)))


@reads
def get_waiting_papers(
    transaction: Transaction, address: ChatAddress, *, now: datetime, number: int | None = None
) -> WaitingPapers:
    """Returns the papers that wait for a chat, or for one of its subscriptions. Raises NotFound."""
    chat = listing.get_chat(transaction, address)
    subscriptions = _active(transaction, chat, number)
    last_sequence = paper_sequence.last_sequence(transaction)
    planned = chat_outbox.planned_papers(transaction, chat.id) if number is None else 0
    foreseen = sources.forecast(transaction, now=now)
    found = undelivered(transaction, chat, subscriptions, upto=last_sequence)
    moments = [
        moment
        for subscription in subscriptions
        if found.get(subscription.id) and (moment := _delivered_at(foreseen, chat, subscription))
    ]
    moments += [now + ANSWER_WITHIN] if planned else []
    papers_found = planned + len(set().union(*found.values()))
    return WaitingPapers(papers=papers_found, upto=last_sequence, delivered_at=min(moments, default=None))


def _delivered_at(foreseen: next_deliveries.Forecast, chat: Chat, subscription: Subscription) -> datetime | None:
    """Returns when a subscription delivers waiting papers if no person decides; None if this is unknown."""
    now = foreseen.at
    if subscription.cadence.kind == "now":
        moment = max(subscription.next_due_at or now, now)
        return forecast.quiet_until(chat, moment) or moment
    next_delivery = foreseen.next_delivery(subscription, chat)
    return next_delivery.at or next_delivery.latest


@writes
def send_waiting(transaction: Transaction, address: ChatAddress, *, now: datetime, number: int | None = None) -> int:
    """Makes the papers that wait for a chat, or for one of its subscriptions, due now. Returns how many. Raises NotFound."""
    found = get_waiting_papers(transaction, address, now=now, number=number).papers
    chat = listing.get_chat(transaction, address)
    if number is None:
        chat_outbox.hold_planned(transaction, chat.id, None)
    for subscription in _active(transaction, chat, number):
        # the latest due moment tells that a person has requested the papers, so quiet hours do not delay them
        stored_subscriptions.change_subscription(transaction, subscription, forecast.with_due(subscription, (now, now)))
    return found


@writes
def skip_waiting(
    transaction: Transaction,
    address: ChatAddress,
    *,
    upto: int,
    by: datetime,
    now: datetime,
    number: int | None = None,
) -> int:
    """Skips the papers that waited when the person was asked. Returns how many. Raises NotFound.

    The papers that waited are those up to the sequence `upto`, and those of deliveries that were planned at or before
    `by`.
    """
    chat = listing.get_chat(transaction, address)
    subscriptions = _active(transaction, chat, number)
    upto = min(upto, paper_sequence.last_sequence(transaction))
    skipped = len(set().union(*undelivered(transaction, chat, subscriptions, upto=upto).values()))
    if number is None:
        skipped += chat_outbox.planned_papers(transaction, chat.id, by=by)
        chat_outbox.dismiss_planned(transaction, chat.id, by=by, now=now)
    for subscription in subscriptions:
        after = subscription._replace(cursor=max(subscription.cursor, upto))
        if subscription.hurry:
            after = forecast.with_due(after, (None, None))
        stored_subscriptions.change_subscription(transaction, subscription, after)
    return skipped


def _active(transaction: Transaction, chat: Chat, number: int | None) -> tuple[Subscription, ...]:
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    chosen = listing.chosen(subscriptions, number)
    return tuple(subscription for subscription in chosen if subscription.is_active)
