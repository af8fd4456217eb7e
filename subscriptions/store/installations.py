"""The workspaces that installed the app."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.states import InstallationState
from subscriptions.store.conversation_rows import CompletedInstallationRow, InstallationRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, reads, writes

_is_there = col(InstallationRow.state) != InstallationState.UNINSTALLED


def _change(transaction: Transaction, team: str, *conditions: sa.ColumnElement[bool], **values: object) -> bool:
    """Updates a workspace that meets the conditions. Returns whether it does."""
    changed = sa.update(InstallationRow).filter_by(team=team).where(*conditions).values(**values)
    return transaction.exec(changed).rowcount == 1


def uninstall(transaction: Transaction, team: str, *, now: datetime) -> None:
    """Stores that a workspace uninstalled the app at `now`, and erases its tokens. A second call changes nothing."""
    gone = InstallationState.UNINSTALLED
    if not conflicts.insert_new(transaction, InstallationRow(team=team, state=gone, since=now)):
        _change(transaction, team, _is_there, tokens="", state=gone, since=now)


def install_again(transaction: Transaction, team: str, *, now: datetime) -> bool:
    """Stores that a workspace has the app again. Returns False if the workspace had not uninstalled the app."""
    return _change(transaction, team, ~_is_there, state=InstallationState.ACTIVE, since=now)


def put_installation(transaction: Transaction, team: str, tokens: str, *, now: datetime) -> None:
    """Stores a workspace that has the app, with its sealed tokens."""
    if not conflicts.insert_new(transaction, InstallationRow(team=team, tokens=tokens, since=now)):
        _change(transaction, team, tokens=tokens)


@writes
def renew_tokens(transaction: Transaction, team: str, tokens: str) -> bool:
    """Replaces the sealed tokens of a workspace. Returns False if the workspace no longer has the app."""
    has_tokens = col(InstallationRow.tokens) != ""
    return _change(transaction, team, _is_there, has_tokens, tokens=tokens)


@reads
def installations(transaction: Transaction) -> dict[str, str]:
    """Returns team → sealed tokens, for each workspace that has the app and tokens of its own."""
    rows = transaction.exec(select(InstallationRow.team, InstallationRow.tokens).where(_is_there))
    return {team: tokens for team, tokens in rows if tokens}


@reads
def uninstalled(transaction: Transaction, before: datetime | None = None) -> tuple[str, ...]:
    """Returns the workspaces that uninstalled the app, before the moment `before` if it is given."""
    found = select(InstallationRow.team).where(InstallationRow.state == InstallationState.UNINSTALLED)
    return tuple(transaction.exec(found if before is None else found.where(col(InstallationRow.since) < before)))


def drop_installations(transaction: Transaction, before: datetime) -> None:
    """Erases the workspaces that uninstalled the app before the moment `before`."""
    transaction.remove(InstallationRow, col(InstallationRow.since) < before, state=InstallationState.UNINSTALLED)


@writes
def complete_installation(transaction: Transaction, installation: str, *, now: datetime) -> bool:
    """Stores that an installation was completed. Returns False if this was stored before, perhaps by another process."""
    return conflicts.insert_new(transaction, CompletedInstallationRow(id=installation, at=now))
