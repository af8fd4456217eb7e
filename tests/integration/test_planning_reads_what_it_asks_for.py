"""A plan on PostgreSQL writes many rows at once, and reads only its own chats' earlier deliveries.

It does so however many other chats have the same papers. The tables have no statistics: on a new server the first
morning may be over before they are made.
"""

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store, connection_of
from tests.make import NOON, ingested, paper, subscribes
from tests.postgres.reading import read

PAPERS, OTHERS, NEW = 20, 400, 200


def planned(url: str) -> int:
    with closing(Store(url)) as store:
        return len(plan_due(store, now=NOON))


def asks(store: Store, first: int, count: int) -> None:
    with store.write() as transaction:
        for chat in range(first, first + count):
            subscribes(transaction, f"telegram:{chat}", "graph", every="now", since="1d")


def test_what_others_got_is_not_read(url: str) -> None:
    with closing(Store(url)) as store:
        ingested(store, *(paper(f"A graph of kind {n}") for n in range(PAPERS)), now=NOON - timedelta(hours=1))
        asks(store, 1, OTHERS)
    assert planned(url) == OTHERS
    with closing(Store(url)) as store:
        asks(store, 1 + OTHERS, NEW)
    before = sum(read(url, "delivery_item"))
    assert planned(url) == NEW
    assert sum(read(url, "delivery_item")) - before < PAPERS * OTHERS / 4


def test_what_many_chats_get_takes_no_statement_each(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten papers for a hundred thousand chats would be a million statements, each planned and run alone."""
    with closing(Store(url)) as store:
        ingested(store, *(paper(f"A graph of kind {n}") for n in range(PAPERS)), now=NOON - timedelta(hours=1))
        asks(store, 1, NEW)
        with store.read() as transaction:
            cursor: Any = type(connection_of(transaction).connection.cursor())
    monkeypatch.delattr(cursor, "executemany")
    assert planned(url) == NEW


def test_a_plan_cached_for_small_tables_does_not_scan_large_ones(url: str) -> None:
    """The check of a reference is planned once in a session: that of a job's event read all jobs, for each of them."""
    with closing(Store(url)) as store:
        ingested(store, *(paper(f"A graph of kind {n}") for n in range(PAPERS)), now=NOON - timedelta(hours=1))
        for first, count in ((1, 20), (100, NEW), (1000, OTHERS)):
            asks(store, first, count)
            assert len(plan_due(store, now=NOON)) == count
    whole, _ = read(url, "procrastinate_jobs", "delivery", "delivery_item", "chat", "subscription")
    assert whole < OTHERS * 10
