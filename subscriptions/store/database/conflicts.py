"""Inserts and updates with a conflict clause. If several processes want to write the same row, the database decides.

Looking first and inserting afterwards is correct only if one process writes at a time, as with SQLite. PostgreSQL locks
single rows, so another process may insert the row in between. Both databases have the same syntax for the clause, but
SQLAlchemy has a separate form for each.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from subscriptions.store.columns import AnyRow, Row
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


def insert_new(transaction: Transaction, row: Row, *keys: str) -> bool:
    """Inserts a row unless a row with the same `keys` exists. Returns whether the row was inserted.

    `keys` are the columns of a unique constraint; without them, the columns of the primary key count.
    """
    return _write(transaction, row, keys, replaces=False).rowcount == 1


def insert_all_new(
    transaction: Transaction, table: str, keys: tuple[str, ...], names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Inserts each row unless a row with the same `keys` exists. A row has the values of `names`.

    `keys` are the columns of a unique constraint. If they are (), the row is inserted unless any constraint forbids it.
    Use () for exclusion constraints, which cannot be named by their columns.
    """
    statement = _statement(transaction.dialect, table, keys, names, replaces=False)
    execute_rows(transaction, statement, names, rows)


def put_all(transaction: Transaction, table: str, rows: Sequence[Values]) -> None:
    """Inserts each row, or updates the row with the same primary key. A row has the values of all columns."""
    names = tuple(TABLES.tables[table].columns.keys())
    statement = _statement(transaction.dialect, table, _primary(table), names, replaces=True)
    execute_rows(transaction, statement, names, rows)


def put(transaction: Transaction, row: Row) -> None:
    """Inserts a row, or updates the row with the same primary key."""
    _write(transaction, row, (), replaces=True)


def _write(
    transaction: Transaction, row: Row, keys: tuple[str, ...], *, replaces: bool
) -> sa.CursorResult[*tuple[Any, ...]]:
    table, unique, values = _parts_of(row, keys)
    statement = _statement(transaction.dialect, table, unique, tuple(values), replaces=replaces)
    return execute(transaction, statement, values)


def hold(transaction: Transaction, row: Row, *keys: str) -> AnyRow:
    """Inserts a row unless a row with the same `keys` exists, see `insert_new`. Locks the stored row and returns it.

    Until the transaction ends, other processes cannot change the row; they wait. So callers read data that depends on
    the row after this call.
    """
    table, unique, values = _parts_of(row, keys)
    return execute(transaction, _holding(transaction.dialect, table, unique), values).one()


def values_of(row: Row) -> dict[str, Any]:
    """Returns column name → value of a new row, without an id that the database assigns."""
    columns = TABLES.tables[str(row.__tablename__)].columns
    values = {column.name: getattr(row, column.name) for column in columns}
    return {name: value for name, value in values.items() if value is not None or not columns[name].primary_key}


def _parts_of(row: Row, keys: tuple[str, ...]) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """Returns (name of the table, the unique columns, values) of a new row."""
    table = str(row.__tablename__)
    return table, keys or _primary(table), values_of(row)


def _primary(table: str) -> tuple[str, ...]:
    return tuple(TABLES.tables[table].primary_key.columns.keys())


def hold_rows(transaction: Transaction, rows: sa.Select[Any], *, shared: bool = False) -> None:
    """Locks rows until the transaction ends.

    All callers must select the rows in the same order, since a different order may cause a deadlock. If `shared`, other
    transactions may have a shared lock on the rows at the same time. Does nothing on SQLite, which has one writer at a
    time.
    """
    if transaction.dialect != "sqlite":
        execute(transaction, rows.with_for_update(read=shared, key_share=not shared))


def move_rows(transaction: Transaction, table: str, *, column: str, before: int, after: int) -> None:
    """Moves rows from one owner to another: the value of `column` changes from `before` to `after`.

    If both owners have a row with otherwise the same primary key, only the row of `after` stays.
    """
    rows = TABLES.tables[table]
    theirs = rows.alias()
    others = [theirs.c[name] == rows.c[name] for name in _primary(table) if name != column]
    same = sa.exists().where(theirs.c[column] == after, *others)
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


def _insert(dialect: str, table: str) -> sqlite.Insert:
    """Returns an insert of the database in use: of PostgreSQL, whose `Insert` has the same clauses, or of SQLite.

    Only the dialect in use is loaded, since the one for PostgreSQL takes 2 MB.
    """
    insert: sqlite.Insert = import_module(f"sqlalchemy.dialects.{dialect}").insert(TABLES.tables[table])
    return insert


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
