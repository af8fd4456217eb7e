"""Runs subcommands of paperwire: in this process for most tests, in a separate process if a test needs one."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Self, cast

import pytest
from typer import core
from typer.main import get_command

from bot import cli
from bot.clock import SystemClock
from tests import forked
from tests.fakes import process
from tests.patience import PATIENCE
from tests.product import Finished, Stream, surroundings

DIGEST = process.ROOT / "bot" / "samples" / "daily_arxiv.md"


@cache
def subcommands() -> dict[str, core.TyperCommand | core.TyperGroup]:
    """Returns every subcommand by its name, for example "outbox retry"."""
    program = get_command(cli.program())
    assert isinstance(program, core.TyperGroup)
    top = {name: cast("core.TyperCommand | core.TyperGroup", one) for name, one in program.commands.items()}
    return top | {
        f"{name} {inner}": one for name, group in top.items() for inner, one in getattr(group, "commands", {}).items()
    }


INBOX = '[[source]]\nname = "inbox"\npath = "inbox/*.md"\n'  # without a source, the program would read arXiv's feeds


class Terminal:
    """Calls subcommands in a new folder, with settings for a database and an empty inbox in it, and no other settings."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.database = folder / "paperwire.db"
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        monkeypatch.delenv("PAPERWIRE_SHARED", raising=False)  # only tests use this variable; `check` would report it
        self.set("DATABASE_URL", f"sqlite:///{self.database}")
        self.set("MEANING", "off")  # its encoder takes seconds to start
        (folder / "inbox").mkdir()
        self.file("paperwire.toml", INBOX)

    def set(self, name: str, value: str) -> None:
        """Sets the variable PAPERWIRE_NAME."""
        self._monkeypatch.setenv(f"PAPERWIRE_{name}", value)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Finished:
        """Runs one subcommand in this process."""
        return self._call(arguments, Stream(), Stream(), stdin)

    def on_screen(self, columns: int, *arguments: str) -> Finished:
        """Like `__call__`, but stdout and stderr are terminals of this width."""
        self._monkeypatch.setenv("COLUMNS", str(columns))
        return self._call(arguments, _Screen(), _Screen(), b"")

    def _call(self, arguments: Sequence[str], out: Stream, err: Stream, stdin: bytes) -> Finished:
        with surroundings(Path.cwd(), {}, stdin, out, err), self._monkeypatch.context() as patch:
            # the moment of --now stands still, so that no answer depends on how long a call takes
            patch.setattr(SystemClock, "now", lambda clock: clock._start or clock.wall())
            status = cli.main(arguments)
        return Finished(status, out.written(), err.written())

    def process(
        self, *arguments: str | bytes, environ: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> Finished:
        """Runs one subcommand in its own process, including the start of Python."""
        return self._run("-m", "bot", *arguments, environ=environ, stdin=stdin)

    def python(self, program: str, *arguments: str) -> Finished:
        """Runs Python code in its own process."""
        return self._run("-c", program, *arguments)

    def _run(self, *arguments: str | bytes, environ: Mapping[str, str] | None = None, stdin: bytes = b"") -> Finished:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(process.ROOT), **(environ or {})},
            input=stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def file(self, name: str, content: str | bytes) -> str:
        """Writes a file and returns its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name


class _Screen(Stream):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def page(*papers: tuple[str, str, str]) -> str:
    """Returns a daily-arXiv page with one paper for each (id, title, abstract), all in cs.LG."""
    head = (
        f"<div id=toc></div>\n\n# Table of Contents\n\n- [cs.LG](#cs.LG) [Total: {len(papers)}]\n\n\n"
        "<div id='cs.LG'></div>\n\n# cs.LG [[Back]](#toc)\n\n"
    )
    return head + "\n".join(
        f"### [{number}] [{title}](https://arxiv.org/abs/{arxiv_id})\n*Ada Example,Bo Beispiel*\n\n"
        f"Main category: cs.LG\n\nTL;DR: In short: {title}.\n\n\n"
        "<details>\n  <summary>Details</summary>\n"
        "Motivation: Somebody asked.\n\nMethod: We looked.\n\nResult: It is so.\n\nConclusion: It stays so.\n\n"
        f"Abstract: {abstract}\n\n</details>\n\n"
        for number, (arxiv_id, title, abstract) in enumerate(papers, 1)
    )


PAGE = page(
    ("2601.00001", "Diffusion models for weather", "We train a generative model on clouds."),
    ("2601.00002", "A survey of diffusion", "We read everything about it."),
    ("2601.00003", "Graph networks that forget", "Nodes lose their neighbours."),
)


class Process:
    """A running `paperwire`, whose stderr a test reads line by line. The end of the `with` block stops it."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        fake: process.Remote | None = None,
        port: str = "0",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.environment = {
            **forked.clean_environment(),
            "PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db",
            "PAPERWIRE_WEB_PORT": port,
            "PYTHONUNBUFFERED": "1",
            **(
                {
                    "PAPERWIRE_TELEGRAM_TOKEN": import_module("tests.fakes.telegram").TOKEN,
                    "PAPERWIRE_TELEGRAM_API_URL": fake.url,
                }
                if fake
                else {}
            ),
            **(environ or {}),
        }
        self.err = ""  # after the end of the process: what it wrote to stderr after the last line that `says` read
        self.process = forked.Forked(
            ["bot", *arguments],
            cwd=folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def says(self, pattern: str) -> re.Match[str]:
        """Reads stderr until a line matches, and returns the match. Fails the test if the program ends first."""
        assert self.process.stderr is not None
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError("".join(seen))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.stops() == 0

    def stops(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        _, self.err = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in self.err
        return self.process.returncode
