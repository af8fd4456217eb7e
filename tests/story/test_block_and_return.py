"""A person blocks the bot and returns. Nothing is sent during the block; then the person may get or skip the papers."""

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product


def test_who_blocks_and_comes_back_is_offered_what_waits(product: Product, telegram: FakeTelegram) -> None:
    product.says("/sub diffusion now")

    # The person blocks the bot, and Telegram reports it. New papers wait, and the bot does not try to send them.
    telegram.blocks("42")
    assert not product.listens()
    product.brings(paper("Diffusion for tides"))
    tried = telegram.arrived("sendMessage")
    assert product.later(hours=2) == []
    assert telegram.arrived("sendMessage") == tried

    # The person returns. The bot offers the papers and sends them when the person agrees.
    telegram.unblocks("42")
    offer = product.listens()
    assert offer.lines[:2] == ["I can write to you again.", "1 paper waits."]
    assert offer.buttons == ["send now", "skip"]
    assert product.later(minutes=1) == []
    assert product.presses("send now").lines[:2] == ["✓ 1 paper is on its way.", "Diffusion for tides"]
    assert product.later(minutes=1) == []

    # The second time, the bot learns of the block when a message cannot be sent.
    telegram.blocks("42")
    product.brings(paper("Diffusion for coins"), paper("Diffusion for boats"))
    assert product.later(hours=1) == []
    assert not product.listens()
    product.brings(paper("Diffusion for maps"))
    assert product.later(hours=1) == []

    # The person returns by writing a message. The bot offers the papers once, and the person declines.
    telegram.unblocks("42")
    said = product.says("/start")
    assert said.text.count("I can write to you again.") == 1
    assert "3 papers wait." in said.lines
    skipped = product.presses("skip")
    assert skipped.lines == ["✓ 3 papers are skipped.", "/search still finds what was skipped."]
    assert product.later(hours=12) == []

    # New papers come as before, but none of the skipped ones.
    product.brings(paper("Diffusion for snow"))
    (new,) = product.later(hours=9)
    assert new.lines[0] == "Diffusion for snow"
    assert "Diffusion for maps" in product.says("/search diffusion").text
