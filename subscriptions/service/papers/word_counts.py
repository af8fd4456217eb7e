"""How rare words are among the newest papers; counted once until papers come."""

from collections.abc import Sequence

from subscriptions.model import Paper
from subscriptions.ranking import SAMPLE, Rarity, words_of
from subscriptions.service.papers.kept_entries import keep
from subscriptions.store import Transaction
from subscriptions.store.papers import known_papers


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> Rarity:
    """Returns the rarity of words among the newest papers up to a sequence; the same to every process that asks.

    Counting takes some 30 ms, and is kept until papers come.
    """
    upto = known_papers.last_sequence(transaction) if last_sequence is None else last_sequence
    return keep(transaction, "words", upto, lambda: _rarity(known_papers.texts_upto(transaction, upto, SAMPLE)))


def counted_words_of_all(transaction: Transaction) -> Rarity:
    """Returns the rarity of words among the newest papers, also the filed ones, which are most papers of a new bot.

    For immediate answers. Plans use `counted_words`, which are the same for all planners.
    """
    return keep(transaction, "words", None, lambda: _rarity(known_papers.newest_texts(transaction, SAMPLE)))


def _rarity(texts: Sequence[tuple[int, Paper]]) -> Rarity:
    return Rarity.among(words_of(paper) for _, paper in texts)
