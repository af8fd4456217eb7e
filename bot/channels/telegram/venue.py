"""Telegram as a place where people talk: who manages a chat, presses, documents, updates."""

from typing import TYPE_CHECKING, Any

from bot.channels.telegram.inbound import place_of
from bot.ports import File, Place
from subscriptions import ChatAddress, ChatGone, Refused, Rejected, Sentence

if TYPE_CHECKING:
    from bot.channels.telegram._client import Client

_MANAGING = frozenset({"creator", "administrator"})


class TelegramVenue:
    """See Venue. It shares the connections of the sender of the same token."""

    platform = "telegram"

    def __init__(self, client: "Client") -> None:
        self._client = client

    async def me(self) -> tuple[str, str]:
        """(id, name without @) of the bot. Raises NotDelivered."""
        return await self._client.identity()

    async def updates(self, offset: int, *, seconds: int, allowed: tuple[str, ...]) -> list[dict[str, Any]]:
        """Confirms what is older than `offset` and waits for news. Raises NotDelivered."""
        return await self._client.updates(offset, seconds=seconds, allowed=allowed)

    async def manages(self, chat: ChatAddress, person: str) -> bool | None:
        """See Venue. Whom Telegram does not name to the bot is unknown, not refused."""
        try:
            return await self._client.member_status(chat.address, person) in _MANAGING
        except (Rejected, ChatGone) as error:
            return False if "user" in error.reason.lower() else None

    async def place(self, name: str) -> Place | None:
        """See Venue."""
        try:
            return place_of(await self._client.chat(name))
        except (ChatGone, Rejected):
            return None

    async def acknowledge(self, press: str, words: str = "") -> None:
        """See Venue."""
        await self._client.acknowledge(press, words)

    async def send_file(self, chat: ChatAddress, file: File, *, silent: bool = True) -> str:
        """See Venue."""
        return await self._client.send_file(chat.address, chat.topic, file.name, file.text.encode(), silent=silent)

    async def fetch(self, file: str, most: int) -> bytes:
        """See Venue."""
        data = await self._client.fetch(file, most)
        if data is None:
            raise Refused(Sentence("The file is larger than {most} KB.", {"most": most // 1024}))
        return data
