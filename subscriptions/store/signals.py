"""The signals of chats: what a chat did with a paper, for example that it opened, saved or liked the paper."""

from collections.abc import Collection, Sequence
from datetime import datetime
from heapq import nlargest
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.states import Signal
from subscriptions.store.conversation_rows import SignalRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, grouped, reads, rows_of
from subscriptions.store.rows import TABLES

_signals = TABLES.tables["signal"]
_s = _signals.c
_SIGNALS = sa.select(_s.paper, _s.kind, _s.at)


class StoredSignal(NamedTuple):
    """One signal of a chat."""

    paper: int
    kind: Signal
    at: datetime


def put_signal(transaction: Transaction, chat_id: int, paper_id: int, kind: Signal, *, now: datetime) -> None:
    """Stores a signal. A signal that is stored already gets the new moment."""
    conflicts.put(transaction, SignalRow(chat=chat_id, paper=paper_id, kind=kind, at=now))


def drop_signals(transaction: Transaction, chat_id: int, paper_id: int, kinds: Sequence[Signal]) -> bool:
    """Removes a chat's signals of these kinds for one paper. Returns whether there were any."""
    return transaction.remove(SignalRow, col(SignalRow.kind).in_(kinds), chat=chat_id, paper=paper_id) > 0


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


def keep_newest(transaction: Transaction, chat_id: int, most: int, *, kinds: Sequence[Signal]) -> None:
    """Removes a chat's old signals of these kinds, except the newest `most`. One call removes at most `most` signals."""
    if amount_of_signals(transaction, chat_id, kinds=kinds) <= most:
        return
    for one in signals_of(transaction, chat_id, most=most * 2, kinds=kinds)[most:]:
        drop_signals(transaction, chat_id, one.paper, [one.kind])
