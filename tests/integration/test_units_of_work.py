"""Units of work: use cases share a transaction, writes take turns, and commands that only read do not delay a writer."""

import asyncio
import contextlib
import re
import sqlite3
import threading
from collections import abc
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from subscriptions.chats.known import listed
from subscriptions.database import store as database
from subscriptions.database.store import Store, Transaction
from subscriptions.errors import Refused, StoreError
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.integration import locked
from tests.integration.cli import Terminal
from tests.make import subscribes
from tests.patience import PATIENCE


def test_a_reading_transaction_refuses_to_write(store: Store) -> None:
    with store.reading() as transaction, pytest.raises(database.ReadOnlyError):
        subscribes(transaction, "telegram:1", "graph")


WRITERS = 16
Lock = locked.ForeignLock | locked.LockedTable


@pytest.fixture
def lock(store: Store) -> abc.Iterator[Lock]:
    """A lock on the database that a test can take, as another program would."""
    held = locked.LockedTable(store) if store.kind.file is None else locked.ForeignLock(store.path)
    yield held
    held.close()


class Tries:
    """Counts the transactions that begin to write. `begun` is set when the first one begins."""

    def __init__(self, store: Store) -> None:
        self.count = 0
        self.begun = threading.Event()
        if store.kind.file is None:
            sqlalchemy.event.listen(store._engine, "begin", self._note)
        else:  # SQLite reports `begin` only after it has the lock
            sqlalchemy.event.listen(store._engine, "before_cursor_execute", self._note_statement)

    def _note(self, connection: sqlalchemy.Connection) -> None:
        if connection.get_execution_options().get("paperwire_write"):
            self.count += 1
            self.begun.set()

    def _note_statement(self, connection: sqlalchemy.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement == "BEGIN IMMEDIATE":
            self._note(connection)


@pytest.fixture
def tries(store: Store) -> Tries:
    return Tries(store)


def subscribed(transaction: Transaction, number: int) -> int:
    subscribes(transaction, f"telegram:{number}", "graph")
    return number


def chats(store: Store) -> list[str]:
    return [one.chat.address.address for one in store.read_now(listed, None)]


async def asked(write: Any) -> "list[asyncio.Task[Any]]":
    """Starts 16 writes, and waits until all of them are in the queue. Returns their tasks."""
    tasks = [asyncio.create_task(write(subscribed, number)) for number in range(1, WRITERS + 1)]
    await asyncio.sleep(0)
    return tasks


@pytest.mark.both_databases
@pytest.mark.parametrize("write", [Store.write, Store.share])
async def test_readers_answer_at_once_while_writers_wait(store: Store, lock: Lock, tries: Tries, write: Any) -> None:
    lock.take()
    waiting = await asked(partial(write, store))
    assert await asyncio.to_thread(tries.begun.wait, PATIENCE)
    for _ in range(20):
        assert await asyncio.to_thread(chats, store) == []
    assert lock.is_held
    assert not any(task.done() for task in waiting)
    assert tries.count == 1, "one transaction waits for the lock, the others for their turn"
    lock.release()
    assert await asyncio.gather(*waiting) == list(range(1, WRITERS + 1))


@pytest.mark.both_databases
@pytest.mark.parametrize("write", [Store.write, Store.share])
async def test_who_waits_too_long_for_a_turn_is_told(store: Store, monkeypatch: pytest.MonkeyPatch, write: Any) -> None:
    monkeypatch.setattr("subscriptions.database.write_queue.WRITE_QUEUE_SECONDS", 0.01)
    async with busy_writer(store):
        ended = await asyncio.gather(*await asked(partial(write, store)), return_exceptions=True)
    assert {str(one) for one in ended} == {
        f"Too much waits to be written to the database {store.where}. Try again later."
    }
    assert chats(store) == []
    assert await store.write(subscribed, 1) == 1


@contextlib.asynccontextmanager
async def busy_writer(store: Store) -> abc.AsyncIterator[None]:
    """Has the turn until the end of the block."""
    busy, free = threading.Event(), threading.Event()

    def stands(_: Transaction) -> None:
        busy.set()
        assert free.wait(PATIENCE)

    first = asyncio.create_task(store.write(stands))
    await asyncio.to_thread(busy.wait, PATIENCE)
    yield
    free.set()
    await first


@pytest.mark.both_databases
async def test_works_that_wait_together_share_their_transactions(store: Store, tries: Tries) -> None:
    async with busy_writer(store):
        tasks = await asked(store.share)
    assert await asyncio.gather(*tasks) == list(range(1, WRITERS + 1))
    assert tries.count == 1 + 1, "the first one, and all others together"
    assert len(chats(store)) == WRITERS


@pytest.mark.both_databases
async def test_a_work_that_is_refused_or_fails_leaves_its_neighbours_committed(store: Store) -> None:
    def refused(transaction: Transaction, number: int) -> int:
        subscribed(transaction, number)
        if number == 8:
            raise Refused("not 8")
        if number == 10:
            transaction.connection().exec_driver_sql("SELECT * FROM nowhere")
        return number

    ended = await asyncio.gather(
        *[store.share(refused, number) for number in range(1, WRITERS + 1)], return_exceptions=True
    )
    assert [type(one) for n, one in enumerate(ended, 1) if one != n] == [Refused, StoreError]
    assert sorted(map(int, chats(store))) == [n for n in range(1, WRITERS + 1) if n not in (8, 10)]


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


@pytest.mark.parametrize(
    ("words", "kinds"), [("/list", "rw"), ("/search graph", "rw"), ("/sub tree daily 9", "rw"), ("/lang zh", "rw")]
)
async def test_a_command_takes_two_transactions(store: Store, bot: BotHarness, words: str, kinds: str) -> None:
    """One reads what is meant; the other one changes it, or notes the buttons of an answer that the first one gave."""
    await bot.says("/sub graph")
    begun: list[str] = []

    def note(connection: sqlalchemy.Connection) -> None:
        begun.append("w" if connection.get_execution_options().get("paperwire_write") else "r")

    sqlalchemy.event.listen(store._engine, "begin", note)
    assert await bot.says(words)
    assert "".join(begun) == kinds


@contextlib.contextmanager
def read_only() -> abc.Iterator[None]:
    """Makes the program open its database for reading.

    The rights of the file would not stop it, as tests may run as root.
    """

    def connect(_dialect: object, _record: object, cargs: list[Any], cparams: dict[str, Any]) -> sqlite3.Connection:
        made: sqlite3.Connection = sqlite3.connect(f"file:{cargs[0]}?mode=ro", uri=True, **cparams)
        return made

    sqlalchemy.event.listen(sqlalchemy.Engine, "do_connect", connect)
    try:
        yield
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "do_connect", connect)


@pytest.mark.parametrize("subcommand", [("run",), ("run", "--once"), ("deliver",), ("ingest", "digest.md")])
def test_a_database_that_cannot_be_written_to_is_one_sentence(terminal: Terminal, subcommand: tuple[str, ...]) -> None:
    assert terminal("subscribe", "graph", "--as", "console:me", "--now", NOON.isoformat()).status == 0
    terminal.file("digest.md", (Path(__file__).parents[1] / "digests" / "daily_standard.md").read_text())
    with read_only():
        ended = terminal(*subcommand)
    assert ended.status == 2
    assert len([line for line in ended.err.splitlines() if "cannot be written to" in line]) == 1, ended.err
    assert "Traceback" not in ended.err
    assert re.search(r"The database \S+paperwire\.db cannot be written to\. Check the rights", ended.err)
