"""A database that cannot be written to: every subcommand that writes says one sentence."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.integration.cli import Terminal
from tests.make import NOON

DIGEST = (Path(__file__).parents[1] / "digests" / "daily_standard.md").read_text()


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal(tmp_path, monkeypatch)
    assert made("subscribe", "graph", "--as", "console:me", "--now", NOON.isoformat()).status == 0
    return made


@contextmanager
def connections(make: Callable[..., sqlite3.Connection]) -> Iterator[None]:
    """Makes the program's connections in another way: tests run as root, whom no rights of a file keep out."""

    def connect(_dialect: object, _record: object, cargs: list[Any], cparams: dict[str, Any]) -> sqlite3.Connection:
        return make(cargs[0], **cparams)

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)


def read_only(path: str, **named: Any) -> sqlite3.Connection:
    made: sqlite3.Connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, **named)
    return made


@pytest.mark.parametrize("subcommand", [("run",), ("run", "--once"), ("deliver",), ("ingest", "digest.md")])
def test_a_database_that_cannot_be_written_to_is_one_sentence(terminal: Terminal, subcommand: tuple[str, ...]) -> None:
    terminal.file("digest.md", DIGEST)
    with connections(read_only):
        ended = terminal(*subcommand)
    assert ended.status == 2
    said = [line for line in ended.err.splitlines() if line]
    assert len([line for line in said if "cannot be written to" in line]) == 1, ended.err
    assert "Traceback" not in ended.err
    assert re.search(r"The database \S+paperwire\.db cannot be written to\. Check the rights", ended.err)
