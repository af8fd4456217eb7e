"""What a connection to PostgreSQL is given before it is used."""

import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, event

OURS = "-c paperwire.session=whole"  # an option by which a session can be told from those that a pooler shares out
_ASK = "SELECT current_setting('paperwire.session', true)"
_NUL, _INSTEAD = "\0", "\ufffd"  # the replacement character


class SharedSession(Exception):
    """Raised if a pooler does not pass on a session's options: it may share the session with others."""


def prepare_sessions(engine: Engine) -> None:
    """Has all connections of an engine checked and prepared as they are made; connecting may raise SharedSession.

    In a shared session every process would have the sender lock, and two processes would send.

    PostgreSQL stores every character but NUL, which SQLite does store: another character replaces it in rows and
    searches. Texts of people and digests have no NUL; those of an installed format or an imported file may.
    """
    driver: Any = engine.dialect.dbapi  # psycopg, which is imported only where it is used

    class Text(driver.types.string.StrDumper):  # type: ignore[misc]
        """A text as it is sent."""

        def dump(self, obj: str) -> bytes | None:
            """The bytes of a text."""
            sent: bytes | None = super().dump(obj.replace(_NUL, _INSTEAD) if _NUL in obj else obj)
            return sent

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
        connection.autocommit = True
        if connection.execute(_ASK).fetchone() != ("whole",):
            connection.close()
            raise SharedSession
        connection.adapters.register_dumper(str, Text)


# ---------------------------------------------------------------------------------------------------------------------
# How several processes share a database of PostgreSQL.
#
# It locks row by row, and a statement sees what was committed before the statement began. So a writing transaction first
# holds rows (`conflicts.hold`) and then reads what depends on them. A reading transaction sees one state from its first
# statement to its last.


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


# ---------------------------------------------------------------------------------------------------------------------
# Rows that are inserted many at once, by COPY: a tenth of the work of the driver, and two thirds of the server's.


_LEAST = 20  # rows; fewer are as quick one by one
_PLAIN = re.compile(r"INSERT INTO (?P<into>[\w.\"]+ \([^()]+\)) VALUES \((?:%s(?:::[\w ]+)?(?:, )?)+\)")


def copy_rows(engine: Engine) -> None:
    """Has an engine copy the rows of plain inserts into their table.

    An insert with more than values, such as a conflict clause or RETURNING, stays an insert. Triggers, defaults and
    references work as for an insert, and a refused row undoes all.
    """

    @event.listens_for(engine, "do_executemany")
    def _copied(cursor: Any, statement: str, parameters: Sequence[Any], _context: object) -> bool:  # noqa: ANN401 - psycopg's
        found = _PLAIN.fullmatch(statement)
        if found is None or len(parameters) < _LEAST or not isinstance(parameters[0], tuple):
            return False
        with cursor.copy(f"COPY {found['into']} FROM STDIN") as copy:
            for row in parameters:
                copy.write_row(row)
        return True
