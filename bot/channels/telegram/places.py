"""Chats of the Bot API as places (core.telegram.org/bots/api#chat)."""

from collections.abc import Mapping
from typing import Any

from bot.ports.conversation import Place
from bot.ports.typed_text import usable_text
from subscriptions.model import ChatAddress, ChatKind

_KINDS = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.BROADCAST,
}


def place_of(chat: Mapping[str, Any], topic: str = "") -> Place:
    """Returns the Place of a chat of the Bot API."""
    name = chat.get("title") or " ".join(part for part in (chat.get("first_name"), chat.get("last_name")) if part)
    kind = _KINDS.get(str(chat.get("type")), ChatKind.GROUP)
    return Place(
        chat=ChatAddress("telegram", str(int(chat["id"])), topic),
        kind=kind,
        title=usable_text(name),
        public=kind is not ChatKind.PRIVATE and bool(chat.get("username")),
        is_forum=bool(chat.get("is_forum")),
        is_linked=bool(chat.get("linked_chat_id")),
    )
