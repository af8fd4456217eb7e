"""The list of platforms. Importing this module declares them, so that their addresses can be read."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from bot.channels.console.facts import CONSOLE
from bot.channels.slack.facts import SLACK
from bot.channels.telegram.facts import TELEGRAM
from bot.channels.web.facts import WEB
from bot.platform import PlatformAdapter
from subscriptions.platforms import declare

declare(CONSOLE, WEB, TELEGRAM, SLACK)

# Platforms with a channel: name -> module of the adapter, which is imported only if the platform is on.
PLATFORMS: Mapping[str, str] = MappingProxyType(
    {facts.name: f"bot.channels.{facts.name}.adapter" for facts in (CONSOLE, WEB, TELEGRAM, SLACK)}
)


def adapter_of(module: str) -> PlatformAdapter:
    """Returns a platform's adapter. This imports the platform's library, so call it only for platforms that are on."""
    adapter: PlatformAdapter = import_module(module)  # a module with the functions of PlatformAdapter
    return adapter
