"""The states of a chat before its last changes, for undo."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from subscriptions.store import mentions
from subscriptions.store.conversation_rows import UndoRow
from subscriptions.store.rows import ChatRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    at: datetime
    before: Mapping[str, Any]  # JSON


def add_change(session: Session, chat_id: int, *, who: str, at: datetime, before: Mapping[str, Any]) -> int:
    """Stores the state before a change; returns the id of the change. A later change has a higher id."""
    row = UndoRow(chat=chat_id, who=who, at=at, before=dict(before))
    session.add(row)
    session.flush()
    _note_people(session, row)
    return row.id or 0


def _note_people(session: Session, row: UndoRow) -> None:
    words = mentions.words_of_change(row.before, session.get_one(ChatRow, row.chat).address)
    mentions.note(session, "change", {row.id or 0: words})


def changes_of(session: Session, chat_id: int) -> tuple[StoredChange, ...]:
    """The stored changes of a chat, newest first."""
    rows = session.exec(select(UndoRow).where(UndoRow.chat == chat_id).order_by(col(UndoRow.id).desc()))
    return tuple(
        StoredChange(id=row.id or 0, chat_id=row.chat, who=row.who, at=row.at, before=row.before) for row in rows
    )


def change_is_of(session: Session, change_id: int, chat_id: int) -> bool:
    """Whether a change is stored, and is of this chat."""
    row = session.get(UndoRow, change_id)
    return row is not None and row.chat == chat_id


def rewrite_change(session: Session, change_id: int, before: Mapping[str, Any]) -> None:
    """Replaces what is stored of a change."""
    row = session.get_one(UndoRow, change_id)
    row.before = dict(before)
    session.flush()
    _note_people(session, row)


def drop_changes(session: Session, ids: Collection[int]) -> None:
    """Removes changes."""
    if ids:
        session.exec(delete(UndoRow).where(col(UndoRow.id).in_(ids)))
