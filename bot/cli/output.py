"""What subcommands print: answers on stdout, as text or as one JSON document; errors, questions and progress on stderr.

Only a terminal gets colours, and lines cut to its width.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Literal, TextIO, TypeVar

from rich.console import Console, RenderableType
from rich.progress import track
from rich.segment import Segments
from rich.status import Status
from rich.table import Table
from rich.text import Text

from subscriptions.texts import escaped, escaped_lines, json_line

if TYPE_CHECKING:
    from bot.ports.channel import Reply

T = TypeVar("T")

_NARROW = 60  # columns; with fewer, the cells of a table would have room for syllables only
_UNBOUNDED = 4000  # columns assumed for a stream that is no terminal, so that its lines are not cut
_MARKS = {True: ("✓ ", "green"), False: ("✗ ", "red"), None: ("", "")}


def prepare_streams() -> None:
    """Makes stdout and stderr write UTF-8 in any locale, lone surrogates as escapes. A stream may be closed from the start."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open to the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def discard_output(*streams: TextIO) -> None:
    """Discards all output of these streams, buffered and future, because nobody reads them any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def terminal_leaver() -> Callable[[], None]:
    """Returns a function that discards all output to terminals, to be called when they are gone: then each write fails."""
    terminals = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]  # a terminal that is gone is none
    return lambda: discard_output(*terminals)


# ── text ──────────────────────────────────────────────────────────────────────


def console(stream: TextIO) -> Console:
    """Returns a rich console for a stream. It reads no markup in texts."""
    is_terminal = stream.isatty()
    width = None if is_terminal else _UNBOUNDED
    return Console(file=stream, force_terminal=is_terminal, width=width, highlight=False, markup=False, emoji=False)


def print_line(*lines: str) -> None:
    """Prints lines on stdout. Callers must escape foreign text before they insert it, so that it has no line breaks."""
    sys.stdout.writelines(f"{escaped_lines(line)}\n" for line in lines)


def print_drawn(drawn: RenderableType) -> None:
    """Prints on stdout what rich can draw. Escapes control characters in texts, but keeps the console's own codes."""
    shown = console(sys.stdout)
    parts = shown.render(drawn)
    visible = Segments(one if one.control else one._replace(text=escaped_lines(one.text)) for one in parts)
    shown.print(visible, end="")


def print_reply(reply: "Reply", *more: str, to_stderr: bool = False) -> None:
    """Prints a reply: its mark, its first line, its lines of fixed width, its other lines, and the lines of `more`."""
    mark, colour = _MARKS[reply.ok]
    first, *others = reply.lines
    shown = console(sys.stderr if to_stderr else sys.stdout)
    shown.print(Text.assemble((mark, colour), escaped_lines(first)), soft_wrap=True)
    for line in (*reply.code, *others, *more):
        shown.print(Text(f"  {escaped_lines(line)}"), soft_wrap=True)


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: str | None = None) -> None:
    """Prints a table, whose column `right` has numbers. A terminal wraps its cells; a very narrow one gets lines instead."""
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


def counted(number: int, noun: str) -> str:
    """Returns a number and the noun that it counts: "1 paper", "2,000 papers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# ── JSON ──────────────────────────────────────────────────────────────────────


def print_json(value: object) -> None:
    """Prints a value as one JSON document. A datetime is written in UTC, to the second, with Z."""
    sys.stdout.write(json_line(value) + "\n")


def tell(document: object, show: Callable[[], object], *, json: bool) -> int:
    """Prints `document` if `json` is set, else calls `show`. Returns exit status 0."""
    print_json(document) if json else show()
    return 0


# ── stderr ────────────────────────────────────────────────────────────────────


def print_error(text: str) -> None:
    """Prints a line on stderr, after flushing stdout."""
    _flush_stdout()
    sys.stderr.write(escaped_lines(text) + "\n")
    sys.stderr.flush()


def asks(question: str) -> str:
    """Prints a question on stderr. Returns the line that is typed, in lower case; "" if nobody can answer."""
    _flush_stdout()
    sys.stderr.write(escaped_lines(question))
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not (sys.stdin.isatty() and answer):  # only a terminal shows the end of the typed line
        sys.stderr.write("\n")
    return answer.strip().lower()


def _flush_stdout() -> None:
    try:
        sys.stdout.flush()
    except OSError:  # the disk is full or the pipe is closed; the caller prints this as an error
        discard_output(sys.stdout)


def watched(items: Iterable[T], what: str) -> Iterable[T]:
    """Returns the items to iterate over. Meanwhile, a terminal shows a bar. Nothing may be printed on stdout before their end."""
    return track(items, what, console=console(sys.stderr), transient=True, disable=not sys.stderr.isatty())


def waiting(what: str) -> Status:
    """Returns a context in which a terminal shows that the program works. Nothing may be printed on stdout in it."""
    return console(sys.stderr).status(what)
