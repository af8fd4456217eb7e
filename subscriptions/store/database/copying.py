"""Copies all rows of a database into another one, also from SQLite to PostgreSQL."""

import sqlalchemy as sa

from subscriptions.store.database.conflicts import execute_rows
from subscriptions.store.database.store import Transaction
from subscriptions.store.tables import TABLES

_AT_ONCE = 2_000  # rows that are copied at once
# These tables are not copied: the caller makes the full-text index again, and who works on a database is no part of it.
_MADE_ANEW = frozenset({"indexed_paper", "role"})
_COPIED = [table for table in TABLES.sorted_tables if table.name not in _MADE_ANEW]


def holds_rows(transaction: Transaction) -> bool:
    """Whether a database has any rows."""
    connection = transaction.connection()
    return any(connection.execute(sa.select(1).select_from(table).limit(1)).first() for table in _COPIED)


def copy_rows(source: Transaction, target: Transaction) -> dict[str, int]:
    """Copies the rows of all tables, with their ids, into an empty database. Returns table → number of rows.

    Leaves out the full-text index, which the caller makes again.
    """
    copied = {table.name: _copy(source, target, table) for table in _COPIED}
    if target.dialect == "postgresql":
        count_on(target.connection())
    return copied


def count_rows(transaction: Transaction) -> dict[str, int]:
    """Returns table → number of rows, for the tables that `copy_rows` copies."""
    connection = transaction.connection()
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in _COPIED
    }


def _copy(source: Transaction, target: Transaction, table: sa.Table) -> int:
    """Copies the rows of a table in batches, in the order of its primary key. Returns the number of rows.

    Rows that refer to others of the table, as the old address of a chat does, come last.
    """
    names, statement = tuple(column.name for column in table.columns), sa.insert(table)
    refer = (one.is_not(None) for one in table.columns if one.references(table.primary_key.columns.values()[0]))
    rows = 0
    with source.connection().execute(sa.select(table).order_by(*refer, *table.primary_key.columns)) as found:
        while part := found.fetchmany(_AT_ONCE):
            execute_rows(target, statement, names, [tuple(row) for row in part])
            rows += len(part)
    return rows


def count_on(connection: sa.Connection) -> None:
    """Makes PostgreSQL number new rows from the highest copied id on."""
    for table in TABLES.sorted_tables:
        key = table.autoincrement_column
        if key is not None and table.name not in _MADE_ANEW:
            name = f'"{table.name}"'
            newest = f"SELECT setval(pg_get_serial_sequence(:table, :key), max({key.name})) FROM {name}"  # noqa: S608 - ours
            connection.execute(sa.text(newest), {"table": name, "key": key.name})


def gather_statistics(transaction: Transaction) -> None:
    """Makes PostgreSQL gather statistics for its query plans now, after many inserts. Does nothing on SQLite.

    On its own, PostgreSQL would gather them only minutes later.
    """
    if transaction.dialect == "postgresql":
        transaction.connection().execute(sa.text("ANALYZE"))
