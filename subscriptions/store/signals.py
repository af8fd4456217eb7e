"""What chats like: their signals, the taste that is computed from them (docs/queries.md), and people's own libraries.

A signal is what a chat did with a paper, for example that it opened, saved or liked the paper. A library is the list of
papers in a file that a person sent.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions import normalize
from subscriptions.matching.ranking import Library, LibraryWords, Taste
from subscriptions.states import Signal
from subscriptions.store import meanings
from subscriptions.store.conversation_rows import LibraryEntryRow, LibraryRow, SignalRow, TasteRow
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES

_tastes = TABLES.tables["taste"]
_signals, _libraries, _entries, _keys, _aliases = (
    TABLES.tables[name] for name in ("signal", "library", "library_entry", "paper_key", "paper_alias")
)
_WITH_LIBRARY = sa.select(_libraries.c.chat)
_OF_KINDS = sa.select(_signals).where(_signals.c.kind.in_(sa.bindparam("kinds", expanding=True)))
_ABOUT = "about:"  # begins the name of a taste's meaning, beside its words; no word has a colon
_LEAST_ALIAS = 3  # words; papers with the same shorter title do not count as the same paper


class StoredSignal(NamedTuple):
    """One signal of a chat."""

    paper: int
    kind: Signal
    at: datetime


def put_signal(transaction: Transaction, chat_id: int, paper_id: int, kind: Signal, *, now: datetime) -> None:
    """Stores a signal. A signal that is stored already gets the new moment."""
    conflicts.put(
        transaction, "signal", ("chat", "paper", "kind"), {"chat": chat_id, "paper": paper_id, "kind": kind, "at": now}
    )


def drop_signals(transaction: Transaction, chat_id: int, paper_id: int, kinds: Sequence[Signal]) -> bool:
    """Removes a chat's signals of these kinds for one paper. Returns whether there were any."""
    of_paper = sa.delete(SignalRow).where(
        col(SignalRow.chat) == chat_id, col(SignalRow.paper) == paper_id, col(SignalRow.kind).in_(kinds)
    )
    return transaction.exec(of_paper).rowcount > 0


def signals_of(
    transaction: Transaction, chat_id: int, *, most: int, kinds: Sequence[Signal] = tuple(Signal)
) -> list[StoredSignal]:
    """Returns the newest `most` signals of these kinds from a chat, newest first."""
    found = select(SignalRow).where(SignalRow.chat == chat_id, col(SignalRow.kind).in_(kinds))
    newest = found.order_by(col(SignalRow.at).desc(), col(SignalRow.paper).desc()).limit(most)
    return [StoredSignal(row.paper, Signal(row.kind), row.at) for row in transaction.exec(newest)]


@store.reads
def signals_of_papers(
    transaction: Transaction, chat_id: int, paper_ids: Collection[int]
) -> frozenset[tuple[int, Signal]]:
    """Returns (paper, kind) of all signals of a chat for these papers."""
    found = select(SignalRow.paper, SignalRow.kind).where(
        SignalRow.chat == chat_id, col(SignalRow.paper).in_(paper_ids)
    )
    return frozenset((paper, Signal(kind)) for paper, kind in transaction.exec(found))


def signals_of_chats(
    transaction: Transaction, chat_ids: Sequence[int], kinds: Sequence[Signal]
) -> dict[int, list[StoredSignal]]:
    """Returns chat id → all its signals of these kinds."""
    found: dict[int, list[StoredSignal]] = {chat_id: [] for chat_id in chat_ids}
    for row in store.rows_of(transaction, _OF_KINDS, _signals.c.chat, chat_ids, kinds=kinds):
        found[row.chat].append(StoredSignal(row.paper, Signal(row.kind), row.at))
    return found


@store.reads
def amount_of_signals(transaction: Transaction, chat_id: int, *, kinds: Sequence[Signal] = tuple(Signal)) -> int:
    """Returns the number of stored signals of these kinds from a chat."""
    found = select(sa.func.count()).select_from(SignalRow)
    return transaction.exec(found.where(SignalRow.chat == chat_id, col(SignalRow.kind).in_(kinds))).one()


def keep_newest(transaction: Transaction, chat_id: int, most: int, *, kinds: Sequence[Signal]) -> None:
    """Removes a chat's old signals of these kinds, except the newest `most`. One call removes at most `most` signals."""
    if amount_of_signals(transaction, chat_id, kinds=kinds) <= most:
        return
    for one in signals_of(transaction, chat_id, most=most * 2, kinds=kinds)[most:]:
        drop_signals(transaction, chat_id, one.paper, [one.kind])


def put_taste(transaction: Transaction, chat_id: int, taste: Taste) -> None:
    """Stores the taste of a chat. An empty taste is removed. Its meaning is stored with the name of the encoder."""
    if taste:
        known = {_ABOUT + meanings.encoder(transaction): taste.meaning.hex()} if taste.meaning else {}
        conflicts.put(transaction, "taste", ("chat",), {"chat": chat_id, "words": {**taste.weights, **known}})
    else:
        transaction.exec(sa.delete(TasteRow).where(col(TasteRow.chat) == chat_id))


def tastes(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, Taste]:
    """Returns chat id → taste. Chats without a taste are left out; so is a meaning by another encoder than the store's."""
    about = _ABOUT + meanings.encoder(transaction)
    found = {row.chat: row.words for row in store.rows_of(transaction, _tastes, _tastes.c.chat, chat_ids)}
    return {
        chat: Taste(
            {word: weight for word, weight in words.items() if not word.startswith(_ABOUT)},
            bytes.fromhex(words.get(about, "")),
        )
        for chat, words in found.items()
    }


class StoredLibrary(NamedTuple):
    """The library of a chat."""

    at: datetime  # when the chat sent it
    words: LibraryWords


def put_library(transaction: Transaction, chat_id: int, library: Library, *, now: datetime) -> None:
    """Stores the library of a chat, and removes the previous one."""
    drop_library(transaction, chat_id)
    row = {"chat": chat_id, "at": now, "entries": library.words.entries, "words": dict(library.words.words)}
    conflicts.put(transaction, "library", ("chat",), row)
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
    conflicts.put_all(transaction, "library_entry", ("chat", "key"), ("chat", "key", "title", "words"), rows)


def drop_library(transaction: Transaction, chat_id: int) -> bool:
    """Removes the library of a chat. Returns whether there was one."""
    transaction.exec(sa.delete(LibraryEntryRow).where(col(LibraryEntryRow.chat) == chat_id))
    return transaction.exec(sa.delete(LibraryRow).where(col(LibraryRow.chat) == chat_id)).rowcount > 0


@store.reads
def library_of(transaction: Transaction, chat_id: int) -> StoredLibrary | None:
    """Returns the library of a chat; None if it has none."""
    row = transaction.exec(select(LibraryRow).where(LibraryRow.chat == chat_id)).first()
    return StoredLibrary(row.at, LibraryWords(entries=row.entries, words=row.words)) if row else None


def titles_of(transaction: Transaction, chat_id: int) -> list[tuple[str, str]]:
    """Returns (title, those words of the title that are words of the library) for each entry of a library."""
    found = select(LibraryEntryRow.title, LibraryEntryRow.words)
    return list(transaction.exec(found.where(LibraryEntryRow.chat == chat_id, LibraryEntryRow.title != "")))


@store.reads
def owned(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Collection[int]) -> dict[int, set[int]]:
    """Returns chat id → those of `paper_ids` that are in its library, found by arXiv id, DOI or title.

    Chats without a library are left out.
    """
    chats = [row.chat for row in store.rows_of(transaction, _WITH_LIBRARY, _libraries.c.chat, chat_ids)]
    if not chats or not paper_ids:
        return {}
    named: dict[str, set[int]] = {}
    for name in (_keys.c.key, _aliases.c.alias):
        paper_of = name.table.c.paper
        for key, paper in store.rows_of(transaction, sa.select(name, paper_of), paper_of, list(paper_ids)):
            named.setdefault(key, set()).add(paper)
    found: dict[int, set[int]] = {chat: set() for chat in chats}
    for part in store.in_chunks(chats):
        wanted = sa.select(_entries.c.chat, _entries.c.key).where(_entries.c.chat.in_(part))
        for chat, key in store.rows_of(transaction, wanted, _entries.c.key, list(named)):
            found[chat] |= named[key]
    return found


def move_library(transaction: Transaction, before: int, after: int) -> None:
    """Moves the library of a chat to another chat, unless the other chat has a library."""
    if library_of(transaction, after) is None:
        for row in (LibraryRow, LibraryEntryRow):
            transaction.exec(sa.update(row).where(col(row.chat) == before).values(chat=after))
