"""Settings that have no effect in a chat, and why."""

from collections.abc import Iterator

from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatKind
from subscriptions.platforms import facts_of


def shows_more(chat: Chat) -> bool:
    """Whether this chat has a button that opens papers beyond its limit."""
    return facts_of(chat.address.platform).shows_more and chat.settings.buttons == "full"


def without_effect(chat: Chat) -> dict[str, Sentence]:
    """Setting → why it has no effect in this chat; without settings that a chat of its kind cannot choose."""
    return dict(_idle(chat))


def _idle(chat: Chat) -> Iterator[tuple[str, Sentence]]:
    platform, settings = facts_of(chat.address.platform), chat.settings
    if not shows_more(chat):
        yield "limit", Sentence("No button here opens the rest of a delivery, so all papers are shown.")
    if not platform.makes_sound:
        yield "sound", Sentence("Whether it is heard is decided by your own device.")
    if not platform.shows_more:
        yield "buttons", Sentence("There are no buttons here.")
    if settings.shape == "thread" and chat.address.topic:
        yield "shape", Sentence("A thread has no threads of its own: here papers come as one digest.")
    if settings.credits == "on" and chat.public and chat.kind is ChatKind.GROUP:
        yield "credits", Sentence("Strangers can read this group, so nobody is named.")
