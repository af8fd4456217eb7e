"""Pauses and resumes chats and subscriptions, and lets people send or skip the papers that waited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions import errors, model, states
from subscriptions.addresses import declared
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast
from subscriptions.service import changes, listing
from subscriptions.service.known_papers import undelivered
from subscriptions.store import bot_state, outbox, sources
from subscriptions.store import chats as stored_chats
from subscriptions.store import planner as plans
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Transaction

ANSWER_WITHIN = timedelta(minutes=10)  # how long a person can decide whether the papers that waited are sent


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPapers:
    """Papers that wait for a chat after a pause."""

    papers: int  # number of papers, including those in planned deliveries
    upto: int  # the highest sequence of papers that were counted
    delivered_at: datetime | None = None  # when they are sent if no person decides; None: unknown


@stored_store.writes
def pause(
    transaction: Transaction,
    address: model.ChatAddress,
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
    if (subscription.state, subscription.paused_until) == (states.SubscriptionState.PAUSED, until):
        return False
    changes.change_subscriptions(transaction, [subscription], [_paused(subscription, until)], now=now, who=who)
    return True


def _paused(
    subscription: model.Subscription, until: datetime | None, reason: states.SubscriptionPauseReason | None = None
) -> model.Subscription:
    return subscription._replace(state=states.SubscriptionState.PAUSED, paused_until=until, pause_reason=reason)


def _pause_chat(transaction: Transaction, chat: model.Chat, *, until: datetime | None, now: datetime, who: str) -> bool:
    if chat.state is not states.ChatState.ACTIVE and not changes.is_paused_by_person(chat):
        raise errors.Refused(errors.Sentence("This chat gets nothing now anyway."))
    if chat.state is states.ChatState.PAUSED and chat.paused_until == until:
        return False
    changes.record_change(transaction, chat.id, now=now, who=who)
    changes.note_changed_state(transaction, chat.id)
    stored_chats.pause_chat(transaction, chat.id, states.PauseReason.PERSON, now=now, until=until)
    return True


@stored_store.writes
def resume(
    transaction: Transaction, address: model.ChatAddress, number: int | None, *, now: datetime, who: str = ""
) -> model.Chat | None:
    """Resumes a subscription, or, if `number` is None, the chat and all its subscriptions.

    Papers that would be sent at once wait ten minutes, so that a person can skip them. Returns the changed chat; None if
    nothing was paused. Raises NotFound.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    chosen = listing.chosen(subscriptions, number)
    paused = [subscription for subscription in chosen if subscription.state is states.SubscriptionState.PAUSED]
    stood_still = number is None and changes.is_paused_by_person(chat)
    if not paused and not stood_still:
        return None
    changes.record_change(transaction, chat.id, now=now, who=who)
    changes.note_changed_state(transaction, chat.id)
    for subscription in paused:
        after = subscription._replace(state=states.SubscriptionState.ACTIVE, paused_until=None, pause_reason=None)
        stored_subscriptions.change_subscription(transaction, subscription, _after_return(after, chat, now))
    if stood_still:
        stored_chats.resume_chat(transaction, chat.id, now=now)
        delay_after_return(transaction, chat, now=now)
    return listing.get_chat(transaction, address)


@stored_store.writes
def end_pauses(transaction: Transaction, *, now: datetime) -> None:
    """Ends the pauses whose time is over. A due moment that passed during a pause is replaced by the next regular one.

    For example, "until mon" ends at midnight. A subscription that is due at eight is then due on Monday at eight, and
    not at once.
    """
    ended = plans.ended_pauses(transaction, now)
    plans.end_pauses(transaction, now)
    chats = stored_chats.chats_by_id(transaction, {chat for chat, _, _ in ended})
    subscriptions = stored_subscriptions.subscriptions_of(transaction, list(chats))
    known = {subscription.id: subscription for of_chat in subscriptions.values() for subscription in of_chat}
    for chat, subscription, until in ended:
        before = known[subscription]
        moment = _moment_after(chats[chat], before, until)
        if moment != before.next_due_at:
            span = forecast.due_span(before.cadence, forecast.zone_of(before, chats[chat]), moment)
            stored_subscriptions.change_subscription(transaction, before, forecast.with_due(before, span))


def _moment_after(chat: model.Chat, subscription: model.Subscription, until: datetime) -> datetime | None:
    """Returns the due moment of a subscription after a pause that ended at `until`.

    If the due moment passed during the pause, returns the first regular moment after the pause. For when-out, a window
    that is open at the end of the pause counts as the first.
    """
    if subscription.cadence.kind == "now" or subscription.next_due_at is None or subscription.next_due_at >= until:
        return subscription.next_due_at
    zone = forecast.zone_of(subscription, chat)
    return cadences.first_due(subscription.cadence, zone, until - timedelta(microseconds=1))


def with_ended_pauses(
    chat: model.Chat, subscriptions: Sequence[model.Subscription], now: datetime
) -> tuple[model.Chat, tuple[model.Subscription, ...]]:
    """Returns a chat and its subscriptions as they would be after `end_pauses`. Stores nothing."""
    until = chat.paused_until if chat.state is states.ChatState.PAUSED else None
    if until is not None and until <= now:
        chat = chat._replace(
            state=states.ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None
        )
    else:
        until = None

    def woken(subscription: model.Subscription) -> model.Subscription:
        if subscription.state is states.SubscriptionState.ACTIVE:
            return (
                subscription._replace(next_due_at=_moment_after(chat, subscription, until)) if until else subscription
            )
        own = subscription.paused_until
        if own is None or own > now:
            return subscription
        moment = _moment_after(chat, subscription, own)
        return subscription._replace(state=states.SubscriptionState.ACTIVE, paused_until=None, next_due_at=moment)

    return chat, tuple(map(woken, subscriptions))


@stored_store.writes
def delay_after_return(transaction: Transaction, chat: model.Chat, *, now: datetime) -> None:
    """Delays by ten minutes the papers of a chat that gets messages again, so that a person can skip them.

    Only papers that would be sent at once are delayed.
    """
    outbox.hold_planned(transaction, chat.id, now + ANSWER_WITHIN)
    for subscription in stored_subscriptions.subscriptions_in(transaction, chat.id):
        stored_subscriptions.change_subscription(transaction, subscription, _after_return(subscription, chat, now))


def _after_return(subscription: model.Subscription, chat: model.Chat, now: datetime) -> model.Subscription:
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


@stored_store.reads
def get_waiting_papers(
    transaction: Transaction, address: model.ChatAddress, *, now: datetime, number: int | None = None
) -> WaitingPapers:
    """Returns the papers that wait for a chat, or for one of its subscriptions. Raises NotFound."""
    chat = listing.get_chat(transaction, address)
    subscriptions = _active(transaction, chat, number)
    last_sequence = bot_state.last_sequence(transaction)
    planned = outbox.planned_papers(transaction, chat.id) if number is None else 0
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


@stored_store.reads
def match_waiting_ahead(transaction: Transaction, address: model.ChatAddress) -> None:
    """Fills the cache with the matches of the papers that wait for a chat, also of its paused subscriptions.

    The results are cached until papers come. Raises NotFound.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    undelivered(transaction, chat, subscriptions, upto=bot_state.last_sequence(transaction))


def _delivered_at(foreseen: forecast.Forecast, chat: model.Chat, subscription: model.Subscription) -> datetime | None:
    """Returns when a subscription delivers waiting papers if no person decides; None if this is unknown."""
    now = foreseen.at
    if subscription.cadence.kind == "now":
        moment = max(subscription.next_due_at or now, now)
        return forecast.quiet_until(chat, moment) or moment
    next_delivery = foreseen.next_delivery(subscription, chat)
    return next_delivery.at or next_delivery.latest


@stored_store.writes
def send_waiting(
    transaction: Transaction, address: model.ChatAddress, *, now: datetime, number: int | None = None
) -> int:
    """Makes the papers that wait for a chat, or for one of its subscriptions, due now. Returns how many. Raises NotFound."""
    found = get_waiting_papers(transaction, address, now=now, number=number).papers
    chat = listing.get_chat(transaction, address)
    if number is None:
        outbox.hold_planned(transaction, chat.id, None)
    for subscription in _active(transaction, chat, number):
        # the latest due moment tells that a person has requested the papers, so quiet hours do not delay them
        stored_subscriptions.change_subscription(transaction, subscription, forecast.with_due(subscription, (now, now)))
    return found


@stored_store.writes
def skip_waiting(
    transaction: Transaction,
    address: model.ChatAddress,
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
    upto = min(upto, bot_state.last_sequence(transaction))
    skipped = len(set().union(*undelivered(transaction, chat, subscriptions, upto=upto).values()))
    if number is None:
        skipped += outbox.planned_papers(transaction, chat.id, by=by)
        outbox.dismiss_planned(transaction, chat.id, by=by, now=now)
    for subscription in subscriptions:
        after = forecast.with_due(subscription, (None, None)) if subscription.hurry else subscription
        after = after._replace(cursor=max(subscription.cursor, upto))
        stored_subscriptions.change_subscription(transaction, subscription, after)
    return skipped


def _active(transaction: Transaction, chat: model.Chat, number: int | None) -> tuple[model.Subscription, ...]:
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    chosen = listing.chosen(subscriptions, number)
    return tuple(subscription for subscription in chosen if subscription.state is states.SubscriptionState.ACTIVE)


# ---------------------------------------------------------------------------------------------------------- workspaces


GRACE = timedelta(days=30)  # how long the chats of a workspace are kept after it uninstalled the app
INSTALLED_WITHIN = timedelta(minutes=10)  # a person must complete an installation within this time
REMOVED = "The app was removed from the workspace."

Subscriptions = tuple[model.Subscription, ...]


@stored_store.writes
def uninstall(transaction: Transaction, team: str, *, now: datetime) -> None:
    """Pauses all chats of a workspace that uninstalled the app.

    The chats are erased if the workspace does not install the app again within thirty days.
    """
    bot_state.uninstall(transaction, team, now=now)
    for chat in _chats_of(transaction, team):
        stored_chats.mark_unreachable(transaction, chat.id, states.PauseReason.APP_REMOVED, REMOVED, now=now)


@stored_store.writes
def install_again(transaction: Transaction, team: str, *, now: datetime) -> bool:
    """Reactivates the chats that were paused because their workspace uninstalled the app.

    Returns False if the workspace had not uninstalled the app.
    """
    if not bot_state.install_again(transaction, team, now=now):
        return False
    for chat in _chats_of(transaction, team):
        if chat.state is states.ChatState.PAUSED and chat.pause_reason is states.PauseReason.APP_REMOVED:
            stored_chats.mark_reachable(transaction, chat.id, now=now)
    return True


@stored_store.writes
def install(transaction: Transaction, team: str, tokens: str, *, now: datetime) -> None:
    """Stores the sealed tokens of a workspace that installed the app.

    If the workspace had uninstalled the app before, reactivates its chats.
    """
    install_again(transaction, team, now=now)
    bot_state.put_installation(transaction, team, tokens, now=now)


@stored_store.writes
def reactivate(transaction: Transaction, address: model.ChatAddress, *, now: datetime) -> bool:
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


def _returns(chat: model.Chat, address: model.ChatAddress) -> bool:
    """Whether to reactivate a chat when `address` is reachable again. Topics that were closed or deleted stay paused."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is states.ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


def chats_of_lost_workspaces(transaction: Transaction, *, now: datetime) -> list[int]:
    """Returns the ids of the chats of workspaces that uninstalled the app more than thirty days ago."""
    lost = bot_state.uninstalled(transaction, now - GRACE)
    return [chat.id for team in lost for chat in _chats_of(transaction, team)]


@stored_store.writes
def forget_workspaces(transaction: Transaction, *, now: datetime) -> None:
    """Erases the workspaces that uninstalled the app more than thirty days ago, once all their chats are erased."""
    if not chats_of_lost_workspaces(transaction, now=now):
        bot_state.drop_installations(transaction, now - GRACE)


@stored_store.writes
def pause_for_leaver(
    transaction: Transaction, address: model.ChatAddress, person: str, *, now: datetime
) -> Mapping[model.ChatAddress, Subscriptions]:
    """Pauses the subscriptions in a channel and its threads that a person added who has left the channel.

    These subscriptions stay paused until another person resumes them. The person who left is no longer stored as owner
    or subscriber there. Returns chat → the subscriptions that this call paused.
    """
    paused: dict[model.ChatAddress, Subscriptions] = {}
    there = stored_chats.chats_in(transaction, address.lane)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in there])
    for chat in there:
        if chat.owner == person:
            stored_chats.set_owner(transaction, chat.id, "")
        of_person = [subscription for subscription in subscriptions[chat.id] if subscription.subscriber == person]
        held = [
            subscription
            for subscription in of_person
            if subscription.state is states.SubscriptionState.ACTIVE or subscription.paused_until
        ]
        if held:
            changes.begin_change(transaction, chat.id, now=now)
            paused[chat.address] = tuple(held)
        for subscription in of_person:
            after = subscription
            if subscription in held:
                after = _paused(subscription, None, states.SubscriptionPauseReason.SUBSCRIBER_LEFT)
            stored_subscriptions.change_subscription(transaction, subscription, after._replace(subscriber=""))
    return paused


def _chats_of(transaction: Transaction, team: str) -> list[model.Chat]:
    """Returns the chats of a workspace. In the bot's own workspace, their addresses have no workspace id."""
    lanes = [lane for facts in declared() if facts.has_workspaces for lane in _lanes_of(transaction, facts.name, team)]
    return [chat for lane in lanes for chat in stored_chats.chats_in(transaction, lane)]


def _lanes_of(transaction: Transaction, platform: str, team: str) -> list[model.Lane]:
    own = bot_state.bots(transaction).get(platform, "").partition(":")[0]
    if team == own:
        places = [
            address for address in stored_chats.addresses_with_prefix(transaction, platform, "") if "/" not in address
        ]
    else:
        places = stored_chats.addresses_with_prefix(transaction, platform, f"{team}/")
    return [model.Lane(platform, place) for place in places]
