"""Workspaces that installed the app."""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select, update

from subscriptions.states import InstallationState
from subscriptions.store.conversation_rows import CompletedInstallationRow, InstallationRow
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import Transaction, reads, writes

_is_there = col(InstallationRow.state) != InstallationState.UNINSTALLED


def _change(session: Session, *conditions: ColumnElement[bool], **values: object) -> bool:
    """A guarded update; returns whether there was a row that met the conditions."""
    return session.exec(update(InstallationRow).where(*conditions).values(**values)).rowcount == 1


def uninstall(session: Session, team: str, *, now: datetime) -> None:
    """Stores that a workspace removed the app, and when; its tokens are erased. A second call changes nothing."""
    removed = {"tokens": "", "state": InstallationState.UNINSTALLED, "since": now}
    if not insert_new(session, "installation", ("team",), {"team": team, **removed}):
        _change(session, col(InstallationRow.team) == team, _is_there, **removed)


def install_again(session: Session, team: str, *, now: datetime) -> bool:
    """Stores that a workspace has the app again. Returns False if it had not removed it."""
    return _change(session, col(InstallationRow.team) == team, ~_is_there, state=InstallationState.ACTIVE, since=now)


def put_installation(session: Session, team: str, tokens: str, *, now: datetime) -> None:
    """Stores a workspace that has the app, with its sealed tokens."""
    values = {"team": team, "tokens": tokens, "state": InstallationState.ACTIVE, "since": now}
    if not insert_new(session, "installation", ("team",), values):
        _change(session, col(InstallationRow.team) == team, tokens=tokens)


@writes
def renew_tokens(transaction: Transaction, team: str, tokens: str) -> bool:
    """Replaces the sealed tokens of a workspace. Returns False if it does not have the app any more."""
    has_tokens = col(InstallationRow.tokens) != ""
    return _change(transaction, col(InstallationRow.team) == team, _is_there, has_tokens, tokens=tokens)


@reads
def installations(transaction: Transaction) -> dict[str, str]:
    """Team → sealed tokens, of the workspaces that have the app and tokens of their own."""
    rows = transaction.exec(select(InstallationRow.team, InstallationRow.tokens).where(_is_there))
    return {team: tokens for team, tokens in rows if tokens}


@reads
def uninstalled(transaction: Transaction, before: datetime | None = None) -> tuple[str, ...]:
    """The workspaces that removed the app; with `before`, only those that did so earlier."""
    found = select(InstallationRow.team).where(InstallationRow.state == InstallationState.UNINSTALLED)
    return tuple(transaction.exec(found if before is None else found.where(col(InstallationRow.since) < before)))


def drop_installations(session: Session, before: datetime) -> None:
    """Erases the workspaces that removed the app before `before`."""
    session.exec(
        delete(InstallationRow).where(
            col(InstallationRow.state) == InstallationState.UNINSTALLED, col(InstallationRow.since) < before
        )
    )


@writes
def complete_installation(transaction: Transaction, installation: str, *, now: datetime) -> bool:
    """Stores that an installation was completed. False: it was before, perhaps by another process."""
    return insert_new(transaction, "completed_installation", ("id",), {"id": installation, "at": now})


@reads
def is_installation_completed(transaction: Transaction, installation: str) -> bool:
    """Whether an installation was completed."""
    return transaction.get(CompletedInstallationRow, installation) is not None
