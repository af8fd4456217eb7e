"""What is stored of each platform: whose bot it is, its name, whether it is stopped, what was logged about it."""

from datetime import date
from typing import Any

from sqlalchemy import select as columns
from sqlmodel import Session, col, select, update

from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.operation_rows import PlatformRow

_STOPPED = columns(col(PlatformRow.name), col(PlatformRow.stopped))


def claim_bot(session: Session, platform: str, bot: str) -> str:
    """Stores a bot as the owner of the database, unless it has one; returns the stored one."""
    insert_new(session, "platform", ("name",), _row(platform, bot=bot))
    is_free = col(PlatformRow.bot).is_(None)
    session.exec(update(PlatformRow).where(col(PlatformRow.name) == platform, is_free).values(bot=bot))
    return bot_of(session, platform) or ""


def bot_of(session: Session, platform: str) -> str | None:
    """The bot that the database belongs to on a platform; None: to none yet."""
    return session.exec(select(PlatformRow.bot).where(PlatformRow.name == platform)).first()


@reads
def bots(transaction: Transaction) -> dict[str, str]:
    """Platform → the bot that the database belongs to."""
    rows = transaction.exec(select(PlatformRow.name, PlatformRow.bot))
    return {name: bot for name, bot in rows if bot is not None}


def bot_name(session: Session, platform: str) -> str:
    """The name of the bot, as it was stored last; "" if it is not known."""
    return session.exec(select(PlatformRow.bot_name).where(PlatformRow.name == platform)).first() or ""


@reads
def stopped_platforms(transaction: Transaction) -> dict[str, str]:
    """The platforms that are stopped → why."""
    return {name: reason for name, reason in execute(transaction, _STOPPED) if reason is not None}


@writes
def free_platforms(transaction: Transaction) -> None:
    """Frees all stopped platforms."""
    transaction.exec(update(PlatformRow).where(col(PlatformRow.stopped).is_not(None)).values(stopped=None))


def waiting_logged(session: Session) -> dict[str, date]:
    """Platform → the day of the log's last line about what waits for long."""
    rows = session.exec(select(PlatformRow)).all()
    return {row.name: row.waiting_logged_on for row in rows if row.waiting_logged_on is not None}


def note_waiting_logged(session: Session, platform: str, day: date) -> None:
    """Stores that the log names what waits for long on a platform."""
    put(session, platform, waiting_logged_on=day)


def put(session: Session, platform: str, **values: object) -> None:
    """Stores values of a platform: `bot`, `bot_name`, or why it is `stopped`."""
    insert_new(session, "platform", ("name",), _row(platform))
    session.exec(update(PlatformRow).where(col(PlatformRow.name) == platform).values(**values))


def _row(platform: str, *, bot: str | None = None) -> dict[str, Any]:
    return {"name": platform, "bot": bot, "bot_name": "", "stopped": None, "waiting_logged_on": None}
