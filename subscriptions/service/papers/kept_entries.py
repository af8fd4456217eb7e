"""What was read of the stored papers, with what queries match in it, cached until papers come.

So what a command matched before its writing transaction is found there, and others do not wait while it is matched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from subscriptions.service.papers.counting import Entries
from subscriptions.store import Store, Transaction
from subscriptions.store.papers import index, known_papers

V = TypeVar("V")
_MOST = 4  # of a kind that are cached at once: days, spans of sequences, or stretches, some 2 MB each


@dataclass(slots=True)
class _Kept:
    state: tuple[Any, ...]  # of the papers
    kinds: dict[str, dict[Any, Any]]


_KEPT: WeakKeyDictionary[Store, _Kept] = WeakKeyDictionary()


def kept(transaction: Transaction, kind: str) -> dict[Any, Any]:
    """What is cached of a kind, by key; nothing if papers came since."""
    state, cache = known_papers.state_of_papers(transaction), _KEPT.get(transaction.store)
    if cache is None or cache.state != state:
        cache = _KEPT[transaction.store] = _Kept(state, {used: {} for used in (cache.kinds if cache else ())})
    return cache.kinds.setdefault(kind, {})


def keep(transaction: Transaction, kind: str, key: object, make: Callable[[], V]) -> V:
    """The cached value of a kind with this key; makes it if it is not cached."""
    cached = kept(transaction, kind)
    found: V | None = cached.get(key)
    if found is None:
        found = make()
        while len(cached) >= _MOST:
            cached.pop(next(iter(cached)), None)
        cached[key] = found
    return found


def is_used(store: Store, kind: str) -> bool:
    """Whether this process has asked for anything of a kind."""
    return store in _KEPT and kind in _KEPT[store].kinds


def entries_of_day(transaction: Transaction, day: date) -> Entries:
    """The papers that were announced on a day."""
    return keep(
        transaction, "day", day, lambda: Entries.of(index.news(transaction, None, since=day, until=day), whole=True)
    )


def entries_after(transaction: Transaction, after: int, upto: int) -> Entries:
    """The papers with after < sequence <= upto, and perhaps some before and after them."""
    spans = list(kept(transaction, "span"))
    span = next(((start, end) for start, end in spans if start <= after and upto <= end), (after, upto))
    return keep(transaction, "span", span, lambda: Entries.of(index.sequenced(transaction, *span), whole=True))
