"""Values that a process keeps in memory until papers come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.known_papers import V, state_of_papers

_MOST_KEPT = 4  # cached values of each kind (days, spans of sequences, ranges); each takes some 2 MB


@dataclass(slots=True)
class _Kept:
    state: tuple[Any, ...]  # the result of `state_of_papers` for which the values are valid
    kinds: dict[str, dict[Any, Any]]


_KEPT: WeakKeyDictionary[Store, _Kept] = WeakKeyDictionary()


def kept(transaction: Transaction, kind: str) -> dict[Any, Any]:
    """Returns key → cached value of a kind. The result is empty if papers have come since the values were made."""
    state, cache = state_of_papers(transaction), _KEPT.get(transaction.store)
    if cache is None or cache.state != state:
        cache = _KEPT[transaction.store] = _Kept(state, {used: {} for used in (cache.kinds if cache else ())})
    return cache.kinds.setdefault(kind, {})


def keep(transaction: Transaction, kind: str, key: object, make: Callable[[], V]) -> V:
    """Returns the cached value of a kind with this key. If it is not cached, makes and caches it."""
    cached = kept(transaction, kind)
    found: V | None = cached.get(key)
    if found is None:
        found = make()
        while len(cached) >= _MOST_KEPT:
            cached.pop(next(iter(cached)), None)
        cached[key] = found
    return found


def is_used(of: Store, kind: str) -> bool:
    """Whether this process has used cached values of a kind."""
    return of in _KEPT and kind in _KEPT[of].kinds
