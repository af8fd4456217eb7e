"""Rows in simulated time with faults of the database: it is locked, refuses writes, or is used by two senders."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Connection, event

from subscriptions.store.database.store import Store
from tests.fakes.server import ApiCall
from tests.patience import PATIENCE
from tests.programs.faults import simulated, simulated_rows
from tests.programs.faults.judging import Verdict

LOCKED = 60.0  # seconds for which another program holds the database's lock
OUT_OF_ORDER = 60.0  # seconds for which the disk refuses writes


class ForeignProgram:
    """Another program on the same database: a process that executes the statements that it receives."""

    _CODE = (
        "import sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n"
        "for line in sys.stdin:\n"
        "    database.execute(line)\n"
        "    print('done', flush=True)\n"
    )

    def __init__(self, database: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", self._CODE, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def does(self, statement: str) -> None:
        """Executes a statement in that process. Returns when it is finished."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(statement + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def ends(self) -> None:
        self._process.communicate(timeout=PATIENCE)


def locked(folder: Path, tries: int) -> Verdict:
    """Another process takes the write lock while a message is being sent, and keeps it for a minute."""
    foreign: list[ForeignProgram] = []
    held: list[bool] = []

    def takes(fake: simulated.StormyTelegram, call: ApiCall) -> None:
        if held:
            return
        held.append(True)
        foreign[0].does("BEGIN IMMEDIATE")

        def releases() -> None:
            foreign[0].does("ROLLBACK")
            fake.hit()
            held.clear()

        fake.clock.rings_after(LOCKED, releases)

    def starts(world: simulated.World) -> None:
        foreign.append(ForeignProgram(world.app.store.path))

    with patch("subscriptions.store.database.store.BUSY_SECONDS", 0.01):
        try:
            return asyncio.run(simulated_rows.in_rounds(folder, takes, tries, seed="locked", before=starts))
        finally:
            for one in foreign:
                one.ends()


def unwritable(folder: Path, tries: int, *, spoil: Callable[[Store, list[bool]], None]) -> Verdict:
    """The database refuses writes for a minute, beginning while messages are being sent."""
    spoilt: list[bool] = []

    def breaks(fake: simulated.StormyTelegram, call: ApiCall) -> None:
        if spoilt:
            return
        spoilt.append(True)

        def mends() -> None:
            spoilt.clear()
            fake.hit()

        fake.clock.rings_after(OUT_OF_ORDER, mends)

    def before(world: simulated.World) -> None:
        spoil(world.app.store, spoilt)

    return asyncio.run(simulated_rows.in_rounds(folder, breaks, tries, seed="unwritable", before=before))


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


def two_senders(folder: Path, tries: int) -> Verdict:
    """Two programs send from one database at the same time. Only the database keeps them from sending the same messages."""
    return asyncio.run(simulated.storm(folder, simulated_rows.counts, tries=tries, seed="two", programs=2))
