"""The disk fills up while a digest is stored: a message says so, stored papers stay, the digest is stored later."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from subscriptions.store.database.sqlite import SqliteSharing
from tests.integration.cli import Terminal, page

NOW = ("--now", "2026-01-22T07:30:00Z")
MANY = 900  # more than are stored in one transaction


@pytest.fixture
def caps(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Callable[[int], None]:
    """Returns a function that lets the database grow by so many pages: SQLite then says itself that its disk is full."""
    prepare = SqliteSharing.prepare
    most: list[int] = []

    def prepare_capped(self: SqliteSharing, connection: sqlite3.Connection) -> None:
        prepare(self, connection)
        if most:
            connection.execute(f"PRAGMA max_page_count = {most[0]}")

    monkeypatch.setattr(SqliteSharing, "prepare", prepare_capped)

    def cap(pages: int) -> None:
        with closing(sqlite3.connect(terminal.database)) as raw:
            most[:] = [raw.execute("PRAGMA page_count").fetchone()[0] + pages]

    return cap


def rows(terminal: Terminal, what: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(terminal.database)) as raw:
        return raw.execute(what).fetchall()


@pytest.mark.parametrize("pages", [0, 5, 200, 330], ids=lambda pages: f"{pages} pages are left")
def test_a_digest_that_met_a_full_disk_is_stored_afterwards(
    terminal: Terminal, caps: Callable[[int], None], pages: int
) -> None:
    terminal.file("first.md", page(("2601.00001", "A graph", "Words.")))
    nets = [(f"2601.{n:05d}", f"Net {n}", "Words. " * 90) for n in range(2, MANY + 2)]
    terminal.file("second.md", page(*nets))
    assert terminal("ingest", "first.md", *NOW).status == 0
    before = rows(terminal, "SELECT sequence, title FROM paper WHERE sequence IS NOT NULL")
    caps(pages)
    ended = terminal("ingest", "second.md", *NOW)
    assert ended.status == 1
    assert f"The disk that holds {terminal.database} is full. Free some space, then try again." in ended.err
    assert "Traceback" not in ended.err
    assert rows(terminal, "PRAGMA integrity_check") == [("ok",)]
    assert rows(terminal, "SELECT sequence, title FROM paper WHERE sequence IS NOT NULL") == before
    assert rows(terminal, "SELECT count(*) FROM digest") == [(1,)]
    caps(100_000)
    assert terminal("ingest", "second.md", *NOW).status == 0
    assert rows(terminal, "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM paper") == [(MANY + 1,) * 3]
    assert rows(terminal, "SELECT count(*) FROM appearance") == [(MANY + 1,)]
