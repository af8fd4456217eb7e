"""Inserts and updates with a conflict clause. If several processes want to write the same row, the database decides.

Looking first and inserting afterwards is correct only if one process writes at a time, as with SQLite. PostgreSQL locks
single rows, so another process may insert the row in between. Both databases have the same syntax for the clause, but
SQLAlchemy has a separate form for each.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.rows import TABLES

Values = tuple[Any, ...]


def execute_rows(
    transaction: Transaction, statement: sa.Insert | sa.Update, names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Executes a statement once for each row. A row has the values of its parameters, in the order of `names`.

    Callers should reuse the statement object, since its text is cached. For an insert, `names` must include each column
    whose default Python computes.
    """
    if not rows:
        return
    transaction.flush()
    connection = transaction.connection()
    text, order, conversions = _compiled(statement, connection.dialect, names)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, convert in conversions:
        columns[place] = _converted(convert, columns[place])
    connection.exec_driver_sql(text, list(zip(*(columns[place] for place in order), strict=True)))


def _converted(convert: Callable[[Any], Any], values: Sequence[Any]) -> Sequence[Any]:
    """Converts values for the driver. A value that all rows share, such as a moment, is converted only once."""
    first = values[0]
    if all(value is first for value in values):
        return [convert(first)] * len(values)
    return list(map(convert, values))


@lru_cache(maxsize=64)
def _compiled(
    statement: sa.Insert | sa.Update, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, tuple[int, ...], tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """Returns (text of the statement, for each parameter its index in `names`, conversions).

    A conversion is (index in `names`, function). Each parameter whose values have to be converted has a conversion.
    """
    if isinstance(statement, sa.Insert):
        statement = statement.inline()  # so that the insert returns no ids
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    wanted: tuple[str, ...] = tuple(compiled.positiontup)
    assert sorted(wanted) == sorted(names), (wanted, names)  # noqa: S101 - a column with a default was left out
    conversions = []
    for place, name in enumerate(names):
        convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            conversions.append((place, convert))
    return str(compiled), tuple(names.index(name) for name in wanted), tuple(conversions)


# --------------------------------------- copies all rows of a database into another one, also from SQLite to PostgreSQL


_AT_ONCE = 2_000  # rows that are copied at once
# These tables are not copied: the caller makes the full-text index again, and triggers of the target log its queries.
_MADE_ANEW = frozenset({"indexed_paper", "paper_spelling", "query_change"})


def holds_rows(transaction: Transaction) -> bool:
    """Whether a database has any rows."""
    connection = transaction.connection()
    return any(connection.execute(sa.select(1).select_from(table).limit(1)).first() for table in TABLES.sorted_tables)


def copy_rows(source: Transaction, target: Transaction) -> dict[str, int]:
    """Copies the rows of all tables, with their ids, into an empty database. Returns table → number of rows.

    Leaves out the full-text index, which the caller makes again, and the log of queries, which triggers of the target
    write.
    """
    copied = {}
    for table in TABLES.sorted_tables:
        if table.name not in _MADE_ANEW:
            copied[table.name] = _copy(source, target, table)
    if target.connection().dialect.name == "postgresql":
        count_on(target.connection())
    return copied


def count_rows(transaction: Transaction) -> dict[str, int]:
    """Returns table → number of rows, for the tables that `copy_rows` copies."""
    connection = transaction.connection()
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in TABLES.sorted_tables
        if table.name not in _MADE_ANEW
    }


def _copy(source: Transaction, target: Transaction, table: sa.Table) -> int:
    """Copies the rows of a table in batches, in the order of its primary key. Returns the number of rows."""
    names, statement = tuple(column.name for column in table.columns), sa.insert(table)
    rows = 0
    with source.connection().execute(sa.select(table).order_by(*table.primary_key.columns)) as found:
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
    if transaction.connection().dialect.name == "postgresql":
        transaction.connection().execute(sa.text("ANALYZE"))


# -------------------------------------------------------------------------- inserts and updates with a conflict clause


def insert_new(transaction: Transaction, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    """Inserts a row unless a row with the same `keys` exists. Returns whether the row was inserted.

    `keys` are the columns of a unique constraint. If they are (), the row is inserted unless any constraint forbids it.
    Use () for exclusion constraints, which cannot be named by their columns.
    """
    statement = _statement(transaction.connection().dialect.name, table, keys, tuple(values), replaces=False)
    return execute(transaction, statement, values).rowcount == 1


def insert_all_new(
    transaction: Transaction, table: str, keys: tuple[str, ...], names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Inserts each row unless a row with the same `keys` exists, see `insert_new`. A row has the values of `names`."""
    statement = _statement(transaction.connection().dialect.name, table, keys, names, replaces=False)
    execute_rows(transaction, statement, names, rows)


def put_all(
    transaction: Transaction, table: str, keys: tuple[str, ...], names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Like `insert_all_new`, but an existing row with the same `keys` gets the new values."""
    execute_rows(
        transaction, _statement(transaction.connection().dialect.name, table, keys, names, replaces=True), names, rows
    )


def put(transaction: Transaction, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> None:
    """Inserts a row, or updates the row with the same `keys`, which must be unique."""
    execute(
        transaction,
        _statement(transaction.connection().dialect.name, table, keys, tuple(values), replaces=True),
        values,
    )


def hold(
    transaction: Transaction, table: str, keys: tuple[str, ...], values: Mapping[str, Any]
) -> sa.Row[*tuple[Any, ...]]:
    """Inserts a row unless a row with the same unique `keys` exists. Locks the stored row and returns it.

    Until the transaction ends, other processes cannot change the row; they wait. So callers read data that depends on
    the row after this call.
    """
    return execute(transaction, _holding(transaction.connection().dialect.name, table, keys), values).one()


def hold_rows(transaction: Transaction, rows: sa.Select[Any], *, shared: bool = False) -> None:
    """Locks rows until the transaction ends.

    All callers must select the rows in the same order, since a different order may cause a deadlock. If `shared`, other
    transactions may have a shared lock on the rows at the same time. Does nothing on SQLite, which has one writer at a
    time.
    """
    if transaction.connection().dialect.name != "sqlite":
        execute(transaction, rows.with_for_update(read=shared, key_share=not shared))


def move_rows(
    transaction: Transaction, table: str, keys: tuple[str, ...], *, column: str, before: int, after: int
) -> None:
    """Moves rows from one owner to another: the value of `column` changes from `before` to `after`.

    If both owners have a row with the same `keys`, only the row of `after` stays.
    """
    rows = TABLES.tables[table]
    theirs = rows.alias()
    same = sa.exists().where(theirs.c[column] == after, *(theirs.c[name] == rows.c[name] for name in keys))
    execute(transaction, sa.delete(rows).where(rows.c[column] == before, same))
    execute(transaction, sa.update(rows).where(rows.c[column] == before).values({column: after}))


def update_unless_taken(connection: sa.Connection, statement: sa.Update, values: Mapping[str, Any]) -> bool:
    """Updates a row, unless a unique index forbids it because another process was first.

    Returns whether the row was updated. `statement` must come from `unless_taken`.
    """
    if connection.dialect.name == "sqlite":
        return connection.execute(statement, values).rowcount == 1
    try:
        with connection.begin_nested():
            return connection.execute(statement, values).rowcount == 1
    except IntegrityError:
        return False


def unless_taken(statement: sa.Update) -> sa.Update:
    """Returns the update in the form that `update_unless_taken` needs: on SQLite, it ignores the conflict itself."""
    return statement.prefix_with("OR IGNORE", dialect="sqlite")


def _insert(dialect: str, table: str) -> postgresql.Insert | sqlite.Insert:
    rows = TABLES.tables[table]
    return postgresql.insert(rows) if dialect == "postgresql" else sqlite.insert(rows)


@lru_cache
def _holding(dialect: str, table: str, keys: tuple[str, ...]) -> ReturningInsert[*tuple[Any, ...]]:
    rows = TABLES.tables[table]
    same = {name: rows.c[name] for name in keys}  # changes no value, but the update locks the row
    return _insert(dialect, table).on_conflict_do_update(index_elements=keys, set_=same).returning(rows)


@lru_cache
def _statement(dialect: str, table: str, keys: tuple[str, ...], names: tuple[str, ...], *, replaces: bool) -> sa.Insert:
    # keeps the number of inserted rows, since the cursor is closed when the caller asks for this number
    statement = _insert(dialect, table).execution_options(preserve_rowcount=True)
    if not replaces:
        return statement.on_conflict_do_nothing(index_elements=keys or None)
    others = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
