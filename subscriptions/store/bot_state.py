"""Single values of the bot under a name: counters, days, moments."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.tables import TABLES, KeyValueRow

SENDER = "sender"  # the process that began to send last
# Statements that every plan executes are built once.
_values = TABLES.tables["key_value"]
_GET = sa.select(_values.c.value).where(_values.c.name == sa.bindparam("called"))


def put_value(transaction: Transaction, name: str, value: str) -> None:
    """Stores a value under a name."""
    conflicts.put(transaction, KeyValueRow(name=name, value=value))


def made_value(transaction: Transaction, name: str, make: Callable[[], str]) -> str:
    """Returns the value under a name. If there is none, makes and stores it."""
    value = get_value(transaction, name)
    if value is None:
        value = make()
        put_value(transaction, name, value)
    return value


def get_value(transaction: Transaction, name: str) -> str | None:
    """Returns the value under a name; None if there is none."""
    value: str | None = execute(transaction, _GET, {"called": name}).scalar()
    return value


ENCODER_FAILS = "encoder-fails"  # names of stored values: since when papers come without codes
MODEL_FAILS = "model-fails"  # since when the language model gives no answers


def get_moment(transaction: Transaction, name: str) -> datetime | None:
    """Returns the moment under a name; None if there is none."""
    moment = get_value(transaction, name)
    if moment:
        return datetime.fromisoformat(moment)
    return None


@writes
def note_fails(transaction: Transaction, name: str, since: datetime | None) -> bool:
    """Stores since when something fails; None: it works. Returns False if this was known, and changes nothing."""
    is_news = (get_moment(transaction, name) is None) != (since is None)
    if is_news:
        put_value(transaction, name, since.isoformat() if since else "")
    return is_news


@reads
def sender(transaction: Transaction) -> str:
    """Returns the name of the process that began to send last; "" if there was none."""
    return get_value(transaction, SENDER) or ""
