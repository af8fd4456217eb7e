"""The platforms that there are. To import this module declares them, so that their addresses can be read."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.channels.console.facts import CONSOLE
from bot.channels.slack.facts import SLACK
from bot.channels.telegram.facts import TELEGRAM
from bot.channels.web.facts import WEB
from subscriptions.platforms import declare

declare(CONSOLE, WEB, TELEGRAM, SLACK)

# Platforms that there is a channel for: name → the module of its adapter, which is imported where the platform is on.
PLATFORMS: Mapping[str, str] = MappingProxyType(
    {facts.name: f"bot.channels.{facts.name}.adapter" for facts in (CONSOLE, TELEGRAM, SLACK)}
)
