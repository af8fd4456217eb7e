"""In each process one thread writes, so no other thread waits for the write lock. Requests run in order and fail
separately.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bot.context import do_steps, write, write_together
from subscriptions import errors
from subscriptions.service.listing import listed
from subscriptions.store.database import writer
from subscriptions.store.database.store import Scope, Store, Transaction
from tests.integration.locked import ForeignLock, LockedTable
from tests.make import subscribes
from tests.patience import PATIENCE

pytestmark = pytest.mark.both_databases

WRITERS = 16
Lock = ForeignLock | LockedTable


@pytest.fixture
def lock(store: Store) -> Iterator[Lock]:
    """A lock that a test can take."""
    held = LockedTable(store) if store.kind.file is None else ForeignLock(store.path)
    yield held
    held.close()


class Tries:
    """Collects the names of the threads that begin to write, in order."""

    def __init__(self, store: Store) -> None:
        self.threads: list[str] = []
        self.begun = threading.Event()
        if store.kind.file is None:
            event.listen(store._engine, "begin", self._note)
        else:  # SQLite reports `begin` only after it has the lock
            event.listen(store._engine, "before_cursor_execute", self._note_statement)

    def _note(self, connection: Connection) -> None:
        if connection.get_execution_options().get("paperwire_write"):
            self.threads.append(threading.current_thread().name)
            self.begun.set()

    def _note_statement(self, connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement == "BEGIN IMMEDIATE":
            self._note(connection)


@pytest.fixture
def tries(store: Store) -> Tries:
    return Tries(store)


def subscribed(store: Scope, number: int) -> int:
    subscribes(store, f"telegram:{number}", "graph")
    return number


def chats(store: Scope) -> list[str]:
    return [one.chat.address.address for one in listed(store, None)]


async def asked(work: Any, *what: Any) -> "list[asyncio.Task[Any]]":
    """Starts one write after the other, and gives each the time to join the queue."""
    tasks = [asyncio.create_task(work(subscribed, *what, number)) for number in range(1, WRITERS + 1)]
    await asyncio.sleep(0)
    return tasks


class TestAForeignLock:
    @pytest.mark.parametrize("asks", [write, write_together])
    async def test_readers_answer_at_once_while_writers_wait(
        self, store: Store, lock: Lock, tries: Tries, asks: Any
    ) -> None:
        lock.take()
        waiting = await asked(asks, store)
        assert await asyncio.to_thread(tries.begun.wait, PATIENCE)
        for _ in range(20):
            assert await asyncio.to_thread(chats, store) == []
        assert lock.is_held
        assert not any(task.done() for task in waiting)
        assert tries.threads == ["paperwire-writer"], "one thread waits"
        lock.release()
        assert await asyncio.gather(*waiting) == list(range(1, WRITERS + 1))

    @pytest.mark.parametrize("asks", [write, write_together])
    async def test_it_is_waited_for_once_and_not_once_for_each_that_waits(
        self, database_url: str, lock: Lock, monkeypatch: pytest.MonkeyPatch, asks: Any
    ) -> None:
        monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.5)
        store = Store(database_url)
        tried: list[int] = []
        event.listen(store._engine, "handle_error", lambda _: tried.append(1))
        lock.take()
        ended = await asyncio.gather(*await asked(asks, store), return_exceptions=True)
        assert {type(one) for one in ended} == {errors.StoreUnavailable}
        assert "is locked by another program" in str(ended[0])
        assert len(tried) == 1
        assert len({id(one) for one in ended}) == WRITERS, "each has an error of its own"
        lock.release()
        assert await write(subscribed, store, 1) == 1
        store.close()


def stands(_: Store, busy: threading.Event, free: threading.Event) -> None:
    """Keeps the writer thread busy until it is freed."""
    busy.set()
    assert free.wait(PATIENCE)


class TestOrder:
    async def test_writes_are_done_in_their_order(self, store: Store, lock: Lock) -> None:
        order: list[int] = []

        def noted(scope: Scope, number: int) -> None:
            order.append(subscribed(scope, number))

        lock.take()
        kinds = (write, write_together, write_together, write)
        tasks = [asyncio.create_task(kinds[n % 4](noted, store, n)) for n in range(1, WRITERS + 1)]
        await asyncio.sleep(0)
        lock.release()
        await asyncio.gather(*tasks)
        assert order == list(range(1, WRITERS + 1))

    async def test_works_that_wait_together_share_their_transactions(self, store: Store, tries: Tries) -> None:
        busy, free = threading.Event(), threading.Event()
        first = asyncio.create_task(write(stands, store, busy, free))
        await asyncio.to_thread(busy.wait, PATIENCE)
        tasks = await asked(write_together, store)
        free.set()
        assert await asyncio.gather(*tasks) == list(range(1, WRITERS + 1))
        await first
        assert len(tries.threads) == 1
        assert len(chats(store)) == WRITERS


def broken(store: Store) -> None:
    """Adds a table with a damaged page: an error comes only when this table is read."""
    with store.write() as transaction:
        connection = transaction.connection()
        connection.exec_driver_sql("CREATE TABLE broken AS SELECT 1 AS x")
        page = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'broken'").scalar_one()
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store._engine.dispose()  # closes the connections, which keep pages in memory
    with store.path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


class TestFailingApart:
    @pytest.mark.sqlite_alone("the damaged page is in a file")
    async def test_a_work_on_a_damaged_page_fails_alone(self, store: Store) -> None:
        broken(store)

        def reads_damage(transaction: Transaction) -> None:
            subscribed(transaction, 99)
            transaction.connection().exec_driver_sql("SELECT * FROM broken").all()

        ended = await asyncio.gather(
            write_together(subscribed, store, 1),
            write_together(reads_damage, store),
            write_together(subscribed, store, 2),
            return_exceptions=True,
        )
        assert (ended[0], ended[2]) == (1, 2)
        assert isinstance(ended[1], errors.StoreError)
        assert "damaged" in str(ended[1])
        assert chats(store) == ["1", "2"]

    async def test_a_refused_work_leaves_its_neighbours_committed(self, store: Store) -> None:
        def refused(transaction: Transaction, number: int) -> int:
            subscribed(transaction, number)
            if number in (8, 10):
                raise errors.Refused(f"not {number}")
            return number

        tasks = [write_together(refused, store, number) for number in range(1, WRITERS + 1)]
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(one) for n, one in enumerate(ended, 1) if one != n] == ["not 8", "not 10"]
        assert sorted(map(int, chats(store))) == [n for n in range(1, WRITERS + 1) if n not in (8, 10)]

    async def test_a_work_whose_caller_is_gone_is_done_all_the_same(self, store: Store, lock: Lock) -> None:
        lock.take()
        tasks = await asked(write_together, store)
        tasks[3].cancel()
        await asyncio.sleep(0)
        lock.release()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert tasks[3].cancelled()
        assert len(chats(store)) == WRITERS


class TestSteps:
    async def test_what_reads_and_what_writes_are_done_in_their_threads(self, store: Store) -> None:
        threads: list[str] = []

        def work() -> writer.Steps[int]:
            threads.append(threading.current_thread().name)
            yield writer.WRITES
            threads.append(threading.current_thread().name)
            subscribed(store, 1)
            yield writer.READS
            threads.append(threading.current_thread().name)
            return len(chats(store))

        assert await do_steps(work(), store) == 1
        assert [name.split("_")[0] for name in threads] == ["asyncio", "paperwire-writer", "asyncio"]

    async def test_work_whose_writing_is_refused_is_told_so_and_cleans_up(self, store: Store) -> None:
        ends: list[str] = []

        def work() -> writer.Steps[None]:
            try:
                yield writer.WRITES
                ends.append("written")
            finally:
                ends.append("cleaned up")

        store.writer.close()
        with pytest.raises(errors.StoreUnavailable, match="stopping"):
            await do_steps(work(), store)
        assert ends == ["cleaned up"]


class TestTheEnd:
    async def test_at_the_end_waiting_works_are_written(self, store: Store, lock: Lock) -> None:
        lock.take()
        tasks = await asked(write, store)
        ending = threading.Thread(target=store.writer.close)
        ending.start()
        with store.writer._changed:
            assert store.writer._changed.wait_for(lambda: store.writer._is_closed, PATIENCE)
        with pytest.raises(errors.StoreUnavailable, match="The program is stopping; nothing more is written to"):
            await write(subscribed, store, 99)
        lock.release()
        assert await asyncio.gather(*tasks) == list(range(1, WRITERS + 1))
        ending.join()
        assert len(chats(store)) == WRITERS

    async def test_a_full_queue_refuses_and_writes_what_waits(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writer, "MOST_WAITING", 16)
        busy, free = threading.Event(), threading.Event()
        first = asyncio.create_task(write(stands, store, busy, free))
        await asyncio.to_thread(busy.wait, PATIENCE)
        tasks = [asyncio.create_task(write(subscribed, store, number)) for number in range(1, 19)]
        await asyncio.sleep(0)
        free.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await first
        assert ended[:16] == list(range(1, 17))
        assert [str(one) for one in ended[16:]] == [
            str(
                errors.StoreUnavailable(
                    errors.Sentence(f"Too much waits to be written to the database {store.where}."), "Try again later."
                )
            )
        ] * 2
