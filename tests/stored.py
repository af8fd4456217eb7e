"""Reads and changes a SQLite or PostgreSQL database by handwritten SQL, without the product."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy

from subscriptions.database.columns import for_postgres
from subscriptions.database.store import Store


@contextmanager
def connected(store: Store) -> Iterator[sqlalchemy.Connection]:
    """Opens a connection, as another program does. The block is one transaction, and does not wait for locks."""
    is_file = store.kind.file is not None
    engine = sqlalchemy.create_engine(
        store.url, connect_args={"timeout": 0} if is_file else {"options": "-c lock_timeout=1"}
    )
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def rows(store: Store, sql: str, **values: object) -> list[tuple[Any, ...]]:
    """Returns the rows of a query in SQLite's dialect. JSON columns are text on SQLite, and values on PostgreSQL."""
    with connected(store) as connection:
        return [tuple(row) for row in connection.execute(sqlalchemy.text(_said(connection, sql)), values)]


def value(store: Store, sql: str, **values: object) -> Any:
    """Returns the one value that a handwritten query finds."""
    ((found,),) = rows(store, sql, **values)
    return found


def delivered(store: Store) -> list[tuple[Any, ...]]:
    """Returns (chat, title) of each paper in a delivery, sorted. A chat is written like `telegram:1`."""
    found = "SELECT chat.platform || ':' || chat.address, paper.title FROM delivery_item"
    return sorted(rows(store, f"{found} JOIN chat ON chat.id = delivery_item.chat JOIN paper ON paper.id = paper"))


def change(store: Store, *statements: str, **values: object) -> None:
    """Changes rows by handwritten statements, all in one transaction."""
    with connected(store) as connection:
        for sql in statements:
            connection.execute(sqlalchemy.text(_said(connection, sql)), values)


def _said(connection: sqlalchemy.Connection, sql: str) -> str:
    return sql if connection.dialect.name == "sqlite" else for_postgres(sql)


def all_rows(store: Store) -> dict[str, list[str]]:
    """Maps each table of the database to its rows as text. Includes tables that no model declares."""
    with connected(store) as connection:
        return {
            table: [repr(tuple(row)) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')]  # noqa: S608 - its own names
            for table in sqlalchemy.inspect(connection).get_table_names()
            if table != "paper_words"  # SQLite cannot read back the texts of this table
        }
