"""Finds chats by address, and subscriptions by number or query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from subscriptions import errors
from subscriptions.addresses import facts_of
from subscriptions.model import Chat, ChatAddress, ChatKind, Subscription
from subscriptions.query import FIELDS
from subscriptions.query.parse import parse_query
from subscriptions.service.questions import why_they_rest
from subscriptions.store import stored_chats, stored_subscriptions
from subscriptions.store.database.store import Transaction, reads

_MOST_DIGITS = 9  # digits of a subscription's number; Python refuses to convert thousands of digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A subscription with its chat, as lists show it."""

    chat: Chat
    subscription: Subscription
    rest: errors.Sentence | None = None  # why it finds nothing near in meaning, if it should

    @property
    def zone(self) -> str:
        """The zone of the subscription's times: its own zone; if it has none, the chat's."""
        return self.subscription.zone or self.chat.settings.timezone


@reads
def get_chat(transaction: Transaction, address: ChatAddress) -> Chat:
    """Returns the chat at this address; if it moved, the chat at its new address. Raises NotFound."""
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        raise _no_such_chat(address)
    return chat


@reads
def get_set_up(transaction: Transaction, address: ChatAddress) -> Chat:
    """Like `get_chat`, but also raises NotFound for a chat that was only talked in, of which the command line knows nothing."""
    chat = get_chat(transaction, address)
    if not chat.is_set_up:
        raise _no_such_chat(address)
    return chat


def _no_such_chat(address: ChatAddress) -> errors.NotFound:
    return errors.NotFound(
        errors.Sentence("There is no such chat: {chat}.", {"chat": str(address)}),
        errors.Sentence(
            "A chat comes into being with its first subscription: paperwire subscribe QUERY --as {chat}",
            {"chat": str(address)},
        ),
    )


def get_subscribed(transaction: Transaction, address: ChatAddress) -> tuple[Chat, tuple[Subscription, ...]]:
    """Returns the chat at this address and its subscriptions. Raises NotFound."""
    chat = get_chat(transaction, address)
    return chat, stored_subscriptions.subscriptions_in(transaction, chat.id)


def kind_of(address: ChatAddress) -> ChatKind:
    """Returns the kind of a chat, as far as its address tells. What the platform says in requests is more reliable."""
    return facts_of(address.platform).kind_of(address)


@reads
def listed(transaction: Transaction, address: ChatAddress | None) -> tuple[Listed, ...]:
    """Returns the subscriptions of one chat; for None, of all chats. Raises NotFound."""
    pages = stored_chats.all_chats(transaction) if address is None else [(get_chat(transaction, address),)]
    return tuple(one for chats in pages for one in listed_in(transaction, chats))


def listed_in(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[Listed]:
    """Yields the subscriptions of these chats, by chat and number."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    resting = why_they_rest(transaction, {one.canonical for there in subscriptions.values() for one in there})
    for chat in chats:
        for one in subscriptions[chat.id]:
            yield Listed(chat=chat, subscription=one, rest=resting.get(one.canonical))


def with_query(transaction: Transaction, chat: Chat, canonical: str) -> Subscription | None:
    """Returns the subscription of a chat that has this canonical query; None if there is none."""
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    return next((one for one in subscriptions if one.canonical == canonical), None)


def numbered(transaction: Transaction, chat: Chat, number: int) -> Subscription:
    """Returns the subscription of a chat with this number. Raises NotFound."""
    return with_number(stored_subscriptions.subscriptions_in(transaction, chat.id), number)


def chosen(subscriptions: tuple[Subscription, ...], number: int | None) -> tuple[Subscription, ...]:
    """Returns the subscription with this number; for None, all of them. Raises NotFound."""
    if number is None:
        return subscriptions
    return (with_number(subscriptions, number),)


def typed_number(text: str) -> int | None:
    """Returns the number in a text such as "3" or "#3"; None for any other text or too many digits."""
    digits = text.strip().lstrip("#")
    if digits.isdecimal() and len(digits) <= _MOST_DIGITS:
        return int(digits)
    return None


def named(subscriptions: Sequence[Subscription], which: str) -> Subscription | None:
    """Returns the subscription with this number or query; None if there is none. Raises QueryError.

    A number that no subscription has is read as a query.
    """
    by_number = {one.number: one for one in subscriptions}
    if found := by_number.get(typed_number(which) or 0):
        return found
    chat = subscriptions[0].chat_id if subscriptions else 0
    canonical = parse_query(which, FIELDS.of_chat(chat)).canonical
    return next((one for one in subscriptions if one.canonical == canonical), None)


def with_number(subscriptions: Sequence[Subscription], number: int) -> Subscription:
    """Returns the subscription with this number. Raises NotFound."""
    for one in subscriptions:
        if one.number == number:
            return one
    raise errors.NotFound(
        errors.Sentence("This chat has no subscription {which}.", {"which": str(number)}),
        errors.Sentence("paperwire subscriptions lists them."),
    )
