"""What subcommands print: answers on stdout, as lines or as one JSON document; errors and questions on stderr.

`drawing` has the rest.
"""

import os
import sys
from collections.abc import Callable
from errno import ENOSPC
from io import TextIOWrapper
from typing import TextIO

from subscriptions.text.escaping import escaped_lines, json_line


def prepare_streams() -> None:
    """Make stdout and stderr write UTF-8 in any locale, lone surrogates as escapes.

    A stream may be closed from the start.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open to the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def discard_output(*streams: TextIO) -> None:
    """Discard all output of these streams, buffered and future, because nobody reads them any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def terminal_leaver() -> Callable[[], None]:
    """Return a function that discards all output to terminals, to be called when they are gone."""
    terminals = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]  # a terminal that is gone is none
    return lambda: discard_output(*terminals)


def print_line(*lines: str) -> None:
    """Print lines on stdout. Callers must escape foreign text before they insert it, so that it has no line breaks."""
    sys.stdout.writelines(f"{escaped_lines(line)}\n" for line in lines)


def print_json(value: object) -> None:
    """Print a value as one JSON document. A datetime is written in UTC, to the second, with Z."""
    sys.stdout.write(json_line(value) + "\n")


def tell(document: object, show: Callable[[], object], *, json: bool) -> int:
    """Print `document` if `json` is set, else calls `show`. Return exit status 0."""
    print_json(document) if json else show()
    return 0


def print_error(text: str) -> None:
    """Print a line on stderr, after flushing stdout. Nothing fails if nobody can read it, or while the disk is full."""
    _flush_stdout()
    try:
        sys.stderr.write(escaped_lines(text) + "\n")
        sys.stderr.flush()
    except OSError as error:
        if error.errno != ENOSPC:  # there may be room for the next line
            discard_output(sys.stderr)


def asks(question: str) -> str:
    """Print a question on stderr. Return the line that is typed, in lower case; "" if nobody can answer."""
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
