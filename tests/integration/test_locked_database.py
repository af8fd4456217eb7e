"""The database cannot be used for three minutes: nothing is sent twice or given up, and the bot recovers without help.

Another program holds the write lock of the file, or the server of PostgreSQL crashes and is started again. The platform
is the fake one over real HTTP, and time is a fake clock.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from shutil import copy
from typing import cast

import pytest
from sqlalchemy import event

from bot.app import App, build_app
from bot.delivery.lane_sender import DrainState
from bot.delivery.sender import plan
from bot.operation.process import Process, run
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.service.listing import listed
from subscriptions.service.sending import outbox_entries
from subscriptions.states import DeliveryState
from subscriptions.store.database.store import Store
from tests import make
from tests.fakes.telegram import FakeTelegram
from tests.integration import telegram_bot
from tests.integration.locked import AlarmClock, ForeignLock, ServerDown
from tests.postgres.own import OwnServer, own_server
from tests.source_harness import NoSources

THREE_MINUTES = 180.0  # seconds
PARTS_OF_A_START = range(1, 29, 9)  # the numbers of statements after which the server crashes during a start
CHATS = ("1", "2", "3")
EACH_ONCE = {chat: ["A graph", "A tree"] for chat in CHATS}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.01)


@pytest.fixture
def clock() -> AlarmClock:
    return AlarmClock()


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as own:
        yield own


@dataclass(frozen=True, slots=True)
class Outage:
    """A database, and the lock or the server that can block it. At first, nothing blocks it."""

    database: str
    lock: ForeignLock | ServerDown


@pytest.fixture(params=["locked file", "server down"])
def outage(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> Iterator[Outage]:
    if request.param == "server down":
        server = request.getfixturevalue("server")
        found = Outage(server.database(), ServerDown(server))
    else:
        copy(empty_database, tmp_path / "paperwire.db")
        found = Outage(f"sqlite:///{tmp_path}/paperwire.db", ForeignLock(tmp_path / "paperwire.db"))
    yield found
    found.lock.close()


@asynccontextmanager
async def with_deliveries(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock, outage: Outage
) -> AsyncIterator[tuple[App, ForeignLock | ServerDown]]:
    """Yields an app with two waiting deliveries in each of three chats, and the lock or server that can block its
    database.
    """
    async with telegram_bot.a_bot(tmp_path, telegram, clock, database=outage.database) as app:
        for chat in CHATS:
            for word in ("graph", "tree"):
                make.subscribes(app.store, f"telegram:{chat}", word, every="now")
        for title in ("A graph", "A tree"):
            make.ingested(app.store, make.paper(title), now=clock.now())
            await plan(app.context, DrainState())
            clock.advance(timedelta(minutes=1))
        yield app, outage.lock


async def locked_while_a_message_is_in_hand(
    telegram: FakeTelegram, clock: AlarmClock, lock: ForeignLock | ServerDown
) -> None:
    """Takes the lock while Telegram holds back its answer to a message, then lets it answer. The lock goes three
    minutes later.
    """
    await asyncio.to_thread(telegram.waits_hanging)
    lock.take()
    clock.rings_after(THREE_MINUTES, lock.release)
    telegram.releases()


def told(telegram: FakeTelegram) -> dict[str, list[str]]:
    """Returns the titles that each chat got, in order."""
    return {
        chat: [re.findall(r"A (?:graph|tree)", entry.text)[0] for entry in telegram.posted_to(chat)] for chat in CHATS
    }


async def test_a_confirmation_outlives_a_lock_and_a_stop(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock, outage: Outage
) -> None:
    async with with_deliveries(tmp_path, telegram, clock, outage) as (app, lock):
        telegram.answers("hang after", chat="2")
        delivering = asyncio.create_task(app.sender.deliver())
        await locked_while_a_message_is_in_hand(telegram, clock, lock)
        app.stop.set()
        await asyncio.wait([delivering])
        with suppress(ExceptionGroup):  # an error of a lane that could not begin its next message
            delivering.result()
        app.stop.clear()
        await app.sender.deliver()
        assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {DeliveryState.SENT}
    assert told(telegram) == EACH_ONCE


async def test_a_lock_of_three_minutes_makes_no_second_post(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock, outage: Outage
) -> None:
    async with with_deliveries(tmp_path, telegram, clock, outage) as (app, lock):
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


@pytest.mark.parametrize("seconds", [0, 1, 60])
async def test_a_subscription_waits_for_a_locked_database(
    seconds: int, tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock, outage: Outage
) -> None:
    async with telegram_bot.a_listening_bot(tmp_path, telegram, clock, outage.database) as app:
        outage.lock.take()
        clock.rings_after(seconds, outage.lock.release)
        for word in ("graph", "tree", "kernel"):
            telegram.user_writes(f"/sub {word}")
        await telegram_bot.confirmed(telegram)
        await telegram_bot.posts(telegram, 3)
        entries = listed(app.store, make.address("telegram:42"))
    assert [entry.subscription.text for entry in entries] == ["graph", "tree", "kernel"]
    assert [entry.text[:3] for entry in telegram.posted_to("42")] == ["✓ 1", "✓ 2", "✓ 3"]


def goes_down_after(statements: int, store: Store, server: OwnServer, clock: AlarmClock) -> None:
    """Lets the server crash after this number of statements of the store. It comes back two seconds later."""
    left = count(statements, -1)

    @event.listens_for(store._engine, "after_cursor_execute")
    def _count(*_: object) -> None:
        if next(left) == 1:
            # this comes first, because the clock may move by more than two seconds while the server goes down
            server.goes_down()
            clock.rings_after(2, server.comes_back)


async def test_run_starts_after_whichever_statement_the_server_crashes(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock, server: OwnServer
) -> None:
    settings = telegram_bot.telegram_settings(tmp_path, telegram, database=server.database())
    for number, statements in enumerate(PARTS_OF_A_START, start=1):
        app = build_app(settings, clock=clock, is_worker=True)
        goes_down_after(statements, app.store, server, clock)
        running = asyncio.create_task(
            run(
                app,
                cast(SourceScheduler, telegram_bot.Quiet()),
                once=False,
                new_bot=False,
                pause_gone=False,
                say=lambda _: None,
            )
        )
        telegram.user_writes("/help")
        answered = asyncio.create_task(telegram_bot.posts(telegram, number))
        await asyncio.wait((running, answered), return_when=asyncio.FIRST_COMPLETED)
        assert not running.done(), f"it ended after statement {statements}: {running.exception()!r}"
        answered.result()
        app.stop.set()
        assert await running == 0
        await app.close()
        server.comes_back()  # the server may have crashed late, during the stop


async def test_a_reply_is_not_posted_again_after_a_lock_and_a_restart(
    tmp_path: Path, telegram: FakeTelegram, clock: AlarmClock, outage: Outage
) -> None:
    lock = outage.lock
    async with telegram_bot.a_listening_bot(tmp_path, telegram, clock, outage.database):
        telegram.answers("hang after", chat="42")
        telegram.user_writes("/sub graph")
        await asyncio.to_thread(telegram.waits_hanging)
        lock.take()
        clock.rings_after(THREE_MINUTES, lock.release)
        telegram.releases()
        await telegram_bot.posts(telegram, 1)
    assert not lock.is_held
    async with telegram_bot.a_listening_bot(tmp_path, telegram, clock, outage.database):
        telegram.user_writes("/list")
        await telegram_bot.posts(telegram, 1)
        await telegram_bot.confirmed(telegram)
    assert [entry.text[:3] for entry in telegram.posted_to("42")][:1] == ["✓ 1"]
    assert len(telegram.posted_to("42")) == 2
