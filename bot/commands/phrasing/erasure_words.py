"""Erasing a chat, in words."""

from bot.commands.phrasing.localizer import Localizer
from subscriptions.service.chats.retention import Forgotten


def would_erase_line(subscriptions: int, chat: str, localizer: Localizer) -> str:
    """Returns a sentence that says what would be erased; `chat` is the name of the chat."""
    return localizer.count(
        "This erases all I know of {chat}: {count} subscription, its settings, and what it was told.",
        "This erases all I know of {chat}: {count} subscriptions, its settings, and what it was told.",
        subscriptions,
        chat=chat,
    )


def erased_line(gone: Forgotten, localizer: Localizer) -> str:
    """Returns a sentence that says what was erased."""
    subscriptions = localizer.count("{count} subscription", "{count} subscriptions", gone.subscriptions)
    papers = localizer.count("{count} paper", "{count} papers", gone.papers)
    return localizer.say(
        "Erased: {subscriptions}, the memory of {papers}, all settings and buttons.",
        subscriptions=subscriptions,
        papers=papers,
    )
