"""The classes of subcommands and groups, and the correction of mistyped names."""

from collections.abc import Sequence
from difflib import get_close_matches

import typer
from typer.core import TyperCommand, TyperGroup

_ALIASES = {
    "list": "subscriptions",
    "ls": "subscriptions",
    "add": "subscribe",
    "remove": "unsubscribe",
    "send": "deliver",
    "start": "run",
    "serve": "run",
    "status": "check",
    "today": "preview",
    "poll": "sources poll",
    "upgrade": "db upgrade",
    "migrate": "db upgrade",
}  # what other programs, or chats, call a subcommand → its name here


Panels = dict[str, list[tuple[str, str]]]
"""Heading → (name of a subcommand, its summary) of each below that heading."""


class SubcommandWithHelp(TyperCommand):
    """A subcommand with a help page of our own, since Typer's shows types of Python."""

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Prints the help page."""
        del formatter
        _print_page(ctx, self, {})


class SubcommandGroup(TyperGroup):
    """Subcommands under one name, with a help page of our own."""

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Prints the help page."""
        del formatter
        _print_page(ctx, self, self.panels())

    def panels(self) -> Panels:
        """The subcommands, each with the first sentence of its help."""
        return {"Subcommands": [(name, summary_of(command.help)) for name, command in self.commands.items()]}


def summary_of(text: str | None) -> str:
    """The first sentence of a help text, in one line, without its full stop."""
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")


def _print_page(ctx: typer.Context, command: TyperCommand | TyperGroup, panels: Panels) -> None:
    from bot.cli._help_page import print_page  # noqa: PLC0415 - rich costs 30 ms; only a help page needs it here

    print_page(ctx, command, panels)


def nearest(typed: str, known: Sequence[str]) -> str:
    """Returns the subcommand or option that was probably meant, "" if none is near."""
    if _ALIASES.get(typed) in known or " " in _ALIASES.get(typed, ""):
        return _ALIASES[typed]
    begins = [name for name in known if typed.strip("-") and name.startswith(typed)]
    return next(iter(begins or get_close_matches(typed, known, n=1, cutoff=0.6)), "")
