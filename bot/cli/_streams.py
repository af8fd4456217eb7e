"""What the terminal sees: text and tables on stdout, troubles and progress on stderr, or one JSON document."""

# ruff: noqa: PLC0415 - rich is imported where something is drawn with it

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TextIO, TypeVar

from bot.ports.reply import Reply

if TYPE_CHECKING:  # rich costs a tenth of what a subcommand takes to start; only tables and bars need it
    from rich.console import Console, RenderableType

T = TypeVar("T")

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("", "")}
_UNBOUNDED = 4000  # columns where no terminal cuts lines
_BAR_AFTER = 1.0  # seconds of work before a progress bar appears
_ALLOWED_CONTROLS = "\n\t"


def prepare_streams() -> None:
    """UTF-8 whatever the locale says; what has no UTF-8 form is written as its escape, also within JSON.

    A stream that was closed before the start takes everything and keeps nothing.
    """
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if not sys.stdout.isatty():  # Typer draws its help for a terminal wherever PY_COLORS or GITHUB_ACTIONS is set
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def printable(text: str) -> str:
    """The text without control characters: a paper or a name must not steer a terminal."""
    return "".join(sign for sign in text if sign in _ALLOWED_CONTROLS or unicodedata.category(sign) != "Cc")


def print_line(text: str = "") -> None:
    """A line for people, on stdout."""
    sys.stdout.write(printable(text) + "\n")


def discard_output(*streams: TextIO) -> None:
    """Nobody takes what is written there any more: what is buffered, and all that follows, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def print_error(text: str) -> None:
    """A line on stderr, after whatever stands on stdout already."""
    _flush_stdout()
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def _flush_stdout() -> None:
    try:
        sys.stdout.flush()
    except OSError:  # a full disk, a closed pipe: the complaint is about to say so
        discard_output(sys.stdout)


def print_json(value: object) -> None:
    """The one document of `--json`."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def json_time(moment: datetime | None) -> str | None:
    """A moment as JSON has it: UTC, to the second, with Z."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def print_reply(reply: Reply, *, to_stderr: bool = False) -> None:
    """An answer: its mark, the first line, what wants a fixed width, the other lines."""
    stream = sys.stderr if to_stderr else sys.stdout
    first, *others = reply.lines or ("",)
    mark, colour = _MARKS[reply.ok]
    indent = "  " if mark else ""
    lines = [*(indent + line for line in (*reply.code, *others)), ""]
    if mark and stream.isatty():
        from rich.text import Text

        console(stream).print(Text(mark, colour), end=" ")
    elif mark:
        stream.write(f"{mark} ")
    stream.write(printable("\n".join([first, *lines])))
    stream.flush()


def print_table(renderable: "RenderableType", *, to_stderr: bool = False) -> None:
    """A table: cut to the width of a terminal, in full length elsewhere. `trouble` stands on stderr, after stdout."""
    if to_stderr:
        _flush_stdout()
    stream = sys.stderr if to_stderr else sys.stdout
    if stream.isatty():
        console(stream).print(renderable)
        return
    plain = console(stream)
    with plain.capture() as captured:
        plain.print(renderable)
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def is_narrow(columns: int) -> bool:
    """Whether stdout is a terminal with fewer columns."""
    return sys.stdout.isatty() and console(sys.stdout).width < columns


def console(stream: TextIO) -> "Console":
    """Rich on a stream: colour only on a terminal, nothing read into the text."""
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream,
        force_terminal=terminal,
        width=None if terminal else _UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
    )


@contextmanager
def progress(items: Iterable[T], what: str) -> Iterator[Iterable[T]]:
    """The same items; when they take longer than a second, a terminal sees on stderr how far they are."""
    if not sys.stderr.isatty():
        yield items
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console(sys.stderr), transient=True, redirect_stdout=False, redirect_stderr=False)
    began = perf_counter()

    def counted() -> Iterator[T]:
        task = bar.add_task(what, total=len(items) if isinstance(items, Sized) else None)
        for item in items:
            yield item
            bar.advance(task)
            if not bar.live.is_started and perf_counter() - began > _BAR_AFTER:
                bar.start()

    try:
        yield counted()
    finally:
        bar.stop()
