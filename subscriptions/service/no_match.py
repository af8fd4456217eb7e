"""Stores notices about papers that did not come: after how many days without a match, and to whom if strangers read the chat."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from subscriptions.model import CallbackToken, Chat, ChatKind, Lane, MissingHow, MissingSources
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
    found = [(due.chat, notice) for due, result in cases for notice in _for_owner(due, result)]
    silent = {
        due.chat.id: due
        for due, result in cases
        if not (result and result[1]) and due.chat.first_delivery_planned and decision.nothing_fits(due)
    }
    for chat_id, since in planner.last_delivered_or_changed(transaction, list(silent)).items():
        if since < now - timedelta(days=STREAK_AFTER - 2):  # fewer days cannot have been enough
            came = known_papers.sequenced_since(transaction, since, last_sequence)
            found += [(silent[chat_id].chat, notice) for notice in _of_streak(silent[chat_id], came, since)]
    return [lane for chat, notice in found for lane in _tell(transaction, chat, notice, now)]


def _of_streak(due: decision.DueDelivery, came: Mapping[datetime, int], since: datetime) -> Iterator[Notice]:
    """Yields the notice that nothing matched since a moment, if papers came on enough days. `came`: moment → papers."""
    days, known = len({moment.astimezone(due.zone).date() for moment in came}), sum(came.values())
    if days < STREAK_AFTER:
        return
    if is_public(due.chat):
        yield nothing_matched_in(due.chat, known, days, since.isoformat())
        return
    edit = CallbackToken(verb="list")
    if len(due.subscriptions) == 1:
        edit = CallbackToken(verb="edit-ask", arguments={"subscription": due.subscriptions[0].id})
    has_buttons = due.chat.settings.buttons == "full"
    yield nothing_matched(known, days, since.isoformat(), edit=edit if has_buttons else None)


def _for_owner(due: decision.DueDelivery, result: decision.Decided) -> Iterator[Notice]:
    """Yields what the owner of a chat that strangers can read is told in its place: missing papers, a quiet day."""
    if not is_public(due.chat):
        return
    if result is not None and due.missing:
        missing = MissingSources(", ".join(due.missing), len(due.missing), due.missing_how)
        yield papers_missing(due.chat, missing)
    timed = any(subscription.cadence.kind != "now" for subscription in due.subscriptions)
    if result is None and timed and due.may_be_empty and due.chat.settings.quietday == "on":
        yield no_papers_today(due.chat)


def _tell(transaction: Transaction, chat: Chat, notice: Notice, now: datetime) -> list[Lane]:
    """Tells a chat, or the owner of one that strangers can read. Returns the lane that got the notice."""
    if is_public(chat):
        told, lane = notices.notify_owner(transaction, chat, notice, now=now), Lane(chat.address.platform, chat.owner)
    else:
        told, lane = notices.notify(transaction, chat.address, notice, now=now), chat.address.lane
    return [lane] if told else []
