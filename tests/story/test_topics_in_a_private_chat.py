"""A person whose Telegram has topics in the private chat with the bot: one topic for each subject."""

from tests.fakes.telegram import FakeTelegram
from tests.make import paper
from tests.story.scenario import Scenario

ALL, VISION, LANGUAGE = "42", "42/5", "42/6"


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

    # A deleted topic takes nothing along in silence: the chat itself is told, and the other topic goes on.
    telegram.deletes_topic("42", 5)
    scenario.brings(paper("Diffusion of sand"), paper("Nouns", "cs.CL"))
    language, notice = [*await scenario.later(days=1), *await scenario.later(minutes=1)]
    assert (language.chats, "Nouns" in language.text) == ([LANGUAGE], True)
    assert notice.chats == [ALL]
    assert notice.lines[:2] == [
        "A topic of this chat is not there any more.",
        "What it subscribed to waits: diffusion.",
    ]

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
