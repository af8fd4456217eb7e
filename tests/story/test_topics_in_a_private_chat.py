"""A person whose Telegram has topics in the private chat with the bot: one topic for each subject."""

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product

ALL, VISION, LANGUAGE = "42", "42/5", "42/6"
TITLES = ("Diffusion of sand", "Nouns", "A topic of this chat is gone")


def test_each_topic_of_a_private_chat_has_its_own_subscriptions(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("42", topics=(5, 6))
    product.says("/start", ALL)

    # What is said in a topic is answered there, and is about this topic alone.
    said = product.says("/sub diffusion daily 14:00", VISION)
    assert (said.chats, said.lines[0]) == ([VISION], "✓ 1  diffusion · daily 14:00 UTC")
    assert product.says("/sub cs.CL daily 14:00", LANGUAGE).chats == [LANGUAGE]
    assert (product.queries(ALL), product.queries(VISION)) == ([], ["diffusion"])

    product.brings(paper("Diffusion of light", "cs.CV"), paper("Verbs", "cs.CL"))
    vision, language = product.later(hours=2)
    assert [(one.chats, one.silent) for one in (vision, language)] == [([VISION], False), ([LANGUAGE], False)]
    assert "Diffusion of light" in vision.text
    assert product.says("/list", LANGUAGE).chats == [LANGUAGE]

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
