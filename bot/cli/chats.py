"""settings and forget: what is kept of one chat."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import ChatOption, Json
from bot.cli._streams import json_time, print_json, print_line, print_table, printable
from bot.errors import WrongUsage
from subscriptions.errors import Sentence

if TYPE_CHECKING:
    from collections.abc import Collection

    from subscriptions.model import Chat


def settings(*, chat: ChatOption, json: Json = False) -> int:
    """Show all settings of a chat, and which of them it chose."""
    from bot.cli._session import open_session
    from subscriptions.service.subscriptions import chosen_settings, get_chat

    with open_session() as session:
        there = get_chat(session.store, session.address(chat))
        chosen = chosen_settings(session.store, there.address)
    if json:
        print_json(_document(there, chosen))
    else:
        _show(there, chosen)
    return 0


def _document(chat: "Chat", chosen: "Collection[str]") -> dict[str, object]:
    """What `settings --json` prints (docs/commands.md); values are as `set` takes them."""
    from bot.commands.phrasing.setting_words import value_of
    from subscriptions.chat_settings import SETTINGS

    return {
        "chat": str(chat.address),
        "title": chat.title,
        "kind": chat.kind.value,
        "state": chat.state.value,
        "paused_until": json_time(chat.paused_until),
        "settings": {name: value_of(chat.settings, name) for name in SETTINGS},
        "chosen": [name for name in SETTINGS if name in chosen],
    }


def _show(chat: "Chat", chosen: "Collection[str]") -> None:
    from rich.table import Table
    from rich.text import Text

    from bot.commands.phrasing.setting_words import value_of
    from subscriptions.chat_settings import SETTINGS

    print_line(" · ".join(filter(None, (str(chat.address), chat.title, chat.kind.value, chat.state.value))))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("setting", "value", ""):
        table.add_column(name, no_wrap=True)
    for name in SETTINGS:
        mark = "chosen" if name in chosen else ""
        table.add_row(name, Text(printable(value_of(chat.settings, name))), mark)
    print_table(table)


def forget(
    *,
    chat: ChatOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is only said what would go.")] = False,
    json: Json = False,
) -> int:
    """Erase a chat with its subscriptions, its settings and what it was told. It cannot be undone."""
    from bot.cli._queries import TERMINAL_LANGUAGE
    from bot.cli._session import open_session
    from bot.commands.phrasing.erasure_words import erased, would_erase
    from subscriptions.service.chats import forget as erase
    from subscriptions.service.subscriptions import get_chat, listed

    with open_session() as session:
        address = get_chat(session.store, session.address(chat)).address
        if not yes:
            what = would_erase(len(listed(session.store, address)), str(address), TERMINAL_LANGUAGE)
            raise WrongUsage(
                Sentence("{what} It cannot be undone.", {"what": what}),
                Sentence("To do it, add --yes; paperwire export --as {chat} keeps a copy.", {"chat": str(address)}),
            )
        gone = erase(session.store, address)
    if json:
        print_json({"chat": str(address), "subscriptions": gone.subscriptions, "papers": gone.papers})
    else:
        print_line(f"✓ {erased(gone, TERMINAL_LANGUAGE)}")
    return 0
