"""Delivery from the outbox to a platform, and chats that are gone or forgotten."""

import asyncio
import re
from collections import abc
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.app import App
from bot.delivery import sender
from bot.delivery.chat_queue import deliver
from bot.delivery.send_round import CONCURRENCY
from bot.delivery.sender import Sender
from bot.run.process import Process
from subscriptions.database import bot_state
from subscriptions.errors import StoreError
from subscriptions.maintenance import retention
from subscriptions.model import DeliveryState, Lane
from subscriptions.outbox.retries import FIRST_WAIT, LONGEST_WAIT
from subscriptions.outbox.stored import entries as outbox
from tests.clock import FakeClock
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.integration import locked
from tests.integration.program import Quiet, running
from tests.integration.slack_bot import a_bot
from tests.make import MINUTE, address, due


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram) -> abc.AsyncIterator[App]:
    """A bot on Telegram."""
    async with running(tmp_path, clock, telegram=telegram) as made:
        yield made


async def test_a_delivery_to_one_chat_takes_ten_transactions(app: App, telegram: FakeTelegram) -> None:
    await Sender(app).deliver()  # learns whose database it is
    due(app.store, "telegram:42")
    begun: list[str] = []
    event.listen(app.store._engine, "begin", lambda connection: begun.append(str(connection)))
    assert (await Sender(app).deliver()).sent == 1
    assert len(begun) == 10


def entries(app: App) -> abc.Iterable[outbox.OutboxEntry]:
    return outbox.outbox_entries(app.store, now=app.clock.now())


async def test_a_delivery_that_cannot_be_rendered_is_dead(
    app: App, clock: FakeClock, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    due(app.store, "telegram:1", "telegram:2")
    good = app.render_delivery
    object.__setattr__(
        app,
        "render_delivery",
        lambda d: good(d) if d.chat.address.address == "2" else 1 / 0,
    )
    sent = await Sender(app).deliver()
    assert (sent.sent, sent.dead) == (1, 1)
    (record,) = [one for one in caplog.records if "rendered" in one.getMessage()]
    said = record.getMessage()
    assert re.fullmatch(
        r"Delivery \w+ cannot be rendered: ZeroDivisionError in <lambda>, integration/test_delivery\.py, line \d+", said
    )
    assert (vars(record)["chat"], vars(record)["delivery"] in said) == ("telegram:1", True)
    object.__setattr__(app, "render_delivery", good)
    app.store.write_now(
        outbox.retry,
        next(entry for entry in entries(app) if entry.state == "dead").id,
        now=clock.now(),
    )
    assert (await Sender(app).deliver()).sent == 1
    assert [len(telegram.posted_to(chat)) for chat in ("1", "2")] == [1, 1]


async def test_a_long_rest_of_a_token_is_not_written_for_each_chat(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    due(app.store, *(f"telegram:{chat}" for chat in range(1, 31)))
    telegram.answers("429", times=12, retry_after=300)
    first = await Sender(app).deliver()
    asked = len(telegram.arrived("sendMessage"))
    assert (first.sent, first.waiting) == (0, 30)
    assert 2 <= asked < 12  # some requests were on their way when the second 429 told that the whole token must wait
    assert sum(entry.next_at is not None for entry in entries(app)) == asked
    clock.advance(timedelta(seconds=200))
    assert (await Sender(app).deliver()).sent == 0
    assert len(telegram.arrived("sendMessage")) == asked
    telegram.forgives()
    clock.advance(timedelta(seconds=101))
    assert (await Sender(app).deliver()).sent == 30


@pytest.mark.parametrize("before", ["", "T9:U9"])
async def test_after_an_outage_the_owner_of_the_token_is_asked_for(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, before: str
) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        if before:
            app.store.write_now(bot_state.claim_database, {"slack": before})
        slack.goes_down()
        sending = Sender(app)
        await sending.prepare()
        assert app.store.read_now(bot_state.bots).get("slack", "") == before
        await sending.retry_bot_check()
        slack.comes_back()
        await sending.retry_bot_check()
        assert app.store.read_now(bot_state.bots)["slack"] == (before or "T0TEST:U0BOT")
        assert ("slack" in app.store.read_now(bot_state.stopped_platforms)) == bool(before)


async def test_replies_that_take_minutes_hold_up_no_other_chat(app: App, telegram: FakeTelegram) -> None:
    busy = [Lane("telegram", str(number)) for number in range(1, CONCURRENCY + 2)]
    due(app.store, *(f"telegram:{lane.address}" for lane in busy), "telegram:99")
    async with AsyncExitStack() as replies:
        for lane in busy:
            await replies.enter_async_context(app.pace.posting(lane))
        delivering = asyncio.create_task(Sender(app).deliver())
        await asyncio.to_thread(telegram.waits_for_journal, 1)
        assert [entry.chat for entry in telegram.journal] == ["99"]
    assert (await delivering).sent == len(busy) + 1


async def test_after_an_error_of_the_store_no_other_lane_begins_a_post(
    app: App, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(app.store, "telegram:1", "telegram:2")
    drain = Sender(app).new_round({})
    await sender.plan(app, drain)
    with monkeypatch.context() as broken:
        broken.setattr("subscriptions.outbox.stored.claims.claim", locked.away)
        with pytest.raises(StoreError):
            await deliver(app, drain, Lane("telegram", "1"))
    await deliver(app, drain, Lane("telegram", "2"))
    assert telegram.posted_to("2") == []
    await deliver(app, Sender(app).new_round({}), Lane("telegram", "2"))
    assert len(telegram.posted_to("2")) == 1


async def test_a_message_left_in_hand_frees_its_lane_in_the_end(
    app: App, clock: FakeClock, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, channel = Process(app, Quiet()), app.platforms["telegram"]  # type: ignore[arg-type]
    post = channel.post

    async def breaks_off(*_: object, **__: object) -> str:
        monkeypatch.setattr(channel, "post", post)
        raise asyncio.CancelledError

    monkeypatch.setattr(channel, "post", breaks_off)
    due(app.store, "telegram:1")
    for _ in range(4):
        await process.tick()
        await process.finish()
        clock.advance(timedelta(seconds=1))
    assert [entry.state for entry in entries(app)] == [DeliveryState.SENT]
    assert len(telegram.posted_to("1")) == 1


# a chat is forgotten while a message of it is on its way


@pytest.mark.parametrize(
    ("moment", "answer", "refusal"),
    [
        ("post", "", ""),
        ("post", "500", ""),
        ("post", "", "channel_not_found"),
        ("post", "", "thread_not_found"),
        ("find", "cut after", ""),
        ("find", "cut after", "channels:history"),
    ],
)
async def test_a_chat_may_be_forgotten_while_a_message_is_on_its_way(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, *, moment: str, answer: str, refusal: str
) -> None:
    """A chat is forgotten while its message is posted, or while the bot looks for the message on Slack. Whatever Slack
    answers, the bot goes on with the other chat.
    """
    if answer:
        slack.answers(answer, chat="C1")
    if refusal == "channels:history":
        slack.withdraws(refusal)
    elif refusal:
        slack.forbids("C1", refusal)
    async with a_bot(tmp_path, slack, clock) as app:
        due(app.store, "slack:C1", "slack:C2")
        _after_the_first(app, moment, lambda: app.store.write_now(retention.forget, address("slack:C1")))
        await Sender(app).send_once()
        assert {entry.chat for entry in entries(app)} == {"slack:C2"}
        assert await Sender(app).send_once() == sender.Sent()
    assert len(slack.posted_to("C2")) == 1


def _after_the_first(app: App, moment: str, happens: abc.Callable[[], object]) -> None:
    """Calls `happens` when Slack has answered the first post or look-up of C1, before the bot stores the answer.

    `moment` is the method of the channel: "post" or "find".
    """
    channel = app.platforms["slack"]
    call = getattr(channel, moment)
    seen: list[bool] = []

    async def calling(chat: Any, *what: Any, **more: Any) -> str | None:
        try:
            found: str | None = await call(chat, *what, **more)
        finally:
            if str(chat) == "slack:C1" and not seen:
                seen.append(True)
                happens()
        return found

    setattr(channel, moment, calling)


@pytest.mark.parametrize(("readable", "posts"), [(True, 7), (False, 6)])
async def test_posts_to_a_failing_platform_become_rarer(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, telegram: FakeTelegram, *, readable: bool, posts: int
) -> None:
    """Both platforms fail for a quarter of an hour.

    The bot posts about as rarely to a Slack whose history it may not read as

    to Telegram, which has no history for bots.
    """
    if not readable:
        slack.scopes.discard("channels:history")
    async with running(tmp_path, clock, slack=slack, telegram=telegram) as app:
        due(app.store, "slack:C1", "telegram:1")
        for fake in (slack, telegram):
            fake.answers("500", times=1000)
        for _ in range(66):
            await Sender(app).deliver()
            clock.advance(FIRST_WAIT / 2)
        # the waits between posts become longer: 1, 2, 4, 8 and 16 times the first, which are 62 of these steps
        assert (len(slack.arrived("chat.postMessage")), len(telegram.arrived("sendMessage"))) == (posts, 6)
        assert len(slack.arrived("conversations.history")) <= 2 * posts
        for fake in (slack, telegram):
            fake.forgives()
        clock.advance(LONGEST_WAIT + MINUTE)
        assert (await Sender(app).deliver()).sent == 2
    assert len(slack.posted_to("C1")) == 1
