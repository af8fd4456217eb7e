"""Reads transcripts of a shell: the lines that a person types, and the expected outputs. A Shell runs the lines."""

import contextlib
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.process import ROOT
from tests.forked import Forked
from tests.integration import cli
from tests.patience import PATIENCE


@dataclass(frozen=True, slots=True)
class Step:
    """A line that a person types into a shell, with its expected output and exit status."""

    typed: str
    shown: str
    status: int


def stories(path: Path) -> dict[str, str]:
    """Maps the titles of a file's transcripts to their texts. A title is a line that begins with `## `."""
    _, *parts = re.split(r"^## (.*)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def steps(text: str) -> list[Step]:
    """Returns the steps of a transcript, in order. A typed line begins with `$ `, and its output follows.

    The output of `$ echo $?` is the exit status of the step before. Without this line, the status is 0.
    """
    found: list[Step] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        typed, _, shown = part.rstrip("\n").partition("\n")
        if typed == "echo $?":
            last = found.pop()
            found.append(Step(last.typed, last.shown, int(shown)))
        else:
            found.append(Step(typed, shown, 0))
    return found


def shows(shown: str, text: str) -> bool:
    """Returns whether the output `text` is as `shown` expects.

    In `shown`, … matches any part of a line, and a line with only

    … matches any number of lines.
    """
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*") + r"\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in text.splitlines())) is not None


def shows_value(shown: object, value: object) -> bool:
    """Returns whether the JSON `value` is as `shown` expects.

    In `shown`, "…" matches any value; at the end of a list, "…"

    matches all further values.
    """
    match shown, value:
        case "…", _:
            return True
        case dict(), dict():
            return shown.keys() == value.keys() and all(shows_value(shown[key], value[key]) for key in shown)
        case [*first, "…"], list() if len(value) >= len(first) and first:
            return all(map(shows_value, first, value))
        case list(), list():
            return len(shown) == len(value) and all(map(shows_value, shown, value))
        case str(), str():
            return shows(shown, value)
    return shown == value


FAKES = ("arxiv", "mail", "services", "slack", "telegram")


def _fake(name: str) -> tuple[Callable[[], contextlib.AbstractContextManager[Any]], Callable[[Any], dict[str, str]]]:
    """Returns how to start a fake, and the environment variables that make the program use it."""
    place = import_module(f"tests.fakes.{ {'mail': 'smtp', 'services': 'apprise'}.get(name, name) }")
    match name:
        case "arxiv":
            return place.FakeArxiv, lambda fake: {"PAPERWIRE_ALLOWED_HOSTS": "127.0.0.1", "ARXIV": fake.url}
        case "mail":
            sender = {"PAPERWIRE_MAIL_FROM": "Papers <papers@lab.org>"}
            start = partial(place.a_mail_server, "papers", "made-up-word")
            return start, lambda fake: {"PAPERWIRE_SMTP_URL": fake.url, **sender}
        case "services":
            return place.fake_services, lambda fake: {f"{one.upper()}_URL": fake.address(one) for one in place.SERVICES}
        case "slack":
            token = {"PAPERWIRE_SLACK_BOT_TOKEN": place.TOKEN}
            return place.FakeSlack, lambda fake: {**token, "PAPERWIRE_SLACK_API_URL": fake.url}
        case _:
            token = {"PAPERWIRE_TELEGRAM_TOKEN": place.TOKEN}
            return place.FakeTelegram, lambda fake: {**token, "PAPERWIRE_TELEGRAM_API_URL": fake.url}


def _told(value: object) -> str:
    """Returns a value that a fake reports, such as a mail or a message, as one line."""
    if isinstance(value, EmailMessage):
        return f"{value['To']}: {value['Subject']}"
    return str(getattr(value, "text", value))


class Shell:
    """Runs typed lines in a folder with the sample digests, a digest of three papers (day.md) and a new database."""

    def __init__(self, terminal: cli.Terminal, monkeypatch: pytest.MonkeyPatch, stack: contextlib.ExitStack) -> None:
        """`stack` stops the fakes when it is closed."""
        self._terminal, self._monkeypatch, self._stack = terminal, monkeypatch, stack
        self._fakes: dict[str, Any] = {}
        terminal.file("bot/.keep", "")
        (terminal.folder / "bot" / "samples").symlink_to(ROOT / "bot" / "samples")
        terminal.file("day.md", cli.PAGE)
        terminal.set("WEB_PORT", "0")

    def type(self, line: str) -> tuple[int, str]:
        """Runs a line. Returns (exit status, output). With `--json`, the output is only standard output.

        A line is one of these:
        - a call of paperwire, perhaps with `< FILE` or `> FILE` at the end
        - `export NAME=VALUE`
        - a fake and one of its verbs, such as `telegram blocks 42`; the first such line also makes the settings use the
          fake
        - any other line, which sh runs
        """
        if line.split(maxsplit=1)[0] in FAKES:
            return 0, "".join(f"{_told(value)}\n" for value in self._asked(*shlex.split(line)))
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self._monkeypatch.setenv(name, os.path.expandvars(value))
            return 0, ""
        if not line.startswith("paperwire "):
            done = subprocess.run(["sh", "-c", line], cwd=self._terminal.folder, capture_output=True, check=False)  # noqa: S603, S607 - a line of our own pages
            return done.returncode, done.stdout.decode()
        line = re.sub(r"\$\(cat (\w+)\)", lambda found: (self._terminal.folder / found[1]).read_text().strip(), line)
        line, _, target = line.partition(" > ")
        line, _, given = line.partition(" < ")
        arguments = shlex.split(line, comments=True)[1:]
        ended = self._terminal(*arguments, stdin=(self._terminal.folder / given).read_bytes() if given else b"")
        assert not (ended.status == 2 and ended.out), f"wrong usage, and yet something on standard output: {line}"
        if target:
            self._terminal.file(target, ended.out)
            return ended.status, ended.err
        return ended.status, ended.out if "--json" in arguments else ended.out + ended.err

    def _asked(self, name: str, verb: str = "", *words: str) -> list[object]:
        if name not in self._fakes:
            start, settings_of = _fake(name)
            self._fakes[name] = self._stack.enter_context(start())
            for variable, value in settings_of(self._fakes[name]).items():
                self._monkeypatch.setenv(variable, value)
        given = [self._terminal.folder.joinpath(word[1:]).read_text() if word[0] == "@" else word for word in words]
        named = dict(word.split("=", 1) for word in given if re.match(r"\w+=", word))
        fact = getattr(self._fakes[name], verb) if verb else None
        told = fact(*(word for word in given if not re.match(r"\w+=", word)), **named) if callable(fact) else fact
        return told if isinstance(told, list) else []

    def file(self, name: str, content: str) -> None:
        """Writes a file into the folder."""
        self._terminal.file(name, content)

    def run_until_ready(self) -> tuple[int, str]:
        """Runs `paperwire run` until it prints its health address, then stops it with the signal that an operator sends."""
        with Forked(
            ["bot", "run"], cwd=self._terminal.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            said = ""
            for line in process.stderr:
                said += line
                if "/health/ready" in line:
                    process.terminate()
            return process.wait(timeout=PATIENCE), said
