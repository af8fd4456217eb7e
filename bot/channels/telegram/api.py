"""Chats of the Bot API as places (core.telegram.org/bots/api#chat)."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bot.channels.telegram.bot_api.payload import FileTooLarge, PersonNotFound
from bot.ports.conversation import Place, Request
from bot.ports.reply import File, usable_text
from subscriptions.cutting import cut_letters
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Refused, Rejected, RetryLater, Sentence
from subscriptions.model import ChatAddress, ChatKind, Message

if TYPE_CHECKING:
    from bot.channels.telegram.bot_api.client import Client

_KINDS = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.BROADCAST,
}


def place_of(chat: Mapping[str, Any], topic: str = "") -> Place:
    """Returns the Place of a chat of the Bot API."""
    name = chat.get("title") or " ".join(part for part in (chat.get("first_name"), chat.get("last_name")) if part)
    kind = _KINDS.get(str(chat.get("type")), ChatKind.GROUP)
    return Place(
        chat=ChatAddress("telegram", str(int(chat["id"])), topic),
        kind=kind,
        title=usable_text(name),
        public=kind is not ChatKind.PRIVATE and bool(chat.get("username")),
        is_forum=bool(chat.get("is_forum")),
        is_linked=bool(chat.get("linked_chat_id")),
    )


# ---------------------------------------------------------------------------------------------------------------------
# The platform API of Telegram: administrators, chats, callbacks and documents.


_MANAGING = frozenset({"creator", "administrator"})
_TOAST = 200  # characters of an answer to a callback query (telegram.constants)


class TelegramApi:
    """See PlatformApi. It shares the connections of the channel of the same token."""

    platform = "telegram"
    has_ephemeral = False

    def __init__(self, client: "Client") -> None:
        self._client = client

    async def get_me(self) -> tuple[str, str]:
        """Returns (id, name without @) of the bot. Raises NotDelivered."""
        me = await self._client.call_for_object("getMe")
        return str(me.get("id", "")), str(me.get("username") or "")

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi. Returns None for a person whom Telegram does not show to the bot."""
        del member_suffices, in_chat  # on Telegram only administrators manage a group
        try:
            member = await self._member(chat.address, person)
        except PersonNotFound:
            return False
        except (Rejected, ChatGone):
            return None
        return member.get("status") in _MANAGING

    async def _member(self, address: str, person: str) -> dict[str, Any]:
        """Returns the ChatMember of a person. If the group became a supergroup, asks at its new id."""
        try:
            return await self._client.call_for_object("getChatMember", chat_id=address, user_id=person)
        except ChatMoved as moved:
            return await self._client.call_for_object("getChatMember", chat_id=moved.address, user_id=person)

    async def find_chat(self, name: str) -> Place | None:
        """See PlatformApi."""
        try:
            return await self.get_chat(name)
        except (ChatGone, Rejected):
            return None

    async def get_chat(self, name: str) -> Place:
        """Like `find_chat`, but raises ChatGone or Rejected if there is no chat that the bot can see."""
        chat = await self._client.call_for_object("getChat", chat_id=name)
        try:
            return place_of(chat)
        except (KeyError, TypeError, ValueError):
            raise RetryLater("Telegram gave no answer that can be read.") from None

    async def enrich(self, request: Request, *, changes: bool) -> Request:
        """See PlatformApi. Returns the request unchanged, since updates of Telegram are complete."""
        del changes
        return request

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
        """See PlatformApi. Always raises Rejected, since Telegram has no ephemeral messages."""
        del chat, person, message, response_url, replaces, plain
        raise Rejected("Telegram shows no message to one person of many.")

    async def acknowledge(self, callback_id: str, text: str = "") -> None:
        """See PlatformApi. Cuts a text that is too long."""
        short = cut_letters(text, _TOAST)
        with suppress(NotDelivered):
            await self._client.call("answerCallbackQuery", callback_query_id=callback_id, text=short or None)

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See PlatformApi."""
        topic = int(chat.topic) if chat.topic.isdecimal() else None
        return await self._client.send_file(chat.address, topic, file.name, file.text.encode())

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        try:
            found = await self._client.call_for_object("getFile", file_id=file)
        except FileTooLarge as error:
            raise _too_large(most) from error
        size, path = found.get("file_size"), found.get("file_path")
        if isinstance(size, int) and size > most:
            raise _too_large(most)
        if not isinstance(path, str) or path.startswith("/"):  # a path on the disk of another Bot API server
            raise Rejected("Telegram does not hand out this file.")
        data = await self._client.download(path)
        if len(data) > most:
            raise _too_large(most)
        return data


def _too_large(most: int) -> Refused:
    return Refused(Sentence("The file is larger than {most} KB.", {"most": most // 1024}))
