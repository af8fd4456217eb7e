"""The role of the process that works on a database: one has it, the others are told which one, and none writes without it."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import psycopg
import pytest

from subscriptions.database import bot_state
from subscriptions.database import leader as role
from subscriptions.database.postgres import PostgresDatabase
from subscriptions.database.store import Store
from subscriptions.errors import LeaderExists, LeadershipLost, StoreUnavailable
from subscriptions.model import Message
from subscriptions.outbox import sending
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.outcomes import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater
from subscriptions.plan.plan import plan_due
from tests import make, stored
from tests.clock import NOON
from tests.patience import PATIENCE
from tests.postgres.server import Server


def test_a_second_process_on_a_file_is_told_which_one_has_the_role(tmp_path: Path) -> None:
    store, other = (Store(f"sqlite:///{tmp_path}/{name}.db") for name in ("one", "other"))
    with role.held(store), role.held(other):
        for _ in range(2):  # the first refusal releases nothing
            with pytest.raises(LeaderExists, match=f"Process {os.getpid()} sends"), role.held(store):
                pass
    with role.held(store):
        assert not store.exists()  # taking the role does not open the database


@contextmanager
def two_processes(postgres: Server) -> Iterator[tuple[Store, Store, str]]:
    """Yields two stores of one database, and its address."""
    with postgres.database() as url, closing(Store(url)) as store, closing(Store(url)) as other:
        for one in (store, other):
            one.open(now=NOON)
        yield store, other, url


def put(store: Store, name: str) -> None:
    with store.writing() as transaction:
        bot_state.put_value(transaction, name, "x")


def test_on_a_server_whoever_takes_the_role_refuses_what_the_one_before_writes(postgres: Server) -> None:
    with two_processes(postgres) as (store, other, url):
        ours, theirs = role.role_of(store), role.role_of(other)
        assert ours.take(beats=True) == ""
        assert theirs.take(beats=True).startswith(f"{os.getpid()} on ")
        put(store, "before")
        cut(url)  # as at a restart of the server; nobody else was quick
        assert ours.beat()
        assert theirs.take(beats=True) != ""
        cut(url)
        assert theirs.take(beats=True) == ""
        with pytest.raises(StoreUnavailable, match="terminating"):  # its sessions were ended
            put(store, "after")
        with pytest.raises(LeadershipLost):
            put(store, "after")
        assert not ours.beat()
        assert theirs.beat()
        put(other, "others")
        with other.reading() as transaction:
            found = [bot_state.get_value(transaction, name) for name in ("before", "after", "others")]
        assert found == ["x", None, "x"]
        theirs.release()
        with role.held(store):
            put(store, "again")
        ours.release()


OF_THE_MESSAGE = """
    SELECT message.state, chat.address, chat.state
    FROM message JOIN delivery ON delivery.seq = message.delivery JOIN chat ON chat.id = delivery.chat
"""


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [
        (None, ("sent", "-1", "active")),
        (Rejected("no"), ("dead", "-1", "active")),
        (RetryLater("busy"), ("waiting", "-1", "active")),
        (ChatGone("blocked"), ("ready", "-1", "paused")),
        (ChatMoved("moved", "-2"), ("ready", "-2", "active")),
    ],
)
def test_on_a_server_who_has_lost_the_role_stores_what_became_of_a_post(
    postgres: Server, outcome: NotDelivered | None, becomes: tuple[str, ...]
) -> None:
    """Nobody else knows it, and the message would come again."""
    with two_processes(postgres) as (store, other, _):
        ours, theirs, chat = role.role_of(store), role.role_of(other), make.address("telegram:-1")
        assert ours.take(beats=True) == ""
        make.due(store, str(chat))
        plan_due(store, now=NOON)
        step = store.write_now(
            stored_deliveries.store_rendered, {1: ([Message(number=1, payload="{}")], "")}, chat.lane, now=NOON
        )
        assert isinstance(step, claims.Claim)
        assert store.write_now(claims.mark_sending, step, wall=NOON)
        ours.release()
        assert theirs.take(beats=True) == ""
        for lost in (StoreUnavailable, LeadershipLost):  # its sessions were ended
            with pytest.raises(lost):
                store.write_now(claims.claim, chat.lane, now=NOON)
        if outcome is None:
            asyncio.run(store.confirm(claims.confirm, step, "its message", now=NOON))
        else:
            asyncio.run(store.confirm(sending.record_outcome, step, outcome, on_unclear="resend", now=NOON))
        assert stored.rows(other, OF_THE_MESSAGE) == [becomes]
        theirs.release()


def test_on_a_server_a_beat_that_is_late_keeps_nothing_after_the_role_was_given_back(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects, goes_on = threading.Event(), threading.Event()

    def slow(
        server: PostgresDatabase, connect: Callable[[PostgresDatabase], object] = PostgresDatabase.session
    ) -> object:
        connects.set()
        assert goes_on.wait(PATIENCE)
        return connect(server)

    with two_processes(postgres) as (store, other, url), ThreadPoolExecutor(1) as thread:
        ours = role.role_of(store)
        assert ours.take(beats=True) == ""
        cut(url)
        with monkeypatch.context() as patched:
            patched.setattr(PostgresDatabase, "session", slow)
            beat = thread.submit(ours.beat)
            assert connects.wait(PATIENCE)
            ours.release()
            goes_on.set()
            assert isinstance(beat.exception(PATIENCE), StoreUnavailable)
        theirs = role.role_of(other)
        assert theirs.take(beats=True) == ""
        theirs.release()


@pytest.mark.parametrize(("beats", "seconds", "is_taken"), [(True, 10, False), (True, 16, True), (False, 3600, False)])
def test_on_a_server_a_process_that_stands_still_loses_the_role_and_its_transaction(
    postgres: Server, *, beats: bool, seconds: int, is_taken: bool
) -> None:
    """`deliver` and `db copy` do not beat, and are waited for."""
    with two_processes(postgres) as (store, other, url):
        ours, theirs = role.role_of(store), role.role_of(other)
        assert ours.take(beats=beats) == ""
        ends = pytest.raises(StoreUnavailable, match="terminating") if is_taken else nullcontext()
        with ends, store.writing() as transaction:
            bot_state.put_value(transaction, "stopped within a transaction", "x")
            stand_still(url, seconds)
            theirs.take(beats=True)
            assert (theirs.take(beats=True) == "") is is_taken
        assert ours.beat() is not is_taken
        ours.release()
        theirs.release()


def stand_still(url: str, seconds: int) -> None:
    """Lets the process that has the role have said for some time nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE role SET seen = seen - make_interval(secs => %s)", (seconds,))


def cut(url: str) -> None:
    """Ends the sessions that hold a lock of the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database ON database = pg_database.oid"
            " WHERE locktype = 'advisory' AND datname = current_database() AND pid != pg_backend_pid()"
        )
