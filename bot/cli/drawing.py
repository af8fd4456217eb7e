"""What rich draws: replies, tables, bars. Only a terminal gets colours, and cells wrapped to its width.

`run` prints lines only, and does not load this module.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal, TextIO, TypeVar

import typer
from rich.console import Console, RenderableType
from rich.progress import track
from rich.segment import Segments
from rich.status import Status
from rich.table import Table
from rich.text import Text

from bot.cli import TERMINAL_LANGUAGE, output
from bot.messages import Reply
from bot.rendering.queries_in_words import refused
from subscriptions.errors import QueryError
from subscriptions.language import Language
from subscriptions.text.escaping import escaped, escaped_lines

T = TypeVar("T")

_NARROW = 60  # columns; with fewer, the cells of a table would have room for syllables only
_UNBOUNDED = 4000  # columns assumed for a stream that is no terminal, so that its lines are not cut
_MARKS = {True: ("✓ ", "green"), False: ("✗ ", "red"), None: ("", "")}


def console(stream: TextIO) -> Console:
    """Return a rich console for a stream. It reads no markup in texts."""
    is_terminal = stream.isatty()
    width = None if is_terminal else _UNBOUNDED
    return Console(file=stream, force_terminal=is_terminal, width=width, highlight=False, markup=False, emoji=False)


def print_drawn(drawn: RenderableType) -> None:
    """Print on stdout what rich can draw. Escapes control characters in texts, but keeps the console's own codes."""
    shown = console(sys.stdout)
    parts = shown.render(drawn)
    visible = Segments(one if one.control else one._replace(text=escaped_lines(one.text)) for one in parts)
    shown.print(visible, end="")


def print_reply(reply: Reply, *more: str, to_stderr: bool = False) -> None:
    """Print a reply: its mark, its first line, its lines of fixed width, its other lines, and the lines of `more`."""
    mark, colour = _MARKS[reply.ok]
    first, *others = reply.lines
    shown = console(sys.stderr if to_stderr else sys.stdout)
    shown.print(Text.assemble((mark, colour), escaped_lines(first)), soft_wrap=True)
    for line in (*reply.code, *others, *more):
        shown.print(Text(f"  {escaped_lines(line)}"), soft_wrap=True)


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: str | None = None) -> None:
    """Print a table, whose column `right` has numbers.

    A terminal wraps its cells; a very narrow one gets lines instead.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))
    for place, heading in enumerate(headings):
        justify: Literal["left", "right"] = "right" if heading == right else "left"
        table.add_column(heading, justify=justify, no_wrap=place == 0, overflow="fold")
    is_narrow = console(sys.stdout).width < _NARROW
    for row in rows:
        cells = [Text(escaped(cell)) if isinstance(cell, str) else cell for cell in row]
        if is_narrow:
            print_drawn(Text(" · ").join(cell for cell in cells if cell))
        table.add_row(*cells)
    if not is_narrow:
        print_drawn(table)


@contextmanager
def reporting_query_errors(text: str, document: Mapping[str, object] | None = None) -> Iterator[None]:
    """If the body raises a QueryError, prints it with a caret below its column, and ends the subcommand with status 1.

    With `document`, for --json, prints this document and the error in it.
    """
    try:
        yield
    except QueryError as error:
        if document is None:
            print_reply(refused(error, TERMINAL_LANGUAGE, text), to_stderr=True)
        else:
            output.print_json({**document, "error": error.document()})
        raise typer.Exit(error.exit_code) from None


def watched(items: Iterable[T], what: str) -> Iterable[T]:
    """Return the items to iterate over. Meanwhile, a terminal shows a bar.

    Nothing may be printed on stdout before their end.
    """
    return track(items, what, console=console(sys.stderr), transient=True, disable=not sys.stderr.isatty())


def waiting(what: str) -> Status:
    """Return a context in which a terminal shows that the program works. Nothing may be printed on stdout in it."""
    return console(sys.stderr).status(what)


def age(since: datetime, now: datetime, language: Language) -> str:
    """Return in words how long ago a moment was."""
    return language.duration(max(now - since, timedelta(0)))
