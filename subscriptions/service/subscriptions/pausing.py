"""Holding a chat or one of its subscriptions, and what waits when it comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from subscriptions import zones
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.service.papers.undelivered import undelivered
from subscriptions.service.subscriptions.changes import changing, is_paused_by_person, note_changed, note_changed_state
from subscriptions.service.subscriptions.due_moments import silent_until, span
from subscriptions.service.subscriptions.lookup import find, which_one
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast
from subscriptions.states import ChatState, PauseReason, SubscriptionState
from subscriptions.store import Scope, Transaction
from subscriptions.store import planner as plans
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import chat_outbox
from subscriptions.store.papers import known_papers

ANSWER_WITHIN = timedelta(minutes=10)  # what would go at once after a pause waits so long for a word


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What a pause or its end became."""

    chat: Chat
    subscription: Subscription | None  # None: the whole chat
    changed: bool  # False: it was so before
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Papers that wait for a chat after a pause."""

    papers: int  # planned ones too
    upto: int  # the newest change among what was looked at
    comes: datetime | None = None  # when they go by themselves; None: as soon as further papers come


def pause(
    store: Scope, address: ChatAddress, number: int | None, *, until: datetime | None, now: datetime, who: str = ""
) -> HeldBack:
    """Holds one subscription, or without a number the chat; until a moment, or until somebody resumes it.

    Raises NotFound, and Refused where the chat stands still for another reason.
    """
    with store.write() as transaction:
        chat = find(transaction, address)
        if number is None:
            return _pause_chat(transaction, chat, until=until, now=now, who=who)
        subscription = _numbered(transaction, chat, number)
        if (subscription.state, subscription.paused_until) == (SubscriptionState.PAUSED, until):
            return HeldBack(chat=chat, subscription=subscription, changed=False, until=until)
        changing(transaction, chat.id, now=now, who=who)
        note_changed(transaction, chat.id)
        stored_subscriptions.pause_subscription(transaction, subscription.id, until=until)
        return HeldBack(chat=chat, subscription=_numbered(transaction, chat, number), changed=True, until=until)


def _pause_chat(transaction: Transaction, chat: Chat, *, until: datetime | None, now: datetime, who: str) -> HeldBack:
    if chat.state is not ChatState.ACTIVE and not is_paused_by_person(chat):
        raise Refused(Sentence("This chat gets nothing now anyway."))
    if chat.state is ChatState.PAUSED and chat.paused_until == until:
        return HeldBack(chat=chat, subscription=None, changed=False, until=until)
    changing(transaction, chat.id, now=now, who=who)
    note_changed_state(transaction, chat.id)
    stored_chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    return HeldBack(chat=find(transaction, chat.address), subscription=None, changed=True, until=until)


def resume(store: Scope, address: ChatAddress, number: int | None, *, now: datetime, who: str = "") -> HeldBack:
    """Ends the pause of one subscription, or without a number that of the chat and of all its subscriptions.

    What would go at once waits ten minutes, so that a person can say that they do not want it. Raises NotFound.
    """
    with store.write() as transaction:
        chat = find(transaction, address)
        subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
        chosen = subscriptions if number is None else (which_one(subscriptions, str(number)),)
        paused = [subscription for subscription in chosen if subscription.state is SubscriptionState.PAUSED]
        stood_still = number is None and is_paused_by_person(chat)
        if paused or stood_still:
            changing(transaction, chat.id, now=now, who=who)
            note_changed_state(transaction, chat.id)
        for subscription in paused:
            stored_subscriptions.resume_subscription(transaction, subscription.id)
        if stood_still:
            stored_chats.resume_chat(transaction, chat.id, now=now)
        _let_wait(transaction, chat, subscriptions if stood_still else paused, now, planned=stood_still)
        fresh = None if number is None else _numbered(transaction, chat, number)
        return HeldBack(chat=find(transaction, address), subscription=fresh, changed=bool(paused or stood_still))


def wake_paused(store: Scope, *, now: datetime) -> None:
    """Pauses that were to last until a moment end. What passed meanwhile comes with the next regular moment.

    As after `resume`: nobody wants what is due at eight at midnight, with which "until mon" ends.
    """
    with store.write() as transaction:
        ended = plans.ended_pauses(transaction, now)
        plans.end_pauses(transaction, now)
        chats = stored_chats.chats_by_id(transaction, {chat for chat, _, _ in ended}, zone=store.zone)
        subscriptions = stored_subscriptions.subscriptions_of(transaction, list(chats))
        known = {subscription.id: subscription for theirs in subscriptions.values() for subscription in theirs}
        for chat, subscription, until in ended:
            _due_after(transaction, chats[chat], known[subscription], until)


def _due_after(transaction: Transaction, chat: Chat, subscription: Subscription, until: datetime) -> None:
    moment = _moment_after(chat, subscription, until)
    if moment != subscription.next_due_at:
        zone = zones.zone(subscription.zone or chat.settings.timezone)
        stored_subscriptions.reset_due(transaction, subscription.id, span(subscription.cadence, zone, moment))


def _moment_after(chat: Chat, subscription: Subscription, until: datetime) -> datetime | None:
    """A moment that passed before a pause was over gives way to the first one from there on; an open window counts."""
    if subscription.cadence.kind == "now" or subscription.next_due_at is None or subscription.next_due_at >= until:
        return subscription.next_due_at
    zone = zones.zone(subscription.zone or chat.settings.timezone)
    return cadences.first_due(subscription.cadence, zone, until - timedelta(microseconds=1))


def awake(chat: Chat, subscriptions: Sequence[Subscription], now: datetime) -> tuple[Chat, tuple[Subscription, ...]]:
    """A chat and its subscriptions as `wake_paused` leaves them; nothing is written."""
    until = chat.paused_until if chat.state is ChatState.PAUSED else None
    if until is not None and until <= now:
        chat = replace(
            chat, state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None
        )
    else:
        until = None

    def woken(subscription: Subscription) -> Subscription:
        if subscription.state is SubscriptionState.ACTIVE:
            return (
                replace(subscription, next_due_at=_moment_after(chat, subscription, until)) if until else subscription
            )
        own = subscription.paused_until
        if own is None or own > now:
            return subscription
        moment = _moment_after(chat, subscription, own)
        return replace(subscription, state=SubscriptionState.ACTIVE, paused_until=None, next_due_at=moment)

    return chat, tuple(map(woken, subscriptions))


def hold_back(transaction: Transaction, chat: Chat, now: datetime) -> None:
    """What would go at once to a chat that is back waits ten minutes, so that a person can say that they do not want it."""
    chat_outbox.hold_planned(transaction, chat.id, now + ANSWER_WITHIN)
    for subscription in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]:
        _next_moment(transaction, chat, subscription, now)


def wait_for_a_word(store: Scope, address: ChatAddress, *, now: datetime) -> None:
    """A chat is back after it stood still: what would go at once waits ten minutes, as after `resume`. Raises NotFound."""
    with store.write() as transaction:
        chat = find(transaction, address)
        _let_wait(
            transaction, chat, stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id], now, planned=True
        )


def _let_wait(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], now: datetime, *, planned: bool
) -> None:
    if planned:
        chat_outbox.hold_planned(transaction, chat.id, now + ANSWER_WITHIN)
    for subscription in subscriptions:
        _next_moment(transaction, chat, subscription, now)


def _next_moment(transaction: Transaction, chat: Chat, subscription: Subscription, now: datetime) -> None:
    """A moment that passed during the pause is not made up for at once: the next regular one takes all along."""
    zone = zones.zone(subscription.zone or chat.settings.timezone)
    if subscription.cadence.kind == "now":
        _due_at(transaction, subscription, now + ANSWER_WITHIN)
    elif subscription.next_due_at is not None and subscription.next_due_at <= now:
        stored_subscriptions.reset_due(
            transaction,
            subscription.id,
            span(subscription.cadence, zone, cadences.next_due(subscription.cadence, zone, now)),
        )


def _due_at(transaction: Transaction, subscription: Subscription, moment: datetime | None) -> None:
    stored_subscriptions.reset_due(
        transaction, subscription.id, (moment, None if subscription.cadence.kind == "now" else moment)
    )


def waits(store: Scope, address: ChatAddress, *, now: datetime, number: int | None = None) -> Waiting:
    """What waits for a chat, or for one of its subscriptions. Raises NotFound."""
    with store.read() as transaction:
        chat = find(transaction, address)
        subscriptions = _active(transaction, chat, number)
        last_sequence = known_papers.last_sequence(transaction)
        planned = chat_outbox.planned_papers(transaction, chat.id) if number is None else 0
        delivery_forecast = DeliveryForecast.of(transaction, now)
        found = undelivered(transaction, chat, subscriptions, upto=last_sequence)
        moments = [
            moment
            for subscription in subscriptions
            if found.get(subscription.id) and (moment := _comes(delivery_forecast, chat, subscription))
        ]
        moments += [now + ANSWER_WITHIN] if planned else []
        papers_found = planned + len(set().union(*found.values()))
        return Waiting(papers=papers_found, upto=last_sequence, comes=min(moments, default=None))


def _comes(delivery_forecast: DeliveryForecast, chat: Chat, subscription: Subscription) -> datetime | None:
    """When a subscription brings what waits, if nobody says a word; None: nobody can tell."""
    now = delivery_forecast.forecast.at
    if subscription.cadence.kind == "now":
        moment = max(subscription.next_due_at or now, now)
        return silent_until(chat, moment) or moment
    next_delivery = delivery_forecast.next_delivery(subscription, chat)
    return next_delivery.at or next_delivery.latest


def send_waiting(store: Scope, address: ChatAddress, *, now: datetime, number: int | None = None) -> int:
    """What waits goes now; returns how many papers. Raises NotFound."""
    found = waits(store, address, now=now, number=number).papers
    with store.write() as transaction:
        chat = find(transaction, address)
        if number is None:
            chat_outbox.hold_planned(transaction, chat.id, None)
        for subscription in _active(transaction, chat, number):
            stored_subscriptions.reset_due(
                transaction, subscription.id, (now, now)
            )  # both, so quiet hours do not hold it
    return found


def skip_waiting(
    store: Scope, address: ChatAddress, *, upto: int, by: datetime, now: datetime, number: int | None = None
) -> int:
    """What waited when it was offered, up to a change and a moment, never comes; returns how many papers.

    Raises NotFound.
    """
    with store.write() as transaction:
        chat = find(transaction, address)
        subscriptions = _active(transaction, chat, number)
        upto = min(upto, known_papers.last_sequence(transaction))
        skipped = len(set().union(*undelivered(transaction, chat, subscriptions, upto=upto).values()))
        if number is None:
            skipped += chat_outbox.planned_papers(transaction, chat.id, by=by)
            chat_outbox.dismiss_planned(transaction, chat.id, by=by, now=now)
        for subscription in subscriptions:
            stored_subscriptions.advance_cursor(transaction, subscription.id, upto=upto)
            if subscription.hurry:
                stored_subscriptions.reset_due(transaction, subscription.id, (None, None))
        return skipped


def _active(transaction: Transaction, chat: Chat, number: int | None) -> tuple[Subscription, ...]:
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    chosen = subscriptions if number is None else (which_one(subscriptions, str(number)),)
    return tuple(subscription for subscription in chosen if subscription.state is SubscriptionState.ACTIVE)


def _numbered(transaction: Transaction, chat: Chat, number: int) -> Subscription:
    return which_one(stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id], str(number))
