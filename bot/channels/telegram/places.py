"""Chats of the Bot API as places (core.telegram.org/bots/api#chat)."""

import re
from collections.abc import Mapping
from typing import Any

from bot.ports.conversation import Place
from subscriptions.model import ChatAddress, ChatKind

_KINDS = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.BROADCAST,
}
# Lone surrogates cannot be stored, and control characters are not shown.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def place_of(chat: Mapping[str, Any], topic: str = "") -> Place:
    """Returns the Place of a chat of the Bot API."""
    name = chat.get("title") or " ".join(part for part in (chat.get("first_name"), chat.get("last_name")) if part)
    kind = _KINDS.get(str(chat.get("type")), ChatKind.GROUP)
    return Place(
        chat=ChatAddress("telegram", str(int(chat["id"])), topic),
        kind=kind,
        title=clean_text(name),
        public=kind is not ChatKind.PRIVATE and bool(chat.get("username")),
        is_forum=bool(chat.get("is_forum")),
        is_linked=bool(chat.get("linked_chat_id")),
    )


def clean_text(text: object) -> str:
    """Returns a person's text without characters that cannot be stored or shown."""
    return _UNUSABLE.sub("", str(text or ""))
