"""Finds a chat by its address, and its subscriptions by number or query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from subscriptions.errors import NotFound, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind, Subscription
from subscriptions.platforms import facts_of
from subscriptions.query.nearness import asked_beside
from subscriptions.store import Transaction, reads
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions

_MOST_DIGITS = 9  # of a number; Python refuses to read more than some thousands


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A subscription with its chat, as lists show it."""

    chat: Chat
    subscription: Subscription
    zone: str  # the subscription's own, else the chat's


@reads
def get_chat(transaction: Transaction, address: ChatAddress) -> Chat:
    """The chat at this address, or the chat that moved from there. Raises NotFound."""
    chat = stored_chats.find_chat(transaction, address, zone=transaction.zone)
    if chat is None:
        raise NotFound(
            Sentence("There is no such chat: {chat}.", {"chat": str(address)}),
            Sentence(
                "A chat comes into being with its first subscription: paperwire subscribe QUERY --as {chat}",
                {"chat": str(address)},
            ),
        )
    return chat


def kind_of(address: ChatAddress) -> ChatKind:
    """The kind of a chat as far as its address tells; the platform may know better."""
    return facts_of(address.platform).kind_of(address)


@reads
def listed(transaction: Transaction, address: ChatAddress | None) -> tuple[Listed, ...]:
    """The subscriptions of one chat, or with None of all chats. Raises NotFound."""
    pages = (
        stored_chats.all_chats(transaction, zone=transaction.zone)
        if address is None
        else [(get_chat(transaction, address),)]
    )
    return tuple(one for chats in pages for one in _listed(transaction, chats))


def _listed(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[Listed]:
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    for chat in chats:
        for one in subscriptions[chat.id]:
            yield Listed(chat=chat, subscription=one, zone=one.zone or chat.settings.timezone)


def numbered(transaction: Transaction, chat: Chat, number: int) -> Subscription:
    """The subscription of a chat with this number. Raises NotFound."""
    return which_one(stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id], str(number))


def typed_number(text: str) -> int | None:
    """The number that a text is, with or without "#"; None for any other text, and for more digits than a number has."""
    digits = text.strip().lstrip("#")
    return int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else None


def which_one(subscriptions: Sequence[Subscription], which: str) -> Subscription:
    """The subscription with this number or query. Raises NotFound, QueryError.

    A bare number that no subscription has is read as a query.
    """
    number = typed_number(which)
    for subscription in subscriptions:
        if subscription.number == number:
            return subscription
    canonical = asked_beside(which, [one.canonical for one in subscriptions]).canonical
    for subscription in subscriptions:
        if subscription.canonical == canonical:
            return subscription
    raise NotFound(
        Sentence("This chat has no subscription {which}.", {"which": which.strip()}),
        Sentence("paperwire subscriptions lists them."),
    )
