"""How rare words are among the newest papers; counted once for each digest."""

from weakref import WeakKeyDictionary

from subscriptions.ranking import Rarity, words_of
from subscriptions.ranking.rarity import SAMPLE
from subscriptions.store import Store, Transaction
from subscriptions.store.papers import known_papers

_KEPT: WeakKeyDictionary[Store, tuple[tuple[int, int], Rarity]] = WeakKeyDictionary()
_KEPT_OF_ALL: WeakKeyDictionary[Store, tuple[int, Rarity]] = WeakKeyDictionary()


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> Rarity:
    """Returns the rarity of words among the newest papers up to a sequence; the same to every process that asks.

    Counting takes some 30 ms, and is kept until another digest comes.
    """
    upto = known_papers.last_sequence(transaction) if last_sequence is None else last_sequence
    state = upto, known_papers.newest_digest(transaction)
    kept = _KEPT.get(transaction.store)
    if kept is None or kept[0] != state:
        kept = state, Rarity.among(words_of(paper) for _, paper in known_papers.texts_upto(transaction, upto, SAMPLE))
        _KEPT[transaction.store] = kept
    return kept[1]


def counted_words_of_all(transaction: Transaction) -> Rarity:
    """Returns the rarity of words among the newest papers, also those that were only filed: what a new bot has most of.

    For an answer that is given at once. A plan goes by `counted_words`, which are the same to all that plan it.
    """
    state = known_papers.newest_digest(transaction)
    kept = _KEPT_OF_ALL.get(transaction.store)
    if kept is None or kept[0] != state:
        kept = state, Rarity.among(words_of(paper) for _, paper in known_papers.newest_texts(transaction, SAMPLE))
        _KEPT_OF_ALL[transaction.store] = kept
    return kept[1]
