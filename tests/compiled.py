"""Lets all engines of a process share their compiled statements.

The program uses one engine as long as it runs. Each test makes a new engine and would compile every statement again,
which takes a third of its time.
"""

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.util import LRUCache

import subscriptions.database.schema
from subscriptions.database.schema import make_schema

_compiled: MutableMapping[Any, Any] = LRUCache(4000)


class _EqualByKind:
    """A dialect that equals all others of its class, since the key of a compiled statement contains the dialect."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return id(type(self))


class SharedSQLite(_EqualByKind, SQLiteDialect_pysqlite):
    """SQLite."""

    supports_statement_cache = True


class SharedPostgreSQL(_EqualByKind, PGDialect_psycopg):
    """PostgreSQL."""

    supports_statement_cache = True


def _share_cache(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled)


_statements_of_schema: list[tuple[str, Any]] = []


def _make_schema_again(connection: Connection) -> bool:
    """Makes the schema. On SQLite, repeats the statements of the first call, which SQLAlchemy need not compile again."""
    if connection.dialect.name != "sqlite":
        return make_schema(connection)
    if not _statements_of_schema:
        event.listen(connection, "before_cursor_execute", _keep_statement)
        try:
            return make_schema(connection)
        finally:
            event.remove(connection, "before_cursor_execute", _keep_statement)
    if connection.dialect.has_table(connection, "alembic_version"):
        return False
    for statement, parameters in _statements_of_schema:
        connection.exec_driver_sql(statement, parameters)
    return True


def _keep_statement(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
    if statement.split(maxsplit=1)[0] in ("CREATE", "INSERT"):
        _statements_of_schema.append((statement, parameters))


def share() -> None:
    """Lets all engines that are made from now on share what is compiled."""
    registry.register("sqlite", __name__, SharedSQLite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgreSQL.__name__)
    event.listen(Engine, "engine_connect", _share_cache)
    vars(subscriptions.database.schema)["make_schema"] = _make_schema_again
