"""How several processes share a database of SQLite.

It has one writer at a time, so what a writing transaction has read stays true until it ends.
"""

import sqlite3

from sqlalchemy import Connection


class SqliteSharing:
    """SQLite: readers see one state beside the one writer (WAL), and writers wait for each other before they read."""

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Makes commits outlast a power cut."""
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # in WAL mode NORMAL loses the last commits when power fails
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(
            "PRAGMA secure_delete=ON"
        )  # what is erased is overwritten; not every build of SQLite begins so

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Takes the writer's lock at once, so that a reader never becomes a writer halfway."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def changes(self, connection: sqlite3.Connection) -> int:
        """SQLite's own counter of the rows that the connection has changed."""
        return connection.total_changes
