"""Single values under a name: counters, cursors, offsets."""

from sqlalchemy import bindparam, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select, update

from subscriptions.store.database import execute
from subscriptions.store.rows import TABLES, KeyValueRow

# Statements that every plan executes are built once.
_values = TABLES.tables["key_value"]
_GET = columns(_values.c.value).where(_values.c.name == bindparam("called"))
_UPDATE = update(_values).where(_values.c.name == bindparam("called")).values(value=bindparam("to"))
_INSERT = insert(_values)


def put_value(session: Session, name: str, value: str) -> None:
    """Stores a value under a name."""
    if execute(session, _UPDATE, {"called": name, "to": value}).rowcount == 0:
        execute(session, _INSERT, {"name": name, "value": value})


def get_value(session: Session, name: str) -> str | None:
    """The value under a name; None if there is none."""
    value: str | None = execute(session, _GET, {"called": name}).scalar()
    return value


def values_with_prefix(session: Session, prefix: str) -> dict[str, str]:
    """The values whose names have this prefix, by the rest of the name."""
    rows = session.exec(select(KeyValueRow).where(col(KeyValueRow.name).startswith(prefix)))
    return {row.name.removeprefix(prefix): row.value for row in rows}


def drop_values(session: Session, prefix: str) -> None:
    """Removes the values whose names have this prefix."""
    session.exec(delete(KeyValueRow).where(col(KeyValueRow.name).startswith(prefix)))
