"""Makes a database unusable for a while: another program holds its lock, or its server is down."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg

from subscriptions.database.store import Store
from subscriptions.errors import StoreError
from tests.clock import NOON, FakeClock
from tests.postgres.server import OwnServer


class ForeignLock:
    """A second connection to a SQLite database that can hold its write lock, as another program might."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self.is_held = False

    def take(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self.is_held = True

    def release(self) -> None:
        if self.is_held:
            self._connection.execute("ROLLBACK")
        self.is_held = False

    def close(self) -> None:
        self.release()
        self._connection.close()


class LockedTable:
    """A session of PostgreSQL that can lock the table of chats, so that all writers wait.

    It has ForeignLock's methods.
    """

    def __init__(self, store: Store) -> None:
        self._connection = psycopg.connect(store.url.set(drivername="postgresql").render_as_string(hide_password=False))
        self.is_held = False

    def take(self) -> None:
        self._connection.execute("LOCK TABLE chat IN EXCLUSIVE MODE")
        self.is_held = True

    def release(self) -> None:
        self._connection.rollback()
        self.is_held = False

    def close(self) -> None:
        self._connection.close()
        self.is_held = False


class ServerDown:
    """A PostgreSQL server that a test can crash and start again. It has ForeignLock's methods."""

    def __init__(self, server: OwnServer) -> None:
        self._server = server

    @property
    def is_held(self) -> bool:
        return not self._server.is_up

    def take(self) -> None:
        self._server.goes_down()

    def release(self) -> None:
        self._server.comes_back()

    def close(self) -> None:
        self.release()


class AlarmClock(FakeClock):
    """A FakeClock that runs an action when `rings_after` seconds have passed on its monotonic clock."""

    def __init__(self, start: datetime = NOON) -> None:
        super().__init__(start)
        self._alarm: tuple[float, Callable[[], None]] | None = None

    def rings_after(self, seconds: float, what: Callable[[], None]) -> None:
        self._alarm = (self.monotonic() + seconds, what)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.to_thread(os.sched_yield)  # lets the thread of the fake server run, for which this loop waits
        if self._alarm and self.monotonic() >= self._alarm[0]:
            _, what = self._alarm
            self._alarm = None
            what()


def away(*_: object, **__: object) -> tuple[str, bool]:
    """Raises StoreError. A test replaces a use case by this while the database is unusable."""
    raise StoreError("The database is locked.")
