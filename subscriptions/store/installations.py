"""Workspaces that installed the app."""

from datetime import datetime

from sqlmodel import Session, col, delete, select

from subscriptions.states import InstallationState
from subscriptions.store.rows import InstallationRow


def uninstall(session: Session, team: str, *, now: datetime) -> None:
    """Stores that a workspace removed the app, and when; its tokens are erased. A second call changes nothing."""
    row = session.get(InstallationRow, team)
    if row is None:
        session.add(InstallationRow(team=team, state=InstallationState.UNINSTALLED, since=now))
    elif row.state != InstallationState.UNINSTALLED:
        row.tokens, row.state, row.since = "", InstallationState.UNINSTALLED, now
    session.flush()


def install_again(session: Session, team: str, *, now: datetime) -> bool:
    """Stores that a workspace has the app again. Returns False if it had not removed it."""
    row = session.get(InstallationRow, team)
    if row is None or row.state != InstallationState.UNINSTALLED:
        return False
    row.state, row.since = InstallationState.ACTIVE, now
    session.flush()
    return True


def put_installation(session: Session, team: str, tokens: str, *, now: datetime) -> None:
    """Stores a workspace that has the app, with its sealed tokens."""
    row = session.get(InstallationRow, team)
    if row is None:
        session.add(InstallationRow(team=team, tokens=tokens, since=now))
    else:
        row.tokens = tokens
    session.flush()


def renew_tokens(session: Session, team: str, tokens: str) -> bool:
    """Replaces the sealed tokens of a workspace. Returns False if it does not have the app any more."""
    row = session.get(InstallationRow, team)
    if row is None or row.state == InstallationState.UNINSTALLED or not row.tokens:
        return False
    row.tokens = tokens
    session.flush()
    return True


def installations(session: Session) -> dict[str, str]:
    """Team → sealed tokens, of the workspaces that have the app and tokens of their own."""
    rows = session.exec(select(InstallationRow).where(InstallationRow.state != InstallationState.UNINSTALLED))
    return {row.team: row.tokens for row in rows if row.tokens}


def uninstalled(session: Session, before: datetime | None = None) -> list[str]:
    """The workspaces that removed the app; with `before`, only those that did so earlier."""
    found = select(InstallationRow.team).where(InstallationRow.state == InstallationState.UNINSTALLED)
    return list(session.exec(found if before is None else found.where(col(InstallationRow.since) < before)))


def drop_installations(session: Session, before: datetime) -> None:
    """Erases the workspaces that removed the app before `before`."""
    session.exec(
        delete(InstallationRow).where(
            col(InstallationRow.state) == InstallationState.UNINSTALLED, col(InstallationRow.since) < before
        )
    )
