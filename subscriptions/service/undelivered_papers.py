"""The papers that subscriptions still have to deliver."""

from collections.abc import Sequence

from subscriptions.model import Chat, Subscription
from subscriptions.query.parse import parse_canonical
from subscriptions.service.known_papers import Entries, entries_after, find, number_of, set_of_papers
from subscriptions.store import known_papers, planned_deliveries
from subscriptions.store.database.store import Transaction


def undelivered(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, upto: int
) -> dict[int, set[int]]:
    """Returns subscription id → ids of the papers, up to the sequence `upto`, that it still has to deliver."""
    after = min((subscription.cursor for subscription in subscriptions), default=upto)
    if after >= upto:
        return {}
    entries = entries_after(transaction, after, upto)
    wanted = entries.papers & ~entries.sequenced_after(upto)
    found = {
        subscription.id: set(
            map(number_of, entries.newest_first(fitting_after(transaction, chat, entries, subscription) & wanted))
        )
        for subscription in subscriptions
    }
    delivered = planned_deliveries.delivered(transaction, [chat.id], set().union(*found.values()))[chat.id]
    return {subscription_id: ids - delivered for subscription_id, ids in found.items()}


def fitting_after(transaction: Transaction, chat: Chat, entries: Entries, subscription: Subscription) -> int:
    """Returns the set of the papers that the chat wants, after a subscription's cursor, that its query matches."""
    hits = find(transaction, entries, parse_canonical(subscription.canonical), most_read=None)
    found = hits.bits & entries.sequenced_after(subscription.cursor)
    if chat.settings.crosslists != "out":
        return found
    as_new = known_papers.sequences_as_new(transaction, map(number_of, entries.newest_first(found)))
    return set_of_papers(entries, {paper for paper, sequence in as_new.items() if sequence > subscription.cursor})
