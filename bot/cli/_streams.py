"""What subcommands print: text or one JSON document on stdout, errors on stderr. Tables are in `_tables`."""

import json
import os
import sys
import unicodedata
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from bot.ports.reply import Reply

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("", "")}
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
    flush_stdout()
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def flush_stdout() -> None:
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
        from bot.cli._tables import print_mark  # noqa: PLC0415 - rich costs 20 ms; only a coloured mark needs it

        print_mark(mark, colour, stream)
    elif mark:
        stream.write(f"{mark} ")
    stream.write(printable("\n".join([first, *lines])))
    stream.flush()
