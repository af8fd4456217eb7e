"""The adapter of the console, a platform that is always on and receives no requests."""

from typing import TextIO

from bot.channels.console.facts import CONSOLE
from bot.channels.console.outbound import ConsoleChannel
from bot.platform import Platform, PlatformSurroundings
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.rendering.text.folding import folded
from bot.settings import Settings
from subscriptions.model import ChatAddress, ChatKind


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    """See PlatformAdapter."""
    del settings, clock
    return ConsoleChannel(out, fold=folded)


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    del around
    return Platform(facts=CONSOLE, channel=channel)


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter."""
    del settings, owner
    return address


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter."""
    del settings, address
    return "", None
