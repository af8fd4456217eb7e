"""The libraries of chats: the papers in a file that a person sent, and by which ids and titles a paper is found in one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import select

from subscriptions import normalize
from subscriptions.matching.library import Library, LibraryWords
from subscriptions.store.conversation_rows import LibraryEntryRow, LibraryRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, in_chunks, reads, rows_of
from subscriptions.store.rows import tables

_libraries, _entries, _keys, _aliases = tables("library", "library_entry", "paper_key", "paper_alias")
_WITH_LIBRARY = sa.select(_libraries.c.chat)
_LEAST_ALIAS = 3  # words; papers with the same shorter title do not count as the same paper


class StoredLibrary(NamedTuple):
    """The library of a chat."""

    at: datetime  # when the chat sent it
    words: LibraryWords


def put_library(transaction: Transaction, chat_id: int, library: Library, *, now: datetime) -> None:
    """Stores the library of a chat, and removes the previous one."""
    drop_library(transaction, chat_id)
    row = LibraryRow(chat=chat_id, at=now, entries=library.words.entries, words=dict(library.words.words))
    conflicts.put(transaction, row)
    found: dict[str, tuple[str, str]] = {}
    for title, names in library.entries:
        words = " ".join(dict.fromkeys(word for word in normalize.tokens(title) if word in library.words.words))
        alias = normalize.title_alias(title)
        if alias:
            # a short title is stored with a space before it, so that it equals no alias of a paper
            tells = len(alias.split()) >= _LEAST_ALIAS
            found[alias if tells else f" {alias}"] = (title, words)
        found |= {f"doi:{name}" if "/" in name and name.startswith("10.") else name: ("", "") for name in names}
    rows = [(chat_id, key, title, words) for key, (title, words) in found.items()]
    conflicts.put_all(transaction, "library_entry", rows)


def drop_library(transaction: Transaction, chat_id: int) -> bool:
    """Removes the library of a chat. Returns whether there was one."""
    transaction.remove(LibraryEntryRow, chat=chat_id)
    return transaction.remove(LibraryRow, chat=chat_id) > 0


@reads
def library_of(transaction: Transaction, chat_id: int) -> StoredLibrary | None:
    """Returns the library of a chat; None if it has none."""
    row = transaction.get(LibraryRow, chat_id)
    if row:
        return StoredLibrary(row.at, LibraryWords(entries=row.entries, words=row.words))
    return None


def titles_of(transaction: Transaction, chat_id: int) -> list[tuple[str, str]]:
    """Returns (title, those words of the title that are words of the library) for each entry of a library."""
    found = select(LibraryEntryRow.title, LibraryEntryRow.words)
    return list(transaction.exec(found.where(LibraryEntryRow.chat == chat_id, LibraryEntryRow.title != "")))


@reads
def owned(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Collection[int]) -> dict[int, set[int]]:
    """Returns chat id → those of `paper_ids` that are in its library, found by arXiv id, DOI or title.

    Chats without a library are left out.
    """
    chats = [row.chat for row in rows_of(transaction, _WITH_LIBRARY, _libraries.c.chat, chat_ids)]
    if not chats or not paper_ids:
        return {}
    named: dict[str, set[int]] = {}
    for name in (_keys.c.key, _aliases.c.alias):
        paper_of = name.table.c.paper
        for key, paper in rows_of(transaction, sa.select(name, paper_of), paper_of, list(paper_ids)):
            named.setdefault(key, set()).add(paper)
    found: dict[int, set[int]] = {chat: set() for chat in chats}
    for part in in_chunks(chats):
        wanted = sa.select(_entries.c.chat, _entries.c.key).where(_entries.c.chat.in_(part))
        for chat, key in rows_of(transaction, wanted, _entries.c.key, list(named)):
            found[chat] |= named[key]
    return found


def move_library(transaction: Transaction, before: int, after: int) -> None:
    """Moves the library of a chat to another chat, unless the other chat has a library."""
    if library_of(transaction, after) is None:
        for row in (LibraryRow, LibraryEntryRow):
            transaction.exec(sa.update(row).filter_by(chat=before).values(chat=after))
