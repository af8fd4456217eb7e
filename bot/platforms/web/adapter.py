"""The platform API of the web. Each chat has one person, so there are no members or admins to look up."""

import json
import secrets
from typing import TextIO

from bot.platform import Platform, PlatformSurroundings, file_too_large
from bot.platforms.web import WEB
from bot.platforms.web.markup import MEDIUM
from bot.platforms.web.outgoing import WebChannel, WebForms
from bot.platforms.web.pages import ChatPages
from bot.platforms.web.playground import Finds, Playground
from bot.ports.channel import Channel, Clock, File
from bot.ports.conversation import PlatformApi
from bot.settings import Settings
from subscriptions.errors import Rejected, RetryLater, StoreError
from subscriptions.model import ChatAddress


class WebApi(PlatformApi):
    """See PlatformApi. Each person manages only their own chat."""

    platform = WEB.name

    def __init__(self, channel: WebChannel) -> None:
        self._channel = channel

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi."""
        self._channel.hub.acknowledge(callback_id, words)

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        data = self._channel.hub.files.get(file)
        if data is None:
            raise Rejected("The file is gone. Send it again.")
        if len(data) > most:
            raise file_too_large(most)
        return data

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See PlatformApi. The message holds the document; the page shows a link to it."""
        kept = json.dumps({"text": "", "file": {"name": file.name, "text": file.text}}, ensure_ascii=False)
        try:
            return str(await self._channel.say(chat, kept, key=f"file:{secrets.token_hex(16)}"))
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error


# ---------------------------------------------------------------- the adapter of the web, a platform that is always on

# its chats are pages of this very process.


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
        Finds(around.store, around.clock).page(),
        Playground(around.store, around.clock).page(),
    )
    forms = WebForms(channel.hub)
    return Platform(facts=WEB, channel=channel, medium=MEDIUM, api=WebApi(channel), forms=forms, pages=pages)
