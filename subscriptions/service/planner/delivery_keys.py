"""The dedupe keys of deliveries, and the moments that they come from (docs/architecture.md, rule 5)."""

from collections.abc import Sequence
from datetime import datetime

from subscriptions.model import Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.service.subscriptions.next_deliveries import zone_of
from subscriptions.store import Transaction
from subscriptions.store.outbox import planned as stored_planned

_MINUTE = "%Y-%m-%dT%H:%M"


def due_moment(chat: Chat, due_subscriptions: Sequence[Subscription], now: datetime) -> datetime:
    """The latest of the moments that made a chat due; for cadence now, and for an open window, that is `now`."""
    return max(moment_of(s, chat, now) for s in due_subscriptions)


def moment_of(subscription: Subscription, chat: Chat, now: datetime) -> datetime:
    """The moment that made a subscription due."""
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # `now` has a moment only while it is held back after a pause
    if subscription.cadence.kind == "when-out":
        return min(now, cadences.closes(subscription.cadence, zone_of(subscription, chat), subscription.next_due_at))
    return subscription.next_due_at


def free_keys(
    transaction: Transaction,
    due: Sequence[tuple[Chat, Sequence[Subscription]]],
    last_sequence: int,
    now: datetime,
) -> dict[int, str]:
    """Chat id -> the dedupe key of its delivery; without the chats that have had their delivery of this minute.

    These wait for the next minute. Where the due minute itself is over by then, the key is extended: else the
    subscriptions would stay due for ever and never be sent.
    """
    keys = {chat.id: _dedupe_key(chat, due_subscriptions, last_sequence, now) for chat, due_subscriptions in due}
    taken = stored_planned.taken_keys(transaction, list(keys.values()))
    for chat, due_subscriptions in due:
        if keys[chat.id] in taken and f"{due_moment(chat, due_subscriptions, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{last_sequence}:" + ",".join(str(s.number) for s in due_subscriptions)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(chat: Chat, due_subscriptions: Sequence[Subscription], last_sequence: int, now: datetime) -> str:
    """The dedupe key of a delivery (docs/architecture.md, rule 5): one delivery per chat and due minute.

    Where no subscription has a due moment, one per chat and range of papers.
    """
    if any(s.next_due_at is not None for s in due_subscriptions):
        return f"{chat.id}:{due_moment(chat, due_subscriptions, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in due_subscriptions)
    cursor = min(s.cursor for s in due_subscriptions)
    return f"{chat.id}:now:{cursor}-{last_sequence}:{numbers}"
