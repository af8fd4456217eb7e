"""A person blocks the bot and returns. Nothing is sent during the block; then the papers come in the round of the return."""

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product


def test_chat_that_blocked_the_bot_and_returns_gets_what_waited(product: Product, telegram: FakeTelegram) -> None:
    product.says("/sub diffusion now")

    # The person blocks the bot, and Telegram reports it. New papers wait, and the bot does not try to send them.
    telegram.blocks("42")
    assert not product.listens()
    product.brings(paper("Diffusion for tides"))
    tried = telegram.arrived("sendMessage")
    assert product.later(hours=2) == []
    assert telegram.arrived("sendMessage") == tried

    # The person returns. The papers come in the same round, since no process waits for an answer.
    telegram.unblocks("42")
    back = product.listens()
    assert back.lines[:4] == ["I can write to you again.", "1 paper waits.", "It comes now.", "Diffusion for tides"]
    assert "send now" not in back.buttons
    assert product.later(hours=1) == []

    # The second time, the bot learns of the block when a message cannot be sent.
    telegram.blocks("42")
    product.brings(paper("Diffusion for coins"), paper("Diffusion for boats"))
    assert product.later(hours=1) == []
    assert not product.listens()
    product.brings(paper("Diffusion for maps"))
    assert product.later(hours=1) == []

    # The person returns by writing a message, and gets what was missed once.
    telegram.unblocks("42")
    said = product.says("/start")
    assert said.text.count("I can write to you again.") == 1
    assert "3 papers wait." in said.lines
    assert all(said.text.count(f"Diffusion for {what}") == 1 for what in ("coins", "boats", "maps"))
    assert product.later(hours=12) == []

    # New papers come as before.
    product.brings(paper("Diffusion for snow"))
    (new,) = product.later(hours=9)
    assert new.lines[0] == "Diffusion for snow"
    assert "Diffusion for maps" in product.says("/search diffusion").text
