"""Rewrites the commands in a reply as they are typed on its platform, which may want a prefix before their names."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

from bot.commands.context import Registry
from bot.ports.channel import HomeView, Modal, Reply
from subscriptions.addresses import command_prefix
from subscriptions.model import ChatAddress


def spell_commands(reply: Reply, chat: ChatAddress, registry: Registry) -> Reply:
    """Returns the reply with each command written as it is typed in that chat.

    Words of a person in the reply are rewritten too if they look like a command, which is rare.
    """
    before = command_prefix(chat)
    if before == "/":
        return reply
    typed = partial(_as_typed, _commands(registry), before)
    return replace(
        reply,
        lines=tuple(typed(line) for line in reply.lines),
        code=tuple(typed(line) for line in reply.code),
        toast=typed(reply.toast),
        buttons=tuple(tuple(replace(button, label=typed(button.label)) for button in row) for row in reply.buttons),
        form_errors={name: typed(words) for name, words in reply.form_errors.items()},
        modal=_modal(reply.modal, typed) if reply.modal else None,
        home_view=_home_view(reply.home_view, typed) if reply.home_view else None,
    )


def _modal(modal: Modal, typed: Callable[[str], str]) -> Modal:
    fields = (replace(one, notes=tuple(typed(note) for note in one.notes)) for one in modal.fields)
    return replace(modal, fields=tuple(fields), fallback=typed(modal.fallback))


def _home_view(view: HomeView, typed: Callable[[str], str]) -> HomeView:
    panels = (replace(one, lines=tuple(typed(line) for line in one.lines)) for one in view.panels)
    return replace(view, panels=tuple(panels), remark=typed(view.remark))


def _as_typed(commands: re.Pattern[str], before: str, text: str) -> str:
    """Rewrites the commands in a text. Of several commands in a row, only the first gets the prefix."""
    return commands.sub(lambda found: before + _BETWEEN.join(_NAME.findall(found[0])), text) if "/" in text else text


_NAME = re.compile(r"/(\w+)")
_BETWEEN = " | "


@lru_cache
def _commands(registry: Registry) -> re.Pattern[str]:
    """Returns a pattern for commands in a row, each with a slash before it and perhaps the bot's name after it."""
    names = sorted(registry.by_name, key=len, reverse=True)
    one = rf"/(?:{'|'.join(map(re.escape, names))})(?![\w/])(?:@\w+)?"
    return re.compile(rf"(?<![\w/@:.<]){one}(?: {one})*")
