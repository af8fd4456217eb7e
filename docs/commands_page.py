"""The list of docs/commands.md from the program's own `--help`: `python docs/commands_page.py` writes it into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from bot.cli import SUBCOMMANDS, program

PAGE = Path(__file__).with_name("commands.md")
SHARED = 3  # an option that more subcommands have with the same words is explained once, above the list
_PART = re.compile(r"(<!-- subcommands, made by commands_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its list written again."""
    top = get_command(program())
    assert isinstance(top, TyperGroup)  # noqa: S101 - it has more than one subcommand
    commands = {name: one for first in SUBCOMMANDS for name, one in _below(top.commands[first.name], first.name)}
    uses = Counter(_key(one) for command in commands.values() for one in _options(command))
    listed = "\n".join(line for name, command in commands.items() for line in _section(name, command, uses))
    return _PART.sub(lambda part: f"{part[1]}{listed}\n\n{part[2]}", text)


def _below(command: object, name: str) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Yields a subcommand and every one below it, with its name; `outbox retry` as "outbox retry"."""
    assert isinstance(command, TyperCommand | TyperGroup)  # noqa: S101 - ours are made by Typer
    yield name, command
    for inner, below in command.commands.items() if isinstance(command, TyperGroup) else ():
        yield from _below(below, f"{name} {inner}")


def _section(name: str, command: TyperCommand | TyperGroup, uses: Counter[tuple[str, str | None]]) -> Iterator[str]:
    """Yields what a subcommand does, an example, its arguments and its own options."""
    yield f"\n## {name}\n\n{_one_line(command.help)}"
    if command.epilog:
        yield f"\n`{command.epilog.partition('`')[2]}"
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
