"""What a chat did with papers (opened, saved, liked, muted): how many are kept, how many saved ones, and what takes back what."""

from collections.abc import Collection, Sequence
from datetime import datetime
from heapq import nlargest
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.model import Chat, KnownPaper
from subscriptions.states import Signal
from subscriptions.store import known_papers
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Scope, Transaction, execute, grouped, reads, rows_of, writes
from subscriptions.store.tables import TABLES, SignalRow

MOST_SIGNALS = 200  # signals that are kept for a chat, in addition to its saved papers; some 60 bytes each
MOST_SAVED = 1000
_BESIDE_SAVED = tuple(kind for kind in Signal if kind is not Signal.SAVED)
_OPPOSITE = {Signal.LIKED: Signal.DISLIKED, Signal.DISLIKED: Signal.LIKED}

_signals = TABLES.tables["signal"]
_s = _signals.c
_SIGNALS = sa.select(_s.paper, _s.kind, _s.at)


class StoredSignal(NamedTuple):
    """One signal of a chat."""

    paper: int
    kind: Signal
    at: datetime


def note_signal(store: Scope, chat: Chat, papers: Sequence[int], kind: Signal, *, now: datetime) -> None:
    """Stores what a chat did with papers.

    A like removes a dislike of the same paper, and a dislike removes a like. If the chat has too many signals, removes
    the oldest. Does nothing for a chat that is not stored.
    """
    if not chat.id or not papers:
        return
    with store.write() as transaction:
        for paper in papers:
            conflicts.put(transaction, SignalRow(chat=chat.id, paper=paper, kind=kind, at=now))
            if kind in _OPPOSITE:
                take_back(transaction, chat, paper, _OPPOSITE[kind])
        _keep_newest(transaction, chat, MOST_SIGNALS, kinds=_BESIDE_SAVED)
        _keep_newest(transaction, chat, MOST_SAVED, kinds=[Signal.SAVED])


@writes
def take_back(transaction: Transaction, chat: Chat, paper: int, kind: Signal) -> bool:
    """Removes a signal. Returns whether there was such a signal."""
    return transaction.remove(SignalRow, col(SignalRow.kind) == kind, chat=chat.id, paper=paper) > 0


@writes
def save_paper(transaction: Transaction, chat: Chat, paper: int, *, now: datetime) -> bool:
    """Saves a paper for a chat, as the newest of its saved papers. Returns False if it was saved before."""
    is_new = (paper, Signal.SAVED) not in signals_of_papers(transaction, chat.id, [paper])
    note_signal(transaction, chat, [paper], Signal.SAVED, now=now)
    return is_new


@reads
def saved_papers(transaction: Transaction, chat: Chat) -> tuple[KnownPaper, ...]:
    """Returns the papers that a chat saved, the last saved paper first."""
    saved = signals_of(transaction, chat.id, most=MOST_SAVED, kinds=[Signal.SAVED])
    known = known_papers.stored_papers(transaction, [one.paper for one in saved])
    return tuple(known[one.paper] for one in saved if one.paper in known)


def signals_of(
    transaction: Transaction, chat_id: int, *, most: int, kinds: Sequence[Signal] = tuple(Signal)
) -> list[StoredSignal]:
    """Returns the newest `most` signals of these kinds from a chat, newest first."""
    found = _SIGNALS.where(_s.chat == chat_id, _s.kind.in_(kinds))
    newest = found.order_by(_s.at.desc(), _s.paper.desc()).limit(most)
    return [StoredSignal._make(row) for row in execute(transaction, newest)]


def newest_signals(transaction: Transaction, chat_ids: Sequence[int], most: int) -> dict[int, list[StoredSignal]]:
    """Returns chat id → its newest `most` signals, newest first; without chats that have none."""
    rows = rows_of(transaction, _signals, _s.chat, chat_ids)
    found = grouped((row.chat, StoredSignal(row.paper, row.kind, row.at)) for row in rows)
    return {chat: nlargest(most, some, key=lambda one: (one.at, one.paper)) for chat, some in found.items()}


@reads
def signals_of_papers(
    transaction: Transaction, chat_id: int, paper_ids: Collection[int]
) -> frozenset[tuple[int, Signal]]:
    """Returns (paper, kind) of all signals of a chat for these papers."""
    found = sa.select(_s.paper, _s.kind).where(_s.chat == chat_id, _s.paper.in_(paper_ids))
    return frozenset((row.paper, row.kind) for row in execute(transaction, found))


@reads
def amount_of_signals(transaction: Transaction, chat_id: int, *, kinds: Sequence[Signal] = tuple(Signal)) -> int:
    """Returns the number of stored signals of these kinds from a chat."""
    return transaction.count(_s.chat == chat_id, _s.kind.in_(kinds))


def _keep_newest(transaction: Transaction, chat: Chat, most: int, *, kinds: Sequence[Signal]) -> None:
    """Removes a chat's old signals of these kinds, except the newest `most`. One call removes at most `most` signals."""
    if amount_of_signals(transaction, chat.id, kinds=kinds) <= most:
        return
    for one in signals_of(transaction, chat.id, most=most * 2, kinds=kinds)[most:]:
        take_back(transaction, chat, one.paper, one.kind)
