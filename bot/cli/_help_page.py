"""Prints help pages: usage, an example that can be typed, arguments, options."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from bot.channels.subcommands import SUBCOMMANDS as PLATFORM_SUBCOMMANDS

EXAMPLES = {
    "": "paperwire demo",
    "demo": "paperwire demo --out gallery",
    "inspect": "paperwire inspect inbox --papers",
    "match": 'paperwire match "diffusion -survey" inbox',
    "explain": 'paperwire explain "author:\\"J. Doe\\" cat:cs.CV"',
    "ingest": "paperwire ingest inbox --source daily --date 2026-01-22",
    "deliver": "paperwire deliver --now 2026-01-22T09:00Z",
    "run": "paperwire run --once",
    "outbox": "paperwire outbox --state dead",
    "outbox retry": "paperwire outbox retry 0123456789abcdef",
    "outbox dismiss": "paperwire outbox dismiss 0123456789abcdef",
    "sources": "paperwire sources --json",
    "sources poll": "paperwire sources poll daily",
    "subscribe": 'paperwire subscribe "diffusion -survey" --as console:me --every daily --at 9',
    "subscriptions": "paperwire subscriptions --as console:me",
    "unsubscribe": "paperwire unsubscribe 1 --as console:me",
    "say": 'paperwire say "/why 2601.11522" --as console:me',
    "set": "paperwire set lang zh --as console:me",
    "settings": "paperwire settings --as console:me",
    "preview": "paperwire preview --as console:me --days 3",
    "link": 'paperwire link "diffusion -survey daily 9" --svg badge.svg',
    "export": "paperwire export --all > all.txt",
    "import": "paperwire import all.txt --dry-run",
    "check": "paperwire check --offline",
    "status": "paperwire status --json",
    "workers": "paperwire workers",
    "backup": "paperwire backup copy.db",
    "restore": "paperwire restore copy.db --lost-at 2026-01-22T09:00Z",
    **{name: call for subcommand in PLATFORM_SUBCOMMANDS for name, call in subcommand.examples},
    "db": "paperwire db current",
    "db current": "paperwire db current",
    "db size": "paperwire db size --json",
    "db upgrade": "paperwire db upgrade",
}  # subcommand → an example of it; a test runs each through the parser

_WIDEST = 100  # columns; longer lines are hard to read
_PLAIN_WIDTH = 80  # columns, if there is no terminal to ask
_LABELS = 26  # columns of options and arguments


def print_page(
    ctx: typer.Context, command: TyperCommand | TyperGroup, panels: Mapping[str, Sequence[tuple[str, str]]]
) -> None:
    """Prints the help page of a subcommand or group on stdout, as wide as its terminal."""
    terminal = sys.stdout.isatty()
    columns = Console().width if terminal else _plain_width()
    console = Console(force_terminal=terminal, width=min(columns, _WIDEST), highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        for part in _parts(ctx.command_path, command, panels):
            console.print(part)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _plain_width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) else _PLAIN_WIDTH


def _parts(
    path: str, command: TyperCommand | TyperGroup, panels: Mapping[str, Sequence[tuple[str, str]]]
) -> Iterator[RenderableType]:
    name = path.partition(" ")[2]
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    options = [one for one in command.params if isinstance(one, TyperOption)]
    needed = [_option(one) for one in options if one.required]
    does_more = any(one.name == "json" for one in options)  # the group itself is a subcommand, too
    below = ["[COMMAND]" if does_more else "COMMAND"] if panels else []
    usage = " ".join([path, "[OPTIONS]", *needed, *below, *map(_argument, arguments)])
    yield Text(f"Usage: {usage}", "bold")
    yield Padding(Text(_one_line(command.help)), (1, 0, 0, 2))
    if name in EXAMPLES:
        yield Padding(Text.assemble("For example:\n  ", (EXAMPLES[name], "cyan")), (1, 0, 0, 2))
    for panel, rows in panels.items():
        yield from _section(panel, rows)
    yield from _section("Arguments", [(_argument(one), one.help or "") for one in arguments])
    shown = [(_option(one), one.help or "") for one in options]
    yield from _section("Options", [*shown, ("--help", "Show this page.")])
    if command.epilog:
        yield Padding(Text(command.epilog), (1, 0, 0, 2))


def _argument(argument: TyperArgument) -> str:
    """Returns how an argument is typed: `QUERY`, `[NAME]`."""
    return argument.metavar or (argument.name or "").upper()


def _option(option: TyperOption) -> str:
    """Returns how an option is typed: `--as CHAT`, `--json`."""
    flags = ", ".join(sorted(option.opts, key=len))
    return flags if option.is_flag else f"{flags} {option.metavar or (option.name or '').upper()}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _section(heading: str, rows: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    if not rows:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=_LABELS, overflow="fold")
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(label, "cyan"), Text(text))
    yield Padding(Text(heading, "bold"), (1, 0, 0, 0))
    yield Padding(table, (0, 0, 0, 2))
