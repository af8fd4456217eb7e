"""The adapter of the web, a platform that is always on. Its pages are in bot/pages, which this process itself serves."""

import json
import secrets
from typing import TextIO

from bot.platform import Platform, PlatformSurroundings
from bot.platforms.web import FACTS, markup
from bot.platforms.web.channel import WebChannel
from bot.ports import channel as channels
from bot.ports.attached import file_too_large
from bot.ports.conversation import PlatformApi
from bot.settings import Settings
from subscriptions.errors import Rejected
from subscriptions.model import ChatAddress


class WebApi(PlatformApi):
    """See PlatformApi. Each person manages only their own chat."""

    def __init__(self, channel: WebChannel) -> None:
        self._channel = channel

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi. Passes the words to the page that sent the press, if it still waits."""
        toast = self._channel.toasts.get(callback_id)
        if toast is not None and not toast.done():
            toast.set_result(words)

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        data = self._channel.files.get(file)
        if data is None:
            raise Rejected("The file is gone. Send it again.")
        if len(data) > most:
            raise file_too_large(most)
        return data

    async def send_file(self, chat: ChatAddress, file: channels.File) -> str:
        """See PlatformApi. The message contains the document, and the page shows a link to it."""
        kept = json.dumps({"text": "", "file": {"name": file.name, "text": file.text}}, ensure_ascii=False)
        with channels.store_outcomes():
            return str(await self._channel.say(chat, kept, key=f"file:{secrets.token_hex(16)}"))


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del settings, out
    return WebChannel(clock)


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, WebChannel)  # noqa: S101 - made by `connect`
    channel.open(around.store)
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=markup.MEDIUM,
        api=WebApi(channel),
        lets_choose_names=around.settings.lets_choose_names,
    )
