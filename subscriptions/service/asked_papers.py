"""What people ask about a delivered paper: which one, where it went, what brought it."""

from collections.abc import Sequence

from subscriptions.matching.paper_index import matching_papers
from subscriptions.matching.reasons import why
from subscriptions.model import Because, Chat, ChatAddress, Item, KnownPaper, Lane, Subscription
from subscriptions.query.parse import parse_canonical
from subscriptions.service.questions import with_known_vectors
from subscriptions.store import stored_chats, stored_deliveries, stored_subscriptions
from subscriptions.store.database.store import Transaction, reads


@reads
def where_delivered(transaction: Transaction, lane: Lane, delivery: str) -> ChatAddress | None:
    """Returns the chat of a lane that got a delivery (a group, or one of its topics); None if none of them got it."""
    chats = stored_chats.chats_in(transaction, lane)
    delivered = (
        chat.address for chat in chats if stored_deliveries.delivered_items(transaction, chat.id, delivery, position=0)
    )
    return next(delivered, None)


@reads
def as_item(transaction: Transaction, chat: Chat, known: KnownPaper) -> Item:
    """Returns a paper as it was delivered to this chat; if it was not, with the subscriptions that match it now."""
    delivered = stored_deliveries.deliveries_of(transaction, chat.id, known.id)
    if delivered is not None:
        return delivered.item
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    return Item(paper=known, because=_fitting(transaction, subscriptions, known), position=0)


@reads
def subscriptions_behind(transaction: Transaction, chat: Chat, item: Item) -> tuple[Subscription, ...]:
    """Returns the subscriptions that delivered a paper, as they are now. Removed ones are left out."""
    numbers = [because.number for because in item.because]
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    found = {subscription.number: subscription for subscription in subscriptions}
    return tuple(found[number] for number in dict.fromkeys(numbers) if number in found)


def _fitting(transaction: Transaction, subscriptions: Sequence[Subscription], known: KnownPaper) -> tuple[Because, ...]:
    found = []
    for subscription in subscriptions:
        query = with_known_vectors(transaction, parse_canonical(subscription.canonical))
        if not matching_papers(query, [known.paper]):
            continue
        words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.words)
        found.append(
            Because(
                number=subscription.number, text=subscription.text, name=subscription.name, words=tuple(words)
            )
        )  # fmt: skip
    return tuple(found)
