"""The taste of chats: how much what they did with papers (opened, liked, saved, muted) moves papers like these up or down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from subscriptions import meaning
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.matching.taste import Judged, Taste
from subscriptions.model import Chat, KnownPaper, Paper
from subscriptions.states import Signal
from subscriptions.store import known_papers, meanings
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.interests import AskedTitle, StoredSignal, newest_signals, titles_asked

WEIGHT = 4.0  # the taste counts this many times as much as the fit to the query
STRENGTHS = {  # signal -> how strongly it says that the chat wants more such papers; if negative, fewer
    Signal.LIKED: 3.0,
    Signal.SAVED: 3.0,
    Signal.FOLLOWED: 2.0,
    Signal.OPENED: 1.0,
    Signal.MUTED: -1.0,
    Signal.EXCLUDED: -2.0,
    Signal.DISLIKED: -3.0,
}
_STRONGEST = 3.0
_OF_LIBRARY = 1.0  # the strength of an entry of the library
LEARNED_FROM = 100  # newest signals that count; each takes a tenth of a microsecond for a paper


class Nearest(NamedTuple):
    """The paper, or the entry of the chat's library, that best explains why another paper ranks high."""

    kind: Signal | None  # what the chat did with it; None: it is in the library
    paper: KnownPaper  # for an entry of the library, it has only a title


def tastes(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, Taste]:
    """Returns chat id → taste. Chats of which nothing is known are left out.

    It is read from their newest signals and their libraries. If a paper has several signals, only the strongest counts.
    """
    signals = {chat: _strongest(some) for chat, some in newest_signals(transaction, chat_ids, LEARNED_FROM).items()}
    codes = _codes(transaction, {paper for some in signals.values() for paper in some})
    titles = titles_asked(transaction, chat_ids)
    found = {chat: _taste(signals.get(chat, {}), codes, titles.get(chat, ())) for chat in signals.keys() | titles}
    return {chat: taste for chat, taste in found.items() if taste}


def _strongest(signals: Sequence[StoredSignal]) -> dict[int, Signal]:
    """Returns paper id → its strongest signal."""
    found: dict[int, Signal] = {}
    for one in signals:
        found[one.paper] = max(found.get(one.paper, one.kind), one.kind, key=lambda kind: abs(STRENGTHS[kind]))
    return found


def _codes(transaction: Transaction, papers: set[int]) -> dict[int, bytes]:
    """Returns paper id → its codes, for those that have some."""
    return dict(meanings.each_code(transaction, sorted(papers)))


def _taste(signals: Mapping[int, Signal], codes: Mapping[int, bytes], titles: Sequence[AskedTitle]) -> Taste:
    judged = [(STRENGTHS[kind], meaning.read_paper(codes[one])[0]) for one, kind in signals.items() if one in codes]
    judged += [(_OF_LIBRARY, meaning.read_question(one.vector).signs) for one in titles]
    return Taste(
        Judged.of((strength, code) for strength, code in judged if strength > 0),
        Judged.of((-strength / _STRONGEST, code) for strength, code in judged if strength < 0),
    )


def points(taste: Taste, papers: TokenizedPapers) -> Callable[[int], float]:
    """Returns a function: position of a paper → the points that the taste adds to its fit."""
    return lambda position: WEIGHT * taste.score(papers.tokenized[position].codes)


@reads
def nearest(transaction: Transaction, chat: Chat, known: KnownPaper) -> Nearest | None:
    """Explains why the paper `known` ranks high: returns what the chat liked or used that is nearest to it.

    Returns None if the chat's taste does not favour `known`, or nothing is near enough.
    """
    taste, own = tastes(transaction, [chat.id]).get(chat.id), meaning.read_paper(known.paper.meaning)
    if taste is None or taste.score(own) <= 0:
        return None
    kinds = _strongest(newest_signals(transaction, [chat.id], LEARNED_FROM).get(chat.id, []))
    wanted = [paper for paper, kind in kinds.items() if STRENGTHS[kind] > 0 and paper != known.id]
    near = {
        paper: meaning.nearness(meaning.read_question(meaning.question_of_paper(codes)), own)
        for paper, codes in _codes(transaction, {*wanted}).items()
    }
    best = max(near, key=lambda paper: (near[paper], STRENGTHS[kinds[paper]], paper), default=0)
    if entry := nearest_entry(transaction, chat, known, above=near.get(best, 0.0)):
        return Nearest(None, entry)
    if near.get(best, 0.0) < meaning.NEAR:
        return None
    return Nearest(kinds[best], known_papers.stored_papers(transaction, [best])[best])


@reads
def nearest_entry(transaction: Transaction, chat: Chat, known: KnownPaper, *, above: float = 0.0) -> KnownPaper | None:
    """Returns the entry of the chat's library that is nearest to a paper, as a paper with only a title.

    Returns None if no entry is near, or none is nearer than `above`.
    """
    own = meaning.read_paper(known.paper.meaning)
    titles = titles_asked(transaction, [chat.id]).get(chat.id, [])
    near = [(meaning.nearness(meaning.read_question(one.vector), own), one.title) for one in titles]
    nearness, title = max(near, default=(0.0, ""))
    if nearness < meaning.NEAR or nearness <= above:
        return None
    return replace(known, id=0, paper=Paper(key="", title=title))
