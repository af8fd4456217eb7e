"""The list of platforms. Importing this module declares them, so that their addresses can be read."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from bot.platform import PlatformAdapter
from bot.platforms.apprise import APPRISE
from bot.platforms.console import CONSOLE
from bot.platforms.email import EMAIL
from bot.platforms.slack import SLACK
from bot.platforms.telegram import TELEGRAM
from bot.platforms.web import WEB
from bot.rendering.appearance import Look
from bot.rendering.packing import Medium
from bot.settings import Settings
from subscriptions import addresses
from subscriptions.model import ChatAddress

_ALL = (CONSOLE, WEB, TELEGRAM, SLACK, EMAIL, APPRISE)
addresses.declare(*_ALL)

# Name -> module of the adapter, which is imported only if the platform is on.
PLATFORMS: Mapping[str, str] = MappingProxyType({facts.name: f"bot.platforms.{facts.name}.adapter" for facts in _ALL})


def adapter_of(module: str) -> PlatformAdapter:
    """Returns a platform's adapter. This imports the platform's library, so call it only for platforms that are on."""
    adapter: PlatformAdapter = import_module(module)  # a module with the functions of PlatformAdapter
    return adapter


def medium_of(platform: str) -> Medium:
    """Returns the medium of a platform, which may be off. Raises KeyError for an unknown platform."""
    medium: Medium = _markup(platform).MEDIUM
    return medium


def medium_at(chat: ChatAddress, settings: Settings) -> Medium:
    """Returns the medium of a chat, whose platform may be off. Raises KeyError for an unknown platform."""
    if addresses.facts_of(chat.platform).formats_differ and settings.is_on(chat.platform):
        return adapter_of(PLATFORMS[chat.platform]).medium_at(settings, chat)
    return medium_of(chat.platform)


def look_of(platform: str) -> Look | None:
    """Returns the Look of a platform's messages; None if they cannot be drawn. Raises KeyError for an unknown platform."""
    return getattr(_markup(platform), "LOOK", None)


def _markup(platform: str) -> ModuleType:
    return import_module(PLATFORMS[platform].replace(".adapter", ".markup"))
