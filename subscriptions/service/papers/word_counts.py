"""How rare words are among the newest papers; counted once for each digest."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from weakref import WeakKeyDictionary

from subscriptions.matching import STOP_WORDS
from subscriptions.model import Paper
from subscriptions.normalize import tokens
from subscriptions.ranking import Rarity, words_of
from subscriptions.ranking.rarity import SAMPLE
from subscriptions.store import Scope, Store, Transaction
from subscriptions.store.papers import known_papers

_WORD = re.compile(r"(?<![\w:\"-])[a-z]{5,}(?![\w:*])")  # a word that may hold a typing error
_LONGER, _ALIKE = 2, 0.84
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


def respelled(store: Scope, text: str) -> str:
    """Returns a text with the words that no paper has replaced by similar words that papers have; "" if none is similar."""
    with store.read() as transaction:
        known = counted_words_of_all(transaction).having
    fixed = _WORD.sub(lambda word: _nearest(word[0], known), text)
    return fixed if fixed != text else ""


def _nearest(word: str, known: Mapping[str, int]) -> str:
    if any(one in known or one in STOP_WORDS for one in (word, *tokens(word))):
        return word
    alike = [one for one in (*known, *STOP_WORDS) if one[0] == word[0] and abs(len(one) - len(word)) <= _LONGER]
    return next(iter(get_close_matches(word, alike, n=1, cutoff=_ALIKE)), word)


def _counted(transaction: Transaction, upto: int | None, texts: Callable[[], list[tuple[int, Paper]]]) -> Rarity:
    state = upto, known_papers.newest_digest(transaction)
    of_store = _KEPT.setdefault(transaction.store, {})
    kept = of_store.get(upto is None)
    if kept is None or kept[0] != state:
        kept = of_store[upto is None] = state, Rarity.among(words_of(paper) for _, paper in texts())
    return kept[1]
