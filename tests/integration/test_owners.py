"""Claimed messages and replies have an owner: those of a stalled owner are recovered, never all that are being sent."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.app import App
from bot.cli.sending import _deliver
from bot.commands.paper_lookup import pending_lookup
from bot.conversation.reply_sender import StoredReply, send_reply
from bot.delivery.planning import DrainState, plan
from bot.operation.health import LOOK_INTERVAL
from bot.operation.process import run
from bot.operation.worker import BEAT_INTERVAL, OwnerWatch
from bot.ports.conversation import MessageRequest, Place
from subscriptions.errors import StoreError
from subscriptions.model import CallbackToken, ChatKind, Message
from subscriptions.service.chat_status import apply_once
from subscriptions.service.plan import plan_due
from subscriptions.store.conversations import (
    begin_lookup,
    end_lookup,
    has_reply,
    requested_lookup,
    take_over_lookups,
    unfinished_replies,
)
from subscriptions.store.database.store import Store
from subscriptions.store.workers import beat, begin_worker, end_worker, other_workers, recover_stalled
from tests.being_sent import being_sent, request
from tests.fakes.telegram import FakeTelegram
from tests.integration.locked import AlarmClock, ForeignLock
from tests.integration.telegram_bot import Quiet, a_bot, posts
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes

pytestmark = pytest.mark.both_databases


def states(store: Store) -> list[str]:
    with store.read() as transaction:
        return list(transaction.execute(text("SELECT state FROM message ORDER BY delivery")).scalars())


async def test_a_start_recovers_only_what_nobody_has_in_hand(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, store: Store, other: Store
) -> None:
    async with a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        for chat in ("1", "2", "3"):
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        await plan(app.context, DrainState())
        being_sent(other, request("1"))
        begin_worker(store, holds_sender_lock=True)  # an earlier process, which is killed now
        being_sent(store, request("2"))
        await app.sender.deliver()
        assert states(app.store) == ["sending", "sent", "sent"]
    assert [len(telegram.posted_to(chat)) for chat in ("1", "2", "3")] == [0, 1, 1]


@pytest.fixture
def in_other_hands(store: Store, other: Store) -> Store:
    """A store whose one message another worker is sending."""
    begin_worker(store, holds_sender_lock=True)
    subscribes(store, "telegram:1", "graph", every="now", since="1d")
    ingested(store, paper("A graph"), now=NOON - timedelta(hours=1))
    plan_due(store, now=NOON)
    being_sent(other, request("1"))
    return store


async def looks(watch: OwnerWatch, clock: FakeClock, times: int) -> int:
    """Looks so many times, ten seconds apart. Returns how many messages were recovered."""
    recovered = 0
    for _ in range(times):
        clock.advance(timedelta(seconds=10))
        recovered += await watch.look()
    return recovered


async def test_a_stalled_worker_loses_its_message_after_a_minute(
    in_other_hands: Store, other: Store, clock: FakeClock
) -> None:
    watch = OwnerWatch(in_other_hands, clock)
    for _ in range(30):
        assert await looks(watch, clock, 1) == 0
        beat(other)
    clock.step(timedelta(days=400))  # the machine's clock is set
    assert await looks(watch, clock, 6) == 0
    assert states(in_other_hands) == ["sending"]
    assert await looks(watch, clock, 1) == 1
    assert states(in_other_hands) == ["unclear"]


@pytest.mark.sqlite_alone("nobody locks a whole database of PostgreSQL")
async def test_after_a_foreign_lock_an_owner_has_a_minute_to_confirm(
    in_other_hands: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.01)
    here = Store(str(in_other_hands.url))
    watch = OwnerWatch(here, clock)
    assert await looks(watch, clock, 5) == 0
    lock = ForeignLock(tmp_path / "paperwire.db")
    lock.take()
    for _ in range(18):
        with pytest.raises(StoreError):
            await looks(watch, clock, 1)
    lock.close()
    assert await looks(watch, clock, 6) == 0
    assert await looks(watch, clock, 1) == 1
    here.close()


def test_a_heartbeat_before_the_recovery_keeps_the_message(in_other_hands: Store, other: Store) -> None:
    seen = other_workers(in_other_hands)
    assert list(seen) == [other.worker]
    beat(other)
    assert recover_stalled(in_other_hands, seen) == 0
    assert states(in_other_hands) == ["sending"]


def test_a_reply_of_a_dead_worker_is_taken_over_once(store: Store, other: Store) -> None:
    gone = Store(str(store.url))
    for worker, update in ((gone, "1"), (other, "2")):
        apply_once(worker, "telegram", update, lambda _: '{"text": "hello"}', chat="telegram:1", now=NOON)
    gone.close()
    begin_worker(store, holds_sender_lock=True)
    assert [update for _, update, _ in unfinished_replies(store, now=NOON)] == ["1"]
    third = Store(str(store.url))
    begin_worker(third, holds_sender_lock=False)
    assert unfinished_replies(third, now=NOON) == []
    third.close()


async def running(app: App, *, once: bool) -> None:
    """`paperwire run`, and with `once` `paperwire run --once`."""
    sources: Any = Quiet()
    await run(app, sources, once=once, new_bot=False, pause_gone=False, say=lambda _: None)


class Beating(FakeClock):
    """Ends the waits between heartbeats, and those for the pace of sends; no other one."""

    async def sleep(self, seconds: float) -> None:
        if seconds < LOOK_INTERVAL:
            await super().sleep(seconds)
        await (asyncio.sleep(0.002) if seconds < LOOK_INTERVAL or seconds == BEAT_INTERVAL else asyncio.Event().wait())


async def beaten(other: Store, seen: dict[str, int]) -> None:
    """Waits until a worker with claims has sent a heartbeat, or should have."""
    for _ in range(300):
        if await asyncio.to_thread(other_workers, other) != seen:
            return


@pytest.mark.parametrize("how", ["deliver", "run --once"])
async def test_messages_of_a_living_deliver_or_run_once_are_left_to_it(
    how: str, tmp_path: Path, telegram: FakeTelegram, other: Store
) -> None:
    async with a_bot(tmp_path, telegram, AlarmClock(), read=100, database=str(other.url)) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        telegram.answers("hang after", chat="1")
        sending = asyncio.create_task(_deliver(app) if how == "deliver" else running(app, once=True))
        await asyncio.to_thread(telegram.waits_hanging)
        theirs = FakeClock(NOON)
        watch = OwnerWatch(other, theirs)
        for _ in range(2):
            assert await looks(watch, theirs, 4) == 0
            await beaten(other, other_workers(other))
        assert await looks(watch, theirs, 1) == 0
        assert states(other) == ["sending"]
        telegram.releases()
        await sending
        assert states(other) == ["sent"]
    assert len(telegram.posted_to("1")) == 1


async def test_replies_of_a_stalled_worker_are_posted_once(
    tmp_path: Path,
    telegram: FakeTelegram,
    store: Store,
    other: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.operation.worker.STALLED_AFTER", 0.0)
    message = Message(number=1, payload='{"text": "hello"}', plain="hello")
    reply = StoredReply(update="1", chat=address("telegram:42"), messages=(message,))
    clock = Beating(NOON)
    async with a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        begin_worker(other, holds_sender_lock=False)
        apply_once(other, "telegram", "1", lambda _: reply.to_json(), chat="telegram:42", now=NOON)
        process = asyncio.create_task(running(app, once=False))
        await posts(telegram, 1)
        app.stop.set()
        await process
    assert [entry.text for entry in telegram.posted_to("42")] == ["hello"]
    assert unfinished_replies(store, now=NOON) == []


async def test_a_worker_thought_dead_posts_no_taken_over_reply(
    tmp_path: Path, telegram: FakeTelegram, other: Store, clock: FakeClock
) -> None:
    message = Message(number=1, payload='{"text": "hello"}', plain="hello")
    reply = StoredReply(update="1", chat=address("telegram:42"), messages=(message,))
    async with a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        begin_worker(app.store, holds_sender_lock=False)
        apply_once(app.store, "telegram", "1", lambda _: reply.to_json(), chat="telegram:42", now=NOON)
        recover_stalled(other, other_workers(other))
        assert len(unfinished_replies(other, now=NOON)) == 1
        await send_reply(app.context, reply)
        assert telegram.posted_to("42") == []
        recover_stalled(app.store, other_workers(app.store))
        assert len(unfinished_replies(app.store, now=NOON)) == 1
        for _ in range(2):
            await send_reply(app.context, reply)
    assert len(telegram.posted_to("42")) == 1


async def test_a_reply_of_unknown_state_is_posted(tmp_path: Path, telegram: FakeTelegram, other: Store) -> None:
    """The server crashed after the commit and before its reply."""
    message = Message(number=1, payload='{"text": "hello"}', plain="hello")
    reply = StoredReply(update="1", chat=address("telegram:42"), messages=(message,))
    async with a_bot(tmp_path, telegram, Beating(NOON), database=str(other.url)) as app:
        process = asyncio.create_task(running(app, once=False))
        telegram.user_writes("/help")
        await posts(telegram, 1)
        apply_once(app.store, "telegram", "1", lambda _: reply.to_json(), chat="telegram:42", now=NOON)
        await posts(telegram, 2)
        app.stop.set()
        await process
    assert [entry.text for entry in telegram.posted_to("42")][1:] == ["hello"]


async def test_look_ups_of_a_stalled_worker_are_answered(
    tmp_path: Path, telegram: FakeTelegram, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.operation.worker.STALLED_AFTER", 0.0)
    chat = address("telegram:42")
    place = Place(chat=chat, kind=ChatKind.PRIVATE)
    request = MessageRequest(place=place, update_id="1", sender="42", text="2601.09001")
    clock = Beating(NOON)
    async with a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        begin_worker(other, holds_sender_lock=False)
        name, token = pending_lookup(request, ["2601.09001"])
        begin_lookup(other, name, token, now=NOON)
        process = asyncio.create_task(running(app, once=False))
        await posts(telegram, 1)
        app.stop.set()
        await process
    (posted,) = telegram.posted_to("42")
    assert "arXiv cannot be asked now, so I do not know 2601.09001" in posted.text
    assert requested_lookup(other, name, since=NOON) is None


def test_a_look_up_stays_with_a_working_worker(store: Store, other: Store) -> None:
    token = CallbackToken(verb="", place="telegram:1", arguments={"names": ["2601.09001"]})
    begin_lookup(other, "theirs", token, now=NOON)
    begin_worker(store, holds_sender_lock=True)
    begin_lookup(store, "ours", token, now=NOON)
    assert take_over_lookups(store, since=NOON) == ["ours"]
    seen = other_workers(store)
    assert list(seen) == [other.worker]
    recover_stalled(store, seen)
    assert take_over_lookups(store, since=NOON) == ["ours", "theirs"]
    assert end_lookup(store, "theirs", since=NOON)
    assert not end_lookup(other, "theirs", since=NOON)


def test_a_reply_is_taken_over_until_one_has_posted_it(store: Store, other: Store) -> None:
    apply_once(other, "telegram", "1", lambda _: '{"text": "hello"}', chat="telegram:1", now=NOON)
    begin_worker(store, holds_sender_lock=True)
    seen = other_workers(store)
    assert recover_stalled(store, seen) == 0
    assert [update for _, update, _ in unfinished_replies(store, now=NOON)] == ["1"]
    assert has_reply(store, "telegram", "1")
    assert not has_reply(other, "telegram", "1"), "it was taken for gone"
    assert list(other_workers(other)) == [store.worker]
    third = Store(str(store.url))
    begin_worker(third, holds_sender_lock=True)
    assert [update for _, update, _ in unfinished_replies(third, now=NOON)] == ["1"]
    assert unfinished_replies(third, now=NOON + timedelta(minutes=11)) == []
    assert list(other_workers(other)) == [third.worker]
    third.close()


def test_a_worker_that_others_took_for_gone_joins_them_again(store: Store, other: Store) -> None:
    """It was stopped for a while. What it claims from now on is its own again."""
    begin_worker(store, holds_sender_lock=False)
    recover_stalled(store, other_workers(store))
    assert other_workers(store) == {}
    beat(other)
    assert other_workers(store) == {other.worker: 1}
    end_worker(other)
    assert other_workers(store) == {}


async def test_workers_with_nothing_in_hand_are_forgotten_too(store: Store, other: Store) -> None:
    begin_worker(store, holds_sender_lock=False)
    clock = FakeClock(NOON)
    watch = OwnerWatch(store, clock, stalled_after=20)
    assert await watch.look() == 0
    assert list(other_workers(store)) == [other.worker]
    await clock.sleep(20)
    assert await watch.look() == 0
    assert other_workers(store) == {}
