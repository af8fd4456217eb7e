"""Chats on our own pages: what was said in them, and who of them is let in."""

from datetime import datetime

from subscriptions.model import ChatAddress, ChatKind, Lane
from subscriptions.store import Scope, page_messages
from subscriptions.store.chat import access, chats
from subscriptions.store.page_messages import PageMessage as PageMessage  # noqa: PLC0414 - the door hands it on


def add_page_message(
    store: Scope, chat: ChatAddress, payload: str, *, delivery: str, part: int, is_own: bool = False, now: datetime
) -> int:
    """Stores a message and returns its number in the chat.

    To store it again changes nothing and returns the same number, so a message whose fate is not known is simply stored
    again. `is_own`: the person wrote it.
    """
    with store.write() as transaction:
        return page_messages.add_message(
            transaction, _name(chat.lane), delivery=delivery, part=part, payload=payload, is_own=is_own, now=now
        )


def edit_page_message(store: Scope, chat: ChatAddress, number: int, payload: str) -> bool:
    """Replaces what a message of ours says. False if it is not stored any more."""
    with store.write() as transaction:
        return page_messages.edit_message(transaction, _name(chat.lane), number, payload)


def find_page_message(store: Scope, chat: ChatAddress, *, delivery: str, part: int) -> int | None:
    """The number of a message that was perhaps stored; None if it was not."""
    with store.read() as transaction:
        return page_messages.number_of(transaction, _name(chat.lane), delivery, part)


def newest_page_messages(
    store: Scope, chat: ChatAddress, most: int, *, before: int | None = None
) -> tuple[list[PageMessage], int]:
    """The newest messages of a chat, in their order, and the number of its last change.

    With `before` those before the message with this number.
    """
    name = _name(chat.lane)
    with store.read() as transaction:
        changes = page_messages.changes_of(transaction, name)
        return page_messages.newest_messages(transaction, name, most, before=before), changes


def changed_page_messages(store: Scope, chat: ChatAddress, after: int, most: int) -> tuple[list[PageMessage], int]:
    """What was written or edited after the change `after`, oldest first, and the number of the chat's last change.

    That number is lower than `after` if the chat was erased meanwhile.
    """
    name = _name(chat.lane)
    with store.read() as transaction:
        changes = page_messages.changes_of(transaction, name)
        return page_messages.changed_messages(transaction, name, after, most) if changes > after else [], changes


def open_page_chat(store: Scope, chat: ChatAddress, *, lang: str, timezone: str = "", now: datetime) -> None:
    """Lets in the chat of a person at the machine; adds it if it is not known. A denied chat stays denied.

    Such a person could let any chat in from the command line.
    """
    with store.write() as transaction:
        known = chats.find_chat(transaction, chat, zone=store.zone) or chats.add_chat(
            transaction, chat, ChatKind.PRIVATE, now=now, zone=store.zone, lang=lang, timezone=timezone
        )
        if not known.is_denied:
            access.admit(transaction, known.id, now=now)


def choose_language(store: Scope, chat: ChatAddress, lang: str, *, now: datetime) -> None:
    """Stores the language that was chosen on a page; adds the chat if it is not known."""
    with store.write() as transaction:
        known = chats.find_chat(transaction, chat, zone=store.zone) or chats.add_chat(
            transaction, chat, ChatKind.PRIVATE, now=now, zone=store.zone
        )
        chats.choose_setting(transaction, known.id, "lang", lang)


def _name(lane: Lane) -> str:
    return f"{lane.platform}:{lane.address}"
