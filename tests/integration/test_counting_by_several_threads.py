"""Several threads count the papers of the last days at once, with one cache."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from subscriptions.query.parse import parse_query
from subscriptions.service import known_papers
from subscriptions.service.known_papers import Entries, find
from subscriptions.store import paper_index
from subscriptions.store.database.store import Store
from tests.make import NOON, ingested, paper
from tests.patience import PATIENCE

WORDS = ("graph", "diffusion", "agent", "language", "vision", "robot")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'counted.db'}")
    store.open(now=NOON)
    ingested(store, *(paper(f"On {word}") for word in WORDS))
    yield store
    store.close()


def entries_of(store: Store) -> Entries:
    with store.read() as transaction:
        return Entries.of(paper_index.news(transaction, None, since=date.min), whole=True)


class EmptiedByAnother(dict[Any, Any]):
    """A cache that another thread empties right after each lookup or insertion."""

    def __contains__(self, key: object) -> bool:
        held = super().__contains__(key)
        self.clear()
        return held

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(key, value)
        self.clear()


def test_a_cache_that_another_thread_empties_loses_no_answer(store: Store) -> None:
    entries = entries_of(store)
    entries.having, entries.hits = EmptiedByAnother(), EmptiedByAnother()
    with store.read() as transaction:
        for _ in range(2):
            assert find(transaction, entries, parse_query("graph"), most_read=None).bits.bit_count() == 1


def test_many_threads_count_with_one_small_cache(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_papers, "MOST_TERMS", 2)
    entries = entries_of(store)

    def count(word: str) -> int:
        with store.read() as transaction:
            return find(transaction, entries, parse_query(word), most_read=None).bits.bit_count()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(count, WORDS * 20)) == [1] * 120


def test_two_threads_that_empty_each_others_cache_find_both(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread has added its answer, and one has emptied the cache of the other, before either goes on."""
    monkeypatch.setattr(known_papers, "MOST_TERMS", 1)
    both, remember, entries = Barrier(2, timeout=PATIENCE), known_papers._remember, entries_of(store)

    def remembered_by_both(*args: Any) -> None:
        remember(*args)
        both.wait()

    def count(word: str) -> int:
        with store.read() as transaction:
            return find(transaction, entries, parse_query(word), most_read=None).bits.bit_count()

    monkeypatch.setattr(known_papers, "_remember", remembered_by_both)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(count, ("graph", "robot"))) == [1, 1]
    assert len(entries.hits) == 1
