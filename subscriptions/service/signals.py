"""What a chat did with papers (opened, saved, liked, muted): how many are kept, how many saved ones, and what takes back what."""

from collections.abc import Sequence
from datetime import datetime

from subscriptions.model import Chat, KnownPaper
from subscriptions.states import Signal
from subscriptions.store import known_papers
from subscriptions.store import signals as stored_signals
from subscriptions.store.database.store import Scope, Transaction, reads, writes

MOST_SIGNALS = 200  # signals that are kept for a chat, in addition to its saved papers; some 60 bytes each
MOST_SAVED = 1000
_BESIDE_SAVED = tuple(kind for kind in Signal if kind is not Signal.SAVED)
_OPPOSITE = {Signal.LIKED: Signal.DISLIKED, Signal.DISLIKED: Signal.LIKED}


def note_signal(store: Scope, chat: Chat, papers: Sequence[int], kind: Signal, *, now: datetime) -> None:
    """Stores what a chat did with papers.

    A like removes a dislike of the same paper, and a dislike removes a like. If the chat has too many signals, removes
    the oldest. Does nothing for a chat that is not stored.
    """
    if not chat.id or not papers:
        return
    with store.write() as transaction:
        for paper in papers:
            stored_signals.put_signal(transaction, chat.id, paper, kind, now=now)
            if kind in _OPPOSITE:
                stored_signals.drop_signals(transaction, chat.id, paper, [_OPPOSITE[kind]])
        stored_signals.keep_newest(transaction, chat.id, MOST_SIGNALS, kinds=_BESIDE_SAVED)
        stored_signals.keep_newest(transaction, chat.id, MOST_SAVED, kinds=[Signal.SAVED])


@writes
def take_back(transaction: Transaction, chat: Chat, paper: int, kind: Signal) -> bool:
    """Removes a signal. Returns whether there was such a signal."""
    return stored_signals.drop_signals(transaction, chat.id, paper, [kind])


@writes
def save_paper(transaction: Transaction, chat: Chat, paper: int, *, now: datetime) -> bool:
    """Saves a paper for a chat, as the newest of its saved papers. Returns False if it was saved before."""
    is_new = (paper, Signal.SAVED) not in stored_signals.signals_of_papers(transaction, chat.id, [paper])
    note_signal(transaction, chat, [paper], Signal.SAVED, now=now)
    return is_new


@reads
def saved_papers(transaction: Transaction, chat: Chat) -> tuple[KnownPaper, ...]:
    """Returns the papers that a chat saved, the last saved paper first."""
    saved = stored_signals.signals_of(transaction, chat.id, most=MOST_SAVED, kinds=[Signal.SAVED])
    known = known_papers.stored_papers(transaction, [one.paper for one in saved])
    return tuple(known[one.paper] for one in saved if one.paper in known)
