"""What chats did with papers (opened, followed, saved, liked …), and the taste that follows from it (docs/queries.md)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from subscriptions.ranking import Taste
from subscriptions.states import Signal
from subscriptions.store.conversation_rows import SignalRow, TasteRow
from subscriptions.store.database.conflicts import put
from subscriptions.store.database.store import Transaction, reads, rows_of
from subscriptions.store.rows import TABLES

_tastes = TABLES.tables["taste"]
_TASTES = sa.select(_tastes.c.chat, _tastes.c.words).where(
    _tastes.c.chat.in_(sa.bindparam("ids", type_=sa.Integer, expanding=True))
)
_signals = TABLES.tables["signal"]
_OF_CHATS = sa.select(_signals).where(
    _signals.c.chat.in_(sa.bindparam("ids", type_=sa.Integer, expanding=True)),
    _signals.c.kind.in_(sa.bindparam("kinds", expanding=True)),
)


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


@reads
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
    for row in rows_of(session, _OF_CHATS, chat_ids, kinds=kinds):
        found[row.chat].append(StoredSignal(row.paper, Signal(row.kind), row.at))
    return found


@reads
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


def move_signals(session: Transaction, lost: int, kept: int) -> None:
    """Moves the signals of one paper to another; one that a chat has of both stays once."""
    other = aliased(SignalRow)
    theirs = select(other.chat).where(
        other.paper == kept, other.chat == col(SignalRow.chat), other.kind == col(SignalRow.kind)
    )
    session.exec(sa.delete(SignalRow).where(col(SignalRow.paper) == lost, theirs.exists()))
    session.exec(sa.update(SignalRow).where(col(SignalRow.paper) == lost).values(paper=kept))


def merge_signals(session: Transaction, before: int, after: int) -> None:
    """Moves the signals of one chat to another; one that both have stays once. The taste of the other stays, else this one's."""
    other = aliased(SignalRow)
    theirs = select(other.chat).where(
        other.chat == after, other.paper == col(SignalRow.paper), other.kind == col(SignalRow.kind)
    )
    session.exec(sa.delete(SignalRow).where(col(SignalRow.chat) == before, theirs.exists()))
    session.exec(sa.update(SignalRow).where(col(SignalRow.chat) == before).values(chat=after))
    known = select(TasteRow.chat).where(TasteRow.chat == after)
    if session.exec(known).first() is None:
        session.exec(sa.update(TasteRow).where(col(TasteRow.chat) == before).values(chat=after))


def put_taste(session: Transaction, chat_id: int, taste: Taste) -> None:
    """Stores the taste of a chat; one that says nothing is removed."""
    if taste:
        put(session, "taste", ("chat",), {"chat": chat_id, "words": dict(taste.weights)})
    else:
        session.exec(sa.delete(TasteRow).where(col(TasteRow.chat) == chat_id))


def tastes(session: Transaction, chat_ids: Sequence[int]) -> dict[int, Taste]:
    """The tastes of those of these chats that have one, by the ids of the chats."""
    return {row.chat: Taste(row.words) for row in rows_of(session, _TASTES, chat_ids)}
