"""How several processes share a database of PostgreSQL.

It locks row by row, and a statement sees what was committed before the statement began. So a writing transaction first
holds rows (`conflicts.hold`) and then reads what depends on them. A reading transaction sees one state from its first
statement to its last.
"""

from itertools import count
from typing import Any

from sqlalchemy import Connection

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


class PostgresSharing:
    """PostgreSQL: readers see one state, writers wait for each other's rows."""

    def __init__(self) -> None:
        self._changes = count()

    def prepare(self, connection: Any) -> None:  # noqa: ANN401 - psycopg's
        """Lets the driver begin no transactions."""
        connection.autocommit = True  # we say BEGIN ourselves

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Says whether the transaction may write, so that a server that takes no writes refuses at once."""
        connection.exec_driver_sql(_WRITE if writes else _READ)

    def changes(self, connection: object) -> int:  # noqa: ARG002 - as on SQLite
        """Another number each time: a transaction that was committed has shown that writes are taken."""
        return next(self._changes)
