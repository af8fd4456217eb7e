"""What the bot does on Telegram: its channel (sendMessage, editMessageText), its API, its menus and descriptions.

Telegram has no idempotency key, and a bot cannot read its own messages. So a post whose answer was lost stays Unclear, and
PAPERWIRE_ON_UNCLEAR decides what happens then. Telegram shows the menu of the narrowest scope, then that of the client's
language; other languages see English (core.telegram.org/bots/api#setmycommands).
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot.commands.context import Command
from bot.platform import Speakers, file_too_large
from bot.platforms.telegram.client import Client, MessageArguments, open_message
from bot.platforms.telegram.errors import FileTooLarge, PersonNotFound
from bot.platforms.telegram.incoming import place_of
from bot.ports.channel import Channel, File, Limits
from bot.ports.conversation import Place, PlatformApi
from subscriptions.cutting import cut_letters
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Refused, Rejected, RetryLater, Sentence
from subscriptions.model import ChatAddress, Message

_MANAGING = frozenset({"creator", "administrator"})
_TOAST = 200  # characters of an answer to a callback query (telegram.constants)
_HANDED_OUT = 20 << 20  # bytes of a file that Telegram hands out to bots
_NOT_HANDED_OUT = Refused(
    Sentence(
        "Telegram hands out files of up to {most} MB to bots, and this one is larger.", {"most": _HANDED_OUT >> 20}
    ),
    Sentence("Export the library without abstracts and notes, or a part of it."),
)


class TelegramApi(PlatformApi):
    """See PlatformApi. It shares the connections of the channel of the same token."""

    platform = "telegram"

    def __init__(self, client: Client) -> None:
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
            raise (file_too_large(most) if most < _HANDED_OUT else _NOT_HANDED_OUT) from error
        size, path = found.get("file_size"), found.get("file_path")
        if isinstance(size, int) and size > most:
            raise file_too_large(most)
        if not isinstance(path, str) or path.startswith("/"):  # a path on the disk of another Bot API server
            raise Rejected("Telegram does not hand out this file.")
        data = await self._client.download(path)
        if len(data) > most:
            raise file_too_large(most)
        return data


log = logging.getLogger("paperwire")

MOST, LONGEST = 100, 256  # commands of a menu; characters of the description of one
DESCRIPTION, SHORT = 512, 120  # characters

_DESCRIPTION = Sentence(
    "I tell you when papers appear that you care about: send me words, an author or a category, and I bring the new "
    "papers that fit, at the time you choose. Try: diffusion -survey"
)
_SHORT = Sentence("New research papers that fit your words, at the time you choose.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """The commands that Telegram shows in one scope and one language."""

    scope: str  # a BotCommandScope without parameters
    language: str  # of the client, two letters; "": all other languages
    commands: tuple[tuple[str, str], ...]  # (name, what it does)


def menus_of(commands: Sequence[Command], speakers: Speakers) -> tuple[Menu, ...]:
    """Returns all menus. `speakers` are the translators by language, English under "".

    Administrators of a group see all commands, other members only those that change nothing.
    """
    everything = [command for command in commands if command.listed and not command.needs_operator]
    harmless = [command for command in everything if not command.needs_manager]
    scopes = {
        "default": harmless,
        "all_private_chats": everything,
        "all_group_chats": harmless,
        "all_chat_administrators": everything,
    }
    return tuple(
        Menu(scope=scope, language=language, commands=tuple(_shown(command, say) for command in shown[:MOST]))
        for scope, shown in scopes.items()
        for language, say in speakers.items()
    )


def _shown(command: Command, say: Callable[[Sentence], str]) -> tuple[str, str]:
    return command.name, say(command.summary)[:LONGEST]


async def publish_menus(client: Client, commands: Sequence[Command], speakers: Speakers) -> None:
    """Sets the menus and descriptions that differ from those that Telegram has. Logs errors and raises none."""
    try:
        for menu in menus_of(commands, speakers):
            await _set_menu(client, menu)
        for language, say in speakers.items():
            await _set_words(client, "Description", "description", language, say(_DESCRIPTION)[:DESCRIPTION])
            await _set_words(client, "ShortDescription", "short_description", language, say(_SHORT)[:SHORT])
    except NotDelivered as error:
        log.warning("The menus of commands on Telegram stay as they were: %s", error.reason)


async def _set_menu(client: Client, menu: Menu) -> None:
    where = {"scope": {"type": menu.scope}, "language_code": menu.language or None}
    wanted = [{"command": name, "description": words} for name, words in menu.commands]
    if await client.call("getMyCommands", **where) != wanted:
        await client.call("setMyCommands", commands=wanted, **where)


async def _set_words(client: Client, method: str, field: str, language: str, words: str) -> None:
    where = {"language_code": language or None}
    shown = await client.call_for_object(f"getMy{method}", **where)
    if shown.get(field) != words:
        await client.call(f"setMy{method}", **{field: words}, **where)


DEFAULT_API_URL = "https://api.telegram.org"


class TelegramChannel(Channel):
    """The channel of one bot token.

    `api_url` is the root of the server ("/bot<token>/METHOD" is appended). `connect` and `read` are seconds to wait for
    a connection and for an answer; with a short `read`, slow answers become Unclear. At most `in_flight` requests run at
    the same time; a request that waits for a free connection in vain was certainly not sent.
    """

    platform = "telegram"
    not_found = "Telegram does not let a bot look for its messages."
    adapter = "bot.platforms.telegram.adapter"  # the module that builds the platform
    # Telegram allows thirty a second (core.telegram.org/bots/faq); 28 leaves room for sends that the network bunches up.
    limits = Limits(text=4096, per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3)

    def __init__(
        self,
        token: str | SecretStr,
        *,
        api_url: str = DEFAULT_API_URL,
        connect: float = 5,
        read: float = 20,
        in_flight: int = 40,
    ) -> None:
        secret = token.get_secret_value() if isinstance(token, SecretStr) else token
        self._client = Client(secret, api_url, connect=connect, read=read, in_flight=in_flight)
        self._closed = False

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel. Ignores `delivery`, which Telegram cannot carry; with `thread` it replies to that message."""
        del delivery
        post = self._open(message, plain=plain)
        if chat.topic and not chat.topic.isdecimal():
            raise ChatGone("A topic of Telegram has a number.", "topic")
        topic = int(chat.topic) if chat.topic else None
        return await self._client.send(chat.address, topic, post, _number(thread) if thread else None)

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = self._open(message, plain=plain)
        await self._client.edit(chat.address, _number(message_id), post)

    async def identity(self) -> str:
        """See Channel. Returns the bot's user id."""
        me, _ = await self.api().get_me()
        return me

    @property
    def client(self) -> Client:
        """The client of this token, for receivers."""
        return self._client

    def api(self) -> TelegramApi:
        """Returns the platform API of the same token."""
        return TelegramApi(self._client)

    async def close(self) -> None:
        """See Channel."""
        self._closed = True
        await self._client.close()

    def _open(self, message: Message, *, plain: bool) -> MessageArguments:
        """Returns the message's content, read before anything is sent. Raises Rejected, RetryLater."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        return open_message(message, plain=plain)


def _number(message_id: str) -> int:
    if not message_id.isdecimal():
        raise Rejected("A message of Telegram has a number.")
    return int(message_id)
