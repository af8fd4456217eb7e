"""The chat of a conversation: known or new, which chat a thread belongs to."""

from datetime import datetime

from subscriptions import chat_settings
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.store import outbox, stored_chats
from subscriptions.store.database.store import Scope, Transaction, reads, writes


@writes
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
    """Returns the chat at this address. Adds it if it is unknown. `lang` is any language code of the person.

    `by` is the private chat of the person who sets up the chat. If that chat has chosen a zone, the zone replaces
    `timezone`; its language replaces `lang`. A group that was only talked in gets the zone and language, too.
    """
    if by is not None and (person := stored_chats.find_chat(transaction, by)) is not None:
        timezone, lang = person.chosen.get("timezone", timezone), person.settings.lang
    lang = chat_settings.language(lang) if lang else ""
    chat = stored_chats.add_chat(
        transaction, address, kind, now=now, title=title, timezone=timezone, lang=lang, public=public
    )
    if chat.kind is ChatKind.PRIVATE or chat.is_set_up:
        return chat
    stored_chats.set_up(transaction, chat.id, timezone=timezone, lang=lang)
    return stored_chats.chats_by_id(transaction, [chat.id])[chat.id]


def store_private_chat(store: Scope, address: ChatAddress, *, now: datetime, lang: str) -> None:
    """Adds a person's private chat if it is unknown, so that it can get notices. `lang`: any language code of the person."""
    store_chat(store, address, ChatKind.PRIVATE, now=now, lang=lang)


@reads
def known_or_new(
    transaction: Transaction,
    address: ChatAddress,
    kind: ChatKind,
    *,
    title: str = "",
    lang: str = "",
    public: bool = False,
) -> Chat:
    """Returns the chat at this address, or the chat that would be added now (id 0). Stores nothing."""
    known = stored_chats.find_chat(transaction, address)
    if known is not None:
        return known
    settings = chat_settings.resolve(
        kind, address.platform, {}, timezone=transaction.zone, lang=lang or "en", public=public
    )
    return Chat(id=0, address=address, kind=kind, settings=settings, title=title, public=public)


@reads
def chat_of_thread(transaction: Transaction, address: ChatAddress) -> ChatAddress:
    """Returns the address of the chat to which messages in a thread belong.

    A thread under a delivery of the bot belongs to the channel: returns the address without the thread. If the thread is
    a separate chat, or if people began it, returns the address of the thread.
    """
    place = ChatAddress(address.platform, address.address)
    if not address.topic or stored_chats.find_chat(transaction, address) is not None:
        return address
    chat = stored_chats.find_chat(transaction, place)
    ours = chat is not None and outbox.was_posted(transaction, chat.id, address.topic)
    return place if ours else address


@writes
def choose_language(transaction: Transaction, chat: ChatAddress, lang: str, *, now: datetime) -> None:
    """Stores the language that a person chose on a page. Adds the chat if it is unknown."""
    known = stored_chats.add_chat(transaction, chat, now=now)
    stored_chats.choose_setting(transaction, known.id, "lang", lang)
