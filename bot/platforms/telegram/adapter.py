"""The adapter of Telegram: its channel and limits, who manages a chat, files, menus and descriptions.

Telegram has no idempotency key, and a bot cannot read its own messages. So a post whose response was lost stays
Unclear, and PAPERWIRE_ON_UNCLEAR decides what happens.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from telegram import InputFile

from bot import pace
from bot.clock import Clock
from bot.messages import File, Place, file_too_large
from bot.platforms.base import Directory, Given, Listener, MenuCommand, OnBotName, Operated
from bot.platforms.telegram import FACTS
from bot.platforms.telegram.client import LARGEST, Client, FileTooLarge, PersonNotFound
from bot.platforms.telegram.incoming import LongPolling, place_of
from bot.platforms.telegram.markup import RENDERER, open_message
from subscriptions.errors import NotFound, PaperwireError, Refused, Sentence, SettingsError
from subscriptions.language import Language
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.outcomes import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, Unclear
from subscriptions.text.cutting import cut_letters

log = logging.getLogger("paperwire")

_MANAGING = frozenset({"creator", "administrator"})
_TOAST = 200  # characters of the answer to a callback query (core.telegram.org/bots/api#answercallbackquery)
_GENERAL = "1"  # a forum's topic General: if this id is sent, the server returns "message thread not found"
_LOOK_SECONDS = 8.0  # seconds to wait for a description of a chat
# language of a client, "" for all others → language of its menus
_MENUS = {"": Language("en", "UTC"), "zh": Language("zh", "UTC")}
_COMMANDS, _SUMMARY = 100, 256  # commands in a menu; characters of what one does
_DESCRIPTION = Sentence(
    "I tell you when papers appear that you care about: send me words, an author or a category, and I bring the new "
    "papers that fit, at the time you choose. Try: diffusion -survey"
)
_TOO_LARGE = Refused(
    Sentence("Telegram gives bots files of up to {most} MB, and this one is larger.", {"most": LARGEST >> 20}),
    Sentence("Export the library without abstracts and notes, or a part of it."),
)
_SHORT = Sentence("New research papers that fit your words, at the time you choose.")


class TelegramPlatform(Listener, Directory, Operated):
    """The channel of one bot token."""

    facts = FACTS
    renderer = RENDERER
    # Telegram allows 30 per second (core.telegram.org/bots/faq). 28 leaves a margin, since the network may bunch up requests.
    limits = pace.Limits(per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3)

    def __init__(self, client: Client) -> None:
        self.client = client
        self.token_identity = client.bot_id

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform. Ignores `delivery`, which Telegram cannot store. With `thread`, replies to that message."""
        del delivery
        shown, is_silent = open_message(message, plain=plain)
        reply = {"message_id": int(thread), "allow_sending_without_reply": True} if thread else None
        sent = await self.client.post(
            "sendMessage",
            **shown,
            **_where(chat),
            disable_notification=is_silent,
            reply_parameters=reply,
        )
        match sent:  # nothing else of it is read, so that no error there hides a success
            case {"message_id": int(number)}:
                return str(number)
            case _:
                raise Unclear("Telegram gave no answer that can be read; it may have the message.")

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Platform."""
        shown, _ = open_message(message, plain=plain)
        try:
            await self.client.post("editMessageText", **shown, chat_id=chat.address, message_id=int(message_id))
        except Rejected as error:
            if "message is not modified" not in error.reason.lower():
                raise

    async def identity(self) -> str:
        """See Platform. Returns the bot's user id."""
        return str((await self.client.ask_for_object("getMe")).get("id", ""))

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See Platform. Returns None if Telegram does not show the person to the bot."""
        del member_suffices, in_chat  # on Telegram only administrators manage a group
        try:
            member = await self._member(chat.address, person)
        except PersonNotFound:
            return False
        except (Rejected, ChatGone):
            return None
        return member.get("status") in _MANAGING

    async def _member(self, address: str, person: str) -> dict[str, Any]:
        """Return the ChatMember of a person. If the group became a supergroup, uses its new id."""
        try:
            return await self.client.ask_for_object("getChatMember", chat_id=address, user_id=person)
        except ChatMoved as moved:
            return await self.client.ask_for_object("getChatMember", chat_id=moved.address, user_id=person)

    async def find_chat(self, name: str) -> Place | None:
        """See Platform."""
        try:
            return await self.get_chat(name)
        except (ChatGone, Rejected):
            return None

    async def get_chat(self, name: str) -> Place:
        """Like `find_chat`, but raises ChatGone or Rejected if the bot cannot see such a chat."""
        chat = await self.client.ask_for_object("getChat", chat_id=name)
        try:
            return place_of(chat)
        except (KeyError, TypeError, ValueError):
            raise RetryLater("Telegram gave no answer that can be read.") from None

    async def acknowledge(self, callback_id: str, text: str = "") -> None:
        """See Platform. Cuts a text that is too long."""
        short = cut_letters(text, _TOAST)
        with suppress(NotDelivered):
            await self.client.ask("answerCallbackQuery", callback_query_id=callback_id, text=short or None)

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See Platform."""
        document = InputFile(file.text.encode(), file.name)
        sent = await self.client.post("sendDocument", document=document, **_where(chat), disable_notification=True)
        return str(sent.get("message_id", "")) if isinstance(sent, dict) else ""

    async def fetch(self, file: str, most: int) -> bytes:
        """See Platform."""
        try:
            found = await self.client.ask_for_object("getFile", file_id=file)
        except FileTooLarge:
            raise file_too_large(most) if most < LARGEST else _TOO_LARGE from None
        size, path = found.get("file_size"), found.get("file_path")
        if isinstance(size, int) and size > most:
            raise file_too_large(most)
        if not isinstance(path, str) or path.startswith("/"):  # a file path on the machine of another Bot API server
            raise Rejected("Telegram does not hand out this file.")
        return await self.client.download(path)

    async def publish_commands(self, commands: Sequence[MenuCommand]) -> None:
        """See Platform. Sets the menu of commands and the descriptions of the bot, where Telegram shows others.

        A client in any other language than Chinese shows the ones of the language "", which are English.
        """
        shown = [command for command in commands if command.listed and not command.needs_operator][:_COMMANDS]
        try:
            for language, words in _MENUS.items():
                menu = [{"command": one.name, "description": words.say(one.summary)[:_SUMMARY]} for one in shown]
                spoken = {"language_code": language or None}
                if await self.client.ask("getMyCommands", **spoken) != menu:
                    await self.client.ask("setMyCommands", commands=menu, **spoken)
                for method, field, sentence in (
                    ("Description", "description", _DESCRIPTION),
                    ("ShortDescription", "short_description", _SHORT),
                ):
                    said = {field: words.say(sentence)}
                    if await self.client.ask(f"getMy{method}", **spoken) != said:
                        await self.client.ask(f"setMy{method}", **said, **spoken)
        except NotDelivered as error:
            log.warning("The menus of commands on Telegram stay as they were: %s", error.reason)

    def receivers(self, clock: Clock, on_bot_name: OnBotName) -> Sequence[LongPolling]:
        """See Platform."""
        return (LongPolling(self.client, clock, on_bot_name=on_bot_name),)

    async def resolve(self, address: ChatAddress) -> ChatAddress:
        """See Platform. Replaces `telegram:@name` with the chat's id."""
        name = address.address
        try:
            found = await self.get_chat(name)
        except ChatGone:
            raise NotFound(
                f"The bot sees no Telegram chat {name}.", "Add the bot to it, or name the chat by its id."
            ) from None
        except NotDelivered as error:
            raise PaperwireError(
                f"Telegram cannot be asked about {name}: {error.reason.rstrip('.')}.",
                "Try again later, or run `paperwire check`.",
            ) from None
        return ChatAddress(FACTS.name, found.chat.address, address.topic)

    async def describe(self, address: ChatAddress) -> tuple[str, ChatKind | None]:
        """See Platform. Asks Telegram, because the id alone does not distinguish a channel from a group."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                found = await self.get_chat(address.address)
                return found.title or address.address, found.kind
        except (NotDelivered, TimeoutError):
            return "", None

    async def close(self) -> None:
        """See Platform."""
        await self.client.close()


def _where(chat: ChatAddress) -> dict[str, Any]:
    """Return the arguments that say where to post. Raise ChatGone."""
    if chat.topic and not chat.topic.isdecimal():
        raise ChatGone("A topic of Telegram has a number.", "topic")
    return {"chat_id": chat.address, "message_thread_id": int(chat.topic) if chat.topic not in ("", _GENERAL) else None}


def connect(given: Given) -> TelegramPlatform:
    """See bot.platforms.connect. Raises SettingsError if the proxy cannot be used."""
    settings = given.settings
    assert settings.telegram_token is not None  # noqa: S101 - without it the platform is off
    try:
        return TelegramPlatform(Client(settings.telegram_token.get_secret_value(), settings.telegram_api_url))
    # the library's message about an unusable proxy would repeat its address, which may contain a password
    except (RuntimeError, ValueError, ImportError):
        names = [name for name in os.environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")]
        name = ", ".join(sorted(names)) or "ALL_PROXY"
        raise SettingsError(f"{name} names no proxy that can be used", "Write http://HOST:PORT.") from None
