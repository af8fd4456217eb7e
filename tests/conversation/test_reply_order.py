"""The replies of a lane are posted in the order of their requests, within the rate limit. Idle lanes use no memory."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.conversation.reply_sender import StoredReply, send_reply
from bot.delivery.lane_sender import deliver
from bot.delivery.sender import EmbeddedEngine, plan
from bot.dependencies import Dependencies
from bot.platforms.telegram.adapter import TelegramChannel
from bot.ports.channel import Limits
from bot.ports.rate_limiter import RateLimiter
from subscriptions.store.database.store import Store
from tests.bot_harness import Answer, BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.make import address, ingested, paper
from tests.programs.faults.simulated import AlarmClock

CHATS = ["telegram:42", "telegram:43"]


def stored(answer: Answer) -> StoredReply:
    assert answer.stored_reply
    return answer.stored_reply


async def test_replies_keep_their_order_and_their_locks_end_with_them(bot: BotHarness) -> None:
    post = Deliverer(bot)
    engine = EmbeddedEngine(bot.clock, post.deps.rate_limiter)
    deps = replace(post.deps, engine=engine)
    said = [(chat, await bot.says(words, chat)) for chat in CHATS for words in ("/list", "/help about", "/status")]
    sending = [asyncio.create_task(send_reply(deps, stored(answer))) for _, answer in said]
    await asyncio.sleep(0)
    assert {lane.address for lane in engine._posting} == {"42", "43"}
    await asyncio.gather(*sending)
    for chat in CHATS:
        assert [one.text for one in post.to(chat)] == [answer.text for where, answer in said if where == chat]
    del sending
    assert not engine._posting


def paced(post: Deliverer, bot: BotHarness, limits: Limits) -> Dependencies:
    """Returns the deps of a deliverer with a rate limiter."""
    limiter = RateLimiter({"telegram": limits})
    return replace(post.deps, rate_limiter=limiter, engine=EmbeddedEngine(bot.clock, limiter))


async def test_answers_and_papers_of_a_chat_share_its_rate(store: Store) -> None:
    bot = BotHarness(store, clock=AlarmClock())
    post = Deliverer(bot)
    deps = paced(post, bot, TelegramChannel.limits)
    chats = [f"telegram:{number}" for number in range(40, 48)]
    for chat in chats:
        for words in ("/sub graph now", "/set limit all"):
            await bot.says(words, chat)
    ingested(store, *(paper(f"A graph of kind {n}", abstract="Text. " * 60) for n in range(60)))
    await plan(deps, post.drain_state)
    said = [await bot.says("/list", chat) for chat in chats for _ in range(6)]
    deps.engine.wake([address(chat).lane for chat in chats])
    papers = asyncio.create_task(deps.engine.run(partial(deliver, deps, post.drain_state)))
    await asyncio.gather(papers, *(send_reply(deps, stored(answer)) for answer in said))
    for chat in chats:
        posts = post.posts_in(chat)
        assert {one.delivery.startswith("reply") for one in posts} == {True, False}
        assert all(later.at - one.at > timedelta(seconds=2.9) for one, later in zip(posts, posts[3:], strict=False))


async def test_what_is_sent_while_an_answer_waits_for_the_token_counts(store: Store) -> None:
    clock = AlarmClock()
    bot = BotHarness(store, clock=clock)
    post, lane = Deliverer(bot), address(CHATS[0]).lane
    deps = paced(post, bot, replace(TelegramChannel.limits, per_second=1))
    for _ in range(2):
        deps.rate_limiter.record_send(lane, clock.monotonic())
    await deps.engine.reserve("telegram")  # the next slot comes a second later
    clock.rings_after(1, lambda: deps.rate_limiter.record_send(lane, clock.monotonic()))
    await send_reply(deps, stored(await bot.says("/list", CHATS[0])))
    (answered,) = post.posts_in(CHATS[0])
    assert answered.at - NOON == timedelta(seconds=3)
