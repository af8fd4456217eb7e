"""Inserts and updates with a conflict clause: of several processes that want the same, the database says which one was first.

To look first and insert afterwards is right only where one process writes at a time, as with SQLite. With rows that are
locked one by one, another process may insert in between. SQLite and PostgreSQL write the clause alike; SQLAlchemy has a form
for each of them and none in common.
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
    session: Transaction, statement: sa.Insert | sa.Update, names: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Executes a statement for each row, which has the values of its parameters `names`, in that order.

    The statement is one that is made once. An insert names all columns that have a default of Python's.
    """
    if not rows:
        return
    session.flush()
    connection = session.connection()
    text, order, conversions = _compiled(statement, connection.dialect, names)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, convert in conversions:
        columns[place] = _converted(convert, columns[place])
    connection.exec_driver_sql(text, list(zip(*(columns[place] for place in order), strict=True)))


def _converted(convert: Callable[[Any], Any], values: Sequence[Any]) -> Sequence[Any]:
    """Returns the values as the driver takes them. Often all rows have the same one, such as a moment."""
    first = values[0]
    if all(value is first for value in values):
        return [convert(first)] * len(values)
    return list(map(convert, values))


@lru_cache(maxsize=64)
def _compiled(
    statement: sa.Insert | sa.Update, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, tuple[int, ...], tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """Returns the text of a statement, the places in `names` of its parameters, and (place, conversion) of those that need one."""
    if isinstance(statement, sa.Insert):
        statement = statement.inline()  # so that it returns no ids
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    wanted: tuple[str, ...] = tuple(compiled.positiontup)
    assert sorted(wanted) == sorted(names), (wanted, names)  # noqa: S101 - a column with a default was left out
    conversions = []
    for place, name in enumerate(names):
        convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            conversions.append((place, convert))
    return str(compiled), tuple(names.index(name) for name in wanted), tuple(conversions)


# ------------------------------------ copies all rows of one database into another one, of the same or of another kind


_AT_ONCE = 2_000  # rows
# The entries of the full-text index, and the log of queries that triggers write as queries come into the target.
_MADE_ANEW = frozenset({"indexed_paper", "paper_spelling", "query_change"})


def holds_rows(session: Transaction) -> bool:
    """Whether a database has any rows."""
    connection = session.connection()
    return any(connection.execute(sa.select(1).select_from(table).limit(1)).first() for table in TABLES.sorted_tables)


def copy_rows(source: Transaction, target: Transaction) -> dict[str, int]:
    """Copies the rows of all tables, with their ids, into an empty database. Returns table → how many.

    Entries of the full-text index are left out: the caller makes new ones. Triggers of the target note its new queries.
    """
    copied = {}
    for table in TABLES.sorted_tables:
        if table.name not in _MADE_ANEW:
            copied[table.name] = _copy(source, target, table)
    if target.connection().dialect.name == "postgresql":
        count_on(target.connection())
    return copied


def count_rows(session: Transaction) -> dict[str, int]:
    """Table → how many rows it has, of the tables that `copy_rows` copies."""
    connection = session.connection()
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in TABLES.sorted_tables
        if table.name not in _MADE_ANEW
    }


def _copy(source: Transaction, target: Transaction, table: sa.Table) -> int:
    """Copies the rows of a table in the order of its key, some at a time. Returns how many."""
    names, statement = tuple(column.name for column in table.columns), sa.insert(table)
    rows = 0
    with source.connection().execute(sa.select(table).order_by(*table.primary_key.columns)) as found:
        while part := found.fetchmany(_AT_ONCE):
            execute_rows(target, statement, names, [tuple(row) for row in part])
            rows += len(part)
    return rows


def count_on(connection: sa.Connection) -> None:
    """Lets PostgreSQL number new rows after those that were copied."""
    for table in TABLES.sorted_tables:
        key = table.autoincrement_column
        if key is not None and table.name not in _MADE_ANEW:
            name = f'"{table.name}"'
            newest = f"SELECT setval(pg_get_serial_sequence(:table, :key), max({key.name})) FROM {name}"  # noqa: S608 - ours
            connection.execute(sa.text(newest), {"table": name, "key": key.name})


def gather_statistics(session: Transaction) -> None:
    """Lets PostgreSQL analyze many new rows for its plans. On its own it does so minutes later; SQLite never does."""
    if session.connection().dialect.name == "postgresql":
        session.connection().execute(sa.text("ANALYZE"))


# -------------------------------------------------------------------------- inserts and updates with a conflict clause


def insert_new(session: Transaction, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    """Inserts a row unless there is one with the same `keys`, which must be unique; returns whether it did.

    With () instead of keys, unless any constraint forbids it: an exclusion constraint is not known by its columns.
    """
    statement = _statement(session.connection().dialect.name, table, keys, tuple(values), replaces=False)
    return execute(session, statement, values).rowcount == 1


def insert_all_new(session: Transaction, table: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows with the same columns, each unless there is one with the same `keys`; see `insert_new`."""
    _execute_all(session, table, keys, rows, replaces=False)


def put_all(session: Transaction, table: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows with the same columns, or gives their values to those with the same `keys`, which must be unique."""
    _execute_all(session, table, keys, rows, replaces=True)


def put(session: Transaction, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> None:
    """Inserts a row, or gives these values to the one with the same `keys`, which must be unique."""
    execute(session, _statement(session.connection().dialect.name, table, keys, tuple(values), replaces=True), values)


def _execute_all(
    session: Transaction, table: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]], *, replaces: bool
) -> None:
    if not rows:
        return
    names = tuple(rows[0])
    statement = _statement(session.connection().dialect.name, table, keys, names, replaces=replaces)
    execute_rows(session, statement, names, [tuple(row[name] for name in names) for row in rows])


def hold(
    session: Transaction, table: str, keys: tuple[str, ...], values: Mapping[str, Any]
) -> sa.Row[*tuple[Any, ...]]:
    """Inserts a row unless there is one with the same `keys`, which must be unique; returns the row that is stored.

    Until the transaction ends no other process can change the row; it has to wait. So read what depends on it after
    this.
    """
    return execute(session, _holding(session.connection().dialect.name, table, keys), values).one()


def hold_rows(session: Transaction, rows: sa.Select[Any], *, shared: bool = False) -> None:
    """Until the transaction ends no other process changes these rows. `rows` selects them in an order that all keep to.

    With `shared`, others may hold them so, too. On SQLite a writer is alone, and nothing is asked.
    """
    if session.connection().dialect.name != "sqlite":
        execute(session, rows.with_for_update(read=shared, key_share=not shared))


def move_rows(session: Transaction, table: str, keys: tuple[str, ...], *, column: str, before: int, after: int) -> None:
    """Gives the rows of one owner, named in `column`, to another.

    Where both have a row with the same `keys`, that of `after` stays.
    """
    rows = TABLES.tables[table]
    theirs = rows.alias()
    same = sa.exists().where(theirs.c[column] == after, *(theirs.c[name] == rows.c[name] for name in keys))
    execute(session, sa.delete(rows).where(rows.c[column] == before, same))
    execute(session, sa.update(rows).where(rows.c[column] == before).values({column: after}))


def update_unless_taken(connection: sa.Connection, statement: sa.Update, values: Mapping[str, Any]) -> bool:
    """Updates a row, unless a unique index forbids that: another process has what it would take. Returns whether it did.

    `statement` is made by `unless_taken`.
    """
    if connection.dialect.name == "sqlite":
        return connection.execute(statement, values).rowcount == 1
    try:
        with connection.begin_nested():
            return connection.execute(statement, values).rowcount == 1
    except IntegrityError:
        return False


def unless_taken(statement: sa.Update) -> sa.Update:
    """An update for `update_unless_taken`. SQLite says it in the statement."""
    return statement.prefix_with("OR IGNORE", dialect="sqlite")


def _insert(dialect: str, table: str) -> postgresql.Insert | sqlite.Insert:
    rows = TABLES.tables[table]
    return postgresql.insert(rows) if dialect == "postgresql" else sqlite.insert(rows)


@lru_cache
def _holding(dialect: str, table: str, keys: tuple[str, ...]) -> ReturningInsert[*tuple[Any, ...]]:
    rows = TABLES.tables[table]
    same = {name: rows.c[name] for name in keys}  # changes nothing, but is a change: the row is held
    return _insert(dialect, table).on_conflict_do_update(index_elements=keys, set_=same).returning(rows)


@lru_cache
def _statement(dialect: str, table: str, keys: tuple[str, ...], names: tuple[str, ...], *, replaces: bool) -> sa.Insert:
    statement = _insert(dialect, table).execution_options(preserve_rowcount=True)  # whose cursor is closed by then
    if not replaces:
        return statement.on_conflict_do_nothing(index_elements=keys or None)
    others = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
