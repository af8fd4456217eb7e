"""Finds chats by address and subscriptions by number or query; adds chats of conversations."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from subscriptions.chats import settings as chat_settings
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Transaction
from subscriptions.errors import NotFound, Sentence
from subscriptions.language import language_of
from subscriptions.model import Chat, ChatAddress, ChatKind, Subscription
from subscriptions.papers.similarity import why_they_rest
from subscriptions.query.parse import parse_query
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.forecast import NextDelivery

_MOST_DIGITS = 9  # digits of a subscription's number; Python refuses to convert thousands of digits


class Listed(NamedTuple):
    """A subscription with its chat, as lists show it."""

    chat: Chat
    subscription: Subscription
    rest: Sentence | None = None  # why it finds nothing near in meaning, if it should

    @property
    def zone(self) -> str:
        """The zone of the subscription's times: its own zone; if it has none, the chat's."""
        return self.subscription.zone or self.chat.settings.timezone


def get_chat(transaction: Transaction, address: ChatAddress) -> Chat:
    """Return the chat at this address; if it moved, the chat at its new address. Raise NotFound."""
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        raise _no_such_chat(address)
    return chat


def get_set_up(transaction: Transaction, address: ChatAddress) -> Chat:
    """Like `get_chat`, but also raises NotFound for a chat that was only talked in."""
    chat = get_chat(transaction, address)
    if not chat.is_set_up:
        raise _no_such_chat(address)
    return chat


def _no_such_chat(address: ChatAddress) -> NotFound:
    return NotFound(
        Sentence("There is no such chat: {chat}.", {"chat": str(address)}),
        Sentence(
            "A chat comes into being with its first subscription: paperwire subscribe QUERY --as {chat}",
            {"chat": str(address)},
        ),
    )


def get_subscribed(transaction: Transaction, address: ChatAddress) -> tuple[Chat, tuple[Subscription, ...]]:
    """Return the chat at this address and its subscriptions. Raise NotFound."""
    chat = get_chat(transaction, address)
    return chat, stored_subscriptions.subscriptions_in(transaction, chat.id)


def listed(transaction: Transaction, address: ChatAddress | None) -> tuple[Listed, ...]:
    """Return the subscriptions of one chat; for None, of all chats. Raise NotFound."""
    pages = stored_chats.all_chats(transaction) if address is None else [(get_chat(transaction, address),)]
    return tuple(one for chats in pages for one in listed_in(transaction, chats))


def listed_in(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[Listed]:
    """Yield the subscriptions of these chats, by chat and number."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    resting = why_they_rest(transaction, {one.canonical for there in subscriptions.values() for one in there})
    for chat in chats:
        for one in subscriptions[chat.id]:
            yield Listed(chat=chat, subscription=one, rest=resting.get(one.canonical))


def with_query(transaction: Transaction, chat: Chat, canonical: str) -> Subscription | None:
    """Return the subscription of a chat that has this canonical query; None if there is none."""
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    return next((one for one in subscriptions if one.canonical == canonical), None)


def chosen(subscriptions: tuple[Subscription, ...], number: int | None) -> tuple[Subscription, ...]:
    """Return the subscription with this number; for None, all of them. Raise NotFound."""
    if number is None:
        return subscriptions
    return (with_number(subscriptions, number),)


def typed_number(text: str) -> int | None:
    """Return the number in a text such as "3" or "#3"; None for any other text or too many digits."""
    digits = text.strip().lstrip("#")
    if digits.isdecimal() and len(digits) <= _MOST_DIGITS:
        return int(digits)
    return None


def named(subscriptions: Sequence[Subscription], which: str) -> Subscription | None:
    """Return the subscription with this number or query; None if there is none. Raise QueryError.

    A number that no subscription has is read as a query.
    """
    by_number = {one.number: one for one in subscriptions}
    if found := by_number.get(typed_number(which) or 0):
        return found
    chat = subscriptions[0].chat_id if subscriptions else 0
    canonical = parse_query(which, chat).canonical
    return next((one for one in subscriptions if one.canonical == canonical), None)


def with_number(subscriptions: Sequence[Subscription], number: int) -> Subscription:
    """Return the subscription with this number. Raise NotFound."""
    for one in subscriptions:
        if one.number == number:
            return one
    raise NotFound(
        Sentence("This chat has no subscription {which}.", {"which": str(number)}),
        Sentence("paperwire subscriptions lists them."),
    )


def store_chat(
    transaction: Transaction,
    address: ChatAddress,
    kind: ChatKind,
    *,
    now: datetime,
    title: str = "",
    lang: str = "",
    timezone: str = "",
    public: bool = False,
    by: ChatAddress | None = None,
) -> Chat:
    """Return the chat at this address. Add it if it is unknown. `lang` is any language code of the person.

    `by` is the private chat of the person who sets up the chat. If that chat has chosen a zone, the zone replaces
    `timezone`; its language replaces `lang`. A group that was only talked in gets the zone and language, too.
    """
    if by is not None and (person := stored_chats.find_chat(transaction, by)) is not None:
        timezone, lang = person.chosen.get("timezone", timezone), person.settings.lang
    lang = language_of(lang) if lang else ""
    chat = stored_chats.add_chat(
        transaction, address, kind, now=now, title=title, timezone=timezone, lang=lang, public=public
    )
    if chat.kind is ChatKind.PRIVATE or chat.is_set_up:
        return chat
    stored_chats.choose_setting(transaction, chat.id, "timezone", timezone or None)
    stored_chats.note_person(transaction, chat.id, lang=lang)
    return stored_chats.chats_by_id(transaction, [chat.id])[chat.id]


def known_or_new(
    transaction: Transaction,
    address: ChatAddress,
    kind: ChatKind,
    *,
    title: str = "",
    lang: str = "",
    public: bool = False,
) -> Chat:
    """Return the chat at this address, or the chat that would be added now (id 0). Store nothing."""
    known = stored_chats.find_chat(transaction, address)
    if known is not None:
        return known
    settings = chat_settings.resolve(
        kind, address.platform, {}, timezone=transaction.zone, lang=lang or "en", public=public
    )
    return Chat(id=0, address=address, kind=kind, settings=settings, title=title, public=public)


def choose_language(transaction: Transaction, chat: ChatAddress, lang: str, *, now: datetime) -> None:
    """Store the language that a person chose on a page. Add the chat if it is unknown."""
    known = stored_chats.add_chat(transaction, chat, now=now)
    stored_chats.choose_setting(transaction, known.id, "lang", lang)


def next_deliveries_to(
    transaction: Transaction, address: ChatAddress, subscriptions: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """Return the earliest next delivery of these subscriptions of a chat. Raise NotFound."""
    return stored_sources.forecast(transaction, now=now).next_of(get_chat(transaction, address), subscriptions)


def next_deliveries_of(
    transaction: Transaction, subscriptions: Sequence[Listed], *, now: datetime
) -> tuple[NextDelivery, ...]:
    """Return the next delivery of each of these subscriptions. A paused subscription counts as active."""
    foreseen = stored_sources.forecast(transaction, now=now)
    return tuple(foreseen.next_delivery(one.subscription, one.chat) for one in subscriptions)
