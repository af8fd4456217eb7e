"""Copies a whole database into an empty one, for example from SQLite to PostgreSQL, or back."""

import sqlalchemy as sa

from subscriptions.database.copies import ID
from subscriptions.database.schema import WORDS
from subscriptions.database.store import Store, Transaction, execute, in_chunks
from subscriptions.database.tables import TABLES, KeyValueRow
from subscriptions.errors import Refused, Sentence, StoreError
from subscriptions.maintenance.stored.renewed_words import index_papers

_AT_ONCE = 2_000  # rows that are copied at once
# These tables are not copied: the full-text index is made again, and who works on a database is no part of it.
_MADE_ANEW = frozenset({"indexed_paper", "role"})
_COPIED = [table for table in TABLES.sorted_tables if table.name not in _MADE_ANEW]
_PAPERS = TABLES.tables["paper"].c


def copy_database(source: Store, target: Store) -> int:
    """Copy all rows, including open deliveries, completely or not at all. Return the number of rows.

    The caller must have the role of both databases, and both must have the newest schema. If the process of the
    source was killed while it sent messages, they are recovered in the target, as after any crash. Raise StoreError,
    and Refused if the target has rows.
    """
    with source.reading() as old, target.writing() as new:
        for name in (ID, WORDS):  # those of the copied database are copied
            new.remove(KeyValueRow, name=name)
        if any(execute(new, sa.select(1).select_from(table).limit(1)).first() for table in _COPIED):
            raise Refused(
                Sentence("The database {where} is not empty, so nothing is copied into it.", {"where": target.where}),
                Sentence("Name a new one."),
            )
        copied = {table.name: _copy(old, new, table) for table in _COPIED}
        if count_rows(new) != copied:
            raise StoreError(Sentence("The copy in {where} is not whole, and is taken back.", {"where": target.where}))
        _index_all(new)
        if new.dialect == "postgresql":
            count_on(new.connection())
            execute(new, sa.text("ANALYZE"))  # on its own, it would gather statistics for its plans only minutes later
    return sum(copied.values())


def count_rows(transaction: Transaction) -> dict[str, int]:
    """Return table → number of rows, for the tables that are copied."""
    return {
        table.name: execute(transaction, sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in _COPIED
    }


def _copy(source: Transaction, target: Transaction, table: sa.Table) -> int:
    """Copy the rows of a table in batches, in the order of its primary key. Return the number of rows.

    Rows that refer to others of the table, as the old address of a chat does, come last.
    """
    refer = (one.is_not(None) for one in table.columns if one.references(table.primary_key.columns.values()[0]))
    rows = 0
    with source.connection().execute(sa.select(table).order_by(*refer, *table.primary_key.columns)) as found:
        while part := found.mappings().fetchmany(_AT_ONCE):
            target.execute_rows(sa.insert(table), [dict(row) for row in part])
            rows += len(part)
    return rows


def count_on(connection: sa.Connection) -> None:
    """Make PostgreSQL number new rows from the highest copied id on."""
    for table in TABLES.sorted_tables:
        key = table.autoincrement_column
        if key is not None and table.name not in _MADE_ANEW:
            name = f'"{table.name}"'
            newest = f"SELECT setval(pg_get_serial_sequence(:table, :key), max({key.name})) FROM {name}"  # noqa: S608 - ours
            connection.execute(sa.text(newest), {"table": name, "key": key.name})


def _index_all(transaction: Transaction) -> None:
    """Write index entries for all papers of the database. The index must be empty."""
    for part in in_chunks(execute(transaction, sa.select(_PAPERS.id).order_by(_PAPERS.id)).scalars().all()):
        index_papers(transaction, part)
