"""What the settings of a chat have for effect where it is."""

from subscriptions.model import Chat
from subscriptions.platforms import facts_of


def shows_more(chat: Chat) -> bool:
    """Whether a button opens what lies beyond this chat's limit."""
    return facts_of(chat.address.platform).shows_more and chat.settings.buttons == "full"
