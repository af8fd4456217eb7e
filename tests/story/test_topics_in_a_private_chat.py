"""A person whose Telegram has topics in the private chat with the bot: one topic for each subject."""

import asyncio
from dataclasses import replace

import pytest

from bot.conversation import handler
from subscriptions.model import Announce
from subscriptions.service.plan import plan_due
from tests.fakes.telegram import FakeTelegram
from tests.make import paper
from tests.story.scenario import Scenario

ALL, VISION, LANGUAGE = "42", "42/5", "42/6"
TITLES = ("Diffusion of sand", "Nouns", "A topic of this chat is gone")


@pytest.mark.sentences
async def test_each_topic_of_a_private_chat_has_its_own_subscriptions(
    scenario: Scenario, telegram: FakeTelegram
) -> None:
    telegram.knows("42", topics=(5, 6))
    await scenario.says("/start", ALL)

    # What is said in a topic is answered there, and is about this topic alone.
    said = await scenario.says("/sub diffusion daily 14:00", VISION)
    assert (said.chats, said.lines[0]) == ([VISION], "✓ 1  diffusion · daily 14:00 UTC")
    assert (await scenario.says("send me cs.CL every day at 14:00", LANGUAGE)).chats == [LANGUAGE]
    assert (scenario.queries(ALL), scenario.queries(VISION)) == ([], ["diffusion"])

    scenario.brings(paper("Diffusion of light", "cs.CV"), paper("Verbs", "cs.CL"))
    vision, language = await scenario.later(hours=2)
    assert [(one.chats, one.silent) for one in (vision, language)] == [([VISION], False), ([LANGUAGE], False)]
    assert "Diffusion of light" in vision.text
    assert (await scenario.says("/list", LANGUAGE)).chats == [LANGUAGE]

    # The papers of a deleted topic come to the chat itself, which is told once. The other topic goes on.
    telegram.deletes_topic("42", 5)
    scenario.brings(paper("Diffusion of sand"), paper("Nouns", "cs.CL"))
    came = [*await scenario.later(days=1), *await scenario.later(minutes=1)]
    assert [(one.chats, title in one.text) for one, title in zip(came, TITLES, strict=True)] == [
        ([ALL], True),
        ([LANGUAGE], True),
        ([ALL], True),
    ]
    assert came[2].lines == ["A topic of this chat is gone; what it subscribed to comes here now: diffusion."]
    assert scenario.queries(ALL) == ["diffusion"]
    scenario.brings(paper("Diffusion of ink"))
    (alone,) = await scenario.later(days=1)
    assert (alone.chats, "Diffusion of ink" in alone.text, "Diffusion of sand" in alone.text) == ([ALL], True, False)

    # Who is forgotten is forgotten in every topic.
    asked = await scenario.says("/forget", ALL)
    assert asked.lines[0].startswith("This erases all I know of this chat: 2 subscriptions")
    erased = await scenario.presses("erase everything", ALL)
    assert erased.lines[0].startswith("✓ Erased: 2 subscriptions")
    assert (scenario.queries(VISION), scenario.queries(LANGUAGE)) == ([], [])


async def test_a_topic_is_forgotten_alone(scenario: Scenario, telegram: FakeTelegram) -> None:
    telegram.knows("42", topics=(5,))
    await scenario.says("/sub graphs daily 14:00", ALL)
    await scenario.says("/sub diffusion daily 14:00", VISION)
    await scenario.says("/forget", VISION)
    await scenario.presses("erase everything", VISION)
    assert (scenario.queries(ALL), scenario.queries(VISION)) == (["graphs"], [])


async def test_a_subscription_gets_a_topic_of_its_own_and_leaves_it(scenario: Scenario, telegram: FakeTelegram) -> None:
    telegram.knows(ALL)
    telegram.has_topics_with_people()
    await scenario.says("/sub graphs daily 14:00", ALL)
    await scenario.says("/sub diffusion daily 14:00", ALL)
    light = paper("Diffusion of light", "cs.CV", kind=Announce.CROSS)
    scenario.brings(light, paper("Graphs of trees"))
    (both,) = await scenario.later(hours=2)
    assert both.chats == [ALL]

    topic = await _with_own_topic(scenario, telegram, "2")
    assert (scenario.queries(ALL), scenario.queries(topic)) == (["graphs"], ["diffusion"])
    (begins,) = await scenario.later(minutes=1)
    assert (begins.chats, begins.text) == ([topic], "The papers of diffusion come here from now on.")

    # What came before does not come again, not even when it is announced again as new.
    sand = paper("Diffusion of sand", "cs.CV", kind=Announce.CROSS)
    scenario.brings(replace(light, announce_type=Announce.NEW), sand, paper("Graphs of roads"))
    came = await scenario.later(days=1)
    assert sorted((one.chats[0], "sand" in one.text, "light" in one.text) for one in came) == [
        (ALL, False, False),
        (topic, True, False),
    ]

    # Out of the topic, its papers come to the chat again; what came in the topic does not.
    await scenario.says("/list", topic)
    await scenario.presses("1", topic)
    back = await scenario.presses("out of the topic", topic)
    assert back.text == "✓ The papers of diffusion come to the chat itself again."
    assert (scenario.queries(ALL), scenario.queries(topic)) == (["graphs", "diffusion"], [])
    scenario.brings(paper("Diffusion of ink"), replace(sand, announce_type=Announce.NEW))
    (last,) = await scenario.later(days=1)
    assert (last.chats, "ink" in last.text, "sand" in last.text) == ([ALL], True, False)


async def test_papers_of_a_topic_that_is_deleted_at_once_come_to_the_chat(
    scenario: Scenario, telegram: FakeTelegram
) -> None:
    telegram.knows(ALL)
    telegram.has_topics_with_people()
    await scenario.says("/sub graphs now", ALL)
    await scenario.says("/sub diffusion now", ALL)
    scenario.brings(paper("Diffusion of light"))  # is planned for the chat, but not sent yet
    plan_due(scenario.app.store, now=scenario.clock.now())
    topic = await _with_own_topic(scenario, telegram, "2")
    telegram.deletes_topic(ALL, int(topic.partition("/")[2]))
    assert not await scenario.says("/list", topic)  # was written before; the answer finds no topic any more
    scenario.brings(paper("Diffusion of sand"))
    came = [*await scenario.later(minutes=5), *await scenario.later(minutes=5)]
    assert {chat for one in came for chat in one.chats} == {ALL}
    texts = "\n".join(one.text for one in came)
    assert [texts.count(title) for title in ("Diffusion of light", "Diffusion of sand", "A topic of")] == [1, 1, 1]
    assert scenario.queries(ALL) == ["graphs", "diffusion"]


async def test_a_crash_after_the_topic_was_made_loses_nothing(
    scenario: Scenario, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.knows(ALL)
    telegram.has_topics_with_people()
    await scenario.says("/sub diffusion daily 14:00", ALL)
    await scenario.says("/list", ALL)
    await scenario.presses("1", ALL)

    is_made = asyncio.Event()

    async def hangs(*_: object) -> None:
        is_made.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(handler, "execute", hangs)
        pressing = asyncio.create_task(scenario.presses("own topic", ALL))
        await is_made.wait()
        await scenario.is_killed(pressing)
    (unused,) = telegram.topics_of(ALL)
    assert scenario.queries(ALL) == ["diffusion"]

    # The press was not confirmed, so Telegram sends it again. The first topic stays empty.
    await scenario.begins()
    first, topic = telegram.topics_of(ALL)
    assert first == unused
    assert (scenario.queries(ALL), scenario.queries(f"{ALL}/{topic}")) == ([], ["diffusion"])
    scenario.brings(paper("Diffusion of light"))
    assert {chat for one in await scenario.later(hours=2) for chat in one.chats} == {f"{ALL}/{topic}"}


async def test_whoever_has_no_topics_is_offered_none(scenario: Scenario, telegram: FakeTelegram) -> None:
    telegram.knows(ALL)
    await scenario.says("/sub diffusion daily 14:00", ALL)
    await scenario.says("/list", ALL)
    assert "own topic" not in (await scenario.presses("1", ALL)).buttons  # the bot has none

    telegram.has_topics_with_people()
    telegram.shows_no_topics(ALL)
    await scenario.restarts()
    await scenario.says("/list", ALL)
    await scenario.presses("1", ALL)
    refused = await scenario.presses("own topic", ALL)  # this person's client has none
    assert refused.lines[0] == "✗ Telegram shows you no topics in this chat, so it makes none."
    assert (scenario.queries(ALL), telegram.topics_of(ALL)) == (["diffusion"], [])


async def _with_own_topic(scenario: Scenario, telegram: FakeTelegram, number: str) -> str:
    """Presses [own topic] of a subscription. Returns the topic's chat."""
    await scenario.says("/list", ALL)
    await scenario.presses(number, ALL)
    moved = await scenario.presses("own topic", ALL)
    assert moved.lines == [
        "✓ diffusion has a topic of its own now, and its papers come there.",
        "If you delete the topic, they come here again.",
    ]
    (topic,) = telegram.topics_of(ALL)
    return f"{ALL}/{topic}"
