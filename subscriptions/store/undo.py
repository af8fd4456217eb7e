"""The states of a chat before its last changes, for undo; and where other chats name a chat or a person.

The texts of the stored states are not indexed. So a table says which of them name a chat, and erasing or moving a chat reads
only those.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.addresses import declared
from subscriptions.store.conversation_rows import UndoRow
from subscriptions.store.database import store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES

Where = Literal["callback", "state", "delivery", "change"]

_LONGEST = 300  # characters: no title of a chat is longer

_mentions = TABLES.tables["mention"]
_m = _mentions.c


def addresses_in(text: str, *, but: str = "") -> set[str]:
    """What may be the address of a chat in a text, without `but`."""
    return {found.rstrip(".") for found in _address(tuple(facts.name for facts in declared())).findall(text)} - {but}


@lru_cache(maxsize=8)
def _address(platforms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, platforms))}):[-\w./]+")


def words_of_callback(callback_id: str, arguments: Mapping[str, Any], place: str) -> set[str]:
    """The words by which a callback token, or a state under a name, names chats other than its own."""
    return addresses_in(f"{callback_id} {arguments}", but=place.removeprefix("board:"))


def words_of_notice(dedupe_key: str, detail: Mapping[str, str]) -> set[str]:
    """The words by which a notice names chats: their addresses and titles."""
    titles = {value for value in detail.values() if value and len(value) <= _LONGEST}
    return addresses_in(f"{dedupe_key} {detail}") | titles


def words_of_change(before: Mapping[str, Any], address: str) -> set[str]:
    """The words by which a change of the chat with this address names people: the ids of subscribers."""
    return {subscriber for value in before["subscriptions"] if (subscriber := value.get("subscriber"))} - {address}


def note(session: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]) -> None:
    """Stores the words of rows, which are given by their ids, in place of those stored before."""
    for part in store.in_chunks(list(words)):
        store.execute(session, sa.delete(_mentions).where(_m[where].in_(part)))
    add(session, where, words)


def add(session: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]) -> None:
    """Stores the words of new rows, which are given by their ids."""
    rows = [{where: of, "word": word} for of, those in words.items() for word in sorted(those)]
    if rows:
        store.execute(session, sa.insert(_mentions), rows)


def forget(session: Transaction, words: Sequence[str]) -> None:
    """Removes these words; no row uses them as a name any more."""
    store.execute(session, sa.delete(_mentions).where(_m.word.in_(words)))


def named_by(session: Transaction, where: Where, words: Sequence[str], *, topics: bool = False) -> list[Any]:
    """Ids of the rows that name one of these; with `topics`, also those that name a topic of one of these addresses."""
    found: set[Any] = set()
    for word in words:
        of = sa.select(_m[where]).where(_m[where].is_not(None))
        found.update(store.execute(session, of.where(_m.word == word)).scalars())
        if topics:
            found.update(store.execute(session, of.where(_m.word > f"{word}/", _m.word < f"{word}0")).scalars())
    return sorted(found)


# -------------------------------------------------------------- the states of a chat before its last changes, for undo


_undo = TABLES.tables["undo"]


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
    new = sa.insert(_undo).returning(_undo.c.chat, _undo.c.id)
    ids = {added.chat: added.id for added in store.execute(session, new, rows)} if rows else {}
    named = {ids[chat_id]: words_of_change(state, address) for chat_id, (address, state) in before.items()}
    add(session, "change", named)
    return ids


def with_more_than(session: Transaction, chat_ids: Sequence[int], most: int) -> list[int]:
    """Those of these chats that have more stored changes than `most`."""
    wanted = sa.select(_undo.c.chat).group_by(_undo.c.chat).having(sa.func.count() > most)
    return [row.chat for row in store.rows_of(session, wanted, _undo.c.chat, chat_ids)]


def changes_of(session: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """The stored changes of a chat, newest first."""
    rows = session.exec(select(UndoRow).where(UndoRow.chat == chat_id).order_by(col(UndoRow.id).desc()))
    return tuple(
        StoredChange(id=row.id or 0, chat_id=row.chat, who=row.who, at=row.at, before=row.before) for row in rows
    )


def rewrite_change(session: Transaction, change_id: int, address: str, before: Mapping[str, Any]) -> None:
    """Replaces what is stored of a change of the chat with this address."""
    session.get_one(UndoRow, change_id).before = dict(before)
    note(session, "change", {change_id: words_of_change(before, address)})


def drop_changes(session: Transaction, ids: Collection[int]) -> None:
    """Removes changes."""
    if ids:
        session.exec(sa.delete(UndoRow).where(col(UndoRow.id).in_(ids)))
