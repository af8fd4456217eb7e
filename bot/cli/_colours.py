"""Colours of a terminal."""

from typing import TextIO

from rich.console import Console
from rich.text import Text

_UNBOUNDED = 4000  # columns of a stream that is no terminal, so that its lines are not cut


def console(stream: TextIO) -> Console:
    """Returns a rich console for a stream: colours only on a terminal, no markup in texts."""
    terminal = stream.isatty()
    return Console(
        file=stream,
        force_terminal=terminal,
        width=None if terminal else _UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_mark(mark: str, colour: str, stream: TextIO) -> None:
    """Prints a mark in its colour, and a space, without a line end."""
    console(stream).print(Text(mark, colour), end=" ")
