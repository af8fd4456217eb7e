"""What chats like: what they did with papers, the taste that follows from it (docs/queries.md), and people's own libraries.

A chat opened, followed, saved or liked a paper. A library is what a chat's file held, and which papers are in it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.normalize import title_alias, tokens
from subscriptions.ranking import Library, LibraryWords, Taste
from subscriptions.states import Signal
from subscriptions.store.conversation_rows import LibraryEntryRow, LibraryRow, SignalRow, TasteRow
from subscriptions.store.database import store
from subscriptions.store.database.conflicts import put, put_all
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES

_tastes = TABLES.tables["taste"]
_signals, _libraries, _entries, _keys, _aliases = (
    TABLES.tables[name] for name in ("signal", "library", "library_entry", "paper_key", "paper_alias")
)
_TASTES, _WITH_LIBRARY = sa.select(_tastes), sa.select(_libraries.c.chat)
_LEAST_ALIAS = 3  # words of a title that alone tells that two papers are one


class StoredSignal(NamedTuple):
    """One signal of a chat."""

    paper: int
    kind: Signal
    at: datetime


def put_signal(session: Transaction, chat_id: int, paper_id: int, kind: Signal, *, now: datetime) -> None:
    """Stores a signal; one that is stored already gets the new time."""
    put(session, "signal", ("chat", "paper", "kind"), {"chat": chat_id, "paper": paper_id, "kind": kind, "at": now})


def drop_signals(session: Transaction, chat_id: int, paper_id: int, kinds: Sequence[Signal]) -> bool:
    """Removes signals of one paper; returns whether there were any."""
    of_paper = sa.delete(SignalRow).where(
        col(SignalRow.chat) == chat_id, col(SignalRow.paper) == paper_id, col(SignalRow.kind).in_(kinds)
    )
    return session.exec(of_paper).rowcount > 0


def signals_of(
    session: Transaction, chat_id: int, *, most: int, kinds: Sequence[Signal] = tuple(Signal)
) -> list[StoredSignal]:
    """The newest `most` signals of a chat of these kinds, newest first."""
    found = select(SignalRow).where(SignalRow.chat == chat_id, col(SignalRow.kind).in_(kinds))
    newest = found.order_by(col(SignalRow.at).desc(), col(SignalRow.paper).desc()).limit(most)
    return [StoredSignal(row.paper, Signal(row.kind), row.at) for row in session.exec(newest)]


@store.reads
def signals_of_papers(
    transaction: Transaction, chat_id: int, paper_ids: Collection[int]
) -> frozenset[tuple[int, Signal]]:
    """What a chat did with each of a few papers."""
    found = select(SignalRow.paper, SignalRow.kind).where(
        SignalRow.chat == chat_id, col(SignalRow.paper).in_(paper_ids)
    )
    return frozenset((paper, Signal(kind)) for paper, kind in transaction.exec(found))


def signals_of_chats(
    session: Transaction, chat_ids: Sequence[int], kinds: Sequence[Signal]
) -> dict[int, list[StoredSignal]]:
    """All signals of these kinds, by the ids of these chats."""
    found: dict[int, list[StoredSignal]] = {chat_id: [] for chat_id in chat_ids}
    wanted = sa.select(_signals).where(_signals.c.kind.in_(kinds))
    for row in store.rows_of(session, wanted, _signals.c.chat, chat_ids):
        found[row.chat].append(StoredSignal(row.paper, Signal(row.kind), row.at))
    return found


@store.reads
def amount_of_signals(transaction: Transaction, chat_id: int, *, kinds: Sequence[Signal] = tuple(Signal)) -> int:
    """How many signals of a chat of these kinds are stored."""
    found = select(sa.func.count()).select_from(SignalRow)
    return transaction.exec(found.where(SignalRow.chat == chat_id, col(SignalRow.kind).in_(kinds))).one()


def keep_newest(session: Transaction, chat_id: int, most: int, *, kinds: Sequence[Signal]) -> None:
    """Removes all but the newest `most` signals of a chat of these kinds."""
    if amount_of_signals(session, chat_id, kinds=kinds) <= most:
        return
    for one in signals_of(session, chat_id, most=most * 2, kinds=kinds)[most:]:
        drop_signals(session, chat_id, one.paper, [one.kind])


def put_taste(session: Transaction, chat_id: int, taste: Taste) -> None:
    """Stores the taste of a chat; one that says nothing is removed."""
    if taste:
        put(session, "taste", ("chat",), {"chat": chat_id, "words": dict(taste.weights)})
    else:
        session.exec(sa.delete(TasteRow).where(col(TasteRow.chat) == chat_id))


def tastes(session: Transaction, chat_ids: Sequence[int]) -> dict[int, Taste]:
    """The tastes of those of these chats that have one, by the ids of the chats."""
    return {row.chat: Taste(row.words) for row in store.rows_of(session, _TASTES, _tastes.c.chat, chat_ids)}


# ----------------------------------------------------------------------------------------------- people's own libraries


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


@store.reads
def library_of(transaction: Transaction, chat_id: int) -> StoredLibrary | None:
    """The library of a chat; None if it has none."""
    row = transaction.exec(select(LibraryRow).where(LibraryRow.chat == chat_id)).first()
    return StoredLibrary(row.at, LibraryWords(entries=row.entries, words=row.words)) if row else None


def titles_of(session: Transaction, chat_id: int) -> list[tuple[str, str]]:
    """The titles in the library of a chat, each with those of its words that are words of the library."""
    found = select(LibraryEntryRow.title, LibraryEntryRow.words)
    return list(session.exec(found.where(LibraryEntryRow.chat == chat_id, LibraryEntryRow.title != "")))


@store.reads
def owned(session: Transaction, chat_ids: Sequence[int], paper_ids: Collection[int]) -> dict[int, set[int]]:
    """Chat id → those of these papers that are in its library: by arXiv id, DOI or title. Only chats with a library."""
    chats = [row.chat for row in store.rows_of(session, _WITH_LIBRARY, _libraries.c.chat, chat_ids)]
    if not chats or not paper_ids:
        return {}
    named: dict[str, set[int]] = {}
    for name in (_keys.c.key, _aliases.c.alias):
        paper_of = name.table.c.paper
        for key, paper in store.rows_of(session, sa.select(name, paper_of), paper_of, list(paper_ids)):
            named.setdefault(key, set()).add(paper)
    found: dict[int, set[int]] = {chat: set() for chat in chats}
    for part in store.in_chunks(chats):
        wanted = sa.select(_entries.c.chat, _entries.c.key).where(_entries.c.chat.in_(part))
        for chat, key in store.rows_of(session, wanted, _entries.c.key, list(named)):
            found[chat] |= named[key]
    return found


def move_library(session: Transaction, before: int, after: int) -> None:
    """Moves the library of one chat to another that has none."""
    if library_of(session, after) is None:
        for row in (LibraryRow, LibraryEntryRow):
            session.exec(sa.update(row).where(col(row.chat) == before).values(chat=after))
