"""A person whose Telegram has topics in the private chat with the bot: one topic for each subject."""

import asyncio
from dataclasses import replace

import pytest

from bot.conversation import handler
from subscriptions.model import Announce
from subscriptions.service.plan import plan_due
from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product

ALL, VISION, LANGUAGE = "42", "42/5", "42/6"
TITLES = ("Diffusion of sand", "Nouns", "A topic of this chat is gone")


@pytest.mark.sentences
def test_each_topic_of_a_private_chat_has_its_own_subscriptions(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("42", topics=(5, 6))
    product.says("/start", ALL)

    # What is said in a topic is answered there, and is about this topic alone.
    said = product.says("/sub diffusion daily 14:00", VISION)
    assert (said.chats, said.lines[0]) == ([VISION], "✓ 1  diffusion · daily 14:00 UTC")
    assert (product.says("send me cs.CL every day at 14:00", LANGUAGE)).chats == [LANGUAGE]
    assert (product.queries(ALL), product.queries(VISION)) == ([], ["diffusion"])

    product.brings(paper("Diffusion of light", "cs.CV"), paper("Verbs", "cs.CL"))
    vision, language = product.later(hours=2)
    assert [(one.chats, one.silent) for one in (vision, language)] == [([VISION], False), ([LANGUAGE], False)]
    assert "Diffusion of light" in vision.text
    assert (product.says("/list", LANGUAGE)).chats == [LANGUAGE]

    # The papers of a deleted topic come to the chat itself, which is told once. The other topic goes on.
    telegram.deletes_topic("42", 5)
    product.brings(paper("Diffusion of sand"), paper("Nouns", "cs.CL"))
    came = [*product.later(days=1), *product.later(minutes=1)]
    assert [(one.chats, title in one.text) for one, title in zip(came, TITLES, strict=True)] == [
        ([ALL], True),
        ([LANGUAGE], True),
        ([ALL], True),
    ]
    assert came[2].lines == ["A topic of this chat is gone; what it subscribed to comes here now: diffusion."]
    assert product.queries(ALL) == ["diffusion"]
    product.brings(paper("Diffusion of ink"))
    (alone,) = product.later(days=1)
    assert (alone.chats, "Diffusion of ink" in alone.text, "Diffusion of sand" in alone.text) == ([ALL], True, False)

    # Who is forgotten is forgotten in every topic.
    asked = product.says("/forget", ALL)
    assert asked.lines[0].startswith("This erases all I know of this chat: 2 subscriptions")
    erased = product.presses("erase everything", ALL)
    assert erased.lines[0].startswith("✓ Erased: 2 subscriptions")
    assert (product.queries(VISION), product.queries(LANGUAGE)) == ([], [])


def test_a_topic_is_forgotten_alone(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("42", topics=(5,))
    product.says("/sub graphs daily 14:00", ALL)
    product.says("/sub diffusion daily 14:00", VISION)
    product.says("/forget", VISION)
    product.presses("erase everything", VISION)
    assert (product.queries(ALL), product.queries(VISION)) == (["graphs"], [])


def test_a_subscription_gets_a_topic_of_its_own_and_leaves_it(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(ALL)
    telegram.has_topics_with_people()
    product.says("/sub graphs daily 14:00", ALL)
    product.says("/sub diffusion daily 14:00", ALL)
    light = paper("Diffusion of light", "cs.CV", kind=Announce.CROSS)
    product.brings(light, paper("Graphs of trees"))
    (both,) = product.later(hours=2)
    assert both.chats == [ALL]

    topic = _with_own_topic(product, telegram, "2")
    assert (product.queries(ALL), product.queries(topic)) == (["graphs"], ["diffusion"])
    (begins,) = product.later(minutes=1)
    assert (begins.chats, begins.text) == ([topic], "The papers of diffusion come here from now on.")

    # What came before does not come again, not even when it is announced again as new.
    sand = paper("Diffusion of sand", "cs.CV", kind=Announce.CROSS)
    product.brings(replace(light, announce_type=Announce.NEW), sand, paper("Graphs of roads"))
    came = product.later(days=1)
    assert sorted((one.chats[0], "sand" in one.text, "light" in one.text) for one in came) == [
        (ALL, False, False),
        (topic, True, False),
    ]

    # Out of the topic, its papers come to the chat again; what came in the topic does not.
    product.says("/list", topic)
    product.presses("1", topic)
    back = product.presses("out of the topic", topic)
    assert back.text == "✓ The papers of diffusion come to the chat itself again."
    assert (product.queries(ALL), product.queries(topic)) == (["graphs", "diffusion"], [])
    product.brings(paper("Diffusion of ink"), replace(sand, announce_type=Announce.NEW))
    (last,) = product.later(days=1)
    assert (last.chats, "ink" in last.text, "sand" in last.text) == ([ALL], True, False)


def test_papers_of_a_topic_that_is_deleted_at_once_come_to_the_chat(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(ALL)
    telegram.has_topics_with_people()
    product.says("/sub graphs now", ALL)
    product.says("/sub diffusion now", ALL)
    product.brings(paper("Diffusion of light"))  # is planned for the chat, but not sent yet
    plan_due(product.app.store, now=product.clock.now())
    topic = _with_own_topic(product, telegram, "2")
    telegram.deletes_topic(ALL, int(topic.partition("/")[2]))
    assert not product.says("/list", topic)  # was written before; the answer finds no topic any more
    product.brings(paper("Diffusion of sand"))
    came = [*product.later(minutes=5), *product.later(minutes=5)]
    assert {chat for one in came for chat in one.chats} == {ALL}
    texts = "\n".join(one.text for one in came)
    assert [texts.count(title) for title in ("Diffusion of light", "Diffusion of sand", "A topic of")] == [1, 1, 1]
    assert product.queries(ALL) == ["graphs", "diffusion"]


def test_a_crash_after_the_topic_was_made_loses_nothing(
    product: Product, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.knows(ALL)
    telegram.has_topics_with_people()
    product.says("/sub diffusion daily 14:00", ALL)
    product.says("/list", ALL)
    product.presses("1", ALL)

    is_made = asyncio.Event()

    def hangs(*_: object) -> None:
        is_made.set()
        asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(handler, "execute", hangs)
        pressing = asyncio.create_task(product.presses("own topic", ALL))
        is_made.wait()
        product.is_killed(pressing)
    (unused,) = telegram.topics_of(ALL)
    assert product.queries(ALL) == ["diffusion"]

    # The press was not confirmed, so Telegram sends it again. The first topic stays empty.
    product.begins()
    first, topic = telegram.topics_of(ALL)
    assert first == unused
    assert (product.queries(ALL), product.queries(f"{ALL}/{topic}")) == ([], ["diffusion"])
    product.brings(paper("Diffusion of light"))
    assert {chat for one in product.later(hours=2) for chat in one.chats} == {f"{ALL}/{topic}"}


def test_whoever_has_no_topics_is_offered_none(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(ALL)
    product.says("/sub diffusion daily 14:00", ALL)
    product.says("/list", ALL)
    assert "own topic" not in (product.presses("1", ALL)).buttons  # the bot has none

    telegram.has_topics_with_people()
    telegram.shows_no_topics(ALL)
    product.restarts()
    product.says("/list", ALL)
    product.presses("1", ALL)
    refused = product.presses("own topic", ALL)  # this person's client has none
    assert refused.lines[0] == "✗ Telegram shows you no topics in this chat, so it makes none."
    assert (product.queries(ALL), telegram.topics_of(ALL)) == (["diffusion"], [])


def _with_own_topic(product: Product, telegram: FakeTelegram, number: str) -> str:
    """Presses [own topic] of a subscription. Returns the topic's chat."""
    product.says("/list", ALL)
    product.presses(number, ALL)
    moved = product.presses("own topic", ALL)
    assert moved.lines == [
        "✓ diffusion has a topic of its own now, and its papers come there.",
        "If you delete the topic, they come here again.",
    ]
    (topic,) = telegram.topics_of(ALL)
    return f"{ALL}/{topic}"
