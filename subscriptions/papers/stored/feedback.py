"""What a chat is interested in: what it did with papers, and its own library."""

from collections.abc import Collection, Sequence
from datetime import datetime
from heapq import nlargest
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.database.store import Transaction, execute, grouped, in_chunks, rows_of
from subscriptions.database.tables import LibraryEntryRow, QuestionRow, SignalRow, tables
from subscriptions.identity import versioned
from subscriptions.model import Chat, Library, Signal, StoredPaper
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import papers as known_papers
from subscriptions.text import words as normalize

MOST_SIGNALS = 200  # signals that are kept for a chat, in addition to its saved papers; some 60 bytes each
MOST_SAVED = 1000
_BESIDE_SAVED = tuple(kind for kind in Signal if kind is not Signal.SAVED)
_OPPOSITE = {Signal.LIKED: Signal.DISLIKED, Signal.DISLIKED: Signal.LIKED}

_chats, _signals, _entries, _keys, _aliases, _questions = tables(
    "chat", "signal", "library_entry", "paper_key", "paper_alias", "question"
)
_s, _q = _signals.c, _questions.c
_TITLES = sa.select(_entries.c.chat, _entries.c.key, _entries.c.title).where(_entries.c.title != "")
_WITH_LIBRARY = sa.select(_chats.c.id).where(_chats.c.library_at.is_not(None))
_ASKED = sa.select(_q.chat, _q.text, _q.vector).where(_q.encoder == sa.bindparam("of"))
MOST_ASKED = 50  # titles of a library to which papers are compared; each takes a fifth of a microsecond for a paper
_LEAST_ALIAS = 3  # words; papers with the same shorter title do not count as the same paper


class StoredSignal(NamedTuple):
    """One signal of a chat."""

    paper: int
    kind: Signal
    at: datetime


def note_signal(transaction: Transaction, chat: Chat, papers: Sequence[int], kind: Signal, *, now: datetime) -> None:
    """Store what a chat did with papers.

    A like removes a dislike of the same paper, and a dislike removes a like. If the chat has too many signals, removes
    the oldest. Do nothing for a chat that is not stored.
    """
    if not chat.id or not papers:
        return
    for paper in papers:
        transaction.merge(SignalRow(chat=chat.id, paper=paper, kind=kind, at=now))
        if kind in _OPPOSITE:
            take_back(transaction, chat, paper, _OPPOSITE[kind])
    _keep_newest(transaction, chat, MOST_SIGNALS, _BESIDE_SAVED)
    _keep_newest(transaction, chat, MOST_SAVED, [Signal.SAVED])


def take_back(transaction: Transaction, chat: Chat, paper: int, kind: Signal) -> bool:
    """Remove a signal. Return whether there was such a signal."""
    return transaction.remove(SignalRow, col(SignalRow.kind) == kind, chat=chat.id, paper=paper) > 0


def saved_papers(transaction: Transaction, chat: Chat) -> tuple[StoredPaper, ...]:
    """Return the papers that a chat saved, the last saved paper first."""
    saved = [row.paper for row in execute(transaction, _newest(chat.id, [Signal.SAVED]))]
    known = known_papers.stored_papers(transaction, saved)
    return tuple(known[paper] for paper in saved if paper in known)


def _newest(chat_id: int, kinds: Sequence[Signal]) -> sa.Select[*tuple[Any, ...]]:
    found = sa.select(_s.paper, _s.kind, _s.at).where(_s.chat == chat_id, _s.kind.in_(kinds))
    return found.order_by(_s.at.desc(), _s.paper.desc())


def newest_signals(transaction: Transaction, chat_ids: Sequence[int], most: int) -> dict[int, list[StoredSignal]]:
    """Return chat id → its newest `most` signals, newest first; without chats that have none."""
    rows = rows_of(transaction, _signals, _s.chat, chat_ids)
    found = grouped((row.chat, StoredSignal(row.paper, row.kind, row.at)) for row in rows)
    return {chat: nlargest(most, some, key=lambda one: (one.at, one.paper)) for chat, some in found.items()}


def signals_of_papers(
    transaction: Transaction, chat_id: int, paper_ids: Collection[int]
) -> frozenset[tuple[int, Signal]]:
    """Return (paper, kind) of all signals of a chat for these papers."""
    found = sa.select(_s.paper, _s.kind).where(_s.chat == chat_id, _s.paper.in_(paper_ids))
    return frozenset((row.paper, row.kind) for row in execute(transaction, found))


def _keep_newest(transaction: Transaction, chat: Chat, most: int, kinds: Sequence[Signal]) -> None:
    """Remove a chat's signals of these kinds, except the newest `most`."""
    for paper, kind, _ in execute(transaction, _newest(chat.id, kinds).offset(most)).all():
        take_back(transaction, chat, paper, kind)


class StoredLibrary(NamedTuple):
    """The library of a chat."""

    at: datetime  # when the chat sent it
    entries: int


class AskedTitle(NamedTuple):
    """The title of an entry of a library, and its vector as a question."""

    title: str
    vector: bytes


def titles_to_ask(library: Library) -> list[str]:
    """Return the titles of a library to which papers are compared, at most MOST_ASKED, from all parts of its file."""
    titles = list(dict.fromkeys(title for title, _ in library.entries if normalize.title_alias(title)))
    step = -(-len(titles) // MOST_ASKED) or 1
    return titles[::step]


def put_library(transaction: Transaction, chat_id: int, library: Library, *, now: datetime) -> None:
    """Store the library of a chat, and remove the previous one. `like:library` means this one from now on.

    If the vectors of its titles cannot be had now, they are made later.
    """
    drop_library(transaction, chat_id)
    has_it = {"library_at": now, "library_entries": len(library.entries)}
    execute(transaction, sa.update(_chats).filter_by(id=chat_id).values(has_it))
    meanings.ask(transaction, titles_to_ask(library), chat=chat_id)
    found: dict[str, str] = {}
    for title, names in library.entries:
        if key := _key_of(title):
            found[key] = title
        found |= {
            f"doi:{versioned(name).doi}" if "/" in name and name.startswith("10.") else name: "" for name in names
        }
    rows = [{"chat": chat_id, "key": key, "title": title} for key, title in found.items()]
    transaction.execute_rows(sa.insert(_entries), rows)


def _key_of(title: str) -> str:
    """Return the key of an entry by its title; "" for a title without words."""
    alias = normalize.title_alias(title)
    # a short title is stored with a space before it, so that it equals no alias of a paper
    return alias if not alias or len(alias.split()) >= _LEAST_ALIAS else f" {alias}"


def renew_titles(transaction: Transaction, chat_ids: Sequence[int]) -> None:
    """Renew the keys of the libraries of chats that are titles, after the words of titles changed."""
    for chat, key, title in rows_of(transaction, _TITLES, _entries.c.chat, chat_ids):
        if (new := _key_of(title)) != key:
            transaction.remove(LibraryEntryRow, chat=chat, key=key)
            if new:
                transaction.insert_new(LibraryEntryRow(chat=chat, key=new, title=title))


def drop_library(transaction: Transaction, chat_id: int) -> bool:
    """Remove the library of a chat. Return whether there was one."""
    transaction.remove(LibraryEntryRow, chat=chat_id)
    transaction.remove(QuestionRow, chat=chat_id)
    had_one = sa.update(_chats).where(_chats.c.id == chat_id, _chats.c.library_at.is_not(None))
    return execute(transaction, had_one.values(library_at=None, library_entries=0)).rowcount > 0


def library_of(transaction: Transaction, chat_id: int) -> StoredLibrary | None:
    """Return the library of a chat; None if it has none."""
    wanted = sa.select(_chats.c.library_at, _chats.c.library_entries).where(_chats.c.library_at.is_not(None))
    row = execute(transaction, wanted.where(_chats.c.id == chat_id)).first()
    return StoredLibrary._make(row) if row else None


def titles_asked(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, list[AskedTitle]]:
    """Return chat id → the titles of its library to which papers are compared, those whose vectors are known."""
    encoder = meanings.encoder(transaction)
    rows = rows_of(transaction, _ASKED, _q.chat, chat_ids, of=encoder) if encoder else ()
    return grouped((row.chat, AskedTitle(row.text, row.vector)) for row in rows)


def owned(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Collection[int]) -> dict[int, set[int]]:
    """Return chat id → those of `paper_ids` that are in its library, found by arXiv id, DOI or title.

    Chats without a library are left out.
    """
    chats = [row.id for row in rows_of(transaction, _WITH_LIBRARY, _chats.c.id, chat_ids)]
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
