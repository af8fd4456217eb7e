"""A foreign program holds the database's write lock for three minutes: nothing comes twice, nothing is given up.

The lock is a second connection to the real file, the platform is the fake one over real HTTP, time is a fake clock.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.app import App
from bot.delivery.drain_state import DrainState
from bot.delivery.planning import plan
from bot.operation.process import Process
from subscriptions.service.outbox import outbox_entries
from subscriptions.service.subscriptions import listed
from subscriptions.states import DeliveryState
from subscriptions.store import Store
from tests.fakes.telegram import FakeTelegram
from tests.integration.locked import AlarmClock, ForeignLock
from tests.integration.telegram_bot import a_bot, a_listening_bot, confirmed, posts
from tests.integration.test_slack_workspaces import NoSources
from tests.make import address, ingested, paper, subscribes

THREE_MINUTES = 180.0  # seconds
CHATS = ("1", "2", "3")
EACH_ONCE = {chat: ["A graph", "A tree"] for chat in CHATS}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.01)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.opens_to_all()
        yield fake


@pytest.fixture
def clock() -> AlarmClock:
    return AlarmClock()


@asynccontextmanager
async def with_deliveries(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock
) -> AsyncIterator[tuple[App, ForeignLock]]:
    """Three chats with two deliveries each that wait to be sent, and a lock that nobody holds yet."""
    async with a_bot(tmp_path, telegram, clock) as app:
        for chat in CHATS:
            for word in ("graph", "tree"):
                subscribes(app.store, f"telegram:{chat}", word, every="now")
        for title in ("A graph", "A tree"):
            ingested(app.store, paper(title), now=clock.now())
            await plan(app.context, DrainState())
            clock.advance(timedelta(minutes=1))
        lock = ForeignLock(tmp_path / "paperwire.db")
        try:
            yield app, lock
        finally:
            lock.close()


async def locked_while_a_message_is_in_hand(telegram: FakeTelegram, clock: AlarmClock, lock: ForeignLock) -> None:
    """Takes the lock when Telegram has taken a message and not answered; then it answers. Three minutes later the lock goes."""
    await asyncio.to_thread(telegram.waits_hanging)
    lock.take()
    clock.rings_after(THREE_MINUTES, lock.release)
    telegram.releases()


def told(telegram: FakeTelegram) -> dict[str, list[str]]:
    """Chat → the titles that it got, in order."""
    return {
        chat: [re.findall(r"A (?:graph|tree)", entry.text)[0] for entry in telegram.posted_to(chat)] for chat in CHATS
    }


async def test_a_confirmation_that_a_lock_of_three_minutes_keeps_out_is_kept_and_nothing_is_posted_twice(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock
) -> None:
    async with with_deliveries(tmp_path, telegram, clock) as (app, lock):
        telegram.answers("hang after", chat="2")
        delivering = asyncio.create_task(app.sender.deliver())
        await locked_while_a_message_is_in_hand(telegram, clock, lock)
        await asyncio.wait([delivering])
        assert not lock.is_held, "given up before the lock went"
        with suppress(ExceptionGroup):  # of lanes that could not begin their next message
            delivering.result()
        await app.sender.deliver()
        assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {DeliveryState.SENT}
    assert told(telegram) == EACH_ONCE


async def test_the_running_process_posts_nothing_twice_after_a_lock_of_three_minutes(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock
) -> None:
    async with with_deliveries(tmp_path, telegram, clock) as (app, lock):
        process = Process(app, NoSources())  # type: ignore[arg-type]
        telegram.answers("hang after", chat="2")
        await process.tick()
        await locked_while_a_message_is_in_hand(telegram, clock, lock)
        while lock.is_held:
            await process.tick()
            await clock.sleep(1)
        for _ in range(3):
            await process.tick()
            await process.finish()
        assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {DeliveryState.SENT}
    assert told(telegram) == EACH_ONCE


async def test_a_stop_during_the_lock_keeps_the_confirmation_for_as_long_as_the_process_lives(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock
) -> None:
    async with with_deliveries(tmp_path, telegram, clock) as (app, lock):
        telegram.answers("hang after", chat="2")
        delivering = asyncio.create_task(app.sender.deliver())
        await locked_while_a_message_is_in_hand(telegram, clock, lock)
        app.stop.set()
        await asyncio.wait([delivering])
        app.stop.clear()
        await app.sender.deliver()
    assert told(telegram) == EACH_ONCE


def releases_after(store: Store, lock: ForeignLock, refusals: int) -> None:
    """Releases the lock as soon as it has kept out so many writes of the store."""
    left = count(refusals, -1)

    @event.listens_for(store._engine, "handle_error")
    def _count(_: object) -> None:
        if next(left) == 1:
            lock.release()


@pytest.mark.parametrize("refusals", range(1, 17))
async def test_a_subscription_waits_for_the_database_whenever_the_lock_goes_and_keeps_its_place(
    refusals: int, tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        lock = ForeignLock(tmp_path / "paperwire.db")
        lock.take()
        releases_after(app.store, lock, refusals)
        for word in ("graph", "tree", "kernel"):
            telegram.user_writes(f"/sub {word}")
        await confirmed(telegram)
        await posts(telegram, 3)
        entries = listed(app.store, address("telegram:42"))
        lock.close()
    assert [entry.subscription.text for entry in entries] == ["graph", "tree", "kernel"]
    assert [entry.text[:3] for entry in telegram.posted_to("42")] == ["✓ 1", "✓ 2", "✓ 3"]


async def test_a_reply_that_arrived_is_not_posted_again_by_the_next_process_after_a_lock(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock):
        lock = ForeignLock(tmp_path / "paperwire.db")
        telegram.answers("hang after", chat="42")
        telegram.user_writes("/sub graph")
        await asyncio.to_thread(telegram.waits_hanging)
        lock.take()
        clock.rings_after(THREE_MINUTES, lock.release)
        telegram.releases()
        await posts(telegram, 1)
    assert not lock.is_held
    lock.close()
    async with a_listening_bot(tmp_path, telegram, clock):
        telegram.user_writes("/list")
        await posts(telegram, 1)
        await confirmed(telegram)
    assert [entry.text[:3] for entry in telegram.posted_to("42")][:1] == ["✓ 1"]
    assert len(telegram.posted_to("42")) == 2
