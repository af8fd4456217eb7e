"""How often words occur in the newest papers."""

from collections.abc import Sequence

from subscriptions.matching.word_weights import SAMPLE, Rarity, words_of
from subscriptions.model import Paper
from subscriptions.store import kept_values, known_papers, paper_sequence
from subscriptions.store.database.store import Transaction


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> Rarity:
    """Returns the rarity of words in the newest papers up to the sequence. All processes get the same result.

    Counting takes some 30 ms. The result is cached until papers come.
    """
    upto = paper_sequence.last_sequence(transaction) if last_sequence is None else last_sequence
    return kept_values.keep(
        transaction, "words", upto, lambda: _rarity(known_papers.texts_upto(transaction, upto, SAMPLE))
    )


def counted_words_of_all(transaction: Transaction) -> Rarity:
    """Returns the rarity of words in the newest papers, including filed ones. Most papers of a new bot are filed.

    Use this for replies. Plans use `counted_words`, whose result is the same for all planners.
    """
    return kept_values.keep(transaction, "words", None, lambda: _rarity(known_papers.newest_texts(transaction, SAMPLE)))


def _rarity(texts: Sequence[tuple[int, Paper]]) -> Rarity:
    return Rarity.among(words_of(paper) for _, paper in texts)
