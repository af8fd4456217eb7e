"""The platform API of the web. Each chat has one person, so there are no members or admins to look up."""

import json
import secrets
from typing import TextIO

from bot.platform import Platform, PlatformSurroundings
from bot.platforms.web import WEB
from bot.platforms.web.markup import MEDIUM
from bot.platforms.web.outgoing import WebChannel, WebForms
from bot.platforms.web.pages import ChatPages, FormPages
from bot.platforms.web.playground import Playground
from bot.ports.channel import Channel, Clock
from bot.ports.conversation import Place, Request
from bot.ports.reply import File
from bot.settings import Settings
from subscriptions.errors import Rejected, RetryLater, StoreError
from subscriptions.model import ChatAddress, ChatKind, Message


class WebApi:
    """See PlatformApi."""

    platform = WEB.name
    has_ephemeral = False

    def __init__(self, channel: WebChannel) -> None:
        self._channel = channel

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi. Each person manages only their own chat."""
        del member_suffices, in_chat
        return chat.address == person

    async def enrich(self, request: Request, *, changes: bool) -> Request:
        """See PlatformApi. Our own page already sends everything."""
        del changes
        return request

    async def find_chat(self, name: str) -> Place | None:
        """See PlatformApi. No one may see the chat of another person."""
        del name
        return None

    async def post_ephemeral(
        self,
        chat: ChatAddress,
        person: str,
        message: Message | None,
        *,
        response_url: str,
        replaces: bool,
        plain: bool = False,
    ) -> None:
        """See PlatformApi. Always raises Rejected: a chat has one reader."""
        del chat, person, message, response_url, replaces, plain
        raise Rejected("The web shows no message to one person of many.")

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi."""
        self._channel.hub.acknowledge(callback_id, words)

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See PlatformApi. The message holds the document; the page shows a link to it."""
        kept = json.dumps({"text": "", "file": {"name": file.name, "text": file.text}}, ensure_ascii=False)
        try:
            return str(await self._channel.say(chat, kept, key=f"file:{secrets.token_hex(16)}"))
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi. Always raises Rejected: the page sends no documents."""
        del file, most
        raise Rejected("The web takes no documents.")


# ---------------------------------------------------------------------------------------------------------------------
# The adapter of the web, a platform that is always on: its chats are pages of this very process.


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
    return Platform(facts=WEB, channel=channel, medium=MEDIUM, api=WebApi(channel), forms=forms, pages=pages)


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter."""
    del settings, owner
    return address


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter."""
    del settings, address
    return "", None
