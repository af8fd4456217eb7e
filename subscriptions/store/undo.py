"""The states of a chat before its last changes, for undo."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.store import mentions
from subscriptions.store.conversation_rows import UndoRow
from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.rows import TABLES

_undo = TABLES.tables["undo"]
_ids = sa.bindparam("ids", type_=sa.Integer, expanding=True)
_ADD = sa.insert(_undo).returning(_undo.c.chat, _undo.c.id)
_WITH_MORE = (
    sa.select(_undo.c.chat)
    .where(_undo.c.chat.in_(_ids))
    .group_by(_undo.c.chat)
    .having(sa.func.count() > sa.bindparam("most", type_=sa.Integer))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    at: datetime
    before: Mapping[str, Any]  # JSON


def add_changes(
    session: Transaction, before: Mapping[int, tuple[str, Mapping[str, Any]]], *, who: str, at: datetime
) -> dict[int, int]:
    """Stores what chats are before a change, by their ids: (address, state). Returns the ids of the changes. A later one has a higher id."""
    rows = [{"chat": chat_id, "who": who, "at": at, "before": dict(state)} for chat_id, (_, state) in before.items()]
    ids = {added.chat: added.id for added in execute(session, _ADD, rows)} if rows else {}
    named = {ids[chat_id]: mentions.words_of_change(state, address) for chat_id, (address, state) in before.items()}
    mentions.add(session, "change", named)
    return ids


def with_more_than(session: Transaction, chat_ids: Sequence[int], most: int) -> list[int]:
    """Those of these chats that have more stored changes than `most`."""
    return [row.chat for row in rows_of(session, _WITH_MORE, chat_ids, most=most)]


def changes_of(session: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """The stored changes of a chat, newest first."""
    rows = session.exec(select(UndoRow).where(UndoRow.chat == chat_id).order_by(col(UndoRow.id).desc()))
    return tuple(
        StoredChange(id=row.id or 0, chat_id=row.chat, who=row.who, at=row.at, before=row.before) for row in rows
    )


def rewrite_change(session: Transaction, change_id: int, address: str, before: Mapping[str, Any]) -> None:
    """Replaces what is stored of a change of the chat with this address."""
    session.get_one(UndoRow, change_id).before = dict(before)
    mentions.note(session, "change", {change_id: mentions.words_of_change(before, address)})


def drop_changes(session: Transaction, ids: Collection[int]) -> None:
    """Removes changes."""
    if ids:
        session.exec(sa.delete(UndoRow).where(col(UndoRow.id).in_(ids)))
