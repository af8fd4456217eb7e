"""All platforms that rendering knows: the medium that writes messages, and what they look like."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.rendering.platforms import console
from bot.rendering.platforms.console import Console
from bot.rendering.platforms.slack import block_reader
from bot.rendering.platforms.slack.blocks import Slack
from bot.rendering.platforms.telegram import markup_reader
from bot.rendering.platforms.telegram.markup import Telegram
from bot.rendering.platforms.web import Web
from bot.rendering.views.appearance import Look
from bot.rendering.views.medium import Medium

Media = Mapping[str, Medium]

MEDIA: Media = MappingProxyType({"telegram": Telegram(), "slack": Slack(), "console": Console(), "web": Web()})
LOOKS: Mapping[str, Look] = MappingProxyType(
    {"telegram": markup_reader.LOOK, "slack": block_reader.LOOK, "console": console.LOOK}
)
