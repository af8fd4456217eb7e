"""Inserts many rows as the database's driver takes them.

SQLAlchemy alone converts each value of each row by its type, 6 µs a row of a delivery: more than SQLite needs to insert it.
Here the caller converts a value once for all rows that have it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.engine import Dialect
from sqlmodel import Session

from subscriptions.store.database.store import connection_of


class BulkInsert:
    """An insert of rows of one table, each a tuple of the values of `columns` as the driver takes them."""

    def __init__(self, table: Table, *columns: str) -> None:
        """`columns` in the order of the table; the others are NULL."""
        self._table = table
        self.columns = columns

    def execute(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        """Inserts the rows with one statement; none is fine."""
        if rows:
            session.flush()
            connection = connection_of(session)
            connection.exec_driver_sql(_text(connection.dialect, self._table, self.columns), list(rows))

    def converter(self, session: Session, column: str) -> Callable[[Any], Any]:
        """The function that makes a value of a column what the driver takes."""
        return _converter(connection_of(session).dialect, self._table, column)


@lru_cache
def _text(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    if compiled.positiontup != list(columns):
        raise RuntimeError(f"{table.name}: {columns} are not in the order of the table, or others are needed.")
    return str(compiled)


@lru_cache
def _converter(dialect: Dialect, table: Table, column: str) -> Callable[[Any], Any]:
    return table.c[column].type.dialect_impl(dialect).bind_processor(dialect) or _unchanged


def _unchanged(value: Any) -> Any:  # noqa: ANN401 - of any column
    return value
