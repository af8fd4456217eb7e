"""Executes a statement for many rows at once, at the driver's own price.

SQLAlchemy takes longer to give each row its parameters than SQLite takes to write it. Here the statement is compiled
once, values are converted column by column, and the driver gets all rows together.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, Update
from sqlalchemy.engine import Dialect
from sqlmodel import Session

from subscriptions.store.database.store import connection_of

Row = tuple[Any, ...]


def execute_rows(session: Session, statement: Insert | Update, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Executes a statement for each row, which has the values of its parameters `names`, in that order.

    The statement is one that is made once. An insert names all columns that have a default of Python's.
    """
    if not rows:
        return
    session.flush()
    connection = connection_of(session)
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
    statement: Insert | Update, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, tuple[int, ...], tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """Returns the text of a statement, the places in `names` of its parameters, and (place, conversion) of those that need one."""
    if isinstance(statement, Insert):
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
