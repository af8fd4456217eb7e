"""The bot's own state: single values under a name (counters, days, moments), its platforms and its installations.

The row of a platform tells to which bot the database belongs there, whether the platform is stopped, and when the log
last reported waiting deliveries. An installation is a workspace that installed the app.
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.states import InstallationState
from subscriptions.store.conversation_rows import CompletedInstallationRow, InstallationRow, PlatformRow
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES

# Statements that every plan executes are built once.
_values = TABLES.tables["key_value"]
_GET = sa.select(_values.c.value).where(_values.c.name == sa.bindparam("called"))


def put_value(transaction: Transaction, name: str, value: str) -> None:
    """Stores a value under a name."""
    conflicts.put(transaction, "key_value", ("name",), {"name": name, "value": value})


def swap_value(transaction: Transaction, name: str, before: str | None, value: str) -> bool:
    """Replaces a value if it is still `before` (None: no value). Returns False if it is not: another process was first."""
    if before is None:
        return conflicts.insert_new(transaction, "key_value", ("name",), {"name": name, "value": value})
    is_still = (_values.c.name == name) & (_values.c.value == before)
    return store.execute(transaction, sa.update(_values).where(is_still).values(value=value)).rowcount == 1


def hold_value(transaction: Transaction, name: str, first: str) -> str:
    """Returns the value under a name, and locks it until the transaction ends. If there is none, stores `first`."""
    value: str = conflicts.hold(transaction, "key_value", ("name",), {"name": name, "value": first}).value
    return value


def get_value(transaction: Transaction, name: str) -> str | None:
    """Returns the value under a name; None if there is none."""
    value: str | None = store.execute(transaction, _GET, {"called": name}).scalar()
    return value


def fails_since(transaction: Transaction, name: str) -> datetime | None:
    """Returns since when what this name means fails; None if it works."""
    since = get_value(transaction, name)
    return datetime.fromisoformat(since) if since else None


def note_fails(transaction: Transaction, name: str, since: datetime | None) -> bool:
    """Stores since when something fails; None: it works. Returns False if this was known, and changes nothing."""
    is_news = (fails_since(transaction, name) is None) != (since is None)
    if is_news:
        put_value(transaction, name, since.isoformat() if since else "")
    return is_news


# ------------------------------------------------------------------------------------------- the sequence of papers


SEQUENCE = "sequence"  # name of the counter


def last_sequence(transaction: Transaction) -> int:
    """Returns the highest assigned sequence; 0 if there is none."""
    return int(get_value(transaction, SEQUENCE) or 0)


def hold_sequence(transaction: Transaction) -> int:
    """Returns the last assigned sequence. Until the transaction ends, no other process can assign one or merge papers.

    Call it before the transaction reads the papers that it merges or announces. If two processes have the same new
    paper, the second process then finds it stored.
    """
    return int(hold_value(transaction, SEQUENCE, "0"))


def share_sequence(transaction: Transaction) -> None:
    """Keeps other processes from assigning sequences and merging papers until the transaction ends.

    Several transactions may share this lock.
    """
    if get_value(transaction, SEQUENCE) is None:
        conflicts.insert_new(transaction, "key_value", ("name",), {"name": SEQUENCE, "value": "0"})
    conflicts.hold_rows(transaction, sa.select(_values.c.value).where(_values.c.name == SEQUENCE), shared=True)


def raise_counter(transaction: Transaction, last: int) -> None:
    """Stores the last assigned sequence. Call it at the end of a transaction.

    The row of the counter is locked until the commit. So no planner sees a higher sequence before the papers up to this
    sequence are committed.
    """
    put_value(transaction, SEQUENCE, str(last))


# ------------------------------------------------------------------------------------------------------------ platforms


_STOPPED = sa.select(col(PlatformRow.name), col(PlatformRow.stopped))


def claim_bot(transaction: Transaction, platform: str, bot: str) -> str:
    """Makes a bot the owner of the database on a platform, unless it has an owner. Returns the owner."""
    stored = conflicts.hold(transaction, "platform", ("name",), _row(platform, bot=bot))
    if stored.bot is None:
        transaction.exec(sa.update(PlatformRow).where(col(PlatformRow.name) == platform).values(bot=bot))
    return str(stored.bot or bot)


@store.reads
def bots(transaction: Transaction) -> dict[str, str]:
    """Returns platform → the bot to which the database belongs there."""
    rows = transaction.exec(select(PlatformRow.name, PlatformRow.bot))
    return {name: bot for name, bot in rows if bot is not None}


@store.reads
def bot_name(transaction: Transaction, platform: str) -> str:
    """Returns the last stored name of the bot on a platform; "" if it is not known."""
    return transaction.exec(select(PlatformRow.bot_name).where(PlatformRow.name == platform)).first() or ""


@store.reads
def stopped_platforms(transaction: Transaction) -> dict[str, str]:
    """Returns platform → why it is stopped, for each stopped platform."""
    return {name: reason for name, reason in store.execute(transaction, _STOPPED) if reason is not None}


@store.writes
def free_platforms(transaction: Transaction) -> None:
    """Frees all stopped platforms, so that sending continues."""
    transaction.exec(sa.update(PlatformRow).where(col(PlatformRow.stopped).is_not(None)).values(stopped=None))


def waiting_logged(transaction: Transaction) -> dict[str, date]:
    """Returns platform → the day on which the log last reported deliveries that have waited for long."""
    rows = transaction.exec(select(PlatformRow)).all()
    return {row.name: row.waiting_logged_on for row in rows if row.waiting_logged_on is not None}


def put_platform(transaction: Transaction, platform: str, **values: object) -> None:
    """Stores values of a platform: `bot`, `bot_name`, why it is `stopped`, or `waiting_logged_on`."""
    conflicts.insert_new(transaction, "platform", ("name",), _row(platform))
    transaction.exec(sa.update(PlatformRow).where(col(PlatformRow.name) == platform).values(**values))


def _row(platform: str, *, bot: str | None = None) -> dict[str, Any]:
    return {"name": platform, "bot": bot, "bot_name": "", "stopped": None, "waiting_logged_on": None}


# ----------------------------------------------------------------------------------- workspaces that installed the app


_is_there = col(InstallationRow.state) != InstallationState.UNINSTALLED


def _change(transaction: Transaction, *conditions: sa.ColumnElement[bool], **values: object) -> bool:
    """Updates the row that meets the conditions. Returns whether there was such a row."""
    return transaction.exec(sa.update(InstallationRow).where(*conditions).values(**values)).rowcount == 1


def uninstall(transaction: Transaction, team: str, *, now: datetime) -> None:
    """Stores that a workspace uninstalled the app at `now`, and erases its tokens. A second call changes nothing."""
    removed = {"tokens": "", "state": InstallationState.UNINSTALLED, "since": now}
    if not conflicts.insert_new(transaction, "installation", ("team",), {"team": team, **removed}):
        _change(transaction, col(InstallationRow.team) == team, _is_there, **removed)


def install_again(transaction: Transaction, team: str, *, now: datetime) -> bool:
    """Stores that a workspace has the app again. Returns False if the workspace had not uninstalled the app."""
    return _change(
        transaction, col(InstallationRow.team) == team, ~_is_there, state=InstallationState.ACTIVE, since=now
    )


def put_installation(transaction: Transaction, team: str, tokens: str, *, now: datetime) -> None:
    """Stores a workspace that has the app, with its sealed tokens."""
    values = {"team": team, "tokens": tokens, "state": InstallationState.ACTIVE, "since": now}
    if not conflicts.insert_new(transaction, "installation", ("team",), values):
        _change(transaction, col(InstallationRow.team) == team, tokens=tokens)


@store.writes
def renew_tokens(transaction: Transaction, team: str, tokens: str) -> bool:
    """Replaces the sealed tokens of a workspace. Returns False if the workspace no longer has the app."""
    has_tokens = col(InstallationRow.tokens) != ""
    return _change(transaction, col(InstallationRow.team) == team, _is_there, has_tokens, tokens=tokens)


@store.reads
def installations(transaction: Transaction) -> dict[str, str]:
    """Returns team → sealed tokens, for each workspace that has the app and tokens of its own."""
    rows = transaction.exec(select(InstallationRow.team, InstallationRow.tokens).where(_is_there))
    return {team: tokens for team, tokens in rows if tokens}


@store.reads
def uninstalled(transaction: Transaction, before: datetime | None = None) -> tuple[str, ...]:
    """Returns the workspaces that uninstalled the app, before the moment `before` if it is given."""
    found = select(InstallationRow.team).where(InstallationRow.state == InstallationState.UNINSTALLED)
    return tuple(transaction.exec(found if before is None else found.where(col(InstallationRow.since) < before)))


def drop_installations(transaction: Transaction, before: datetime) -> None:
    """Erases the workspaces that uninstalled the app before the moment `before`."""
    transaction.exec(
        sa.delete(InstallationRow).where(
            col(InstallationRow.state) == InstallationState.UNINSTALLED, col(InstallationRow.since) < before
        )
    )


@store.writes
def complete_installation(transaction: Transaction, installation: str, *, now: datetime) -> bool:
    """Stores that an installation was completed. Returns False if this was stored before, perhaps by another process."""
    return conflicts.insert_new(transaction, "completed_installation", ("id",), {"id": installation, "at": now})


@store.reads
def is_installation_completed(transaction: Transaction, installation: str) -> bool:
    """Whether an installation was completed."""
    return transaction.get(CompletedInstallationRow, installation) is not None
