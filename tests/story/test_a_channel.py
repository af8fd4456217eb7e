"""A person manages a public channel from a private chat. Its readers see papers and one link, and nothing else."""

from datetime import timedelta

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.product import Product, Seen

CHANNEL, ADA, READER = "-1009", "42", "43"


def test_a_public_channel_is_managed_from_a_private_chat(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(READER, title="Kim")
    telegram.knows(
        CHANNEL, "channel", title="Daily vision", username="daily_vision", people={ADA: "creator", "7": "administrator"}
    )
    product.says("/start")

    # The person who adds the bot gets a private message. The channel sees nothing.
    telegram.adds(CHANNEL, by=ADA)
    card = product.listens()
    assert card.chats == [ADA]
    assert card.lines[0] == (
        "I am in the channel Daily vision now. It is managed from here, so that nobody there sees it."
    )

    # Commands in the private chat may name the channel. A stranger does not learn that the bot is there.
    stranger = product.says("/sub @daily_vision cs.CV", READER)
    assert stranger.text == ("✗ I know no chat @daily_vision that you administer and I am in. Add me to it first.")
    reply = product.says("/sub @daily_vision cs.CV -survey daily 14:00")
    assert reply.lines[0] == "✓ Daily vision: 1  category:cs.CV, not survey · daily 14:00 UTC"
    assert product.says("/set @daily_vision shape each").lines == [
        "✓ Daily vision: Layout: a message for each paper (was: one digest)"
    ]
    assert (product.queries(CHANNEL), product.queries(ADA)) == (["cs.CV -survey"], [])
    assert telegram.posted_to(CHANNEL) == []

    # The channel gets one message per paper, one link under the last paper, and no other buttons.
    product.brings(paper("Light on snow", "cs.CV"), paper("Snow: a survey", "cs.CV"), paper("Ice and glass", "cs.CV"))
    product.clock.advance(timedelta(hours=2))
    first, second = (Seen((entry,)) for entry in product.listens().entries)
    assert {first.lines[1], second.lines[1]} == {"Light on snow", "Ice and glass"}
    assert (first.chats, first.buttons, second.buttons) == ([CHANNEL], [], ["get your own"])
    assert first.silent
    assert second.silent

    # A reader opens the link and subscribes to the same papers with one press.
    (key,) = second.keys
    bot, _, payload = key["url"].removeprefix("https://t.me/").partition("?start=")
    assert bot == NAME
    offer = product.says(f"/start {payload}", READER)
    assert offer.lines[:2] == [
        "Someone shares a subscription with you:",
        "category:cs.CV, not survey · daily 14:00",
    ]
    assert product.presses("subscribe", READER).lines[0] == "✓ 1  category:cs.CV, not survey · daily 14:00 UTC"
    assert product.queries(READER) == ["cs.CV -survey"]

    # Another admin removes the bot. The channel waits, and the person who added the bot is told.
    telegram.kicks(CHANNEL, by="7")
    notice = product.listens()
    assert (notice.chats, notice.lines[0]) == ([ADA], "Daily vision is paused.")
