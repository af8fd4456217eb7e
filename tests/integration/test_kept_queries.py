"""The set of all queries that a process keeps follows the database, whichever process changes it."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlmodel import select

from subscriptions.errors import NotFound, Refused
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.service import kept_queries as _kept_queries
from subscriptions.service.amendments import edit
from subscriptions.service.kept_queries import KeptQueries
from subscriptions.service.requests import unsubscribe
from subscriptions.service.retention import forget
from subscriptions.store import planner
from subscriptions.store.database.store import Store
from subscriptions.store.rows import QueryChangeRow, QueryRow
from tests.make import NOON, address, clean_up, paper, subscribes

WORDS = ("graph", "tree", "leaf", "root", "branch")
PAPERS = PaperIndex.of([paper(f"On {word}") for word in WORDS])


def matching(kept: KeptQueries, store: Store) -> set[str]:
    """The canonical texts of the queries that find a paper, of a set that follows the store."""
    with store.read() as transaction:
        kept.follow(transaction)
        ids = kept.matching(PAPERS)
        found = planner.queries_by_id(transaction, ids)
    assert len(found) == len(ids), "each is known, and once"
    return set(found.values())


def stored(store: Store) -> set[str]:
    """The canonical texts of all queries."""
    with store.read() as transaction:
        return set(transaction.exec(select(QueryRow.canonical)))


@pytest.mark.parametrize("seed", range(3))
def test_it_follows_any_changes_of_two_processes(store: Store, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept_queries, "PAGE", 3)
    rng, kept, other = random.Random(seed), KeptQueries(), Store(str(store.url))
    subscribes(store, "telegram:1", "graph")
    for _ in range(60):
        where, process = f"telegram:{rng.randint(1, 3)}", rng.choice((store, other))
        query = rng.choice((*WORDS, f"{rng.choice(WORDS)} OR {rng.choice(WORDS)}"))
        act = rng.random()
        with suppress(NotFound, Refused):  # there is no such chat or subscription
            if act < 0.5:
                subscribes(process, where, query)
            elif act < 0.7:
                edit(process, address(where), rng.randint(1, 4), query, now=NOON)
            elif act < 0.95:
                unsubscribe(process, address(where), str(rng.randint(1, 4)), now=NOON)
            else:
                forget(process, address(where))
        if rng.random() < 0.6:
            assert matching(kept, store) == stored(store)
    assert matching(kept, store) == matching(KeptQueries(), store) == stored(store)
    other.close()


def test_a_set_older_than_the_log_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptQueries()
    subscribes(store, "telegram:1", "graph")
    assert matching(kept, store) == {"graph"}
    monkeypatch.setattr(planner, "KEPT", 2)
    for word in WORDS[1:]:
        subscribes(store, "telegram:1", word)
    clean_up(store, now=NOON + timedelta(days=1))
    with store.read() as transaction:
        assert list(transaction.exec(select(QueryChangeRow.sequence))) == [4, 5], "the newest stay"
    assert matching(kept, store) == set(WORDS)


def test_what_came_and_went_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the id of a query that went is given to another one."""
    monkeypatch.setattr(_kept_queries, "PAGE", 5)
    kept = KeptQueries()
    subscribes(store, "telegram:2", "root")
    for number in range(1, 30):
        word = WORDS[number % 3]
        subscribes(store, "telegram:1", word)
        assert matching(kept, store) == {"root", word}
        unsubscribe(store, address("telegram:1"), str(number), now=NOON)
    assert len(kept._ids) < 20, "handles that nobody has any more take no room for ever"
