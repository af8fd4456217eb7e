"""What the bot knows of itself: single values, to which bot each platform belongs, which are stopped (rule 11)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.database.store import Transaction, execute
from subscriptions.database.tables import KeyValueRow, PlatformRow, tables
from subscriptions.errors import Sentence, StoreError

# names of stored values
SENDER = "sender"  # the process that began to send last
ZONE = "zone"  # PAPERWIRE_TIMEZONE at the last start
ENCODER_FAILS = "encoder-fails"  # since when papers come without codes
MODEL_FAILS = "model-fails"  # since when the language model gives no answers
WORK_FAILS = {"clean-up": "clean-up-fails", "copy": "copy-fails"}  # daily work → since when it fails
SEQUENCE = "sequence"  # the highest sequence of a paper
FOLLOWS_FILES = "follows-files"  # since when files of the operator's say what is subscribed

_values, _platforms = tables("key_value", "platform")
_p = _platforms.c
LAST_SEQUENCE = sa.select(_values.c.value).where(_values.c.name == SEQUENCE)
_GET = sa.select(_values.c.value).where(_values.c.name == sa.bindparam("called"))  # each plan executes it


def put_value(transaction: Transaction, name: str, value: str) -> None:
    """Store a value under a name."""
    transaction.merge(KeyValueRow(name=name, value=value))


def made_value(transaction: Transaction, name: str, make: Callable[[], str]) -> str:
    """Return the value under a name. If there is none, makes and stores it."""
    value = get_value(transaction, name)
    if value is None:
        value = make()
        put_value(transaction, name, value)
    return value


def get_value(transaction: Transaction, name: str) -> str | None:
    """Return the value under a name; None if there is none."""
    value: str | None = execute(transaction, _GET, {"called": name}).scalar()
    return value


def get_moment(transaction: Transaction, name: str) -> datetime | None:
    """Return the moment under a name; None if there is none."""
    moment = get_value(transaction, name)
    if moment:
        return datetime.fromisoformat(moment)
    return None


def drop_ended(transaction: Transaction, begin: str, now: datetime) -> None:
    """Remove the values whose names begin like this, and which are moments before `now`."""
    past = sa.delete(_values).where(_values.c.name.between(begin, f"{begin}\uffff"), _values.c.value < now.isoformat())
    execute(transaction, past)


def note_fails(transaction: Transaction, name: str, since: datetime | None) -> bool:
    """Store since when something fails; None: it works. Return False if this was known, and changes nothing."""
    is_news = (get_moment(transaction, name) is None) != (since is None)
    if is_news:
        put_value(transaction, name, since.isoformat() if since else "")
    return is_news


def sender(transaction: Transaction) -> str:
    """Return the name of the process that began to send last; "" if there was none."""
    return get_value(transaction, SENDER) or ""


def claim_database(transaction: Transaction, owners: Mapping[str, str], *, new_bot: bool = False) -> None:
    """Store to which bot the database belongs. `owners`: platform → bot.

    Raise StoreError if it belongs to another bot there, unless `new_bot`.
    """
    refuse_another_bot(transaction, owners, new_bot=new_bot)
    for platform, bot in owners.items():
        put_platform(transaction, platform, bot=bot)


def refuse_another_bot(transaction: Transaction, owners: Mapping[str, str], *, new_bot: bool) -> None:
    """Raise StoreError if the database belongs to another bot than one of these, unless `new_bot`."""
    known = bots(transaction)
    for platform, bot in owners.items():
        if known.get(platform, bot) != bot and not new_bot:
            raise StoreError(
                Sentence("This database belongs to another {platform} bot.", {"platform": platform.capitalize()}),
                Sentence("Use that bot's token, or say `paperwire run --new-bot` to give the chats to this one."),
            )


def bots(transaction: Transaction) -> dict[str, str]:
    """Return platform → the bot to which the database belongs there."""
    return _known(transaction, "bot")


def stopped_platforms(transaction: Transaction) -> dict[str, str]:
    """Return platform → why it is stopped, for each stopped platform."""
    return _known(transaction, "stopped")


def free_platforms(transaction: Transaction) -> None:
    """Free all stopped platforms, so that sending continues."""
    transaction.exec(sa.update(PlatformRow).where(col(PlatformRow.stopped).is_not(None)).values(stopped=None))


def _known(transaction: Transaction, name: str) -> dict[str, Any]:
    """Return platform → its value in the column `name`, for the platforms that have one."""
    known: dict[str, Any] = dict(execute(transaction, sa.select(_p.name, _p[name]).where(_p[name].is_not(None))).all())
    return known


def put_platform(transaction: Transaction, platform: str, /, **values: object) -> None:
    """Store values of a platform: its `bot`, or why it is `stopped`."""
    transaction.insert_new(PlatformRow(name=platform))
    transaction.exec(sa.update(PlatformRow).filter_by(name=platform).values(**values))


def last_sequence(transaction: Transaction) -> int:
    """Return the highest assigned sequence; 0 if there is none."""
    return int(get_value(transaction, SEQUENCE) or 0)


def raise_counter(transaction: Transaction, last: int) -> None:
    """Store the last assigned sequence. The papers up to it are committed in the same transaction."""
    put_value(transaction, SEQUENCE, str(last))
