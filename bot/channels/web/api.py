"""The platform API of the web. Each chat has one person, so there are no members or admins to look up."""

import json
import secrets

from bot.channels.web.facts import WEB
from bot.channels.web.outbound import WebChannel
from bot.ports.conversation import Place, Request
from bot.ports.reply import File
from subscriptions.errors import Rejected, RetryLater, StoreError
from subscriptions.model import ChatAddress, Message


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
