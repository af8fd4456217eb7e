"""What a process keeps in memory: the set of all queries follows the database, and several threads count papers with one cache."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import select

from subscriptions.errors import NotFound, Refused
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.query.parse import parse_query
from subscriptions.service import known_papers
from subscriptions.service import plan_inputs as _kept_queries
from subscriptions.service.amendments import edit
from subscriptions.service.requests import unsubscribe
from subscriptions.service.retention import forget
from subscriptions.store import planner
from subscriptions.store.database.store import Store
from subscriptions.store.known_papers import news
from subscriptions.store.rows import QueryChangeRow, QueryRow
from tests import make
from tests.patience import PATIENCE

WORDS = ("graph", "tree", "leaf", "root", "branch")
PAPERS = PaperIndex.of([make.paper(f"On {word}") for word in WORDS])


def matching(kept: _kept_queries.KeptQueries, store: Store) -> set[str]:
    """Makes the set follow the store. Returns the canonical texts of the queries in it that find a paper."""
    with store.read() as transaction:
        kept.follow(transaction)
        ids = kept.matching(PAPERS)
        found = planner.queries_by_id(transaction, ids)
    assert len(found) == len(ids), "each is known, and once"
    return set(found.values())


def stored(store: Store) -> set[str]:
    """Returns the canonical texts of all queries."""
    with store.read() as transaction:
        return set(transaction.exec(select(QueryRow.canonical)))


@pytest.mark.parametrize("seed", range(3))
def test_it_follows_any_changes_of_two_processes(store: Store, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept_queries, "PAGE", 3)
    rng, kept, other = random.Random(seed), _kept_queries.KeptQueries(), Store(str(store.url))
    make.subscribes(store, "telegram:1", "graph")
    for _ in range(60):
        where, process = f"telegram:{rng.randint(1, 3)}", rng.choice((store, other))
        query = rng.choice((*WORDS, f"{rng.choice(WORDS)} OR {rng.choice(WORDS)}"))
        act = rng.random()
        with suppress(NotFound, Refused):  # the chat or the subscription does not exist
            if act < 0.5:
                make.subscribes(process, where, query)
            elif act < 0.7:
                edit(process, make.address(where), rng.randint(1, 4), query, now=make.NOON)
            elif act < 0.95:
                unsubscribe(process, make.address(where), str(rng.randint(1, 4)), now=make.NOON)
            else:
                forget(process, make.address(where))
        if rng.random() < 0.6:
            assert matching(kept, store) == stored(store)
    assert matching(kept, store) == matching(_kept_queries.KeptQueries(), store) == stored(store)
    other.close()


def test_a_set_older_than_the_log_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = _kept_queries.KeptQueries()
    make.subscribes(store, "telegram:1", "graph")
    assert matching(kept, store) == {"graph"}
    monkeypatch.setattr(planner, "KEPT", 2)
    for word in WORDS[1:]:
        make.subscribes(store, "telegram:1", word)
    make.clean_up(store, now=make.NOON + timedelta(days=1))
    with store.read() as transaction:
        assert list(transaction.exec(select(QueryChangeRow.sequence))) == [4, 5], "the newest stay"
    assert matching(kept, store) == set(WORDS)


def test_what_came_and_went_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """This also holds if another query gets the id of a removed one."""
    monkeypatch.setattr(_kept_queries, "PAGE", 5)
    kept = _kept_queries.KeptQueries()
    make.subscribes(store, "telegram:2", "root")
    for number in range(1, 30):
        word = WORDS[number % 3]
        make.subscribes(store, "telegram:1", word)
        assert matching(kept, store) == {"root", word}
        unsubscribe(store, make.address("telegram:1"), str(number), now=make.NOON)
    assert len(kept._ids) < 20, "handles that nobody has any more take no room for ever"


# -------------------------------------------- several threads count the papers of the last days at once, with one cache


TITLES = ("graph", "diffusion", "agent", "language", "vision", "robot")


@pytest.fixture
def counted(store: Store) -> Store:
    """A store with one paper for each word."""
    make.ingested(store, *(make.paper(f"On {word}") for word in TITLES))
    return store


def entries_of(store: Store) -> known_papers.Entries:
    with store.read() as transaction:
        return known_papers.Entries.of(news(transaction, None, since=date.min), whole=True)


class EmptiedByAnother(dict[Any, Any]):
    """A cache that another thread empties right after each lookup or insertion."""

    def __contains__(self, key: object) -> bool:
        held = super().__contains__(key)
        self.clear()
        return held

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(key, value)
        self.clear()


def test_a_cache_that_another_thread_empties_loses_no_answer(counted: Store) -> None:
    entries = entries_of(counted)
    entries.having, entries.hits = EmptiedByAnother(), EmptiedByAnother()
    with counted.read() as transaction:
        for _ in range(2):
            assert known_papers.find(transaction, entries, parse_query("graph"), most_read=None).bits.bit_count() == 1


def test_two_threads_that_empty_each_others_cache_find_both(counted: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before either thread goes on, each has added its answer, and one has emptied the cache of the other."""
    monkeypatch.setattr(known_papers, "MOST_TERMS", 1)
    both, remember, entries = Barrier(2, timeout=PATIENCE), known_papers._remember, entries_of(counted)

    def remembered_by_both(*args: Any) -> None:
        remember(*args)
        both.wait()

    def count(word: str) -> int:
        with counted.read() as transaction:
            return known_papers.find(transaction, entries, parse_query(word), most_read=None).bits.bit_count()

    monkeypatch.setattr(known_papers, "_remember", remembered_by_both)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(count, ("graph", "robot"))) == [1, 1]
    assert len(entries.hits) == 1
