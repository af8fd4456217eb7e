"""The states of a chat before its last changes, for undo."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.store.conversation_rows import (
    UndoRow,
)
from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.mentions import add_mentions, note_mentions, words_of_change
from subscriptions.store.rows import TABLES

_undo = TABLES.tables["undo"]
_ADD = sa.insert(_undo).returning(_undo.c.chat, _undo.c.id)
_WITH_MORE = sa.select(_undo.c.chat).group_by(_undo.c.chat).having(sa.func.count() > sa.bindparam("most"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    at: datetime
    before: Mapping[str, Any]  # the state before the change, as JSON


def add_changes(
    transaction: Transaction, before: Mapping[int, tuple[str, Mapping[str, Any]]], *, who: str, at: datetime
) -> dict[int, int]:
    """Stores the states of chats before a change. `before`: chat id → (address, state).

    Returns chat id → id of the stored change. Later changes have higher ids.
    """
    rows = [{"chat": chat_id, "who": who, "at": at, "before": dict(state)} for chat_id, (_, state) in before.items()]
    ids = {added.chat: added.id for added in execute(transaction, _ADD, rows)} if rows else {}
    named = {ids[chat_id]: words_of_change(state, address) for chat_id, (address, state) in before.items()}
    add_mentions(transaction, "change", named)
    return ids


def with_more_changes_than(transaction: Transaction, chat_ids: Sequence[int], most: int) -> list[int]:
    """Returns those of `chat_ids` that have more than `most` stored changes."""
    return [row.chat for row in rows_of(transaction, _WITH_MORE, _undo.c.chat, chat_ids, most=most)]


def changes_of(transaction: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """Returns the stored changes of a chat, newest first."""
    rows = transaction.exec(select(UndoRow).where(UndoRow.chat == chat_id).order_by(col(UndoRow.id).desc()))
    return tuple(StoredChange(id=row.id, chat_id=row.chat, who=row.who, at=row.at, before=row.before) for row in rows)


def rewrite_change(transaction: Transaction, change_id: int, address: str, before: Mapping[str, Any]) -> None:
    """Replaces the stored state of a change. `address` is the address of its chat."""
    transaction.get_one(UndoRow, change_id).before = dict(before)
    note_mentions(transaction, "change", {change_id: words_of_change(before, address)})


def drop_changes(transaction: Transaction, ids: Collection[int]) -> None:
    """Removes changes."""
    if ids:
        transaction.exec(sa.delete(UndoRow).where(col(UndoRow.id).in_(ids)))
