"""Stores notices about papers that did not come: after how many days without a match, and to whom if strangers read the chat."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from subscriptions.model import CallbackToken, Chat, ChatKind, Lane, MissingHow, MissingSources, Subscription
from subscriptions.notices import Notice, no_papers_today, nothing_matched, nothing_matched_in, papers_missing
from subscriptions.planning import decision
from subscriptions.planning.next_deliveries import AwaitedSource
from subscriptions.service import notices
from subscriptions.store import known_papers, planner
from subscriptions.store.database.store import Transaction

STREAK_AFTER = 5  # after so many days with papers but without a match, the chat gets one notice

_Case = tuple[decision.DueDelivery, decision.Decided]


def is_public(chat: Chat) -> bool:
    """Whether strangers can read a chat. Such a chat gets no notices about papers that did not come."""
    return chat.public or chat.kind is ChatKind.BROADCAST


def how_missing(behind: Sequence[AwaitedSource]) -> MissingHow:
    """Returns why the papers of these sources are missing: "late" if one is late, else "failed" if one failed."""
    return min((one.how for one in behind), key=list(MissingHow).index, default=MissingHow.AWAITED)


def notify_no_match(
    transaction: Transaction, cases: Sequence[_Case], *, last_sequence: int, now: datetime
) -> list[Lane]:
    """Stores the notices about papers that did not come, in the transaction of the decisions.

    A chat gets one notice after its last delivery, or after the last change of what it wants. The store forgets a
    delivery before the notice, so nobody is told twice. `last_sequence` is the sequence up to which the chats have
    looked. Returns the lanes that got a notice.
    """
    lanes: list[Lane] = []
    silent = {}
    for due, result in cases:
        if is_public(due.chat):
            lanes += _notify_owner(transaction, due, result, now)
        if not (result and result[1]) and due.chat.first_delivery_planned and decision.nothing_fits(due):
            silent[due.chat.id] = due
    since = planner.last_delivered_or_changed(transaction, list(silent))
    for chat_id, moment in since.items():
        if moment < now - timedelta(days=STREAK_AFTER - 2):  # fewer days cannot have been enough
            lanes += _notify_silent(transaction, silent[chat_id], moment, last_sequence, now)
    return lanes


def _notify_silent(
    transaction: Transaction, due: decision.DueDelivery, since: datetime, last_sequence: int, now: datetime
) -> list[Lane]:
    """Tells a chat that nothing matched since a moment, if papers came on enough days."""
    came = known_papers.sequenced_since(transaction, since, last_sequence)
    days = {moment.astimezone(due.zone).date() for moment in came}
    if len(days) < STREAK_AFTER:
        return []
    known, event = sum(came.values()), since.isoformat()
    if is_public(due.chat):
        return _tell_owner(transaction, due.chat, nothing_matched_in(due.chat, known, len(days), event), now)
    edit = _edit(due.subscriptions) if due.chat.settings.buttons == "full" else None
    told = notices.notify(transaction, due.chat.address, nothing_matched(known, len(days), event, edit=edit), now=now)
    return [due.chat.address.lane] if told else []


def _edit(subscriptions: Sequence[Subscription]) -> CallbackToken:
    if len(subscriptions) == 1:
        return CallbackToken(verb="edit-ask", arguments={"subscription": subscriptions[0].id})
    return CallbackToken(verb="list")


def _notify_owner(
    transaction: Transaction, due: decision.DueDelivery, result: decision.Decided, now: datetime
) -> list[Lane]:
    chat = due.chat
    if result is not None and due.missing:
        missing = MissingSources(", ".join(due.missing), len(due.missing), due.missing_how)
        return _tell_owner(transaction, chat, papers_missing(chat, missing), now)
    timed = any(subscription.cadence.kind != "now" for subscription in due.subscriptions)
    if result is None and timed and due.may_be_empty and chat.settings.quietday == "on":
        return _tell_owner(transaction, chat, no_papers_today(chat), now)
    return []


def _tell_owner(transaction: Transaction, chat: Chat, notice: Notice, now: datetime) -> list[Lane]:
    """Returns the lane of the owner's private chat, if the owner was told."""
    if notices.notify_owner(transaction, chat, notice, now=now):
        return [Lane(chat.address.platform, chat.owner)]
    return []
