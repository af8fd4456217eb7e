"""Units of work: several use cases, or several senders, share a transaction. Also: many people who write at the same
moment.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

import pytest

from bot.context import do_steps, write_together
from subscriptions.errors import Refused
from subscriptions.service.listing import listed
from subscriptions.store.claims import pause_lane
from subscriptions.store.database.store import Scope, Store, WouldWrite
from subscriptions.store.database.writer import WRITES, Steps
from tests import make
from tests.bot_harness import BotHarness


def subscribed(store: Scope, chat: str) -> str:
    make.subscribes(store, chat, "graph")
    return chat


class TestTransactions:
    @pytest.mark.parametrize("begins", ["read", "write"])
    @pytest.mark.parametrize(
        "asks",
        [lambda store: make.subscribes(store, "telegram:1", "graph"), lambda store: listed(store, None), lambda store: store._engine.connect()],
        ids=["to write", "to read", "however it is asked for"],
    )  # fmt: skip
    def test_a_thread_gets_no_second_connection(
        self, store: Store, begins: str, asks: Callable[[Store], object]
    ) -> None:
        with getattr(store, begins)(), pytest.raises(RuntimeError, match="pass its Transaction on"):
            asks(store)
        make.subscribes(store, "telegram:1", "graph")

    async def test_no_step_of_a_work_leaves_a_connection_in_hand(self, store: Store) -> None:
        def steps() -> Steps[str]:
            with store.read():
                # a unit that waits here for the writer thread would keep a connection that the writer may need
                yield WRITES
            return "done"

        with pytest.raises(RuntimeError, match="pass its Transaction on"):
            await do_steps(steps(), store)
        assert listed(store, None) == ()

    def test_a_reading_transaction_refuses_to_write(self, store: Store) -> None:
        with store.read() as transaction, pytest.raises(WouldWrite):
            make.subscribes(transaction, "telegram:1", "graph")

    def test_a_use_case_joins_the_transaction_that_it_is_given(self, store: Store) -> None:
        with suppress(Refused), store.write() as transaction:
            make.subscribes(transaction, "telegram:1", "graph")
            assert len(listed(transaction, None)) == 1
            raise Refused("not this time")
        assert listed(store, None) == ()

    def test_a_savepoint_is_undone_alone(self, store: Store) -> None:
        with store.write() as transaction:
            make.subscribes(transaction, "telegram:1", "graph")
            changed = set(transaction.changed_chats)
            with suppress(Refused), transaction.savepoint() as part:
                make.subscribes(part, "telegram:1", "tree")
                make.subscribes(part, "telegram:2", "graph")
                raise Refused("not this one")
            assert transaction.changed_chats == changed != set()
            make.subscribes(transaction, "telegram:3", "graph")
        assert [(str(one.chat.address), one.subscription.text) for one in listed(store, None)] == [
            ("telegram:1", "graph"),
            ("telegram:3", "graph"),
        ]

    def test_half_a_part_is_never_committed(self, store: Store) -> None:
        def half() -> None:
            with store.write() as transaction, suppress(Refused), transaction.write() as part:
                make.subscribes(part, "telegram:1", "graph")
                raise Refused("not this one")

        with pytest.raises(RuntimeError, match="without a savepoint"):
            half()
        assert listed(store, None) == ()


async def test_a_work_is_done_once_with_more_readers_than_connections(store: Store) -> None:
    begun, over, runs = threading.Barrier(11), threading.Event(), list[str]()

    def read() -> None:
        with store.read():
            begun.wait()
            over.wait()

    people = ThreadPoolExecutor(10)
    readers = [people.submit(read) for _ in range(10)]
    begun.wait()

    def work(scope: Scope, chat: str) -> None:
        subscribed(scope, chat)
        over.set()
        wait(readers)  # so the write's connection is one more than the pool keeps, and is closed when it is returned
        runs.append(chat)

    done = await asyncio.gather(
        *(write_together(work, store, chat) for chat in ("telegram:1", "telegram:2")), return_exceptions=True
    )
    people.shutdown()
    assert (done, runs) == ([None, None], ["telegram:1", "telegram:2"])
    assert len(listed(store, None)) == 2


PEOPLE = 40


@pytest.mark.both_databases
async def test_everybody_who_speaks_at_once_is_answered(store: Store) -> None:
    bot = BotHarness(store)

    async def speaks(chat: str) -> tuple[str, str]:
        subscribed = await bot.says("/sub graph daily 9:00", chat)
        await write_together(
            pause_lane, store, make.address(chat).lane, wall=make.NOON, until=make.NOON
        )  # as the code that sends the answer does
        return subscribed.text, (await bot.says("/list", chat)).text

    said = await asyncio.gather(*(speaks(f"telegram:{number}") for number in range(1, PEOPLE + 1)))
    assert all(subscribed.startswith("✓ 1") and "graph" in listing for subscribed, listing in said)
    assert len(listed(store, None)) == PEOPLE
