"""Papers that subscriptions have still to deliver."""

from collections.abc import Sequence

from subscriptions.model import Chat, Subscription
from subscriptions.query import parse_canonical
from subscriptions.service.papers.counting import Entries, find, number_of
from subscriptions.service.papers.kept_entries import entries_after
from subscriptions.store import Transaction
from subscriptions.store.outbox import planned


def undelivered(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, upto: int
) -> dict[int, set[int]]:
    """Subscription id → ids of the papers that it has still to deliver, up to the sequence `upto`."""
    after = min((subscription.cursor for subscription in subscriptions), default=upto)
    if after >= upto:
        return {}
    entries = entries_after(transaction, after, upto)
    wanted = entries.papers & ~entries.sequenced_after(upto)
    if chat.settings.crosslists == "out":
        wanted &= ~entries.crosslisted
    found = {
        subscription.id: set(
            map(number_of, entries.newest_first(_fitting(transaction, entries, subscription) & wanted))
        )
        for subscription in subscriptions
    }
    delivered = planned.delivered(transaction, [chat.id], set().union(*found.values()))[chat.id]
    return {subscription_id: ids - delivered for subscription_id, ids in found.items()}


def _fitting(transaction: Transaction, entries: Entries, subscription: Subscription) -> int:
    """The papers above a subscription's cursor that it matches, as a set."""
    hits = find(transaction, entries, parse_canonical(subscription.canonical), most_read=None)
    return hits.bits & entries.sequenced_after(subscription.cursor)
