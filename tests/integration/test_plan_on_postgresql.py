"""A plan on PostgreSQL: what others may write meanwhile, and how much it reads and writes."""

import contextlib
from datetime import timedelta

import psycopg
import pytest

from subscriptions.database.store import Store
from subscriptions.plan import plan as _plan
from tests.clock import NOON
from tests.make import ingested, paper, subscribes

PAPERS, OTHERS, NEW = 6, 40, 20
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid() AND backend_type = 'client backend'
"""
_READ = """
    SELECT sum(seq_tup_read), (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = ANY(%s))
    FROM pg_stat_user_tables WHERE relname = ANY(%s)
"""


def read(url: str, *tables: str) -> tuple[int, int]:
    """Returns (rows read by scans of whole tables, index entries read). A session reports its numbers when it ends."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(_OTHERS).fetchall() != [(0,)]:
            pass
        ((rows, entries),) = connection.execute(_READ, (list(tables), list(tables))).fetchall()
    return int(rows), int(entries)


def planned(url: str, first: int, count: int) -> int:
    """Subscribes `count` chats, and plans. Returns the number of planned deliveries."""
    with contextlib.closing(Store(url)) as store:
        asks(store, first, count)
        return len(_plan.plan_due(store, now=NOON))


def asks(store: Store, first: int, count: int) -> None:
    with store.writing() as transaction:
        for chat in range(first, first + count):
            subscribes(transaction, f"telegram:{chat}", "graph", when="now", now=NOON - timedelta(days=1))


@pytest.fixture
def stocked(url: str) -> str:
    """The address of a database with papers that match the query of every chat that `asks` subscribes."""
    with contextlib.closing(Store(url)) as store:
        ingested(store, *map(paper, (f"A graph of kind {n}" for n in range(PAPERS))), now=NOON - timedelta(hours=1))
    return url


def test_what_others_got_is_not_read(stocked: str) -> None:
    assert planned(stocked, 1, OTHERS) == OTHERS
    before = sum(read(stocked, "delivery_item"))
    assert planned(stocked, 1 + OTHERS, NEW) == NEW
    assert sum(read(stocked, "delivery_item")) - before < PAPERS * OTHERS / 4


def test_a_plan_cached_for_small_tables_does_not_scan_large_ones(stocked: str) -> None:
    """PostgreSQL plans the check of a foreign key once in a session, perhaps while the tables are small.

    This plan must not read the whole table for each row when the tables are large.
    """
    with contextlib.closing(Store(stocked)) as store:
        for first, count in ((1, 10), (100, NEW), (1000, OTHERS)):
            asks(store, first, count)
            assert len(_plan.plan_due(store, now=NOON)) == count
    whole, _ = read(stocked, "delivery", "delivery_item", "chat", "subscription")
    assert whole < OTHERS * 10
