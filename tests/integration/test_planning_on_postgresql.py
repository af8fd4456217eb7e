"""Planners and senders on PostgreSQL: they share chats out, write many rows at once, and read no whole table."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from subscriptions.errors import StoreUnavailable
from subscriptions.model import Lane
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import set_settings
from subscriptions.service.look import apart
from subscriptions.service.plan import plan_due
from subscriptions.service.sending import confirm
from subscriptions.store import deliveries, drafts
from subscriptions.store.database import store as database
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import done
from tests.being_sent import being_sent, request
from tests.filling import fill
from tests.make import NOON, address, ingested, paper, subscribes
from tests.postgres.reading import read
from tests.postgres.server import Server
from tests.statements import GROWING, in_one_line, is_plain

CHATS = 6
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def due_url(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database where six chats are due; two are planned at a time."""
    monkeypatch.setattr(_plan, "SLICE", 2)
    with postgres.database() as due_url, closing(Store(due_url)) as store:
        for number in range(CHATS):
            subscribes(store, f"telegram:{number + 1}", "graph", every="now")
        ingested(store, paper("A graph"), now=NOON + timedelta(minutes=1))
        plan_due(store, now=NOON + timedelta(minutes=2))  # from now on they follow a shared cursor
        ingested(store, paper("Another graph"), now=NOON + timedelta(minutes=3))
        yield due_url


@contextmanager
def impatient(due_url: str) -> Iterator[Store]:
    """A store that hardly waits for locks, so that one thread can hold one and meet it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "BUSY_SECONDS", 0.2)
        with closing(Store(due_url)) as store:
            store.revision()  # connects now, while no lock is held
            yield store


def test_what_another_one_planned_meanwhile_is_passed_over(due_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plan_slice = _plan._plan_slice

    def noted(store: Store, chat_ids: Sequence[int], context: Any) -> Any:
        read.extend(chat_ids)
        return plan_slice(store, chat_ids, context)

    with closing(Store(due_url)) as first, closing(Store(due_url)) as second:
        slices = _plan.plan_slices(first, now=LATER)
        in_hand = next(slices)  # not planned yet, so the other one plans it, too
        assert len(plan_due(second, now=LATER)) == CHATS
        monkeypatch.setattr(_plan, "_plan_slice", noted)
        assert done(in_hand) == []
        assert [lane for one in slices for lane in done(one)] == []
    assert read == [], "the others are not even read"


def test_what_a_planner_left_is_planned_by_another_one(due_url: str) -> None:
    with closing(Store(due_url)) as first, closing(Store(due_url)) as second:
        slices = _plan.plan_slices(first, now=LATER)
        assert len(done(next(slices))) == 2
        slices.close()
        assert len(plan_due(second, now=LATER)) == CHATS - 2
        assert plan_due(second, now=LATER) == ()


def test_two_planners_seldom_begin_with_the_same_chats(due_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "shuffle", list.reverse)
    assert apart([1, 2, 3, 4, 5], Store(due_url), 2) == [5, 3, 4, 1, 2]
    assert apart([1, 2, 3], Store("sqlite:///one.db"), 2) == [1, 2, 3], "a file has one planner"


@pytest.fixture
def while_written(due_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Store], object]], None]:
    """Plans; between the reads and the write of each plan, does something in another process."""

    def plans(something: Callable[[Store], object]) -> None:
        written: list[int] = []
        write = _plan._write

        def write_beside(*arguments: Any) -> list[Lane]:
            something(second)
            written.append(1)
            return write(*arguments)

        with closing(Store(due_url)) as first, impatient(due_url) as second:
            monkeypatch.setattr(_plan, "_write", write_beside)
            assert len(plan_due(first, now=LATER)) == CHATS
        assert len(written) == CHATS / 2

    return plans


def test_no_paper_comes_while_a_plan_is_written(while_written: Callable[[Callable[[Store], object]], None]) -> None:
    def bring(store: Store) -> None:
        with pytest.raises(StoreUnavailable):
            ingested(store, paper("A second graph"), now=LATER)
        with store.write() as transaction:
            drafts.share_sequence(transaction)  # another planner does not wait

    while_written(bring)


def test_nobody_changes_a_chat_while_its_plan_is_written(
    while_written: Callable[[Callable[[Store], object]], None],
) -> None:
    refused: list[str] = []

    def change(store: Store) -> None:
        for number in range(CHATS):
            try:
                set_settings(store, address(f"telegram:{number + 1}"), {"limit": "3"}, now=LATER)
            except StoreUnavailable:
                refused.append(str(number))

    while_written(change)
    assert len(refused) == len(set(refused)) == CHATS


PAPERS, OTHERS, NEW = 20, 200, 100


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
            cursor: Any = type(transaction.connection().connection.cursor())
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


@pytest.fixture
def filled(postgres: Server) -> Iterator[Store]:
    """A bot of some age, with half of a morning in its outbox."""
    with postgres.database() as url:
        store = Store(url)
        fill(store, 1000)
        for number in range(20):
            subscribes(store, f"telegram:-{number}", "zebra", every="now", since="1d")
        yield store
        store.close()


@contextmanager
def executed(store: Store) -> Iterator[dict[str, Any]]:
    """The statements that the store executes, each once, with its parameters."""
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if is_plain(statement) and not many:
            found.setdefault(statement, values)

    event.listen(store._engine, "before_cursor_execute", note)
    yield found
    event.remove(store._engine, "before_cursor_execute", note)


def scanned(store: Store, statements: dict[str, Any], *, analyzed: bool) -> dict[str, str]:
    """Statement → the tables that grow and that it would read as a whole."""
    found = {}
    with psycopg.connect(str(store.url).replace("+psycopg", "")) as connection:
        if analyzed:
            connection.execute("ANALYZE")
        large = {
            name for name in GROWING if _has_many(connection, name)
        }  # one of a few rows is read quickest as a whole
        assert {"chat", "delivery", "delivery_item", "message", "paper", "subscription"} <= large
        for statement, values in statements.items():
            plan = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), values).fetchone()
            assert plan is not None
            whole = sorted({name for name in _scans(plan[0][0]["Plan"]) if name in large})
            if whole:
                found[in_one_line(statement)] = ", ".join(whole)
        connection.rollback()
    return found


def _has_many(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute(f'SELECT FROM "{table}" OFFSET 100 LIMIT 1'.encode()).fetchone() is not None


def _scans(step: dict[str, Any]) -> Iterator[str]:
    if step["Node Type"] == "Seq Scan":
        yield step["Relation Name"]
    for below in step.get("Plans", ()):
        yield from _scans(below)


def sends(store: Store, chat: str) -> None:
    """One message of a chat, from its claim to its confirmation."""
    claimed = being_sent(store, request(chat))
    assert confirm(store, claimed, "m1", request(chat)) == (1, None)


@pytest.mark.parametrize("analyzed", [False, True], ids=["without", "with"])
def test_a_sender_reads_no_whole_table(filled: Store, analyzed: bool) -> None:
    ingested(filled, paper("A zebra"), now=NOON - timedelta(hours=1))
    assert len(plan_due(filled, now=NOON)) == 20
    with executed(filled) as sending:
        sends(filled, "-3")
        sends(filled, "-7")
        with filled.read() as session:
            assert deliveries.next_edit(session, Lane("telegram", "-3"), now=NOON, wall=NOON, zone="UTC") is None
    assert len(sending) > 5
    assert scanned(filled, sending, analyzed=analyzed) == {}
