"""What the store holds of chats, undecoded: two readings that are equal give the same chats and subscriptions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Select, type_coerce
from sqlalchemy.types import NULLTYPE
from sqlmodel import Session

from subscriptions.store.chat.chats import CHATS
from subscriptions.store.chat.subscriptions import SUBSCRIPTIONS
from subscriptions.store.database.store import execute, in_chunks

StoredRow = tuple[Any, ...]


def _undecoded(statement: Select[*tuple[Any, ...]]) -> Executable:
    """The same statement, whose values come as the driver gives them: to decode them takes three times as long as to read them."""
    plain = [type_coerce(column, NULLTYPE) for column in statement.selected_columns]
    return statement.with_only_columns(*plain, maintain_column_froms=True)


_STATEMENTS = (_undecoded(CHATS), _undecoded(SUBSCRIPTIONS))


def rows_of_chats(session: Session, chat_ids: Sequence[int]) -> list[StoredRow]:
    """All that `chats_by_id` and `subscriptions_of` read of these chats; only to be compared with another reading."""
    return [
        tuple(row)
        for part in in_chunks(chat_ids)
        for statement in _STATEMENTS
        for row in execute(session, statement, {"ids": part}).all()
    ]
