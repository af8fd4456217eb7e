"""Commands as people type them where they are: "/sub" on Telegram, "/paperwire sub" on Slack, in its threads "@paperwire sub"."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

from bot.commands.core.context import Registry
from bot.ports.forms import HomeView, Modal
from bot.ports.reply import Reply
from subscriptions.model import ChatAddress
from subscriptions.platforms import command_prefix


def spell_commands(reply: Reply, chat: ChatAddress, registry: Registry) -> Reply:
    """The reply with its commands as they are typed in that chat. What a person wrote is hardly ever a command of ours."""
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
    """Of several commands side by side the first has what stands before all."""
    return commands.sub(lambda found: before + _BETWEEN.join(_NAME.findall(found[0])), text) if "/" in text else text


_NAME = re.compile(r"/(\w+)")
_BETWEEN = " | "


@lru_cache
def _commands(registry: Registry) -> re.Pattern[str]:
    """Every command behind its slash, and the bot's name that groups of Telegram want behind it."""
    names = sorted(registry.by_name, key=len, reverse=True)
    one = rf"/(?:{'|'.join(map(re.escape, names))})(?![\w/])(?:@\w+)?"
    return re.compile(rf"(?<![\w/@:.<]){one}(?: {one})*")
