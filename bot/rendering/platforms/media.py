"""The medium of each platform."""

from bot.rendering.platforms.console import Console
from bot.rendering.platforms.slack.blocks import Slack
from bot.rendering.platforms.telegram.markup import Telegram
from bot.rendering.platforms.web import Web
from bot.rendering.views.medium import Medium
from subscriptions.model import Chat

_MEDIA: dict[str, Medium] = {"telegram": Telegram(), "slack": Slack(), "console": Console(), "web": Web()}


def medium_of(chat: Chat) -> Medium:
    """The medium that writes the messages of a chat."""
    return _MEDIA[chat.address.platform]
