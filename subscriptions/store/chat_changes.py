"""The states of chats before their last changes, for undo: how many of each chat are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.store.conversation_rows import UndoRow
from subscriptions.store.database.store import Transaction, execute, in_chunks
from subscriptions.store.rows import TABLES

KEPT = 5  # changes of a chat that can be undone
_undo = TABLES.tables["undo"]
_u = _undo.c
_ADD = sa.insert(_undo).returning(_u.chat, _u.id)


class StoredChange(NamedTuple):
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    before: Mapping[str, Any]  # the state before the change, as JSON


_CHANGES = sa.select(_u.id, _u.chat, _u.who, _u.before).order_by(_u.id.desc())


def add_changes(
    transaction: Transaction, before: Mapping[int, Mapping[str, Any]], *, who: str, at: datetime
) -> dict[int, int]:
    """Stores the states of chats before a change, and removes their oldest ones. `before`: chat id → state.

    Returns chat id → id of the stored change. Later changes have higher ids.
    """
    if not before:
        return {}
    rows = [{"chat": chat_id, "who": who, "at": at, "before": dict(state)} for chat_id, state in before.items()]
    added = {row.chat: row.id for row in execute(transaction, _ADD, rows)}
    for chat_ids in in_chunks(list(before)):
        place = sa.func.row_number().over(partition_by=_u.chat, order_by=_u.id.desc()).label("place")
        ranked = sa.select(_u.id, place).where(_u.chat.in_(chat_ids)).subquery()
        execute(transaction, sa.delete(_undo).where(_u.id.in_(sa.select(ranked.c.id).where(ranked.c.place > KEPT))))
    return added


def changes_of(transaction: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """Returns the stored changes of a chat, newest first."""
    return tuple(map(StoredChange._make, execute(transaction, _CHANGES.where(_u.chat == chat_id))))


def drop_changes_from(transaction: Transaction, chat_id: int, first: int) -> None:
    """Removes a change of a chat, and those after it."""
    transaction.remove(UndoRow, col(UndoRow.id) >= first, chat=chat_id)
