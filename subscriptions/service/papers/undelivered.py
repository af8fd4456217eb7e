"""Papers that subscriptions have still to deliver."""

from collections.abc import Sequence
from dataclasses import replace

from subscriptions.model import Chat, Subscription
from subscriptions.query import parse_canonical
from subscriptions.service.papers.counting import Entries, find, number_of
from subscriptions.store import Transaction
from subscriptions.store.chat import subscriptions
from subscriptions.store.outbox import planned
from subscriptions.store.papers import index


def undelivered(
    transaction: Transaction, chat: Chat, wishes: Sequence[Subscription], *, upto: int
) -> dict[int, set[int]]:
    """Subscription id → ids of the papers that it has still to deliver, up to the sequence `upto`."""
    mark = subscriptions.shared_cursor(transaction)
    wishes = [wish if wish.cursor is not None else replace(wish, cursor=mark) for wish in wishes]
    after = min((wish.cursor or 0 for wish in wishes), default=upto)
    if after >= upto:
        return {}
    entries = Entries.of(index.sequenced(transaction, after, upto), whole=True)
    wanted = entries.papers if chat.settings.crosslists != "out" else entries.papers & ~entries.crosslisted
    found = {
        wish.id: set(map(number_of, entries.newest_first(_fitting(transaction, entries, wish) & wanted)))
        for wish in wishes
    }
    told = planned.delivered(transaction, [chat.id], set().union(*found.values()))[chat.id]
    return {wish_id: ids - told for wish_id, ids in found.items()}


def _fitting(transaction: Transaction, entries: Entries, wish: Subscription) -> int:
    """The papers above a subscription's cursor that it matches, as a set."""
    hits = find(transaction, entries, parse_canonical(wish.canonical), most_read=None)
    return hits.bits & entries.changed_after(wish.cursor or 0)
