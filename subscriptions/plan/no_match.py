"""Notices about papers that did not come, decided with the plan."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from subscriptions.database.store import Transaction
from subscriptions.model import CallbackToken, Delivery, Lane
from subscriptions.outbox.notices import Notice, no_papers_today, nothing_matched, papers_missing
from subscriptions.outbox.notify import is_public, tell
from subscriptions.papers.stored import papers as known_papers
from subscriptions.plan import decision
from subscriptions.plan import stored as planner

STREAK_AFTER = 5  # after so many days with papers but without a match, the chat gets one notice


def notify_no_match(
    transaction: Transaction, decided: Sequence[decision.Decided], *, last_sequence: int, now: datetime
) -> list[Lane]:
    """Store the notices about papers that did not come, in the transaction of the decisions.

    A chat gets one notice after its last delivery, or after the last change of what it wants. The store forgets a
    delivery before the notice, so nobody is told twice. `last_sequence` is the sequence up to which the chats have
    looked. Return the lanes that got a notice.
    """
    found = [(due.chat, notice) for due, delivery in decided for notice in _for_owner(due, delivery)]
    silent = {
        due.chat.id: due
        for due, delivery in decided
        if not (delivery and delivery.items) and due.chat.first_delivery_planned and decision.nothing_fits(due)
    }
    for chat_id, since in planner.last_delivered_or_changed(transaction, list(silent)).items():
        if since < now - timedelta(days=STREAK_AFTER - 2):  # fewer days cannot have been enough
            came = known_papers.sequenced_since(transaction, since, last_sequence)
            found += [(silent[chat_id].chat, notice) for notice in _of_streak(silent[chat_id], came, since)]
    return [lane for chat, notice in found for lane in tell(transaction, chat, notice, now)]


def _of_streak(due: decision.DueDelivery, came: Mapping[datetime, int], since: datetime) -> Iterator[Notice]:
    """Yield the notice that nothing matched since a moment, if papers came on enough days. `came`: moment → papers."""
    days, known = len({moment.astimezone(due.zone).date() for moment in came}), sum(came.values())
    if days < STREAK_AFTER:
        return
    if is_public(due.chat):
        yield nothing_matched(known, days, since.isoformat(), public=due.chat)
        return
    edit = CallbackToken(verb="list")
    if len(due.subscriptions) == 1:
        edit = CallbackToken(verb="edit-ask", arguments={"subscription": due.subscriptions[0].id})
    has_buttons = due.chat.settings.buttons == "full"
    yield nothing_matched(known, days, since.isoformat(), edit=edit if has_buttons else None)


def _for_owner(due: decision.DueDelivery, delivery: Delivery | None) -> Iterator[Notice]:
    """Yield what the owner of a chat that strangers can read is told in its place: missing papers, a quiet day."""
    if not is_public(due.chat):
        return
    if delivery and due.missing:
        yield papers_missing(due.chat, due.missing)
    timed = any(subscription.cadence.kind != "now" for subscription in due.subscriptions)
    if delivery is None and timed and due.may_be_empty and due.chat.settings.quietday == "on":
        yield no_papers_today(due.chat)
