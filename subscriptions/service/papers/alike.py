"""The stored papers that are nearest to some papers (docs/queries.md)."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from subscriptions.matching.terms import LEAST_NEARNESS, THOUSAND
from subscriptions.model import KnownPaper, Paper
from subscriptions.normalize.tokenizers import as_written, tokens
from subscriptions.ranking import Taste, nearness, taste_of, words_of, words_of_papers
from subscriptions.service.papers.counting import near_places, read
from subscriptions.service.papers.paper_search import searched_range
from subscriptions.service.papers.word_counts import counted_words_of_all
from subscriptions.store import Transaction, reads
from subscriptions.store.papers import known_papers

LOOKED_AT = 1000  # papers, the newest: 0.1 ms each
MOST_ALIKE = 5
FLOOR = LEAST_NEARNESS / THOUSAND


class Alike(NamedTuple):
    """The papers nearest to some papers."""

    words: tuple[str, ...]  # by which they were looked for, the weightiest first
    papers: tuple[KnownPaper, ...]  # the nearest first
    looked_at: int


@reads
def papers_alike(transaction: Transaction, given: Sequence[KnownPaper]) -> Alike:
    """Returns the papers nearest to those that are given, at most five, among the newest thousand."""
    taste = taste_of([(1.0, words_of(one.paper)) for one in given], counted_words_of_all(transaction))
    ids, looked_at = _nearest(transaction, taste, {one.id for one in given})
    known = known_papers.stored_papers(transaction, ids)
    heaviest = sorted(taste.weights, key=lambda word: (-taste.weights[word], word))
    texts = [text for one in given for text in (one.paper.title, one.paper.abstract)]
    return Alike(words=as_written(heaviest, texts), papers=tuple(known[one] for one in ids), looked_at=looked_at)


@reads
def papers_near_text(transaction: Transaction, text: str) -> Alike:
    """Returns the papers nearest to a text, at most five, among the newest 50,000."""
    entries, _ = searched_range(transaction)
    words = words_of_papers([words_of(Paper(key="", abstract=text))], counted_words_of_all(transaction))
    near = near_places(transaction, entries, words)
    best = sorted(near, key=lambda at: (near[at], entries.keys[at]), reverse=True)
    papers = read(transaction, [key for at in best if (key := entries.keys[at])][:MOST_ALIKE])
    heaviest = sorted(words, key=lambda one: -one[1])
    shown = as_written((word for word, _ in heaviest), [text])
    return Alike(words=shown, papers=papers, looked_at=entries.papers.bit_count())


def _nearest(transaction: Transaction, taste: Taste, without: Collection[int]) -> tuple[list[int], int]:
    """The ids of the nearest papers, and how many were looked at."""
    looked_at = known_papers.newest_texts(transaction, LOOKED_AT)
    near = [
        (nearness(taste, f" {' '.join((*tokens(paper.title), *tokens(paper.abstract)))} "), known)
        for known, paper in looked_at
        if known not in without
    ]
    found = sorted((one for one in near if one[0] >= FLOOR), key=lambda one: (-one[0], -one[1]))
    return [known for _, known in found[:MOST_ALIKE]], len(looked_at)
