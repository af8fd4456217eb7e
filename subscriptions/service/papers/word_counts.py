"""How rare words are among the newest papers; counted once for each digest."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from subscriptions.model import Paper
from subscriptions.ranking import SAMPLE, Rarity, words_of
from subscriptions.store import Store, Transaction
from subscriptions.store.papers import known_papers

_State = tuple[int | None, int]  # the sequence up to which papers count, None: all of them; the newest digest
_KEPT: WeakKeyDictionary[Store, dict[bool, tuple[_State, Rarity]]] = WeakKeyDictionary()  # by whether all count


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> Rarity:
    """Returns the rarity of words among the newest papers up to a sequence; the same to every process that asks.

    Counting takes some 30 ms, and is kept until another digest comes.
    """
    upto = known_papers.last_sequence(transaction) if last_sequence is None else last_sequence
    return _counted(transaction, upto, lambda: known_papers.texts_upto(transaction, upto, SAMPLE))


def counted_words_of_all(transaction: Transaction) -> Rarity:
    """Returns the rarity of words among the newest papers, also the filed ones, which are most papers of a new bot.

    For immediate answers. Plans use `counted_words`, which are the same for all planners.
    """
    return _counted(transaction, None, lambda: known_papers.newest_texts(transaction, SAMPLE))


def _counted(transaction: Transaction, upto: int | None, texts: Callable[[], list[tuple[int, Paper]]]) -> Rarity:
    state = upto, known_papers.newest_digest(transaction)
    of_store = _KEPT.setdefault(transaction.store, {})
    kept = of_store.get(upto is None)
    if kept is None or kept[0] != state:
        kept = of_store[upto is None] = state, Rarity.among(words_of(paper) for _, paper in texts())
    return kept[1]
