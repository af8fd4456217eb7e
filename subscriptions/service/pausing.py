"""Pauses and resumes chats and subscriptions, and lets people send or skip what waited meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions.addresses import declared
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, Lane, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.service import changes, next_deliveries
from subscriptions.service.known_papers import undelivered
from subscriptions.states import ChatState, PauseReason, SubscriptionPauseReason, SubscriptionState
from subscriptions.store import chats as stored_chats
from subscriptions.store import entries, known_papers, platforms
from subscriptions.store import planner as plans
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, reads, writes

ANSWER_WITHIN = timedelta(minutes=10)  # for a person to say whether they want what a pause held back


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseResult:
    """The result of pausing or resuming."""

    chat: Chat
    subscription: Subscription | None  # None: the whole chat
    changed: bool  # False: nothing changed
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPapers:
    """Papers that wait for a chat after a pause."""

    papers: int  # those of planned deliveries included
    upto: int  # the sequence up to which papers were looked at
    delivered_at: datetime | None = None  # when they are sent if no person decides; None: not known


@writes
def pause(
    transaction: Transaction,
    address: ChatAddress,
    number: int | None,
    *,
    until: datetime | None,
    now: datetime,
    who: str = "",
) -> PauseResult:
    """Pauses one subscription, or without a number the chat, until a moment or until a person resumes it.

    Raises NotFound, and Refused where the chat gets no messages for another reason.
    """
    chat = next_deliveries.get_chat(transaction, address)
    if number is None:
        return _pause_chat(transaction, chat, until=until, now=now, who=who)
    subscription = next_deliveries.numbered(transaction, chat, number)
    if (subscription.state, subscription.paused_until) == (SubscriptionState.PAUSED, until):
        return PauseResult(chat=chat, subscription=subscription, changed=False, until=until)
    changes.begin_change(transaction, chat.id, now=now, who=who)
    after = _paused(subscription, until)
    paused = stored_subscriptions.change_subscription(transaction, subscription, after)
    return PauseResult(chat=chat, subscription=paused, changed=True, until=until)


def _paused(
    subscription: Subscription, until: datetime | None, reason: SubscriptionPauseReason | None = None
) -> Subscription:
    return subscription._replace(state=SubscriptionState.PAUSED, paused_until=until, pause_reason=reason)


def _pause_chat(
    transaction: Transaction, chat: Chat, *, until: datetime | None, now: datetime, who: str
) -> PauseResult:
    if chat.state is not ChatState.ACTIVE and not changes.is_paused_by_person(chat):
        raise Refused(Sentence("This chat gets nothing now anyway."))
    if chat.state is ChatState.PAUSED and chat.paused_until == until:
        return PauseResult(chat=chat, subscription=None, changed=False, until=until)
    changes.record_change(transaction, chat.id, now=now, who=who)
    changes.note_changed_state(transaction, chat.id)
    stored_chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    return PauseResult(
        chat=next_deliveries.get_chat(transaction, chat.address), subscription=None, changed=True, until=until
    )


@writes
def resume(
    transaction: Transaction, address: ChatAddress, number: int | None, *, now: datetime, who: str = ""
) -> PauseResult:
    """Resumes one subscription, or without a number the chat and all its subscriptions.

    What would be sent at once waits ten minutes, so that a person can skip it. Raises NotFound.
    """
    chat = next_deliveries.get_chat(transaction, address)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    chosen = subscriptions if number is None else (next_deliveries.which_one(subscriptions, str(number)),)
    paused = [subscription for subscription in chosen if subscription.state is SubscriptionState.PAUSED]
    stood_still = number is None and changes.is_paused_by_person(chat)
    if paused or stood_still:
        changes.record_change(transaction, chat.id, now=now, who=who)
        changes.note_changed_state(transaction, chat.id)
    for subscription in paused:
        after = subscription._replace(state=SubscriptionState.ACTIVE, paused_until=None, pause_reason=None)
        stored_subscriptions.change_subscription(transaction, subscription, _after_return(after, chat, now))
    if stood_still:
        stored_chats.resume_chat(transaction, chat.id, now=now)
        delay_after_return(transaction, chat, now=now)
    fresh = None if number is None else next_deliveries.numbered(transaction, chat, number)
    return PauseResult(
        chat=next_deliveries.get_chat(transaction, address), subscription=fresh, changed=bool(paused or stood_still)
    )


@writes
def end_pauses(transaction: Transaction, *, now: datetime) -> None:
    """Ends the pauses whose time is over. A due moment that passed meanwhile becomes the next regular one.

    So what is due at eight does not come at midnight, when "until mon" ends.
    """
    ended = plans.ended_pauses(transaction, now)
    plans.end_pauses(transaction, now)
    chats = stored_chats.chats_by_id(transaction, {chat for chat, _, _ in ended}, zone=transaction.zone)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, list(chats))
    known = {subscription.id: subscription for of_chat in subscriptions.values() for subscription in of_chat}
    for chat, subscription, until in ended:
        before = known[subscription]
        moment = _moment_after(chats[chat], before, until)
        if moment != before.next_due_at:
            span = next_deliveries.due_span(before.cadence, next_deliveries.zone_of(before, chats[chat]), moment)
            stored_subscriptions.change_subscription(transaction, before, next_deliveries.with_due(before, span))


def _moment_after(chat: Chat, subscription: Subscription, until: datetime) -> datetime | None:
    """The due moment after a pause until `until`: one that passed during the pause becomes the first one after it.

    An open window of a when-out counts as the first one.
    """
    if subscription.cadence.kind == "now" or subscription.next_due_at is None or subscription.next_due_at >= until:
        return subscription.next_due_at
    zone = next_deliveries.zone_of(subscription, chat)
    return cadences.first_due(subscription.cadence, zone, until - timedelta(microseconds=1))


def with_ended_pauses(
    chat: Chat, subscriptions: Sequence[Subscription], now: datetime
) -> tuple[Chat, tuple[Subscription, ...]]:
    """A chat and its subscriptions as `end_pauses` would leave them; stores nothing."""
    until = chat.paused_until if chat.state is ChatState.PAUSED else None
    if until is not None and until <= now:
        chat = chat._replace(
            state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None
        )
    else:
        until = None

    def woken(subscription: Subscription) -> Subscription:
        if subscription.state is SubscriptionState.ACTIVE:
            return (
                subscription._replace(next_due_at=_moment_after(chat, subscription, until)) if until else subscription
            )
        own = subscription.paused_until
        if own is None or own > now:
            return subscription
        moment = _moment_after(chat, subscription, own)
        return subscription._replace(state=SubscriptionState.ACTIVE, paused_until=None, next_due_at=moment)

    return chat, tuple(map(woken, subscriptions))


@writes
def delay_after_return(transaction: Transaction, chat: Chat, *, now: datetime) -> None:
    """Holds what would be sent at once to a chat that gets messages again, for ten minutes: a person can skip it."""
    entries.hold_planned(transaction, chat.id, now + ANSWER_WITHIN)
    for subscription in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]:
        stored_subscriptions.change_subscription(transaction, subscription, _after_return(subscription, chat, now))


def _after_return(subscription: Subscription, chat: Chat, now: datetime) -> Subscription:
    """The subscription when messages go on: `now` waits ten minutes, an overdue moment becomes the next regular one."""
    cadence, due = subscription.cadence, subscription.next_due_at
    if cadence.kind == "now":
        return next_deliveries.with_due(subscription, (now + ANSWER_WITHIN, None))
    if due is None or due > now:
        return subscription
    zone = next_deliveries.zone_of(subscription, chat)
    return next_deliveries.with_due(
        subscription, next_deliveries.due_span(cadence, zone, cadences.next_due(cadence, zone, now))
    )


@reads
def get_waiting_papers(
    transaction: Transaction, address: ChatAddress, *, now: datetime, number: int | None = None
) -> WaitingPapers:
    """The papers that wait for a chat, or for one of its subscriptions. Raises NotFound."""
    chat = next_deliveries.get_chat(transaction, address)
    subscriptions = _active(transaction, chat, number)
    last_sequence = known_papers.last_sequence(transaction)
    planned = entries.planned_papers(transaction, chat.id) if number is None else 0
    delivery_forecast = next_deliveries.DeliveryForecast.of(transaction, now)
    found = undelivered(transaction, chat, subscriptions, upto=last_sequence)
    moments = [
        moment
        for subscription in subscriptions
        if found.get(subscription.id) and (moment := _delivered_at(delivery_forecast, chat, subscription))
    ]
    moments += [now + ANSWER_WITHIN] if planned else []
    papers_found = planned + len(set().union(*found.values()))
    return WaitingPapers(papers=papers_found, upto=last_sequence, delivered_at=min(moments, default=None))


@reads
def match_waiting_ahead(transaction: Transaction, address: ChatAddress) -> None:
    """Matches the papers that wait for a chat, also for what is paused; what matches is remembered until papers come.

    Raises NotFound.
    """
    chat = next_deliveries.get_chat(transaction, address)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    undelivered(transaction, chat, subscriptions, upto=known_papers.last_sequence(transaction))


def _delivered_at(
    delivery_forecast: next_deliveries.DeliveryForecast, chat: Chat, subscription: Subscription
) -> datetime | None:
    """When a subscription delivers what waits, if no person decides; None: not known."""
    now = delivery_forecast.forecast.at
    if subscription.cadence.kind == "now":
        moment = max(subscription.next_due_at or now, now)
        return next_deliveries.quiet_until(chat, moment) or moment
    next_delivery = delivery_forecast.next_delivery(subscription, chat)
    return next_delivery.at or next_delivery.latest


def send_waiting(store: Scope, address: ChatAddress, *, now: datetime, number: int | None = None) -> int:
    """Makes what waits due now; returns how many papers that is. Raises NotFound."""
    found = get_waiting_papers(store, address, now=now, number=number).papers
    with store.write() as transaction:
        chat = next_deliveries.get_chat(transaction, address)
        if number is None:
            entries.hold_planned(transaction, chat.id, None)
        for subscription in _active(transaction, chat, number):
            # a latest moment marks it as asked for: quiet hours do not hold it
            stored_subscriptions.change_subscription(
                transaction, subscription, next_deliveries.with_due(subscription, (now, now))
            )
    return found


@writes
def skip_waiting(
    transaction: Transaction, address: ChatAddress, *, upto: int, by: datetime, now: datetime, number: int | None = None
) -> int:
    """Skips what waited when the chat was asked; returns how many papers. Raises NotFound.

    These are papers up to the sequence `upto`, and deliveries planned up to the moment `by`.
    """
    chat = next_deliveries.get_chat(transaction, address)
    subscriptions = _active(transaction, chat, number)
    upto = min(upto, known_papers.last_sequence(transaction))
    skipped = len(set().union(*undelivered(transaction, chat, subscriptions, upto=upto).values()))
    if number is None:
        skipped += entries.planned_papers(transaction, chat.id, by=by)
        entries.dismiss_planned(transaction, chat.id, by=by, now=now)
    for subscription in subscriptions:
        after = next_deliveries.with_due(subscription, (None, None)) if subscription.hurry else subscription
        after = after._replace(cursor=max(subscription.cursor, upto))
        stored_subscriptions.change_subscription(transaction, subscription, after)
    return skipped


def _active(transaction: Transaction, chat: Chat, number: int | None) -> tuple[Subscription, ...]:
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    chosen = subscriptions if number is None else (next_deliveries.which_one(subscriptions, str(number)),)
    return tuple(subscription for subscription in chosen if subscription.state is SubscriptionState.ACTIVE)


# ---------------------------------------------------------------------------------------------------------- workspaces


GRACE = timedelta(days=30)  # how long the chats of a workspace are kept after it removed the app
INSTALLED_WITHIN = timedelta(minutes=10)  # how long a person may take over an installation
REMOVED = "The app was removed from the workspace."

Subscriptions = tuple[Subscription, ...]


@writes
def uninstall(transaction: Transaction, team: str, *, now: datetime) -> None:
    """Pauses all chats of a workspace that removed the app. After thirty days without the app they are erased."""
    platforms.uninstall(transaction, team, now=now)
    for chat in _chats_of(transaction, team):
        stored_chats.mark_unreachable(transaction, chat.id, PauseReason.APP_REMOVED, REMOVED, now=now)


@writes
def install_again(transaction: Transaction, team: str, *, now: datetime) -> bool:
    """Reactivates the chats of a workspace that has the app again. False: it never removed the app."""
    if not platforms.install_again(transaction, team, now=now):
        return False
    _reactivate_chats(transaction, team, now)
    return True


@writes
def install(transaction: Transaction, team: str, tokens: str, *, now: datetime) -> None:
    """Stores the sealed tokens of a workspace that installed the app; reactivates its chats if it had removed the app."""
    if platforms.install_again(transaction, team, now=now):
        _reactivate_chats(transaction, team, now)
    platforms.put_installation(transaction, team, tokens, now=now)


@writes
def reactivate(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Reactivates the chats at an address to which the bot could not write; with a topic, that topic alone.

    What would be sent at once waits ten minutes, so that a person can skip it. False: none of them was unreachable.
    """
    chats = stored_chats.chats_in(transaction, address.lane, zone=transaction.zone)
    returning = [chat for chat in chats if _returns(chat, address)]
    back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
    for chat in back:
        changes.note_changed_state(transaction, chat.id)
        delay_after_return(transaction, chat, now=now)
    return bool(back)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether a chat at the address can be written to again; a closed topic stays so when its group comes back."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


def chats_of_lost_workspaces(transaction: Transaction, *, now: datetime) -> list[int]:
    """The ids of the chats of workspaces that removed the app more than thirty days ago."""
    lost = platforms.uninstalled(transaction, now - GRACE)
    return [chat.id for team in lost for chat in _chats_of(transaction, team)]


def forget_workspaces(transaction: Transaction, *, now: datetime) -> None:
    """Erases the workspaces that removed the app more than thirty days ago, once their chats are erased."""
    if not chats_of_lost_workspaces(transaction, now=now):
        platforms.drop_installations(transaction, now - GRACE)


@writes
def pause_for_leaver(
    transaction: Transaction, address: ChatAddress, person: str, *, now: datetime
) -> Mapping[ChatAddress, Subscriptions]:
    """Pauses what a person who left a channel subscribed to there and in its threads, until someone else resumes it.

    The person is no longer owner or subscriber there. Returns what this pauses, by chat.
    """
    paused: dict[ChatAddress, Subscriptions] = {}
    there = stored_chats.chats_in(transaction, address.lane, zone=transaction.zone)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in there])
    for chat in there:
        if chat.owner == person:
            stored_chats.set_owner(transaction, chat.id, "")
        of_person = [subscription for subscription in subscriptions[chat.id] if subscription.subscriber == person]
        held = [
            subscription
            for subscription in of_person
            if subscription.state is SubscriptionState.ACTIVE or subscription.paused_until
        ]
        if held:
            changes.begin_change(transaction, chat.id, now=now)
            paused[chat.address] = tuple(held)
        for subscription in of_person:
            after = subscription
            if subscription in held:
                after = _paused(subscription, None, SubscriptionPauseReason.SUBSCRIBER_LEFT)
            stored_subscriptions.change_subscription(transaction, subscription, after._replace(subscriber=""))
    return paused


def _reactivate_chats(transaction: Transaction, team: str, now: datetime) -> None:
    """Reactivates the chats that were paused only because the app was removed."""
    for chat in _chats_of(transaction, team):
        if chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.APP_REMOVED:
            stored_chats.mark_reachable(transaction, chat.id, now=now)


def _chats_of(transaction: Transaction, team: str) -> list[Chat]:
    """The chats of a workspace; addresses of the own workspace do not name it."""
    lanes = [lane for facts in declared() if facts.has_workspaces for lane in _lanes_of(transaction, facts.name, team)]
    return [chat for lane in lanes for chat in stored_chats.chats_in(transaction, lane, zone=transaction.zone)]


def _lanes_of(transaction: Transaction, platform: str, team: str) -> list[Lane]:
    own = (platforms.bot_of(transaction, platform) or "").partition(":")[0]
    if team == own:
        places = [
            address for address in stored_chats.addresses_with_prefix(transaction, platform, "") if "/" not in address
        ]
    else:
        places = stored_chats.addresses_with_prefix(transaction, platform, f"{team}/")
    return [Lane(platform, place) for place in places]
