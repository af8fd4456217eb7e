"""The list of docs/commands.md from the program's own `--help`: `python docs/commands_page.py` writes it into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from bot.cli._help_page import EXAMPLES
from bot.cli._program import app

PAGE = Path(__file__).with_name("commands.md")
SHARED = 3  # an option that more subcommands have with the same words is explained once, above the list
_PART = re.compile(r"(<!-- subcommands, made by commands_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its list written again."""
    commands = dict(_below(typer.main.get_command(app)))
    uses = Counter(_key(one) for command in commands.values() for one in _options(command))
    listed = "\n".join(line for name, command in commands.items() for line in _section(name, command, uses))
    return _PART.sub(lambda part: f"{part[1]}{listed}\n\n{part[2]}", text)


def _below(command: object, name: str = "") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Yields every subcommand below one, with its name; `outbox retry` as "outbox retry"."""
    for inner, below in command.commands.items() if isinstance(command, TyperGroup) else ():
        assert isinstance(below, TyperCommand | TyperGroup)  # noqa: S101 - ours are made by Typer
        whole = f"{name} {inner}".strip()
        yield whole, below
        yield from _below(below, whole)


def _section(name: str, command: TyperCommand | TyperGroup, uses: Counter[tuple[str, str | None]]) -> Iterator[str]:
    """Yields what a subcommand does, an example, its arguments and its own options."""
    yield f"\n## {name}\n\n{_one_line(command.help)}"
    if name in EXAMPLES:
        yield f"\n```\n{EXAMPLES[name]}\n```"
    arguments = {_argument(one): one.help for one in command.params if isinstance(one, TyperArgument)}
    shown = arguments | {_typed(one): one.help for one in _options(command) if uses[_key(one)] <= SHARED}
    yield from ("", *(f"- `{typed}`: {_one_line(text)}" for typed, text in shown.items())) if shown else ()


def _options(command: TyperCommand | TyperGroup) -> list[TyperOption]:
    return [one for one in command.params if isinstance(one, TyperOption)]


def _key(option: TyperOption) -> tuple[str, str | None]:
    return option.opts[0], option.help


def _argument(argument: TyperArgument) -> str:
    return argument.metavar or (argument.name or "").upper()


def _typed(option: TyperOption) -> str:
    flags = ", ".join(sorted(option.opts, key=len))
    return flags if option.is_flag else f"{flags} {option.metavar or (option.name or '').upper()}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
