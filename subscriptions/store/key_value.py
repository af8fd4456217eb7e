"""Single values under a name: counters, days, moments."""

import sqlalchemy as sa

from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.rows import TABLES

# Statements that every plan executes are built once.
_values = TABLES.tables["key_value"]
_GET = sa.select(_values.c.value).where(_values.c.name == sa.bindparam("called"))


def put_value(session: Transaction, name: str, value: str) -> None:
    """Stores a value under a name."""
    conflicts.put(session, "key_value", ("name",), {"name": name, "value": value})


def swap_value(session: Transaction, name: str, before: str | None, value: str) -> bool:
    """Replaces the value `before` (None: there is none) by another one. False if another process was first."""
    if before is None:
        return conflicts.insert_new(session, "key_value", ("name",), {"name": name, "value": value})
    is_still = (_values.c.name == name) & (_values.c.value == before)
    return execute(session, sa.update(_values).where(is_still).values(value=value)).rowcount == 1


def hold_value(session: Transaction, name: str, first: str) -> str:
    """The value under a name, `first` if there was none. No other process changes it until the transaction ends."""
    value: str = conflicts.hold(session, "key_value", ("name",), {"name": name, "value": first}).value
    return value


def share_value(session: Transaction, name: str, first: str) -> None:
    """Until the transaction ends no other process changes the value under a name; several may see to that at once."""
    if get_value(session, name) is None:
        conflicts.insert_new(session, "key_value", ("name",), {"name": name, "value": first})
    conflicts.hold_rows(session, sa.select(_values.c.value).where(_values.c.name == name), shared=True)


def get_value(session: Transaction, name: str) -> str | None:
    """The value under a name; None if there is none."""
    value: str | None = execute(session, _GET, {"called": name}).scalar()
    return value
