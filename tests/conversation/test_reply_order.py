"""The replies of a lane are posted in the order of their requests, within the rate limit. Idle lanes use no memory."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.conversation.drafts import RenderedReply
from bot.conversation.reply_sender import send_reply
from bot.pace import Pace
from bot.platforms.telegram.adapter import TelegramPlatform
from tests.bot_harness import Answer, BotHarness
from tests.conversation.deliverer import Deliverer

CHATS = ["telegram:42", "telegram:43"]


def rendered(answer: Answer) -> RenderedReply:
    assert answer.rendered
    return answer.rendered


async def test_replies_keep_their_order_and_their_locks_end_with_them(bot: BotHarness) -> None:
    post = Deliverer(bot)
    deps = post.app
    said = [(chat, await bot.says(words, chat)) for chat in CHATS for words in ("/list", "/help about", "/status")]
    sending = [asyncio.create_task(send_reply(deps, rendered(answer))) for _, answer in said]
    await asyncio.sleep(0)
    assert {lane.address for lane in deps.pace._posting} == {"42", "43"}
    await asyncio.gather(*sending)
    for chat in CHATS:
        assert [one.text for one in post.to(chat)] == [answer.text for where, answer in said if where == chat]
    del sending
    assert not deps.pace._posting


async def test_answers_count_for_the_rate_of_their_chat(bot: BotHarness) -> None:
    post = Deliverer(bot)
    deps = replace(post.app, pace=Pace(bot.clock, {"telegram": TelegramPlatform.limits}))
    for _ in range(4):
        await send_reply(deps, rendered(await bot.says("/list", CHATS[0])))
    first, *_, last = post.posts_in(CHATS[0])
    assert last.at - first.at > timedelta(seconds=2.9)
