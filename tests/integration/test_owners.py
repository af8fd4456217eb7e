"""Rule 14 (docs/architecture.md): a worker owns the message that it is sending, and a lane has one sender at a time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.cli.running import _deliver
from bot.commands.paper_lookup import pending_lookup
from bot.conversation import reply_sender
from bot.delivery.lane_sender import DrainState
from bot.delivery.sender import plan
from bot.operation.health import LOOK_INTERVAL
from bot.operation.process import run
from bot.operation.worker import BEAT_INTERVAL, OwnerWatch
from bot.ports import conversation
from subscriptions import errors, model
from subscriptions.service import sending
from subscriptions.service.chat_status import apply_once
from subscriptions.service.plan import plan_due
from subscriptions.store import claims, conversations, workers
from subscriptions.store.database.store import Store
from subscriptions.store.moving import chat_moved
from tests import make
from tests.being_sent import being_sent, request
from tests.fakes.telegram import FakeTelegram
from tests.integration import locked, telegram_bot
from tests.patience import PATIENCE
from tests.stored import rows

pytestmark = pytest.mark.both_databases


def states(store: Store) -> list[str]:
    return [state for (state,) in rows(store, "SELECT state FROM message ORDER BY delivery")]


async def test_a_start_recovers_only_what_nobody_has_in_hand(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock, store: Store, other: Store
) -> None:
    async with telegram_bot.a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        make.due(app.store, "telegram:1", "telegram:2", "telegram:3")
        await plan(app.context, DrainState())
        being_sent(other, request("1"))
        workers.begin_worker(store, holds_sender_lock=True)  # `store` is a process that is killed while it sends
        being_sent(store, request("2"))
        await app.sender.deliver()
        assert states(app.store) == ["sending", "sent", "sent"]
    assert [len(telegram.posted_to(chat)) for chat in ("1", "2", "3")] == [0, 1, 1]


@pytest.fixture
def in_other_hands(store: Store, other: Store) -> Store:
    """A store with one message, which the worker `other` is sending."""
    workers.begin_worker(store, holds_sender_lock=True)
    make.due(store, "telegram:1")
    plan_due(store, now=make.NOON)
    being_sent(other, request("1"))
    return store


async def looks(watch: OwnerWatch, clock: make.FakeClock, times: int) -> int:
    """Lets the watch look `times` times, ten seconds apart. Returns how many messages it recovered."""
    recovered = 0
    for _ in range(times):
        clock.advance(timedelta(seconds=10))
        recovered += await watch.look()
    return recovered


async def test_a_stalled_worker_loses_its_message_after_a_minute(
    in_other_hands: Store, other: Store, clock: make.FakeClock
) -> None:
    watch = OwnerWatch(in_other_hands, clock)
    for _ in range(30):
        assert await looks(watch, clock, 1) == 0
        workers.beat(other)
    clock.step(timedelta(days=400))  # a person sets the machine's clock
    assert await looks(watch, clock, 6) == 0
    assert states(in_other_hands) == ["sending"]
    assert await looks(watch, clock, 1) == 1
    assert states(in_other_hands) == ["unclear"]


@pytest.mark.sqlite_alone("nobody locks a whole database of PostgreSQL")
async def test_after_a_foreign_lock_an_owner_has_a_minute_to_confirm(
    in_other_hands: Store, clock: make.FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.01)
    here = Store(str(in_other_hands.url))
    watch = OwnerWatch(here, clock)
    assert await looks(watch, clock, 5) == 0
    lock = locked.ForeignLock(tmp_path / "paperwire.db")
    lock.take()
    for _ in range(18):
        with pytest.raises(errors.StoreError):
            await looks(watch, clock, 1)
    lock.close()
    assert await looks(watch, clock, 6) == 0
    assert await looks(watch, clock, 1) == 1
    here.close()


async def running(app: App, *, once: bool) -> None:
    """Runs `paperwire run`, or `paperwire run --once`."""
    sources: Any = telegram_bot.Quiet()
    await run(app, sources, once=once, new_bot=False, pause_gone=False, say=lambda _: None)


HELLO = model.Message(number=1, payload='{"text": "hello"}', plain="hello")
REPLY, LATER_REPLY = (
    reply_sender.StoredReply(update=update, chat=make.address("telegram:42"), messages=(HELLO,))
    for update in ("1", "3")
)


class Beating(make.FakeClock):
    """A clock whose waits end at once if they are waits between heartbeats or between sends. Other waits never end."""

    async def sleep(self, seconds: float) -> None:
        if seconds < LOOK_INTERVAL:
            await super().sleep(seconds)
        await (asyncio.sleep(0) if seconds < LOOK_INTERVAL or seconds == BEAT_INTERVAL else asyncio.Event().wait())


async def beaten(other: Store, seen: dict[str, int]) -> None:
    """Waits until another worker has sent a heartbeat since `seen` was read."""
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(workers.other_workers, other) == seen:
            pass


@pytest.mark.parametrize("how", ["deliver", "run --once"])
async def test_messages_of_a_living_deliver_or_run_once_are_left_to_it(
    how: str, tmp_path: Path, telegram: FakeTelegram, other: Store
) -> None:
    async with telegram_bot.a_bot(tmp_path, telegram, locked.AlarmClock(), read=100, database=str(other.url)) as app:
        make.due(app.store, "telegram:1")
        telegram.answers("hang after", chat="1")
        sending = asyncio.create_task(_deliver(app) if how == "deliver" else running(app, once=True))
        await asyncio.to_thread(telegram.waits_hanging)
        theirs = make.FakeClock(make.NOON)
        watch = OwnerWatch(other, theirs)
        for _ in range(2):
            assert await looks(watch, theirs, 4) == 0
            await beaten(other, workers.other_workers(other))
        assert await looks(watch, theirs, 1) == 0
        assert states(other) == ["sending"]
        telegram.releases()
        await sending
        assert states(other) == ["sent"]
    assert len(telegram.posted_to("1")) == 1


async def test_what_a_stalled_worker_owed_is_answered_once(
    tmp_path: Path, telegram: FakeTelegram, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker stalls while it owes one person a reply and another person the look-up of a paper. A second worker posts
    both answers, once.

    It also posts a reply of its own that is stored but was not posted, as after a crash of the database server.
    """
    monkeypatch.setattr("bot.operation.worker.STALLED_AFTER", 0.0)
    place = conversation.Place(chat=make.address("telegram:43"), kind=model.ChatKind.PRIVATE)
    asked = conversation.MessageRequest(place=place, update_id="2", sender="43", text="2601.09001")
    async with telegram_bot.a_bot(tmp_path, telegram, Beating(make.NOON), database=str(other.url)) as app:
        workers.begin_worker(other, holds_sender_lock=False)
        apply_once(other, "telegram", "1", lambda _: REPLY.to_json(), chat="telegram:42", now=make.NOON)
        name, token = pending_lookup(asked, ["2601.09001"])
        conversations.begin_lookup(other, name, token, now=make.NOON)
        process = asyncio.create_task(running(app, once=False))
        await telegram_bot.posts(telegram, 2)
        apply_once(app.store, "telegram", "3", lambda _: LATER_REPLY.to_json(), chat="telegram:42", now=make.NOON)
        await telegram_bot.posts(telegram, 3)
        app.stop.set()
        await process
        assert conversations.unfinished_replies(app.store, now=make.NOON) == []
    assert [entry.text for entry in telegram.posted_to("42")] == ["hello", "hello"]
    (posted,) = telegram.posted_to("43")
    assert "arXiv cannot be asked now, so I do not know 2601.09001" in posted.text
    assert conversations.requested_lookup(other, name, since=make.NOON) is None


async def test_a_worker_thought_dead_posts_no_taken_over_reply(
    tmp_path: Path, telegram: FakeTelegram, other: Store, clock: make.FakeClock
) -> None:
    async with telegram_bot.a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        workers.begin_worker(app.store, holds_sender_lock=False)
        apply_once(app.store, "telegram", "1", lambda _: REPLY.to_json(), chat="telegram:42", now=make.NOON)
        workers.recover_stalled(other, workers.other_workers(other))
        assert len(conversations.unfinished_replies(other, now=make.NOON)) == 1
        await reply_sender.send_reply(app.context, REPLY)
        assert telegram.posted_to("42") == []
        workers.recover_stalled(app.store, workers.other_workers(app.store))
        assert len(conversations.unfinished_replies(app.store, now=make.NOON)) == 1
        for _ in range(2):
            await reply_sender.send_reply(app.context, REPLY)
    assert len(telegram.posted_to("42")) == 1


def test_a_look_up_stays_with_a_working_worker(store: Store, other: Store) -> None:
    token = model.CallbackToken(verb="", place="telegram:1", arguments={"names": ["2601.09001"]})
    conversations.begin_lookup(other, "theirs", token, now=make.NOON)
    workers.begin_worker(store, holds_sender_lock=True)
    conversations.begin_lookup(store, "ours", token, now=make.NOON)
    assert conversations.take_over_lookups(store, since=make.NOON) == ["ours"]
    seen = workers.other_workers(store)
    assert list(seen) == [other.worker]
    workers.recover_stalled(store, seen)
    assert conversations.take_over_lookups(store, since=make.NOON) == ["ours", "theirs"]
    assert conversations.end_lookup(store, "theirs", since=make.NOON)
    assert not conversations.end_lookup(other, "theirs", since=make.NOON)


def test_a_reply_is_taken_over_until_one_has_posted_it(store: Store, other: Store) -> None:
    apply_once(other, "telegram", "1", lambda _: '{"text": "hello"}', chat="telegram:1", now=make.NOON)
    workers.begin_worker(store, holds_sender_lock=True)
    seen = workers.other_workers(store)
    assert workers.recover_stalled(store, seen) == 0
    assert [update for _, update, _ in conversations.unfinished_replies(store, now=make.NOON)] == ["1"]
    assert conversations.has_reply(store, "telegram", "1")
    assert not conversations.has_reply(other, "telegram", "1"), "it was taken for gone"
    assert list(workers.other_workers(other)) == [store.worker]
    third = Store(str(store.url))
    workers.begin_worker(third, holds_sender_lock=True)
    assert [update for _, update, _ in conversations.unfinished_replies(third, now=make.NOON)] == ["1"]
    assert conversations.unfinished_replies(third, now=make.NOON + timedelta(minutes=11)) == []
    assert list(workers.other_workers(other)) == [third.worker]
    third.close()


async def test_a_worker_that_others_took_for_gone_joins_them_again(
    in_other_hands: Store, other: Store, clock: make.FakeClock
) -> None:
    """A worker was stopped for a while, and the others recovered its messages. After its next heartbeat they count it again."""
    seen = workers.other_workers(in_other_hands)
    assert list(seen) == [other.worker]
    workers.beat(other)
    assert workers.recover_stalled(in_other_hands, seen) == 0, "it sent a heartbeat before the recovery"
    assert states(in_other_hands) == ["sending"]
    watch = OwnerWatch(in_other_hands, clock, stalled_after=20)
    assert await looks(watch, clock, 3) == 1
    assert workers.other_workers(in_other_hands) == {}
    workers.beat(other)
    assert workers.other_workers(in_other_hands) == {other.worker: 1}
    assert await looks(watch, clock, 3) == 0
    assert workers.other_workers(in_other_hands) == {}, "workers with nothing in hand are forgotten too"


# ── A lane has one sender at a time: of two claims in one lane, the database refuses the second ───────────────────────

GROUP = "-100"
TOPICS = ("telegram:-100", "telegram:-100/7")


def due(store: Store, *chats: str) -> None:
    """Plans a delivery of one paper to each of these chats, and renders the deliveries."""
    make.due(store, *chats)
    plan_due(store, now=make.NOON)
    seqs = range(1, len(chats) + 1)
    message = model.Message(number=1, payload='{"text": "A graph"}', plain="A graph")
    claims.store_rendered(store, [claims.Rendered(seq=seq, messages=(message,)) for seq in seqs], now=make.NOON)


def next_of(store: Store, lane: str = GROUP) -> claims.Claim:
    step = claims.claim(store, request(lane))
    assert isinstance(step, claims.Claim)
    return step


def in_hand(store: Store) -> list[tuple[int, str]]:
    return rows(store, "SELECT delivery, state FROM message ORDER BY delivery")


ENDS: dict[str, Callable[[Store, claims.Claim], object]] = {
    "the message is confirmed": lambda store, first: claims.confirm(store, first, "m1", request(GROUP)),
    "the attempt has failed": lambda store, first: sending.record_outcome(
        store, first, errors.RetryLater("busy", timedelta(0)), on_unclear="resend", now=make.NOON, wall=make.NOON
    ),
    "what was in hand is recovered": lambda store, _: workers.recover_own(store),
}


@pytest.mark.parametrize("ends", ENDS)
def test_a_lane_has_one_message_in_hand_until_its_outcome_is_stored(store: Store, other: Store, ends: str) -> None:
    """While one worker sends a message, no other worker may send in the same lane, even if it has claimed a message.

    The second claim is possible because an operator dismisses the delivery that is being sent.
    """
    due(store, *TOPICS, "telegram:1", "postbox:-100")
    first = next_of(store)
    assert claims.mark_sending(store, first, wall=make.NOON)
    sending.dismiss(store, first.delivery, now=make.NOON)
    second = next_of(store)
    assert (first.seq, second.seq) == (1, 2)
    assert not claims.mark_sending(other, second, wall=make.NOON)
    assert in_hand(store)[:2] == [(1, "sending"), (2, "ready")]
    assert claims.mark_sending(other, next_of(store, "1"), wall=make.NOON)  # another lane need not wait
    ENDS[ends](store, first)
    assert claims.mark_sending(other, second, wall=make.NOON)


def test_merged_groups_keep_what_they_have_in_hand(store: Store, other: Store) -> None:
    due(store, "telegram:-1", "telegram:-2")
    for worker, place in ((store, "-1"), (other, "-2")):
        assert claims.mark_sending(worker, next_of(store, place), wall=make.NOON)
    (gone, _) = sending.outbox_entries(store, now=make.NOON)
    chat_moved(store, make.address(gone.chat), "-2", now=make.NOON)
    assert in_hand(store) == [(1, "sending"), (2, "sending")]
    assert claims.claim(store, request("-2")) is None
