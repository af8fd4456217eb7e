"""Pauses and resumes chats and subscriptions; sends or skips the papers that waited."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from subscriptions import errors
from subscriptions.chats import known as known_chats
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.model import Chat, ChatAddress, ChatState, PauseReason, Subscription, SubscriptionState
from subscriptions.outbox.figures import undelivered
from subscriptions.outbox.stored import entries as outbox
from subscriptions.schedule import due_moments
from subscriptions.sources import stored as stored_sources
from subscriptions.subscribing import undo as changes


class WaitingPapers(NamedTuple):
    """Papers that wait for a chat after a pause."""

    papers: int  # number of papers, including those in planned deliveries
    upto: int  # the highest sequence of papers that were counted
    delivered_at: datetime | None = None  # when the first are sent if no person decides; None: unknown
    come_together: bool = True  # whether all are sent then


def pause(
    transaction: Transaction,
    address: ChatAddress,
    number: int | None,
    *,
    until: datetime | None,
    now: datetime,
    who: str = "",
) -> None:
    """Pause a subscription, or the chat if `number` is None. If `until` is None, a person has to end the pause.

    Raise NotFound, and Refused if the chat gets no messages for another reason.
    """
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    if number is not None:
        before = known_chats.with_number(subscriptions, number)
        after = before._replace(state=SubscriptionState.PAUSED, paused_until=until)
        changes.change_subscriptions(transaction, [before], [after], now=now, who=who)
    elif not chat.is_active and not changes.is_paused_by_person(chat):
        raise errors.Refused(errors.Sentence("This chat gets nothing now anyway."))
    elif chat.is_active or chat.paused_until != until:
        changes.begin_change(transaction, chat.id, now=now, who=who)
        stored_chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)


def resume(
    transaction: Transaction, address: ChatAddress, number: int | None, *, now: datetime, who: str = ""
) -> Chat | None:
    """Resume a subscription, or, if `number` is None, the chat; if that is not paused, all its subscriptions.

    Papers that would be sent at once wait ten minutes, so that a person can skip them. Return the changed chat; None
    if nothing was paused. Raise NotFound.
    """
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    stood_still = number is None and changes.is_paused_by_person(chat)
    paused = [one for one in known_chats.chosen(subscriptions, number) if not one.is_active]
    if not paused and not stood_still:
        return None
    changes.begin_change(transaction, chat.id, now=now, who=who)
    if stood_still:
        stored_chats.resume_chat(transaction, chat.id, now=now)
        changes.delay(transaction, chat, now)
    else:
        for before in paused:
            after = before._replace(state=SubscriptionState.ACTIVE, paused_until=None)
            later = due_moments.after_return(after, chat, now, delay=changes.skip_within(transaction))
            stored_subscriptions.change_subscription(transaction, before, later)
    return known_chats.get_chat(transaction, address)


def reactivate(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Reactivate the chats at an address to which the bot could not write.

    An address with a topic means only this topic.

    Papers that would be sent at once wait ten minutes, so that a person can skip them. Return False if none of these
    chats was unreachable. What waits for a chat that was only in doubt is tried at once.
    """
    returning = [chat for chat in stored_chats.chats_in(transaction, address.lane) if _returns(chat, address)]
    back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
    outbox.try_now(transaction, [chat.id for chat in back if chat.is_active])
    gone = [chat for chat in back if not chat.is_active]
    for chat in gone:
        transaction.changed_chats.add(chat.id)
        changes.delay(transaction, chat, now)
    return bool(gone)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether to reactivate a chat when `address` is reachable again.

    Topics that were closed or deleted stay paused.
    """
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


def get_waiting_papers(
    transaction: Transaction, address: ChatAddress, *, now: datetime, number: int | None = None
) -> WaitingPapers:
    """Return the papers that wait for a chat, or for one of its subscriptions. Raise NotFound."""
    chat, active = _active(transaction, address, number)
    last_sequence = bot_state.last_sequence(transaction)
    found = undelivered(transaction, chat, active, upto=last_sequence)
    forecast = stored_sources.forecast(transaction, now=now)
    following = [forecast.next_of(chat, [one]) for one in active if found.get(one.id)]
    moments = {then.at or then.latest for then in following}
    planned = outbox.planned_papers(transaction, chat.id) if number is None else 0
    if planned:
        moments.add(now + changes.skip_within(transaction))
    return WaitingPapers(
        papers=planned + len(set().union(*found.values())),
        upto=last_sequence,
        delivered_at=min(filter(None, moments), default=None),
        come_together=len(moments) == 1,
    )


def send_waiting(transaction: Transaction, address: ChatAddress, *, now: datetime, number: int | None = None) -> int:
    """Make the papers that wait for a chat, or for one of its subscriptions, due now. Return how many.

    Raise NotFound.
    """
    found = get_waiting_papers(transaction, address, now=now, number=number).papers
    chat, active = _active(transaction, address, number)
    if number is None:
        outbox.hold_planned(transaction, chat.id, None)
    for one in active:
        # the latest due moment tells that a person has requested the papers, so quiet hours do not delay them
        stored_subscriptions.change_subscription(transaction, one, due_moments.with_due(one, (now, now)))
    return found


def skip_waiting(
    transaction: Transaction,
    address: ChatAddress,
    *,
    upto: int,
    by: datetime,
    now: datetime,
    number: int | None = None,
) -> int:
    """Skip the papers that waited when the person was asked. Return how many. Raise NotFound.

    The papers that waited are those up to the sequence `upto`, and those of deliveries that were planned at or before
    `by`.
    """
    chat, active = _active(transaction, address, number)
    upto = min(upto, bot_state.last_sequence(transaction))
    skipped = len(set().union(*undelivered(transaction, chat, active, upto=upto).values()))
    if number is None:
        skipped += outbox.planned_papers(transaction, chat.id, by=by)
        outbox.dismiss_planned(transaction, chat.id, by=by, now=now)
    for one in active:
        after = one._replace(cursor=max(one.cursor, upto))
        if one.hurry:
            after = due_moments.with_due(after, (None, None))
        stored_subscriptions.change_subscription(transaction, one, after)
    return skipped


def _active(transaction: Transaction, address: ChatAddress, number: int | None) -> tuple[Chat, Sequence[Subscription]]:
    """Return a chat and its active subscriptions, or the one with this number. Raise NotFound."""
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    return chat, [one for one in known_chats.chosen(subscriptions, number) if one.is_active]
