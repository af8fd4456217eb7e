"""Updates that had their effect, and workspaces that installed the app."""

from datetime import datetime

from sqlmodel import Session, col, delete

from subscriptions.store._rows import InstallationRow, UpdateRow


def reply_to(session: Session, platform: str, update: str) -> str | None:
    """The reply stored for an update; None: it is new."""
    row = session.get(UpdateRow, (platform, update))
    return None if row is None else row.reply


def add_update(session: Session, platform: str, update: str, reply: str, *, chat: str, now: datetime) -> None:
    """An update had its effect; its reply is still to be posted."""
    session.add(
        UpdateRow(
            platform=platform, update_id=update, at=now, chat=chat, reply=reply, state="ready" if reply else "done"
        )
    )


def drop_updates(session: Session, before: datetime) -> None:
    """Forgets updates that came before `before`."""
    session.exec(delete(UpdateRow).where(col(UpdateRow.at) < before))


def drop_installations(session: Session, before: datetime) -> None:
    """Erases workspaces that uninstalled the app before `before`."""
    session.exec(
        delete(InstallationRow).where(col(InstallationRow.state) == "uninstalled", col(InstallationRow.since) < before)
    )
