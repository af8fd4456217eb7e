"""settings, set: show and change the settings of one chat."""

import shlex
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli._options import ChatOption, Json, Now
from bot.cli._queries import TERMINAL_LANGUAGE
from bot.cli._session import open_session
from bot.cli._streams import json_time, print_json, print_line, print_reply
from bot.cli._tables import print_table
from bot.commands.phrasing.setting_words import setting_changed, value_of
from subscriptions.chat_settings import SETTINGS, setting_name
from subscriptions.escaping import escaped
from subscriptions.model import Chat
from subscriptions.service.subscriptions import get_chat, set_setting
from subscriptions.zones import zone_of_place


def settings(*, chat: ChatOption, json: Json = False) -> int:
    """Show all settings of a chat, and which of them it chose."""
    with open_session() as session:
        stored_chat = get_chat(session.store, session.address(chat))
    if json:
        print_json(_document(stored_chat))
    else:
        _show(stored_chat)
    return 0


def _document(chat: Chat) -> dict[str, object]:
    """Returns what `settings --json` prints (docs/commands.md). Values are written as `set` takes them."""
    return {
        "chat": str(chat.address),
        "title": chat.title,
        "kind": chat.kind.value,
        "state": chat.state.value,
        "paused_until": json_time(chat.paused_until),
        "settings": {name: value_of(chat.settings, name) for name in SETTINGS},
        "chosen": [name for name in SETTINGS if name in chat.chosen],
    }


def _show(chat: Chat) -> None:
    print_line(" · ".join(filter(None, (str(chat.address), chat.title, chat.kind.value, chat.state.value))))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("setting", "value", ""):
        table.add_column(name, no_wrap=True)
    for name in SETTINGS:
        mark = "chosen" if name in chat.chosen else ""
        table.add_row(name, Text(escaped(value_of(chat.settings, name))), mark)
    print_table(table)


def set_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="timezone, lang, text, limit, quiet, …")],
    value: Annotated[list[str], typer.Argument(metavar="VALUE", help="What it is to be; all or off switch one off.")],
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Set one of a chat's settings."""
    said = " ".join(value)
    with open_session(now) as session:
        address = session.address(chat)
        setting = setting_name(name)
        named = zone_of_place(said) if setting == "timezone" else None
        before = get_chat(session.store, address)
        after = set_setting(session.store, address, setting, named or said, now=session.now)
    old, new = value_of(before.settings, setting), value_of(after.settings, setting)
    if json:
        print_json({"chat": str(after.address), "setting": setting, "value": new, "before": old, "changed": old != new})
        return 0
    print_reply(setting_changed(setting, before, after, TERMINAL_LANGUAGE))
    if old != new:
        print_line(f"  Undo: {shlex.join(['paperwire', 'set', setting, *old.split(), '--as', str(address)])}")
    return 0
