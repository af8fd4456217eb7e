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
    "today": "preview",
    "poll": "sources poll",
    "upgrade": "db upgrade",
    "migrate": "db upgrade",
}  # the name of a subcommand in other programs, or in chats → its name here


Panels = dict[str, list[tuple[str, str]]]
"""Heading → (name of a subcommand, its summary) of each below that heading."""


class SubcommandWithHelp(TyperCommand):
    """A subcommand whose help page is made by `_help_page`, since Typer's own page shows Python's types."""

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Prints the help page."""
        del formatter
        _print_page(ctx, self, {})


class SubcommandGroup(TyperGroup):
    """Subcommands under one name, with a help page made by `_help_page`."""

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
    """Returns the known name that is most similar to what was typed, "" if none is similar."""
    if _ALIASES.get(typed) in known or " " in _ALIASES.get(typed, ""):
        return _ALIASES[typed]
    begins = [name for name in known if typed.strip("-") and name.startswith(typed)]
    return next(iter(begins or get_close_matches(typed, known, n=1, cutoff=0.6)), "")
