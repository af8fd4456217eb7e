"""Whether the buttons of a chat open more papers."""

from subscriptions.model import Chat
from subscriptions.platforms import facts_of


def shows_more(chat: Chat) -> bool:
    """Whether this chat has a button that opens papers beyond its limit."""
    return facts_of(chat.address.platform).shows_more and chat.settings.buttons == "full"
