"""The platforms: to which bot the database belongs there, and whether the platform is stopped (rule 11)."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.rows import TABLES
from subscriptions.store.work_rows import PlatformRow

_p = TABLES.tables["platform"].c


def claim_bot(transaction: Transaction, platform: str, bot: str) -> str:
    """Makes a bot the owner of the database on a platform, unless it has an owner. Returns the owner."""
    owner = _known(transaction, "bot").get(platform)
    if owner is None:
        put_platform(transaction, platform, bot=bot)
    return str(owner or bot)


@reads
def bots(transaction: Transaction) -> dict[str, str]:
    """Returns platform → the bot to which the database belongs there."""
    return _known(transaction, "bot")


@reads
def bot_name(transaction: Transaction, platform: str) -> str:
    """Returns the last stored name of the bot on a platform; "" if it is not known."""
    return transaction.exec(select(PlatformRow.bot_name).filter_by(name=platform)).first() or ""


@reads
def stopped_platforms(transaction: Transaction) -> dict[str, str]:
    """Returns platform → why it is stopped, for each stopped platform."""
    return _known(transaction, "stopped")


@writes
def free_platforms(transaction: Transaction) -> None:
    """Frees all stopped platforms, so that sending continues."""
    transaction.exec(sa.update(PlatformRow).where(col(PlatformRow.stopped).is_not(None)).values(stopped=None))


def _known(transaction: Transaction, name: str) -> dict[str, Any]:
    """Returns platform → its value in the column `name`, for the platforms that have one."""
    known: dict[str, Any] = dict(execute(transaction, sa.select(_p.name, _p[name]).where(_p[name].is_not(None))).all())
    return known


@writes
def put_platform(transaction: Transaction, platform: str, /, **values: object) -> None:
    """Stores values of a platform: `bot`, `bot_name`, or why it is `stopped`."""
    conflicts.insert_new(transaction, PlatformRow(name=platform))
    transaction.exec(sa.update(PlatformRow).filter_by(name=platform).values(**values))
