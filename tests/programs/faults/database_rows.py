"""Rows in simulated time with faults of the database: it is locked, refuses writes, or is used by two senders."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Connection, event

from subscriptions.store.database.store import Store
from tests.fakes.server import ApiCall
from tests.programs.faults import simulated, simulated_rows
from tests.programs.faults.judging import Verdict

MINUTE = 60.0  # seconds for which the database is locked or refuses writes


CODE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for line in sys.stdin:
    database.execute(line)
    print("done", flush=True)
"""


@contextmanager
def foreign_program(database: Path) -> Iterator[Callable[[str], None]]:
    """Runs another process on the database. Yields a function that executes a statement in that process."""
    command = [sys.executable, "-c", CODE, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own code

        def executes(statement: str) -> None:
            print(statement, file=process.stdin, flush=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"

        yield executes


async def _for_a_minute(
    folder: Path,
    tries: int,
    begins: Callable[[], object],
    ends: Callable[[], object],
    *,
    before: Callable[[simulated.World], None] = lambda _: None,
) -> Verdict:
    """Lets a fault begin while a message is being sent, and ends it a minute later, until there are enough tries."""
    going: list[bool] = []

    def strikes(fake: simulated.StormyTelegram, _: ApiCall) -> None:
        if going:
            return
        going.append(True)
        begins()

        def over() -> None:
            ends()
            fake.hit()
            going.clear()

        fake.clock.rings_after(MINUTE, over)

    return await simulated_rows.in_rounds(folder, tries, strikes, seed="a minute", before=before)


async def locked(folder: Path, tries: int) -> Verdict:
    """Another process takes the write lock while a message is being sent, and keeps it for a minute."""
    with (
        patch("subscriptions.store.database.store.BUSY_SECONDS", 0.01),
        foreign_program(folder / "paperwire.db") as executes,
    ):
        return await _for_a_minute(folder, tries, partial(executes, "BEGIN IMMEDIATE"), partial(executes, "ROLLBACK"))


async def unwritable(folder: Path, tries: int, *, spoil: Callable[[Store, list[bool]], None]) -> Verdict:
    """The database refuses writes for a minute, beginning while messages are being sent."""
    spoilt: list[bool] = []
    return await _for_a_minute(
        folder, tries, partial(spoilt.append, True), spoilt.clear, before=lambda world: spoil(world.app.store, spoilt)
    )


def as_read_only(store: Store, spoilt: list[bool]) -> None:
    """Makes the database read-only in each transaction, so that SQLite reports this."""

    @event.listens_for(store._engine, "checkout")
    def _lend(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {int(bool(spoilt))}")


def as_full(store: Store, spoilt: list[bool]) -> None:
    """Makes every commit of a writing transaction fail with SQLite's error for a full disk."""

    @event.listens_for(store._engine, "commit")
    def _commit(connection: Connection) -> None:
        if spoilt and connection.get_execution_options().get("paperwire_write"):
            raise sqlite3.OperationalError("database or disk is full")


async def two_senders(folder: Path, tries: int) -> Verdict:
    """Two programs send from one database at once. Only the database keeps them from sending the same messages."""
    return await simulated.storm(folder, tries, simulated_rows.counts, seed="two", programs=2)
