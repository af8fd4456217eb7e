"""The adapter of the web, a platform that is always on: its chats are pages of this very process."""

from typing import TextIO

from bot.channels.web.api import WebApi
from bot.channels.web.facts import WEB
from bot.channels.web.form_pages import FormPages
from bot.channels.web.forms import WebForms
from bot.channels.web.outbound import WebChannel
from bot.channels.web.pages import ChatPages
from bot.channels.web.playground import Playground
from bot.platform import Platform, PlatformSurroundings
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.settings import Settings
from subscriptions.model import ChatAddress, ChatKind


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    """See PlatformAdapter."""
    del settings, out
    return WebChannel(clock)


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, WebChannel)  # noqa: S101 - as `connect` made it
    channel.open(around.store)
    pages = (
        *ChatPages(channel, around.store).all(),
        *FormPages(channel, around.store).all(),
        Playground(around.store, around.clock).page(),
    )
    forms = WebForms(channel.hub)
    return Platform(facts=WEB, channel=channel, api=WebApi(channel), forms=forms, pages=pages)


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter."""
    del settings, owner
    return address


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter."""
    del settings, address
    return "", None
