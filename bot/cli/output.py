"""Prints the output of subcommands: text or one JSON document on stdout, errors on stderr, colours only on a terminal; questions."""

import os
import sys
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from subscriptions.texts import escaped_lines, json_line

if TYPE_CHECKING:
    import rich.console

    from bot.ports.channel import Reply

_UNBOUNDED = 4000  # columns assumed for a stream that is no terminal, so that its lines are not cut
_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("", "")}


def prepare_streams() -> None:
    """Makes stdout and stderr write UTF-8 in any locale. Lone surrogates are written as escapes, also within JSON.

    A stream that was closed before the start is replaced by one that discards everything.
    """
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if not sys.stdout.isatty():  # otherwise PY_COLORS or GITHUB_ACTIONS would make Typer use colours
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def console(stream: TextIO) -> "rich.console.Console":
    """Returns a rich console for a stream. It uses colours only on a terminal, and reads no markup in texts."""
    from rich.console import Console  # noqa: PLC0415 - rich costs 30 ms

    terminal = stream.isatty()
    width = None if terminal else _UNBOUNDED
    return Console(file=stream, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False)


def print_line(*lines: str) -> None:
    """Prints lines on stdout. Callers must escape foreign text before they insert it, so that it has no line breaks."""
    sys.stdout.writelines(f"{escaped_lines(line)}\n" for line in lines)


def counted(number: int, noun: str) -> str:
    """Returns a number and the noun that it counts: "1 paper", "2,000 papers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def discard_output(*streams: TextIO) -> None:
    """Discards all output of these streams, buffered and future, because the reader has closed them."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def terminal_leaver() -> Callable[[], None]:
    """Returns a function that discards all output to terminals, to be called when they are gone: then each write fails."""
    terminals = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]  # a terminal that is gone is none
    return lambda: discard_output(*terminals)


def print_error(text: str) -> None:
    """Prints a line on stderr, after flushing stdout."""
    flush_stdout()
    sys.stderr.write(escaped_lines(text) + "\n")
    sys.stderr.flush()


def asks(question: str) -> str:
    """Prints a question on stderr. Returns the line that is typed, in lower case; "" if nobody can answer."""
    flush_stdout()
    sys.stderr.write(escaped_lines(question))
    sys.stderr.flush()
    answer = sys.stdin.readline() if sys.stdin else ""
    if not (sys.stdin and sys.stdin.isatty() and answer):  # only a terminal shows the end of the typed line
        sys.stderr.write("\n")
    return answer.strip().lower()


def flush_stdout() -> None:
    """Flushes stdout. If that fails, stdout discards all output from now on."""
    try:
        sys.stdout.flush()
    except OSError:  # the disk is full or the pipe is closed; the caller prints this as an error
        discard_output(sys.stdout)


def print_json(value: object) -> None:
    """Prints a value as one JSON document. A datetime is written in UTC, to the second, with Z."""
    sys.stdout.write(json_line(value) + "\n")


def tell(document: object, show: Callable[[], object], *, json: bool) -> int:
    """Prints `document` if `json` is set, else calls `show`. Returns exit status 0."""
    print_json(document) if json else show()
    return 0


def print_json_list(values: Iterable[object]) -> None:
    """Prints a JSON list, like `print_json`, without holding all values at once."""
    sys.stdout.write("[")
    for place, value in enumerate(values):
        sys.stdout.write((", " if place else "") + json_line(value))
    sys.stdout.write("]\n")


def print_reply(reply: "Reply", *more: str, to_stderr: bool = False) -> None:
    """Prints a reply: its mark, its first line, its lines of fixed width, its other lines, and the lines of `more`."""
    stream = sys.stderr if to_stderr else sys.stdout
    first, *others = reply.lines or ("",)
    mark, colour = _MARKS[reply.ok]
    indent = "  " if mark else ""
    lines = [*(indent + line for line in (*reply.code, *others)), *more, ""]
    if mark and stream.isatty():
        console(stream).print(mark, style=colour, end=" ")
    elif mark:
        stream.write(f"{mark} ")
    stream.write(escaped_lines("\n".join([first, *lines])))
    stream.flush()
