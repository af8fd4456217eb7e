"""Delivery from due papers to a platform's journal: the real pipeline, real HTTP, a real SQLite file, a fake clock."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.delivery.planning import Sent
from bot.delivery.sender import Sender
from bot.operation.process import Process
from subscriptions.errors import StoreError
from subscriptions.model import Message
from subscriptions.service import plan as _plan
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.retention import claim_database
from subscriptions.service.sending import outbox_entries, retry_delivery
from subscriptions.states import DeliveryState
from subscriptions.store.platforms import bots, free_platforms, stopped_platforms
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import running
from tests.make import FakeClock, address, ingested, paper, subscribes

MINUTE = timedelta(minutes=1)
CUT = 9  # connections


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1")
        fake.knows("C2")
        yield fake


def links(fake: FakeTelegram | FakeSlack) -> list[str]:
    """Returns every arXiv id in the journal, in the order in which the platform took them."""
    return [found for entry in fake.journal for found in re.findall(r"arxiv\.org/abs/([\d.]+)", str(entry.payload))]


async def test_an_unreachable_platform_is_tried_once_per_call(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in ("1", "2", "3"):
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        telegram.goes_down()
        assert await app.sender.deliver() == Sent(planned=3, waiting=3)
        assert [entry.attempts for entry in outbox_entries(app.store, now=clock.now())] == [1, 1, 1]
        telegram.comes_back()
        assert (await app.sender.deliver()).sent == 0  # 30 seconds have not gone by
        clock.advance(timedelta(seconds=30))
        assert (await app.sender.deliver()).sent == 3
    assert len(telegram.journal) == 3


@pytest.mark.parametrize("fault", ["cut before", "cut after", "500", "broken json", "reset after", "text"])
async def test_an_unclear_slack_message_is_looked_up(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, fault: str
) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        ingested(app.store, paper("A graph", arxiv_id="2601.00001"))
        slack.answers(fault)
        assert await app.sender.deliver() == Sent(planned=1, sent=1, papers=1)
    assert links(slack).count("2601.00001") >= 1
    assert len(slack.posted_to("C1")) == 1
    assert clock.slept[0] == pytest.approx(2, abs=0.01)


async def test_lookups_on_a_failing_slack_become_rarer(tmp_path: Path, clock: FakeClock, slack: FakeSlack) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        slack.answers("cut after")
        slack.answers("500", times=10_000, method="conversations.history")
        asked = []
        for _ in range(60):  # five minutes, as often as `run` looks
            await app.sender.deliver()
            asked.append(len(slack.arrived("conversations.history")))
            clock.advance(timedelta(seconds=5))
        assert asked[12] >= 4  # in the first minute
        assert asked[-1] <= 20  # 60 at each look of `run`
        slack.forgives()
        clock.advance(MINUTE)
        assert (await app.sender.deliver()).sent == 1
    assert len(slack.posted_to("C1")) == 1


async def test_without_the_right_to_read_slack_follows_the_policy(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack
) -> None:
    slack.scopes.discard("channels:history")
    async with running(tmp_path, clock, slack=slack, on_unclear="skip") as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        slack.answers("cut after")
        assert (await app.sender.deliver()).unclear == 1
    assert len(slack.posted_to("C1")) == 1


@pytest.mark.parametrize("fault", ["cut before", "500"])
async def test_posts_to_a_failing_slack_become_rarer(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, fault: str
) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        slack.answers(fault, times=1000)
        ingested(app.store, paper("A graph"))
        for _ in range(60):  # a quarter of an hour
            await app.sender.deliver()
            clock.advance(timedelta(seconds=15))
        assert len(slack.arrived("chat.postMessage")) == 6  # twice at once, and after 30 s, 1, 2 and 4 minutes
        assert len(slack.arrived("conversations.history")) == 2 * 6
        slack.forgives()
        clock.advance(timedelta(minutes=9))
        assert (await app.sender.deliver()).sent == 1
    assert len(slack.posted_to("C1")) == 1


@pytest.mark.parametrize("fault", ["cut before", "cut after", "500"])
async def test_unreadable_slack_is_retried_no_oftener_than_telegram(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, telegram: FakeTelegram, fault: str
) -> None:
    slack.scopes.discard("channels:history")
    async with running(tmp_path, clock, slack=slack, telegram=telegram) as app:
        for chat, fake in (("slack:C1", slack), ("telegram:1", telegram)):
            subscribes(app.store, chat, "graph", every="now")
            fake.answers(fault, times=1000)
        ingested(app.store, paper("A graph"))
        for _ in range(66):  # a quarter of an hour
            await app.sender.deliver()
            clock.advance(timedelta(seconds=15))
        posts = [len(fake.arrived(method)) for fake, method in ((slack, "chat.postMessage"), (telegram, "sendMessage"))]
        assert posts[0] == posts[1] == 6  # at once, and after 30 s, 1, 2, 4 and 8 minutes
        assert len(slack.arrived("conversations.history")) <= 2 * posts[0]
        for fake in (slack, telegram):
            fake.forgives()
        clock.advance(timedelta(minutes=16))
        assert (await app.sender.deliver()).sent == 2


async def test_messages_left_to_a_person_hold_up_nothing(tmp_path: Path, clock: FakeClock, slack: FakeSlack) -> None:
    slack.scopes.discard("channels:history")
    async with running(tmp_path, clock, slack=slack, on_unclear="skip") as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        lookups = 0
        find = app.context.channels["slack"].find

        async def counting(*where: Any, **what: Any) -> str | None:
            nonlocal lookups
            lookups += 1
            assert lookups <= 2 * CUT, "the same messages are looked up again and again"
            return await find(*where, **what)

        app.context.channels["slack"].find = counting  # type: ignore[method-assign]
        for n in range(CUT):  # of each of them a look-up is tried, which counts like the posts of a turn
            ingested(app.store, paper(f"A graph of kind {n}"), now=clock.now())
            slack.answers("cut after")
            assert (await app.sender.deliver()).unclear == n + 1
            clock.advance(MINUTE)
        ingested(app.store, paper("A graph, at last"), now=clock.now())
        assert (await app.sender.deliver()).sent == 1
        assert lookups == CUT
    slack.scopes.add("channels:history")
    async with running(tmp_path, clock, slack=slack, on_unclear="skip") as app:  # a start looks once more
        assert (await app.sender.deliver()).unclear == 0
    assert len(slack.posted_to("C1")) == CUT + 1


async def test_a_refused_form_goes_out_plain_once_and_then_is_dead(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        app.context.engine.wake([])
        broken = [("<b>", "A graph, plain")]
        object.__setattr__(app.context, "render_delivery", _renders(broken))
        assert (await app.sender.deliver()).sent == 1
        assert [entry.text for entry in telegram.posted_to("1")] == ["A graph, plain"]
        clock.advance(MINUTE)
        ingested(app.store, paper("Another graph"), now=clock.now())
        object.__setattr__(app.context, "render_delivery", _renders([("<b>", "")]))
        assert (await app.sender.deliver()).dead == 1
        entry = next(e for e in outbox_entries(app.store, now=clock.now()) if e.state == "dead")
        object.__setattr__(app.context, "render_delivery", _renders(broken))
        retry_delivery(app.store, entry.id, now=clock.now())
        assert (await app.sender.deliver()).dead == 1  # what is stored is posted: the same bytes again


def _renders(texts: list[tuple[str, str]]) -> Callable[[object, object], tuple[object, ...]]:
    return lambda _, __: tuple(
        Message(
            number=n,
            payload=json.dumps({"text": text, "silent": True}),
            plain=json.dumps({"text": plain, "silent": True}),
        )
        for n, (text, plain) in enumerate(texts, 1)
    )


async def test_a_delivery_that_cannot_be_rendered_is_dead(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in ("1", "2"):
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        good = app.context.render_delivery
        object.__setattr__(
            app.context,
            "render_delivery",
            lambda d, layout: good(d, layout) if d.chat.address.address == "2" else 1 / 0,
        )
        sent = await app.sender.deliver()
        assert (sent.sent, sent.dead) == (1, 1)
        object.__setattr__(app.context, "render_delivery", good)
        dead = next(entry for entry in outbox_entries(app.store, now=clock.now()) if entry.state == "dead")
        retry_delivery(app.store, dead.id, now=clock.now())
        assert (await app.sender.deliver()).sent == 1
    assert [len(telegram.posted_to(chat)) for chat in ("1", "2")] == [1, 1]


async def test_a_chat_that_blocked_the_bot_is_paused_with_the_reason(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    telegram.knows("1")
    telegram.blocks("1")
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        sent = await app.sender.deliver()
        (entry,) = outbox_entries(app.store, now=clock.now())
        assert (sent.waiting, entry.state) == (1, "held")
        assert get_chat(app.store, address("telegram:1")).state_reason.startswith("gone: ")
        telegram.unblocks("1")
        retry_delivery(app.store, entry.id, now=clock.now())
        assert (await app.sender.deliver()).sent == 1  # a person said so, and nothing was lost meanwhile


async def test_a_gone_chat_that_subscribes_again_gets_messages(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    telegram.knows("1")
    telegram.blocks("1")
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        await app.sender.deliver()
        telegram.unblocks("1")
        subscribes(app.store, "telegram:1", "tree", every="now")
        assert (await app.sender.deliver()).sent == 1


async def test_a_long_rest_of_a_token_is_not_written_for_each_chat(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in range(1, 31):
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        telegram.answers("429", times=12, retry_after=300)
        first = await app.sender.deliver()
        asked = len(telegram.arrived("sendMessage"))
        assert (first.sent, first.waiting) == (0, 30)
        assert 2 <= asked < 12  # those that were on their way when the second answer came
        assert sum(entry.next_at is not None for entry in outbox_entries(app.store, now=clock.now())) == asked
        clock.advance(timedelta(seconds=200))
        assert (await app.sender.deliver()).sent == 0
        assert len(telegram.arrived("sendMessage")) == asked
        telegram.forgives()
        clock.advance(timedelta(seconds=101))
        assert (await app.sender.deliver()).sent == 30


async def test_when_many_chats_are_gone_the_platform_stops(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in range(1, 41):
            telegram.knows(str(chat))
            telegram.blocks(str(chat))
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        sent = await app.sender.deliver()
        assert "telegram" in sent.stopped
        states = {get_chat(app.store, address(f"telegram:{chat}")).state for chat in range(1, 41)}
        assert states == {"active"}
        for chat in range(1, 41):
            telegram.unblocks(str(chat))
        assert (await app.sender.deliver()).sent == 0  # it stays stopped until a person decides
        allow_pausing_gone(app)
        assert (await app.sender.deliver()).sent == 40


def allow_pausing_gone(app: App) -> None:
    """Sets what `run --pause-gone` sets."""
    free_platforms(app.store)
    app.sender = Sender(replace(app.context, guard_gone=False), app.platforms, app.stop)


async def test_with_the_operators_consent_all_gone_chats_are_paused(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in range(1, 21):
            telegram.knows(str(chat))
            telegram.blocks(str(chat))
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        allow_pausing_gone(app)
        await app.sender.deliver()
        assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {"held"}


async def test_a_mistyped_token_takes_no_database(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram) -> None:
    async with running(tmp_path, clock, telegram=telegram, token="999:mistyped") as app:
        await app.sender.deliver()
        assert "telegram" not in bots(app.store)
    async with running(tmp_path, clock, telegram=telegram) as app:
        await app.sender.deliver()
        assert bots(app.store)["telegram"] == "4242"
    telegram.revokes()
    async with running(tmp_path, clock, telegram=telegram, token="999:mistyped") as app:
        with pytest.raises(StoreError, match="another Telegram bot"):
            await app.sender.deliver()


@pytest.mark.parametrize("before", ["", "T9:U9"])
async def test_after_an_outage_the_owner_of_the_token_is_asked_for(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, before: str
) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        if before:
            claim_database(app.store, "slack", before)
        slack.goes_down()
        await app.sender.prepare()
        assert bots(app.store).get("slack", "") == before
        await app.sender.claim_again()
        slack.comes_back()
        await app.sender.claim_again()
        assert bots(app.store)["slack"] == (before or "T0TEST:U0BOT")
        assert ("slack" in stopped_platforms(app.store)) == bool(before)


async def test_no_limit_is_passed_in_any_window(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram) -> None:
    starts: list[float] = []
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in range(1, 61):
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        post = app.context.channels["telegram"].post

        async def timed(*args: object, **options: object) -> str:
            starts.append(clock.monotonic())
            return await post(*args, **options)  # type: ignore[arg-type]

        app.context.channels["telegram"].post = timed  # type: ignore[method-assign]
        await app.sender.deliver()
    assert len(starts) == 60
    assert all(sum(t <= s < t + 1 for s in starts) <= 30 for t in starts)


async def test_the_first_messages_go_out_while_others_are_planned(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        process, drains = Process(app, app.source_scheduler()), list[bool]()
        planned_slice = _plan._plan_slice

        def noted(*given: Any) -> Any:
            drains.append(process._drain is not None)
            return planned_slice(*given)

        async def nothing() -> None:
            """No source is read."""

        monkeypatch.setattr(_plan, "SLICE", 1)
        monkeypatch.setattr(_plan, "_plan_slice", noted)
        monkeypatch.setattr(process.sources, "poll", nothing)
        for number in (1, 2, 3):
            subscribes(app.store, f"telegram:{number}", "graph", every="now", now=clock.now())
        ingested(app.store, paper("A graph"), now=clock.now())
        await process.tick()
        await process.finish()
        assert drains == [False, True, True]
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == [DeliveryState.SENT] * 3


async def test_a_message_left_in_hand_frees_its_lane_in_the_end(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        process, channel = Process(app, app.source_scheduler()), app.context.channels["telegram"]
        post = channel.post

        async def breaks_off(*_: object, **__: object) -> str:
            monkeypatch.setattr(channel, "post", post)
            raise asyncio.CancelledError

        async def nothing() -> None:
            """No source is read."""

        monkeypatch.setattr(channel, "post", breaks_off)
        monkeypatch.setattr(process.sources, "poll", nothing)
        subscribes(app.store, "telegram:1", "graph", every="now", now=clock.now())
        ingested(app.store, paper("A graph"), now=clock.now())
        for _ in range(4):
            await process.tick()
            await process.finish()
            clock.advance(timedelta(seconds=1))
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == [DeliveryState.SENT]
    assert len(links(telegram)) == 1
