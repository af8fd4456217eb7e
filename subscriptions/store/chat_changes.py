"""The states of a chat before its last changes, for undo."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.store.conversation_rows import (
    UndoRow,
)
from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.rows import TABLES

_undo = TABLES.tables["undo"]
_u = _undo.c
_ADD = sa.insert(_undo).returning(_u.chat, _u.id)
_WITH_MORE = sa.select(_u.chat).group_by(_u.chat).having(sa.func.count() > sa.bindparam("most"))


class StoredChange(NamedTuple):
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    at: datetime
    before: Mapping[str, Any]  # the state before the change, as JSON


_CHANGES = sa.select(_u.id, _u.chat, _u.who, _u.at, _u.before).order_by(_u.id.desc())


def add_changes(
    transaction: Transaction, before: Mapping[int, Mapping[str, Any]], *, who: str, at: datetime
) -> dict[int, int]:
    """Stores the states of chats before a change. `before`: chat id → state.

    Returns chat id → id of the stored change. Later changes have higher ids.
    """
    if not before:
        return {}
    rows = [{"chat": chat_id, "who": who, "at": at, "before": dict(state)} for chat_id, state in before.items()]
    return {added.chat: added.id for added in execute(transaction, _ADD, rows)}


def with_more_changes_than(transaction: Transaction, chat_ids: Sequence[int], most: int) -> list[int]:
    """Returns those of `chat_ids` that have more than `most` stored changes."""
    return [row.chat for row in rows_of(transaction, _WITH_MORE, _u.chat, chat_ids, most=most)]


def changes_of(transaction: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """Returns the stored changes of a chat, newest first."""
    return tuple(map(StoredChange._make, execute(transaction, _CHANGES.where(_u.chat == chat_id))))


def drop_changes(transaction: Transaction, ids: Collection[int]) -> None:
    """Removes changes."""
    if ids:
        transaction.remove(UndoRow, col(UndoRow.id).in_(ids))
