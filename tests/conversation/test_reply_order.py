"""Replies of one lane are posted in the order of their requests. A lane without pending replies uses no memory."""

import asyncio

from bot.conversation.reply_sender import send_reply
from bot.conversation.stored_reply import StoredReply
from tests.bot_harness import Answer, BotHarness
from tests.conversation.deliverer import Deliverer

CHATS = ["telegram:42", "telegram:43"]


def stored(answer: Answer) -> StoredReply:
    assert answer.stored_reply
    return answer.stored_reply


async def test_replies_keep_their_order_and_their_locks_end_with_them(bot: BotHarness) -> None:
    post = Deliverer(bot)
    context = post.context
    assert context.conversation is not None
    said = [(chat, await bot.says(words, chat)) for chat in CHATS for words in ("/list", "/about", "/status")]
    sending = [asyncio.create_task(send_reply(context, stored(answer))) for _, answer in said]
    await asyncio.sleep(0)
    assert {lane.address for lane in context.conversation.reply_locks} == {"42", "43"}
    await asyncio.gather(*sending)
    for chat in CHATS:
        assert [one.text for one in post.to(chat)] == [answer.text for where, answer in said if where == chat]
    del sending
    assert not context.conversation.reply_locks
