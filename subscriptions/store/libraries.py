"""People's own libraries: what a chat's file held, and which papers are in it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.normalize import title_alias, tokens
from subscriptions.ranking import Library, LibraryWords
from subscriptions.store.conversation_rows import LibraryEntryRow, LibraryRow
from subscriptions.store.database.conflicts import put, put_all
from subscriptions.store.database.store import Transaction, execute, in_chunks, reads, rows_of
from subscriptions.store.rows import TABLES

_libraries, _entries, _keys, _aliases = (
    TABLES.tables[name] for name in ("library", "library_entry", "paper_key", "paper_alias")
)
_ids: sa.BindParameter[object] = sa.bindparam("ids", expanding=True)
_WITH_LIBRARY = sa.select(_libraries.c.chat).where(_libraries.c.chat.in_(_ids))
_KEYS = sa.select(_keys.c.key, _keys.c.paper).where(_keys.c.paper.in_(_ids))
_ALIASES = sa.select(_aliases.c.alias.label("key"), _aliases.c.paper).where(_aliases.c.paper.in_(_ids))
_ENTRIES = sa.select(_entries.c.chat, _entries.c.key).where(
    _entries.c.chat.in_(sa.bindparam("chats", expanding=True)), _entries.c.key.in_(_ids)
)
_TITLES = sa.select(_entries.c.title, _entries.c.words).where(
    _entries.c.chat == sa.bindparam("chat"), _entries.c.title != ""
)
_LEAST_ALIAS = 3  # words of a title that alone tells that two papers are one


class StoredLibrary(NamedTuple):
    """The library of a chat."""

    at: datetime  # when it came
    words: LibraryWords


def put_library(session: Transaction, chat_id: int, library: Library, *, now: datetime) -> None:
    """Stores a library in place of the one before."""
    drop_library(session, chat_id)
    row = {"chat": chat_id, "at": now, "entries": library.words.entries, "words": dict(library.words.words)}
    put(session, "library", ("chat",), row)
    found: dict[str, tuple[str, str]] = {}
    for title, names in library.entries:
        words = " ".join(dict.fromkeys(word for word in tokens(title) if word in library.words.words))
        alias = title_alias(title)
        if alias:
            tells = len(alias.split()) >= _LEAST_ALIAS  # else it is stored where no alias of a paper finds it
            found[alias if tells else f" {alias}"] = (title, words)
        found |= {f"doi:{name}" if "/" in name and name.startswith("10.") else name: ("", "") for name in names}
    rows = [{"chat": chat_id, "key": key, "title": title, "words": words} for key, (title, words) in found.items()]
    put_all(session, "library_entry", ("chat", "key"), rows)


def drop_library(session: Transaction, chat_id: int) -> bool:
    """Removes the library of a chat; returns whether there was one."""
    session.exec(sa.delete(LibraryEntryRow).where(col(LibraryEntryRow.chat) == chat_id))
    return session.exec(sa.delete(LibraryRow).where(col(LibraryRow.chat) == chat_id)).rowcount > 0


@reads
def library_of(transaction: Transaction, chat_id: int) -> StoredLibrary | None:
    """The library of a chat; None if it has none."""
    row = transaction.exec(select(LibraryRow).where(LibraryRow.chat == chat_id)).first()
    return StoredLibrary(row.at, LibraryWords(entries=row.entries, words=row.words)) if row else None


def titles_of(session: Transaction, chat_id: int) -> list[tuple[str, str]]:
    """The titles in the library of a chat, each with those of its words that are words of the library."""
    return [(row.title, row.words) for row in execute(session, _TITLES, {"chat": chat_id})]


@reads
def owned(session: Transaction, chat_ids: Sequence[int], paper_ids: Collection[int]) -> dict[int, set[int]]:
    """Chat id → those of these papers that are in its library: by arXiv id, DOI or title. Only chats with a library."""
    chats = [row.chat for row in rows_of(session, _WITH_LIBRARY, chat_ids)]
    if not chats or not paper_ids:
        return {}
    named: dict[str, set[int]] = {}
    for statement in (_KEYS, _ALIASES):
        for key, paper in rows_of(session, statement, list(paper_ids)):
            named.setdefault(key, set()).add(paper)
    found: dict[int, set[int]] = {chat: set() for chat in chats}
    for part in in_chunks(chats):
        for chat, key in rows_of(session, _ENTRIES, list(named), chats=part):
            found[chat] |= named[key]
    return found


def move_library(session: Transaction, before: int, after: int) -> None:
    """Moves the library of one chat to another that has none."""
    if library_of(session, after) is None:
        for row in (LibraryRow, LibraryEntryRow):
            session.exec(sa.update(row).where(col(row.chat) == before).values(chat=after))
