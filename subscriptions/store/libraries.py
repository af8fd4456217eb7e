"""The libraries of chats: the papers in a file that a person sent, by which ids and titles a paper is found, how many titles are asked."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions import normalize
from subscriptions.matching.library import Library
from subscriptions.store import meanings
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, grouped, in_chunks, reads, rows_of, writes
from subscriptions.store.tables import LibraryEntryRow, LibraryRow, QuestionRow, tables

_libraries, _entries, _keys, _aliases, _questions = tables(
    "library", "library_entry", "paper_key", "paper_alias", "question"
)
_q = _questions.c
_WITH_LIBRARY = sa.select(_libraries.c.chat)
_ASKED = sa.select(_q.chat, _q.text, _q.vector).where(_q.encoder == sa.bindparam("of"))
MOST_ASKED = 50  # titles of a library to which papers are compared; each takes a fifth of a microsecond for a paper
_LEAST_ALIAS = 3  # words; papers with the same shorter title do not count as the same paper


class StoredLibrary(NamedTuple):
    """The library of a chat."""

    at: datetime  # when the chat sent it
    entries: int


class AskedTitle(NamedTuple):
    """The title of an entry of a library, and its vector as a question."""

    title: str
    vector: bytes


def titles_to_ask(library: Library) -> list[str]:
    """Returns the titles of a library to which papers are compared, at most MOST_ASKED, from all parts of its file."""
    titles = list(dict.fromkeys(title for title, _ in library.entries if normalize.title_alias(title)))
    step = -(-len(titles) // MOST_ASKED) or 1
    return titles[::step]


@writes
def put_library(transaction: Transaction, chat_id: int, library: Library, *, now: datetime) -> None:
    """Stores the library of a chat, and removes the previous one. `like:library` means this one from now on.

    If the vectors of its titles cannot be had now, they are made later.
    """
    drop_library(transaction, chat_id)
    conflicts.put(transaction, LibraryRow(chat=chat_id, at=now, entries=len(library.entries)))
    meanings.ask(transaction, titles_to_ask(library), chat=chat_id)
    found: dict[str, str] = {}
    for title, names in library.entries:
        alias = normalize.title_alias(title)
        if alias:
            # a short title is stored with a space before it, so that it equals no alias of a paper
            tells = len(alias.split()) >= _LEAST_ALIAS
            found[alias if tells else f" {alias}"] = title
        found |= {f"doi:{name}" if "/" in name and name.startswith("10.") else name: "" for name in names}
    rows = [(chat_id, key, title) for key, title in found.items()]
    conflicts.put_all(transaction, "library_entry", rows)


@writes
def drop_library(transaction: Transaction, chat_id: int) -> bool:
    """Removes the library of a chat. Returns whether there was one."""
    transaction.remove(LibraryEntryRow, chat=chat_id)
    transaction.remove(QuestionRow, chat=chat_id)
    return transaction.remove(LibraryRow, chat=chat_id) > 0


@reads
def library_of(transaction: Transaction, chat_id: int) -> StoredLibrary | None:
    """Returns the library of a chat; None if it has none."""
    row = transaction.get(LibraryRow, chat_id)
    return StoredLibrary(row.at, row.entries) if row else None


def titles_asked(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, list[AskedTitle]]:
    """Returns chat id → the titles of its library to which papers are compared, those whose vectors are known."""
    rows = rows_of(transaction, _ASKED, _q.chat, chat_ids, of=meanings.encoder(transaction))
    return grouped((row.chat, AskedTitle(row.text, row.vector)) for row in rows)


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
