"""What a chat did with papers, and what follows from it: its taste, its saved papers, and why a paper is further up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from subscriptions.matching.terms import tokenize
from subscriptions.model import Chat, KnownPaper
from subscriptions.normalize import as_written
from subscriptions.query.syntax import TEXT
from subscriptions.ranking import Taste, common_words, taste_of, words_of
from subscriptions.service.papers.near_papers import counted_words
from subscriptions.states import Signal
from subscriptions.store.chat import signals as stored_signals
from subscriptions.store.database.store import Scope, Transaction, reads, writes
from subscriptions.store.papers import known_papers

STRENGTHS = {  # how strongly a signal says that more such papers are wanted; below 0: fewer
    Signal.LIKED: 3.0,
    Signal.SAVED: 3.0,
    Signal.FOLLOWED: 2.0,
    Signal.OPENED: 1.0,
    Signal.MUTED: -1.0,
    Signal.EXCLUDED: -2.0,
    Signal.DISLIKED: -3.0,
}
MOST_SIGNALS = 200  # kept for a chat beside its saved papers, some 60 bytes each
MOST_SAVED = 1000
LEARNED_FROM = 100  # papers, the newest, of which the taste is made: 0.2 ms each
_WANTED = tuple(kind for kind, strength in STRENGTHS.items() if strength > 0)
_BESIDE_SAVED = tuple(kind for kind in Signal if kind is not Signal.SAVED)
_OPPOSITE = {Signal.LIKED: Signal.DISLIKED, Signal.DISLIKED: Signal.LIKED}


class Nearest(NamedTuple):
    """The paper that speaks most for another one."""

    kind: Signal  # what the chat did with it
    paper: KnownPaper
    words: tuple[str, ...]  # of the chat's taste that both have, the weightiest first


def note_signal(store: Scope, chat: Chat, papers: Sequence[int], kind: Signal, *, now: datetime) -> None:
    """Stores what a chat did with papers, and learns its taste again. Too many signals: the oldest are removed.

    Does nothing for a chat that is not stored.
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
        stored_signals.put_taste(transaction, chat.id, _learned(transaction, chat.id))


@writes
def take_back(transaction: Transaction, chat: Chat, paper: int, kind: Signal) -> bool:
    """Removes a signal, and learns the taste again; returns whether there was one."""
    gone = stored_signals.drop_signals(transaction, chat.id, paper, [kind])
    if gone:
        stored_signals.put_taste(transaction, chat.id, _learned(transaction, chat.id))
    return gone


@writes
def save_paper(transaction: Transaction, chat: Chat, paper: int, *, now: datetime) -> bool:
    """Keeps a paper for a chat, as its newest one. Returns False if the chat kept it before."""
    is_new = (paper, Signal.SAVED) not in stored_signals.signals_of_papers(transaction, chat.id, [paper])
    note_signal(transaction, chat, [paper], Signal.SAVED, now=now)
    return is_new


def restore_signals(
    transaction: Transaction, chat_id: int, wanted: Mapping[tuple[Signal, int], datetime | None]
) -> None:
    """Puts signals of papers back, or drops those without a time in `wanted`, and learns the taste again.

    A paper that is not stored any more gets none.
    """
    stored = known_papers.stored_papers(transaction, [paper for _, paper in wanted])
    for (kind, paper), at in wanted.items():
        if at is None:
            stored_signals.drop_signals(transaction, chat_id, paper, [kind])
        elif paper in stored:
            stored_signals.put_signal(transaction, chat_id, paper, kind, now=at)
    stored_signals.put_taste(transaction, chat_id, _learned(transaction, chat_id))


@reads
def saved_papers(transaction: Transaction, chat: Chat) -> tuple[KnownPaper, ...]:
    """The papers that a chat saved, the last one first."""
    saved = stored_signals.signals_of(transaction, chat.id, most=MOST_SAVED, kinds=[Signal.SAVED])
    known = known_papers.stored_papers(transaction, [one.paper for one in saved])
    return tuple(known[one.paper] for one in saved if one.paper in known)


@reads
def nearest(transaction: Transaction, chat: Chat, known: KnownPaper) -> Nearest | None:
    """The paper that a chat liked, saved, followed or opened with most of the words that put this one further up.

    None if the chat's taste does not favour it, or if the chat does not want the best first.
    """
    if chat.settings.order != "score":
        return None
    taste = stored_signals.tastes(transaction, [chat.id]).get(chat.id)
    words = common_words(taste, tokenize(known.paper).folded[TEXT]) if taste else ()
    if taste is None or not words:
        return None
    signals = stored_signals.signals_of(transaction, chat.id, most=LEARNED_FROM, kinds=_WANTED)
    texts = known_papers.texts_of(transaction, {one.paper for one in signals} - {known.id})
    shared = {paper: [word for word in words if word in words_of(text)] for paper, text in texts.items()}
    weight = {paper: sum(taste.weights[word] for word in found) for paper, found in shared.items()}
    best = max(
        (one for one in signals if weight.get(one.paper)),
        key=lambda one: (weight[one.paper], STRENGTHS[one.kind], one.at),
        default=None,
    )
    if best is None:
        return None
    paper = known_papers.stored_papers(transaction, [best.paper])[best.paper]
    words = as_written(shared[best.paper], (known.paper.title, known.paper.abstract))
    return Nearest(kind=best.kind, paper=paper, words=words)


def _learned(transaction: Transaction, chat_id: int) -> Taste:
    """The taste that the newest signals of a chat show. Of several signals of one paper the strongest counts."""
    strengths: dict[int, float] = {}
    for one in stored_signals.signals_of(transaction, chat_id, most=LEARNED_FROM):
        strengths[one.paper] = max(strengths.get(one.paper, 0.0), STRENGTHS[one.kind], key=abs)
    texts = known_papers.texts_of(transaction, list(strengths))
    judged = [(strengths[paper], words_of(text)) for paper, text in texts.items()]
    return taste_of(judged, counted_words(transaction))
