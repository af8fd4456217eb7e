"""The parts of each platform. Importing this module declares the platforms, so that their addresses can be read."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from bot.platform import PlatformAdapter
from bot.platforms import FACTS
from bot.platforms import PLATFORMS as NAMES
from bot.rendering.appearance import Appearance
from bot.rendering.packing import Medium
from bot.settings import Settings
from subscriptions import addresses
from subscriptions.model import ChatAddress

addresses.declare(*FACTS)

# Name -> module of the adapter, which is imported only if the platform is on.
PLATFORMS: Mapping[str, str] = MappingProxyType({name: f"bot.platforms.{name}.adapter" for name in NAMES})


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


def look_of(platform: str) -> Appearance | None:
    """Returns the Appearance of a platform's messages; None if they cannot be drawn. Raises KeyError for an unknown platform."""
    return getattr(_markup(platform), "LOOK", None)


def _markup(platform: str) -> ModuleType:
    return import_module(PLATFORMS[platform].replace(".adapter", ".markup"))
