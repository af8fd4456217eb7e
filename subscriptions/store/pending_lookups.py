"""Requests whose papers are being looked up: each is in the hands of a worker until it is answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select, update

from subscriptions.model import CallbackToken
from subscriptions.store.conversation_rows import PendingLookupRow
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.operation_rows import WorkerRow


def add_lookup(session: Session, name: str, token: CallbackToken, *, worker: str, now: datetime) -> None:
    """Stores a pending look-up, which a worker is to answer. `arguments` of the token is the request."""
    values: Mapping[str, Any] = {
        "name": name,
        "place": token.place,
        "person": token.person,
        "request": dict(token.arguments),
        "at": now,
        "worker": worker,
    }
    insert_new(session, "pending_lookup", ("name",), values)


def find_lookup(session: Session, name: str, *, since: datetime) -> Mapping[str, Any] | None:
    """The request of a look-up that was stored at `since` or later; None: there is none, or it was answered."""
    row = session.get(PendingLookupRow, name)
    return row.request if row is not None and row.at >= since else None


def take_lookup(session: Session, name: str, *, since: datetime) -> bool:
    """Removes a look-up, to be answered now. False: it was answered before, its chat was erased, or it is too old."""
    at = session.exec(
        delete(PendingLookupRow).where(col(PendingLookupRow.name) == name).returning(col(PendingLookupRow.at))
    ).scalar()
    return at is not None and at >= since


def take_over_lookups(session: Session, worker: str, *, since: datetime) -> list[str]:
    """Gives the look-ups of workers that are gone to `worker`; returns the names of all that it has, oldest first.

    Drops those from before `since`.
    """
    left = col(PendingLookupRow.worker).not_in(select(WorkerRow.id).where(WorkerRow.id != worker))
    session.exec(delete(PendingLookupRow).where(col(PendingLookupRow.at) < since))
    found = session.exec(
        update(PendingLookupRow)
        .where(left)
        .values(worker=worker)
        .returning(col(PendingLookupRow.at), col(PendingLookupRow.name))
    ).all()
    return [name for _, name in sorted(found)]


def erase_place(session: Session, place: str) -> None:
    """Erases the look-ups that a chat asked for."""
    session.exec(delete(PendingLookupRow).where(col(PendingLookupRow.place) == place))
