"""Entries of the index with what queries match in them, cached until papers come.

So what a command matched before its writing transaction is found there, and others do not wait while it is matched.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from weakref import WeakKeyDictionary

from subscriptions.service.papers.counting import Entries
from subscriptions.store import Store, Transaction
from subscriptions.store.papers import index, known_papers

_MOST = 4  # days, and spans of sequences, that are cached at once

_State = tuple[int, int, int]
_Key = TypeVar("_Key", date, tuple[int, int])


@dataclass(slots=True)
class _Kept:
    """The cached entries of one state of the papers."""

    state: _State
    days: dict[date, Entries] = field(default_factory=dict)
    spans: dict[tuple[int, int], Entries] = field(default_factory=dict)  # (after, upto)


_KEPT: WeakKeyDictionary[Store, _Kept] = WeakKeyDictionary()


def entries_of_day(transaction: Transaction, day: date) -> Entries:
    """The papers that were announced on a day."""
    days = _kept(transaction).days
    found = days.get(day)
    if found is None:
        found = Entries.of(index.news(transaction, None, since=day, until=day), whole=True)
        _put(days, day, found)
    return found


def entries_after(transaction: Transaction, after: int, upto: int) -> Entries:
    """The papers with after < sequence <= upto, and perhaps some before and after them."""
    spans = _kept(transaction).spans
    found = next((known for (start, end), known in list(spans.items()) if start <= after and upto <= end), None)
    if found is None:
        found = Entries.of(index.sequenced(transaction, after, upto), whole=True)
        _put(spans, (after, upto), found)
    return found


def _put(cache: dict[_Key, Entries], key: _Key, entries: Entries) -> None:
    while len(cache) >= _MOST:
        cache.pop(next(iter(cache)), None)
    cache[key] = entries


def _kept(transaction: Transaction) -> _Kept:
    state = known_papers.state_of_papers(transaction)
    kept = _KEPT.get(transaction.store)
    if kept is None or kept.state != state:
        kept = _KEPT[transaction.store] = _Kept(state)
    return kept
