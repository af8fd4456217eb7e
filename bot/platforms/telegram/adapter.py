"""The adapter of Telegram: rate limits, menus and descriptions, topics, the largest file, one bot token, findings of `paperwire check`.

Telegram has no idempotency key, and a bot cannot read its own messages. So a post whose response was lost stays Unclear, and
PAPERWIRE_ON_UNCLEAR decides what happens. Telegram shows the menu of the narrowest scope, and within that the menu of the client's
language; in other languages the menu is English (core.telegram.org/bots/api#setmycommands).
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TextIO

from bot.commands.context import Command
from bot.dependencies.optional_parts import without
from bot.errors import SettingsError
from bot.platform import (
    CheckResult,
    OnBotName,
    Platform,
    PlatformSurroundings,
    Speakers,
    cannot_be_asked,
    switched_off,
)
from bot.platforms.telegram import FACTS
from bot.platforms.telegram.incoming import place_of
from bot.platforms.telegram.markup import MEDIUM
from bot.ports import channel as channels
from bot.ports.attached import file_too_large
from bot.ports.conversation import Place, PlatformApi, Receiver
from bot.settings import Settings
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, NotFound, Refused, Rejected, RetryLater, Sentence
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.texts.cutting import cut_letters

# saves 10 MB: we do not decrypt passports, as python-telegram-bot can, nor use the command line of httpx
with without("cryptography", "httpx._main"):
    from bot.platforms.telegram.client import Client, FileTooLarge, PersonNotFound
    from bot.platforms.telegram.message_payload import MessageArguments, open_message
    from bot.platforms.telegram.receiving import LongPolling

log = logging.getLogger("paperwire")

DEFAULT_API_URL = "https://api.telegram.org"
_MANAGING = frozenset({"creator", "administrator"})
_TOAST = 200  # characters of the answer to a callback query (telegram.constants)
_HANDED_OUT = 20 << 20  # bytes; Telegram lets bots download files up to this size
_NOT_HANDED_OUT = Refused(
    Sentence("Telegram gives bots files of up to {most} MB, and this one is larger.", {"most": _HANDED_OUT >> 20}),
    Sentence("Export the library without abstracts and notes, or a part of it."),
)


class TelegramApi(PlatformApi):
    """See PlatformApi. Uses the connections of the channel with the same token."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi. Returns None if Telegram does not show the person to the bot."""
        del member_suffices, in_chat  # on Telegram only administrators manage a group
        try:
            member = await self._member(chat.address, person)
        except PersonNotFound:
            return False
        except (Rejected, ChatGone):
            return None
        return member.get("status") in _MANAGING

    async def _member(self, address: str, person: str) -> dict[str, Any]:
        """Returns the ChatMember of a person. If the group became a supergroup, uses its new id."""
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
        """Like `find_chat`, but raises ChatGone or Rejected if the bot cannot see such a chat."""
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

    async def send_file(self, chat: ChatAddress, file: channels.File) -> str:
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
        if not isinstance(path, str) or path.startswith("/"):  # a file path on the machine of another Bot API server
            raise Rejected("Telegram does not hand out this file.")
        data = await self._client.download(path)
        if len(data) > most:
            raise file_too_large(most)
        return data


MOST, LONGEST = 100, 256  # commands in a menu; characters of a command's description
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
    language: str  # the client's language, two letters; "": all other languages
    commands: tuple[tuple[str, str], ...]  # (name, what it does)


def menus_of(commands: Sequence[Command], speakers: Speakers) -> tuple[Menu, ...]:
    """Returns all menus. `speakers` are the translators by language; English has the key "".

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
    """Sets those menus and descriptions that differ from Telegram's. Logs errors instead of raising them."""
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


class TelegramChannel(channels.Channel):
    """The channel of one bot token."""

    platform = "telegram"
    not_found = "Telegram does not let a bot look for its messages."
    adapter = "bot.platforms.telegram.adapter"  # the module that builds the platform
    # Telegram allows 30 per second (core.telegram.org/bots/faq). 28 leaves a margin, since the network may bunch up requests.
    limits = channels.Limits(text=4096, per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3)

    def __init__(self, client: Client) -> None:
        self.client = client
        self._closed = False

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel. Ignores `delivery`, which Telegram cannot store. With `thread`, replies to that message."""
        del delivery
        post = self._open(message, plain=plain)
        if chat.topic and not chat.topic.isdecimal():
            raise ChatGone("A topic of Telegram has a number.", "topic")
        topic = int(chat.topic) if chat.topic else None
        return await self.client.send(chat.address, topic, post, _number(thread) if thread else None)

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = self._open(message, plain=plain)
        await self.client.edit(chat.address, _number(message_id), post)

    async def identity(self) -> str:
        """See Channel. Returns the bot's user id."""
        return (await self.client.get_me())[0]

    async def close(self) -> None:
        """See Channel."""
        self._closed = True
        await self.client.close()

    def _open(self, message: Message, *, plain: bool) -> MessageArguments:
        """Returns the content of a message, checked before anything is sent. Raises Rejected, RetryLater."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        return open_message(message, plain=plain)


def _number(message_id: str) -> int:
    if not message_id.isdecimal():
        raise Rejected("A message of Telegram has a number.")
    return int(message_id)


_LOOK_SECONDS = 8.0  # seconds to wait for a description of a chat


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del clock, out
    return TelegramChannel(_client_of(settings))


def _client_of(settings: Settings) -> Client:
    """Returns the client of the token. Raises SettingsError if there is no token, or if the proxy cannot be used."""
    if settings.telegram_token is None:
        raise switched_off(FACTS)
    try:
        return Client(settings.telegram_token.get_secret_value(), settings.telegram_api_url)
    # the library's message about an unusable proxy would repeat its address
    except (RuntimeError, ValueError, ImportError):
        raise _no_proxy() from None


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, TelegramChannel)  # noqa: S101 - made by `connect`
    token = around.settings.telegram_token
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=MEDIUM,
        api=TelegramApi(channel.client),
        receivers=partial(_receivers, channel, around),
        token_identity=token.get_secret_value().partition(":")[0] if token else "",
        publish_commands=partial(publish_menus, channel.client),
        check=partial(_check_updates, channel.client),
    )


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter. Replaces `telegram:@name` with the chat's id."""
    del owner
    client = _client_of(settings)
    try:
        found = await TelegramApi(client).get_chat(address.address)
    except ChatGone:
        raise NotFound(
            Sentence("The bot sees no Telegram chat {name}.", {"name": address.address}),
            Sentence("Add the bot to it, or name the chat by its id."),
        ) from None
    except NotDelivered as error:
        raise cannot_be_asked(FACTS, address.address, error) from None
    finally:
        await client.close()
    return ChatAddress(FACTS.name, found.chat.address, address.topic)


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter. Asks Telegram, because the id alone does not distinguish a channel from a group."""
    if settings.telegram_token is None:
        return "", None
    client = _client_of(settings)
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            found = await TelegramApi(client).get_chat(address.address)
            return found.title or address.address, found.kind
    except (NotDelivered, TimeoutError):
        return "", None
    finally:
        await client.close()


def _receivers(channel: TelegramChannel, around: PlatformSurroundings, on_bot_name: OnBotName) -> Sequence[Receiver]:
    if around.settings.telegram_token is None:
        return ()
    return (LongPolling(channel.client, around.clock, on_bot_name=on_bot_name),)


def _no_proxy() -> SettingsError:
    """Returns the error for a proxy of an unusable kind. Names only the variable, since the address may contain a password."""
    names = [name for name in os.environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")]
    name = ", ".join(sorted(names)) or "ALL_PROXY"
    return SettingsError(f"{name} names no proxy that can be used", "Write http://HOST:PORT.")


_GROUPS, _UPDATES = "Telegram groups", "Telegram updates"
_PRIVACY_OFF = CheckResult(
    question=_GROUPS,
    answer="privacy mode is off: the bot is shown all that is written there, and needs little of it",
    cure="To switch it on: /setprivacy at @BotFather, then add the bot to its groups again.",
)
_PRIVACY_ON = CheckResult(
    question=_GROUPS,
    answer="privacy mode is on: the bot is shown commands and answers to it, and that is enough",
)


async def _check_updates(client: Client) -> list[CheckResult]:
    """Returns the findings about updates of Telegram: what the bot may see in groups, and how updates arrive."""
    try:
        me = await client.call_for_object("getMe")
        webhook = await client.call_for_object("getWebhookInfo")
    except NotDelivered as error:
        return [CheckResult.unanswered(_UPDATES, error)]
    return [_PRIVACY_OFF if me.get("can_read_all_group_messages") is True else _PRIVACY_ON, _about_polls(webhook)]


def _about_polls(webhook: Mapping[str, Any]) -> CheckResult:
    """Returns the finding about updates that are polled for."""
    if webhook.get("url"):
        return CheckResult(
            question=_UPDATES,
            answer="Telegram sends them to a webhook, and paperwire asks for them",
            cure="paperwire run takes it away, and nothing is lost. If another program set it, give that one its own token.",
            mend=True,
        )
    if waiting := webhook.get("pending_update_count"):
        return CheckResult(
            question=_UPDATES, answer=f"{waiting} wait to be asked for", cure="paperwire run answers them."
        )
    return CheckResult(question=_UPDATES, answer="asked for, none waits")
