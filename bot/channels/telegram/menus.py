"""The menus of commands and the descriptions of the bot that Telegram shows.

Menus: core.telegram.org/bots/api#setmycommands. Telegram shows the menu of the narrowest scope, then that of the client's
language; other languages see English.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.channels.telegram.bot_api.client import Client
from bot.ports.reply import MenuCommand
from subscriptions.errors import NotDelivered, Sentence

log = logging.getLogger("paperwire")

MOST, LONGEST = 100, 256  # commands of a menu; characters of the description of one
DESCRIPTION, SHORT = 512, 120  # characters

_DESCRIPTION = Sentence(
    "I tell you when papers appear that you care about: send me words, an author or a category, and I bring the new "
    "papers that fit, at the time you choose. Try: diffusion -survey"
)
_SHORT = Sentence("New research papers that fit your words, at the time you choose.")


class MenuTranslator(Protocol):
    """Translates sentences to one language."""

    def __call__(self, sentence: Sentence, /) -> str:
        """The translated sentence with its values filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """The commands that Telegram shows in one scope and one language."""

    scope: str  # a BotCommandScope without parameters
    language: str  # of the client, two letters; "": all other languages
    commands: tuple[tuple[str, str], ...]  # (name, what it does)


def menus_of(commands: Sequence[MenuCommand], speakers: Mapping[str, MenuTranslator]) -> tuple[Menu, ...]:
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


def _shown(command: MenuCommand, say: MenuTranslator) -> tuple[str, str]:
    return command.name, say(command.summary)[:LONGEST]


async def publish_menus(
    client: Client, commands: Sequence[MenuCommand], speakers: Mapping[str, MenuTranslator]
) -> None:
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
