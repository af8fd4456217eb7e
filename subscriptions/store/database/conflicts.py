"""Inserts with a conflict clause, and statements for many rows.

Both databases have the same syntax for the clause, but SQLAlchemy has a separate form for each.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from subscriptions.store.columns import Row
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.tables import TABLES

Values = tuple[Any, ...]


def execute_rows(
    transaction: Transaction, statement: sa.Insert | sa.Update, names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Executes a statement once for each row. A row has the values of its parameters, in the order of `names`."""
    if rows:
        execute(transaction, statement, [dict(zip(names, row, strict=True)) for row in rows])


def insert_new(transaction: Transaction, row: Row, *keys: str) -> bool:
    """Inserts a row unless a row with the same `keys` exists. Returns whether the row was inserted.

    `keys` are the columns of a unique constraint; without them, the columns of the primary key count.
    """
    table, values = str(row.__tablename__), values_of(row)
    statement = _statement(transaction.dialect, table, keys or _primary(table), tuple(values), replaces=False)
    return execute(transaction, statement, values).rowcount == 1


def put(transaction: Transaction, row: Row) -> None:
    """Inserts a row, or updates the row with the same primary key."""
    table, values = str(row.__tablename__), values_of(row)
    execute(transaction, _statement(transaction.dialect, table, _primary(table), tuple(values), replaces=True), values)


def insert_all_new(
    transaction: Transaction, table: str, keys: tuple[str, ...], names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Inserts each row unless a row with the same `keys` exists. A row has the values of `names`.

    `keys` are the columns of a unique constraint. If they are (), the row is inserted unless any constraint forbids it.
    Use () for exclusion constraints, which cannot be named by their columns.
    """
    execute_rows(transaction, _statement(transaction.dialect, table, keys, names, replaces=False), names, rows)


def put_all(transaction: Transaction, table: str, rows: Sequence[Values]) -> None:
    """Inserts each row, or updates the row with the same primary key. A row has the values of all columns."""
    names = tuple(TABLES.tables[table].columns.keys())
    execute_rows(
        transaction, _statement(transaction.dialect, table, _primary(table), names, replaces=True), names, rows
    )


def values_of(row: Row) -> dict[str, Any]:
    """Returns column name → value of a new row, without an id that the database assigns."""
    columns = TABLES.tables[str(row.__tablename__)].columns
    values = {column.name: getattr(row, column.name) for column in columns}
    return {name: value for name, value in values.items() if value is not None or not columns[name].primary_key}


def _primary(table: str) -> tuple[str, ...]:
    return tuple(TABLES.tables[table].primary_key.columns.keys())


@lru_cache
def _statement(dialect: str, table: str, keys: tuple[str, ...], names: tuple[str, ...], *, replaces: bool) -> sa.Insert:
    """Returns an insert with a conflict clause. Only the dialect in use is loaded: the one for PostgreSQL takes 2 MB."""
    insert: sqlite.Insert = import_module(f"sqlalchemy.dialects.{dialect}").insert(TABLES.tables[table])
    # keeps the number of inserted rows, since the cursor is closed when the caller asks for this number
    insert = insert.execution_options(preserve_rowcount=True)
    if not replaces:
        return insert.on_conflict_do_nothing(index_elements=keys or None)
    others = {name: insert.excluded[name] for name in names if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=others)
