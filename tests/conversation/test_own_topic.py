"""What a subscription takes along to a topic of its own, and what a deleted topic gives back. On both databases."""

from dataclasses import replace

import pytest

from subscriptions.errors import ChatGone
from subscriptions.model import Announce
from subscriptions.service.own_topics import move_to_topic
from subscriptions.states import PauseReason
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import ME, Deliverer, subscriptions_of, texts
from tests.make import paper

pytestmark = pytest.mark.both_databases
TOPIC = f"{ME}/7"
GONE = ChatGone("Telegram does not let the bot write to this topic", "topic", PauseReason.TOPIC_DELETED)


async def test_settings_papers_and_links_go_along(bot: BotHarness) -> None:
    post = await _with_two(bot)
    await bot.says("/set limit 5")
    link = (await bot.says("/share 2")).lines[1]
    light = paper("Diffusion of light", "cs.CV", kind=Announce.CROSS)
    bot.brings(light)
    await post.deliver_due()

    _move(bot, "7")
    assert (texts(bot), texts(bot, TOPIC)) == (["graphs"], ["diffusion"])
    assert bot.chat_of(TOPIC).settings.limit == 5
    assert "diffusion" in (await bot.says(f"/start {link.rpartition('=')[2]}", "telegram:43")).text
    bot.later(minutes=1)
    again = replace(light, announce_type=Announce.NEW)
    bot.brings(again, "Diffusion of sand")
    came = {str(one.to): one.text for one in await post.deliver_due()}
    assert ("sand" in came[TOPIC], "light" in came[TOPIC], ME in came) == (True, False, False)

    # A query that the chat has meanwhile got again is one subscription there, and begins with what the topic got.
    await bot.says("/sub diffusion now")
    post.refusals["42/7"] = GONE
    bot.later(minutes=1)
    bot.brings("Diffusion of ink")
    await post.deliver_due()
    await post.deliver_due()
    assert sorted(texts(bot)) == ["diffusion", "graphs"]
    assert [sum(word in one.text for one in post.to(ME)) for word in ("light", "sand", "ink")] == [1, 1, 1]
    assert post.last(ME).lines == ["A topic of this chat is gone; what it subscribed to comes here now: diffusion."]


async def test_back_and_forth_changes_nothing_else(bot: BotHarness) -> None:
    await _with_two(bot)
    before = subscriptions_of(bot)[1]
    _move(bot, "7")
    _move(bot, "", of=TOPIC, number=1)
    after = subscriptions_of(bot)[1]
    kept = ("text", "canonical", "cadence", "zone", "state", "added_by", "since")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


async def _with_two(bot: BotHarness) -> Deliverer:
    await bot.says("/sub graphs now")
    await bot.says("/sub diffusion now")
    bot.later(minutes=1)
    return Deliverer(bot)


def _move(bot: BotHarness, topic: str, *, of: str = ME, number: int = 2) -> None:
    chat = bot.chat_of(of)
    one = next(one for one in subscriptions_of(bot, of) if one.number == number)
    move_to_topic(bot.store, chat, one, topic, now=bot.clock.now())
