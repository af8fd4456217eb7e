"""The schema of PostgreSQL: the migrations make it, whatever a database begins with, and no row is lost on the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Connection, Date, DateTime, MetaData, Table, create_engine, inspect, select

from subscriptions.store import HEAD, Store
from subscriptions.store.database import schema_upgrade
from subscriptions.store.database.postgres.columns import declare_columns
from subscriptions.store.database.schema_upgrade import is_ours
from subscriptions.store.rows import TABLES
from tests.make import NOON
from tests.patience import PATIENCE
from tests.postgres.server import Server

FIRST = Path(schema_upgrade.__file__).parents[1] / "migrations" / "versions" / "0022_postgresql.sql"
_CATALOG = (  # columns in whatever order, and without defaults: a migration adds one behind the others, for rows that are there
    """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation::text
    FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid WHERE attnum > 0 AND NOT attisdropped
    """,
    "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON indrelid = pg_class.oid WHERE true",
    """
    SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid WHERE true
    """,
)
_OF_TABLES = " AND relnamespace = current_schema()::regnamespace AND relkind = 'r'"


def catalog(url: str) -> set[tuple[object, ...]]:
    """The tables, columns, indexes and constraints of a database, as it says them itself, of the tables of the models."""
    with psycopg.connect(plain(url)) as connection:
        found = [row for asked in _CATALOG for row in connection.execute((asked + _OF_TABLES).encode())]
    return {row for row in found if is_ours(row[0], "table", {}) and row[0] != "alembic_version"}


def plain(url: str) -> str:
    """An address as psycopg takes it."""
    return url.replace("postgresql+psycopg:", "postgresql:")


def upgraded(url: str) -> Store:
    store = Store(url)
    store.open(now=NOON)
    return store


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    with postgres.database(empty=True) as url:
        yield url


def test_from_an_empty_database_the_migrations_make_exactly_what_the_models_declare(
    postgres: Server, empty: str
) -> None:
    store = upgraded(empty)
    assert store.revision() == HEAD
    store.close()
    with postgres.database(empty=True) as other:
        declare_columns()
        engine = create_engine(other.replace("postgresql:", "postgresql+psycopg:"))
        TABLES.create_all(engine)
        engine.dispose()
        of_models = catalog(other)
    assert len(of_models) > 300
    assert catalog(empty) ^ of_models == set()


def test_alembic_has_nothing_to_propose_beside_the_tables_of_the_engine(postgres: Server) -> None:
    with postgres.database() as url:
        store = upgraded(url)
        with store.read() as session:
            assert "procrastinate_jobs" in inspect(session.connection()).get_table_names()
            ours = {"compare_type": True, "include_name": is_ours, "include_object": is_declared_here}
            assert compare_metadata(MigrationContext.configure(session.connection(), opts=ours), TABLES) == []
        store.close()


def is_declared_here(item: Any, _name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """False for what the models declare for SQLite alone, which Alembic does not ask. The catalog has all constraints."""
    return kind != "unique_constraint" or item.table.name != "query"


@pytest.mark.parametrize("revision", ["0021", "0022"])
def test_a_database_of_an_earlier_version_keeps_every_row(empty: str, revision: str) -> None:
    """From 0021 on there was PostgreSQL, whose schema was the one that 0022 makes."""
    engine = create_engine(empty.replace("postgresql:", "postgresql+psycopg:"))
    with psycopg.connect(plain(empty)) as connection:
        connection.execute(FIRST.read_bytes())
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
    tables = MetaData()
    with engine.begin() as made:
        tables.reflect(made)
        for table in ours(tables):
            made.execute(table.insert(), [row_of(table, number) for number in (1, 2, 3)])
        before = contents(made, tables)
    assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(before, 3) | {"query_change": 6}
    store = upgraded(empty)
    assert store.revision() == HEAD
    with engine.connect() as connected:
        after = contents(connected, tables)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    engine.dispose()
    store.close()


def ours(tables: MetaData) -> list[Table]:
    return [table for table in tables.sorted_tables if table.name not in ("alembic_version", "paper_words")]


def contents(connection: Connection, tables: MetaData) -> dict[str, list[tuple[object, ...]]]:
    """The rows of each table, in the columns that it had when `tables` were read."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for table in ours(tables)
    }


def row_of(table: Table, number: int) -> dict[str, Any]:
    """The row of a table with this number: it refers to the rows with its number in other tables."""
    row: dict[str, Any] = {}
    for column in table.columns:
        match column.type:
            case JSON():
                row[column.name] = {"number": number}
            case Boolean():
                row[column.name] = number % 2 == 0
            case DateTime():
                row[column.name] = NOON + timedelta(hours=number)
            case Date():
                row[column.name] = date(2026, 1, number)
            case kind if kind.python_type is int:
                row[column.name] = number
            case _:
                row[column.name] = f"é{number}"
    if table.name == "query_change":
        row["sequence"] += 100  # the queries have noted themselves
    return row


def test_workers_that_are_started_at_once_on_a_new_database_make_one_schema(empty: str) -> None:
    barrier = Barrier(3)

    def begun(_: int) -> str | None:
        store = Store(empty)
        assert store.revision() is None
        barrier.wait(timeout=PATIENCE)
        store.upgrade()
        try:
            return store.revision()
        finally:
            store.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(begun, range(3))) == [HEAD] * 3
    assert len(catalog(empty)) > 300
