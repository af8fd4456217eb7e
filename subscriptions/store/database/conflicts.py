"""Inserts and updates with a conflict clause: of several processes that want the same, the database says which one was first.

To look first and insert afterwards is right only where one process writes at a time, as with SQLite. With rows that are
locked one by one, another process may insert in between. SQLite and PostgreSQL write the clause alike; SQLAlchemy has a form
for each of them and none in common.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session

from subscriptions.store.database.store import connection_of, execute
from subscriptions.store.database.transfer import execute_rows
from subscriptions.store.rows import TABLES


def insert_new(session: Session, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    """Inserts a row unless there is one with the same `keys`, which must be unique; returns whether it did.

    With () instead of keys, unless any constraint forbids it: an exclusion constraint is not known by its columns.
    """
    statement = _statement(connection_of(session).dialect.name, table, keys, tuple(values), replaces=False)
    return execute(session, statement, values).rowcount == 1


def insert_all_new(session: Session, table: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows with the same columns, each unless there is one with the same `keys`; see `insert_new`."""
    _execute_all(session, table, keys, rows, replaces=False)


def insert_rows_new(
    session: Session, table: str, keys: tuple[str, ...], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """As `insert_all_new`, for rows that hold the values of the columns `names`, in that order."""
    execute_rows(
        session, _statement(connection_of(session).dialect.name, table, keys, names, replaces=False), names, rows
    )


def put_all(session: Session, table: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows with the same columns, or gives their values to those with the same `keys`, which must be unique."""
    _execute_all(session, table, keys, rows, replaces=True)


def put(session: Session, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> None:
    """Inserts a row, or gives these values to the one with the same `keys`, which must be unique."""
    execute(session, _statement(connection_of(session).dialect.name, table, keys, tuple(values), replaces=True), values)


def _execute_all(
    session: Session, table: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]], *, replaces: bool
) -> None:
    if not rows:
        return
    names = tuple(rows[0])
    statement = _statement(connection_of(session).dialect.name, table, keys, names, replaces=replaces)
    execute_rows(session, statement, names, [tuple(row[name] for name in names) for row in rows])


def hold(session: Session, table: str, keys: tuple[str, ...], values: Mapping[str, Any]) -> Row[*tuple[Any, ...]]:
    """Inserts a row unless there is one with the same `keys`, which must be unique; returns the row that is stored.

    Until the transaction ends no other process can change the row; it has to wait. So read what depends on it after
    this.
    """
    return execute(session, _holding(connection_of(session).dialect.name, table, keys), values).one()


def hold_rows(session: Session, rows: Select[Any], values: Mapping[str, Any], *, shared: bool = False) -> None:
    """Until the transaction ends no other process changes these rows. `rows` selects them in an order that all keep to.

    With `shared`, others may hold them so, too. On SQLite a writer is alone, and nothing is asked.
    """
    if connection_of(session).dialect.name != "sqlite":
        execute(session, rows.with_for_update(read=shared, key_share=not shared), values)


def update_unless_taken(connection: Connection, statement: Update, values: Mapping[str, Any]) -> bool:
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


def unless_taken(statement: Update) -> Update:
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
def _statement(dialect: str, table: str, keys: tuple[str, ...], names: tuple[str, ...], *, replaces: bool) -> Insert:
    statement = _insert(dialect, table).execution_options(preserve_rowcount=True)  # whose cursor is closed by then
    if not replaces:
        return statement.on_conflict_do_nothing(index_elements=keys or None)
    others = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
