"""The states of chats before their last changes, for undo: how many of each chat are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.tables import TABLES, UndoRow

KEPT = 5  # changes of a chat that can be undone
_undo = TABLES.tables["undo"]
_u = _undo.c


class StoredChange(NamedTuple):
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    before: Mapping[str, Any]  # the state before the change, as JSON


_CHANGES = sa.select(_u.id, _u.chat, _u.who, _u.before).order_by(_u.id.desc())


def add_change(transaction: Transaction, chat_id: int, before: Mapping[str, Any], *, who: str, at: datetime) -> int:
    """Stores the state of a chat before a change, and removes the oldest ones. Returns its id; later ones have higher ids."""
    row = UndoRow(chat=chat_id, who=who, at=at, before=dict(before))
    transaction.add(row)
    transaction.flush()
    kept = sa.select(_u.id).where(_u.chat == chat_id).order_by(_u.id.desc()).limit(KEPT)
    transaction.remove(UndoRow, col(UndoRow.id).not_in(kept), chat=chat_id)
    return row.id


def changes_of(transaction: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """Returns the stored changes of a chat, newest first."""
    return tuple(map(StoredChange._make, execute(transaction, _CHANGES.where(_u.chat == chat_id))))


def drop_changes_from(transaction: Transaction, chat_id: int, first: int) -> None:
    """Removes a change of a chat, and those after it."""
    transaction.remove(UndoRow, col(UndoRow.id) >= first, chat=chat_id)
