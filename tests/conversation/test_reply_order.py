"""The replies of a lane are posted in the order of their requests, within the rate limit. Idle lanes use no memory."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.conversation.drafts import RenderedReply
from bot.conversation.reply_sender import send_reply
from bot.delivery.lane_sender import deliver
from bot.delivery.sender import plan
from bot.dependencies import Dependencies
from bot.platforms.telegram.adapter import TelegramChannel
from bot.ports.channel import Limits
from bot.ports.pace import Pace
from subscriptions.store.database.store import Store
from tests.bot_harness import Answer, BotHarness
from tests.conversation.deliverer import Deliverer
from tests.make import address, ingested, paper
from tests.programs.faults.simulated import AlarmClock

CHATS = ["telegram:42", "telegram:43"]


def rendered(answer: Answer) -> RenderedReply:
    assert answer.rendered
    return answer.rendered


async def test_replies_keep_their_order_and_their_locks_end_with_them(bot: BotHarness) -> None:
    post = Deliverer(bot)
    deps = post.deps
    said = [(chat, await bot.says(words, chat)) for chat in CHATS for words in ("/list", "/help about", "/status")]
    sending = [asyncio.create_task(send_reply(deps, rendered(answer))) for _, answer in said]
    await asyncio.sleep(0)
    assert {lane.address for lane in deps.pace._posting} == {"42", "43"}
    await asyncio.gather(*sending)
    for chat in CHATS:
        assert [one.text for one in post.to(chat)] == [answer.text for where, answer in said if where == chat]
    del sending
    assert not deps.pace._posting


def paced(post: Deliverer, bot: BotHarness, limits: Limits) -> Dependencies:
    """Returns the deps of a deliverer that keeps limits."""
    return replace(post.deps, pace=Pace(bot.clock, {"telegram": limits}))


async def test_answers_and_papers_of_a_chat_share_its_rate(store: Store) -> None:
    bot = BotHarness(store, clock=AlarmClock())
    post = Deliverer(bot)
    deps = paced(post, bot, TelegramChannel.limits)
    chats = [f"telegram:{number}" for number in range(40, 48)]
    for chat in chats:
        for words in ("/sub graph now", "/set limit all"):
            await bot.says(words, chat)
    ingested(store, *(paper(f"A graph of kind {n}", abstract="Text. " * 60) for n in range(60)))
    await plan(deps, post.drain)
    said = [await bot.says("/list", chat) for chat in chats for _ in range(6)]
    post.drain.wake([address(chat).lane for chat in chats])
    papers = asyncio.create_task(post.drain.run(partial(deliver, deps, post.drain)))
    await asyncio.gather(papers, *(send_reply(deps, rendered(answer)) for answer in said))
    for chat in chats:
        posts = post.posts_in(chat)
        assert {"of kind" in one.payload for one in posts} == {True, False}
        assert all(later.at - one.at > timedelta(seconds=2.9) for one, later in zip(posts, posts[3:], strict=False))
