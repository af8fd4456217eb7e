"""The parts of each platform: its adapter, which is imported only if the platform is on, and its medium."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TextIO

from bot.platform import Platform
from bot.platforms import PLATFORMS as NAMES
from bot.ports.channel import Clock
from bot.rendering.packing import Medium
from bot.settings import Settings
from subscriptions.store.database.store import Store

# Name -> module of the adapter, which is imported only if the platform is on.
PLATFORMS: Mapping[str, str] = MappingProxyType({name: f"bot.platforms.{name}.adapter" for name in NAMES})


def connect(adapter: str, settings: Settings, store: Store, clock: Clock, out: TextIO) -> Platform:
    """Returns a platform without a call to it; `adapter`: the name of its module. Raises SettingsError.

    This imports the platform's library, so call it only for platforms that are on. `out`: where the console writes.
    """
    platform: Platform = import_module(adapter).connect(settings, store, clock, out)
    return platform


def medium_of(platform: str) -> Medium:
    """Returns the medium of a platform, which may be off. Raises KeyError for an unknown platform."""
    medium: Medium = import_module(PLATFORMS[platform].replace(".adapter", ".markup")).MEDIUM
    return medium
