"""A plan on PostgreSQL: what others may write meanwhile, and how much it reads and writes."""

import contextlib
import re
from collections import abc
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from subscriptions.service import plan as _plan
from subscriptions.store import claims
from subscriptions.store.database.store import Store
from tests import being_sent
from tests.clock import NOON
from tests.filling import fill
from tests.make import ingested, paper, subscribes
from tests.postgres.reading import read
from tests.postgres.server import Server
from tests.statements import in_one_line, is_plain

# ── A plan on PostgreSQL writes many rows by one statement, and reads no whole table ──────────────────────────────────

PAPERS, OTHERS, NEW = 10, 100, 50


def planned(url: str, first: int, count: int) -> int:
    """Subscribes `count` chats, and plans. Returns the number of planned deliveries."""
    with contextlib.closing(Store(url)) as store:
        asks(store, first, count)
        return len(_plan.plan_due(store, now=NOON))


def asks(store: Store, first: int, count: int) -> None:
    with store.write() as transaction:
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


def test_what_many_chats_get_takes_no_statement_each(stocked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan inserts many rows by one statement. With `executemany`, ten papers for a hundred thousand chats would be a
    million statements.
    """
    with contextlib.closing(Store(stocked)) as store, store.read() as transaction:
        cursor: Any = type(transaction.connection().connection.cursor())
    monkeypatch.delattr(cursor, "executemany")
    assert planned(stocked, 1, 20) == 20


def test_a_plan_cached_for_small_tables_does_not_scan_large_ones(stocked: str) -> None:
    """PostgreSQL plans the check of a foreign key once in a session, perhaps while the tables are small. This plan must not
    read the whole table for each row when the tables are large.
    """
    with contextlib.closing(Store(stocked)) as store:
        for first, count in ((1, 20), (100, NEW), (1000, OTHERS)):
            asks(store, first, count)
            assert len(_plan.plan_due(store, now=NOON)) == count
    whole, _ = read(stocked, "delivery", "delivery_item", "chat", "subscription")
    assert whole < OTHERS * 10


LARGE = frozenset({"chat", "delivery", "delivery_item", "message", "paper", "subscription"})  # large tables of `filled`


@pytest.fixture
def filled(postgres: Server) -> abc.Iterator[Store]:
    """The store of a bot that has run for some time. Twenty more chats subscribe to papers about zebras."""
    with postgres.database() as url, contextlib.closing(Store(url)) as store:
        fill(store, 500)
        for number in range(20):
            subscribes(store, f"telegram:-{number}", "zebra", when="now", now=NOON - timedelta(days=1))
        yield store


@contextlib.contextmanager
def executed(store: Store) -> abc.Iterator[dict[str, Any]]:
    """Yields a mapping to which each statement that the store executes is added, with the parameters of its first run."""
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if is_plain(statement) and not many:
            found.setdefault(statement, values)

    event.listen(store._engine, "before_cursor_execute", note)
    yield found
    event.remove(store._engine, "before_cursor_execute", note)


def scanned(store: Store, statements: dict[str, Any], *, analyzed: bool) -> dict[str, frozenset[str]]:
    """Returns the statements that would read a large table as a whole, with the names of these tables."""
    found: dict[str, frozenset[str]] = {}
    with psycopg.connect(str(store.url).replace("+psycopg", "")) as connection:
        if analyzed:
            connection.execute("ANALYZE")
        for statement, values in statements.items():
            plan = connection.execute(f"EXPLAIN {statement}".encode(), values).fetchall()
            # of a small table, PostgreSQL rightly reads the whole
            if whole := LARGE.intersection(re.findall(r"Seq Scan on (\w+)", str(plan))):
                found[in_one_line(statement)] = whole
        connection.rollback()
    return found


def test_a_sender_reads_no_whole_table(filled: Store) -> None:
    ingested(filled, "A zebra", now=NOON - timedelta(hours=1))
    assert len(_plan.plan_due(filled, now=NOON)) == 20
    with executed(filled) as sending:
        for chat in ("-3", "-7"):
            assert claims.confirm(
                filled, being_sent.being_sent(filled, being_sent.request(chat)), "m1", being_sent.request(chat)
            ) == (1, None)
        assert claims.claim(filled, being_sent.request("-3")) is None
    assert len(sending) > 5
    assert scanned(filled, sending, analyzed=False) == scanned(filled, sending, analyzed=True) == {}
