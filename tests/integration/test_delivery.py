"""Delivery from due papers to a platform's journal: the real pipeline, real HTTP, a real SQLite file, a fake clock."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.delivery.planning import Sent
from bot.delivery.sender import Sender
from bot.operation.process import Process
from subscriptions.model import Message
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import set_settings
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.retention import claim_database
from subscriptions.service.sending import outbox_entries, retry_delivery
from subscriptions.states import DeliveryState
from subscriptions.store.platforms import bots, free_platforms, stopped_platforms
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import running
from tests.make import FakeClock, address, ingested, paper, subscribes, summary

MINUTE = timedelta(minutes=1)
CUT = 9  # connections


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram) -> AsyncIterator[App]:
    """A bot on Telegram."""
    async with running(tmp_path, clock, telegram=telegram) as made:
        yield made


@pytest.fixture
def a_graph(app: App) -> None:
    """A chat wants papers on graphs at once, and one has come."""
    subscribes(app.store, "telegram:1", "graph", every="now")
    ingested(app.store, paper("A graph"))


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1")
        fake.knows("C2")
        yield fake


def links(fake: FakeTelegram | FakeSlack) -> list[str]:
    """Returns every arXiv id in the journal, in the order in which the platform took them."""
    return [found for entry in fake.journal for found in re.findall(r"arxiv\.org/abs/([\d.]+)", str(entry.payload))]


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


async def test_posts_to_a_failing_slack_become_rarer(tmp_path: Path, clock: FakeClock, slack: FakeSlack) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        slack.answers("500", times=1000)
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


async def test_unreadable_slack_is_retried_no_oftener_than_telegram(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, telegram: FakeTelegram
) -> None:
    slack.scopes.discard("channels:history")
    async with running(tmp_path, clock, slack=slack, telegram=telegram) as app:
        for chat, fake in (("slack:C1", slack), ("telegram:1", telegram)):
            subscribes(app.store, chat, "graph", every="now")
            fake.answers("500", times=1000)
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


@pytest.mark.usefixtures("a_graph")
async def test_a_refused_form_goes_out_plain_once_and_then_is_dead(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
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


async def test_a_delivery_that_cannot_be_rendered_is_dead(app: App, clock: FakeClock, telegram: FakeTelegram) -> None:
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


async def test_a_long_rest_of_a_token_is_not_written_for_each_chat(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
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


async def test_when_many_chats_are_gone_the_platform_stops(app: App, telegram: FakeTelegram) -> None:
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
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    for chat in range(1, 21):
        telegram.knows(str(chat))
        telegram.blocks(str(chat))
        subscribes(app.store, f"telegram:{chat}", "graph", every="now")
    ingested(app.store, paper("A graph"))
    allow_pausing_gone(app)
    await app.sender.deliver()
    assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {"held"}


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


async def test_the_first_messages_go_out_while_others_are_planned(
    app: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    app: App, clock: FakeClock, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
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


# --------------- sent messages are edited when a paper is withdrawn or its summary comes late, and are never sent again


HOUR = timedelta(hours=1)
SEEN = paper("A graph", arxiv_id="2601.90001", version=1)
GONE = "This paper has been withdrawn by the authors due to an error in Lemma 2."


async def test_one_call_sends_what_is_new_and_edits_what_is_out(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    subscribes(app.store, "telegram:1", "graph", every="now")
    ingested(app.store, SEEN)
    await app.sender.deliver()
    clock.advance(timedelta(days=9))
    gone = paper("A graph", arxiv_id="2601.90001", version=2, abstract=GONE)
    ingested(app.store, gone, paper("Another graph"), name="later", now=clock.now())
    assert (await app.sender.deliver()).sent == 1
    assert len(telegram.edits_in("1")) == 1


async def test_a_summary_within_two_days_edits_the_message_silently(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    subscribes(app.store, "telegram:1", "graph", every="now")
    subscribes(app.store, "telegram:2", "graph", every="now")
    set_settings(app.store, address("telegram:1"), {"lang": "zh"}, now=clock.now())
    ingested(app.store, paper("A graph", arxiv_id="2601.90001", abstract="About graphs."))
    await app.sender.deliver()
    clock.advance(47 * HOUR)
    ingested(
        app.store,
        paper("A graph", arxiv_id="2601.90001", summaries=summary("图的研究。", "zh")),
        name="summary",
        now=clock.now(),
    )
    await app.sender.deliver()
    assert "图的研究" in telegram.edits_in("1")[0].text
    assert telegram.edits_in("2") == []
    clock.advance(2 * HOUR)
    ingested(
        app.store,
        paper("A graph", arxiv_id="2601.90001", summaries=summary("On graphs.", "en")),
        name="english",
        now=clock.now(),
    )
    await app.sender.deliver()
    assert telegram.edits_in("2") == []


async def test_an_edit_that_meets_a_broken_line_is_made_later(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    subscribes(app.store, "telegram:1", "graph", every="now")
    ingested(app.store, SEEN)
    await app.sender.deliver()
    ingested(app.store, paper("A graph", arxiv_id="2601.90001", version=2, comment=GONE), name="later")
    telegram.answers("429", method="editMessageText", retry_after=60)
    await app.sender.deliver()
    assert telegram.edits_in("1") == []
    clock.advance(timedelta(seconds=62))
    await app.sender.deliver()
    assert len(telegram.edits_in("1")) == 1


async def test_a_message_that_is_gone_is_not_edited_again_and_again(
    app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    subscribes(app.store, "telegram:1", "graph", every="now")
    ingested(app.store, SEEN)
    await app.sender.deliver()
    telegram.deletes_message("1", telegram.posted_to("1")[0].id)
    ingested(app.store, paper("A graph", arxiv_id="2601.90001", version=2, comment=GONE), name="later")
    for _ in range(3):
        clock.advance(20 * MINUTE)
        await app.sender.deliver()
    assert len(telegram.arrived("editMessageText")) == 1
