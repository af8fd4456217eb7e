"""How rare words are among the papers that were announced last; counted once for each digest."""

from weakref import WeakKeyDictionary

from subscriptions.ranking import Rarity, words_of
from subscriptions.ranking.rarity import SAMPLE
from subscriptions.store import Store, Transaction
from subscriptions.store.papers import known_papers

_KEPT: WeakKeyDictionary[Store, tuple[tuple[int, int], Rarity]] = WeakKeyDictionary()


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
