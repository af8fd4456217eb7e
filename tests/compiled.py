"""Lets all engines of a process share their compiled statements. The program has one engine, but a test process makes hundreds."""

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.util import LRUCache

import subscriptions.store.database.schema
from subscriptions.store.database.schema import make_schema

_compiled: dict[type[Dialect], MutableMapping[Any, Any]] = {}
_make_engine = Engine.__init__


def _same_kind(one: object, other: object) -> bool:
    return type(one) is type(other)


def _make_with_common_cache(engine: Engine, *arguments: Any, **options: Any) -> None:
    """Makes an engine that shares its cache of compiled statements with all engines of its kind (SQLite or PostgreSQL).

    The program uses one engine as long as it runs. Each test makes a new engine and would compile every statement again,
    which takes a third of its time. The cache key contains the dialect of the engine, so all dialects of one kind
    compare as equal.
    """
    _make_engine(engine, *arguments, **options)
    kind = type(engine.dialect)
    kind.__eq__, kind.__hash__ = _same_kind, lambda _: id(kind)  # type: ignore[assignment, method-assign]
    engine._compiled_cache = _compiled.setdefault(kind, LRUCache(2000))


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
    Engine.__init__ = _make_with_common_cache  # type: ignore[assignment, method-assign]
    vars(subscriptions.store.database.schema)["make_schema"] = _make_schema_again
