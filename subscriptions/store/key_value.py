"""Named single values: counters, cursors, offsets, and what else is stored once."""

from sqlalchemy import bindparam, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select, update

from subscriptions.store.database import execute
from subscriptions.store.rows import TABLES, KeyValueRow

# What every plan asks for: these statements are made once.
_chats, _subscriptions, _queries, _marks = (
    TABLES.tables[name] for name in ("chat", "subscription", "query", "key_value")
)
_MARK = columns(_marks.c.value).where(_marks.c.name == bindparam("called"))
_SET_MARK = update(_marks).where(_marks.c.name == bindparam("called")).values(value=bindparam("to"))
_NEW_MARK = insert(_marks)


def put_value(session: Session, name: str, value: str) -> None:
    """Stores a named single value."""
    if execute(session, _SET_MARK, {"called": name, "to": value}).rowcount == 0:
        execute(session, _NEW_MARK, {"name": name, "value": value})


def get_value(session: Session, name: str) -> str | None:
    """A named single value, None before it was stored."""
    value: str | None = execute(session, _MARK, {"called": name}).scalar()
    return value


def values_with_prefix(session: Session, prefix: str) -> dict[str, str]:
    """The named values whose names begin so, by the rest of their names."""
    rows = session.exec(select(KeyValueRow).where(col(KeyValueRow.name).startswith(prefix)))
    return {row.name.removeprefix(prefix): row.value for row in rows}


def drop_values(session: Session, prefix: str) -> None:
    """Forgets the named values whose names begin so."""
    session.exec(delete(KeyValueRow).where(col(KeyValueRow.name).startswith(prefix)))
