"""Commands as people type them where they are: "/sub" on Telegram, "/paperwire sub" on Slack, in its threads "@paperwire sub"."""

import re
from dataclasses import replace
from functools import lru_cache

from bot.platform import slash
from bot.ports.button import Button
from bot.ports.forms import HomeView, Modal
from bot.ports.reply import Reply
from subscriptions.model import ChatAddress


def spelled(reply: Reply, chat: ChatAddress) -> Reply:
    """The reply with its commands as they are typed in that chat. What a person wrote is hardly ever a command of ours."""
    before = slash(chat)
    if before == "/":
        return reply
    return replace(
        reply,
        lines=tuple(_spelled(line, before) for line in reply.lines),
        code=tuple(_spelled(line, before) for line in reply.code),
        toast=_spelled(reply.toast, before),
        buttons=tuple(tuple(_labelled(button, before) for button in row) for row in reply.buttons),
        form_errors={name: _spelled(words, before) for name, words in reply.form_errors.items()},
        modal=_sheet(reply.modal, before) if reply.modal else None,
        home_view=_board(reply.home_view, before) if reply.home_view else None,
    )


def _sheet(sheet: Modal, before: str) -> Modal:
    fields = (replace(one, notes=tuple(_spelled(note, before) for note in one.notes)) for one in sheet.fields)
    return replace(sheet, fields=tuple(fields), fallback=_spelled(sheet.fallback, before))


def _board(board: HomeView, before: str) -> HomeView:
    panels = (replace(one, lines=tuple(_spelled(line, before) for line in one.lines)) for one in board.panels)
    return replace(board, panels=tuple(panels), remark=_spelled(board.remark, before))


def _labelled(button: Button, before: str) -> Button:
    return replace(button, label=_spelled(button.label, before))


def _spelled(text: str, before: str) -> str:
    """Of several commands side by side the first has what stands before all."""
    return _commands().sub(lambda found: before + _BETWEEN.join(_NAME.findall(found[0])), text) if "/" in text else text


_NAME = re.compile(r"/(\w+)")
_BETWEEN = " | "


@lru_cache
def _commands() -> re.Pattern[str]:
    """Every command behind its slash, and the bot's name that groups of Telegram want behind it."""
    from bot.commands.registry import COMMANDS  # noqa: PLC0415 - the registry imports every family

    names = sorted({name for command in COMMANDS for name in (command.name, *command.aliases)}, key=len, reverse=True)
    one = rf"/(?:{'|'.join(map(re.escape, names))})(?![\w/])(?:@\w+)?"
    return re.compile(rf"(?<![\w/@:.<]){one}(?: {one})*")
