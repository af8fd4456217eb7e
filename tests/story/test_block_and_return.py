"""A person blocks the bot and returns: nothing is sent meanwhile, nothing is lost, and the person decides what comes."""

from tests.fakes.telegram import FakeTelegram
from tests.make import paper
from tests.story.scenario import Scenario


async def test_who_blocks_and_comes_back_is_offered_what_waits(scenario: Scenario, telegram: FakeTelegram) -> None:
    await scenario.says("/sub diffusion now")

    # They block the bot, and Telegram says so. New papers wait; the bot does not try again.
    telegram.blocks("42")
    assert not await scenario.listens()
    scenario.brings(paper("Diffusion for tides"))
    tried = telegram.arrived("sendMessage")
    assert await scenario.later(hours=2) == []
    assert telegram.arrived("sendMessage") == tried

    # Back again: it is offered, and comes when they say so.
    telegram.unblocks("42")
    offer = await scenario.listens()
    assert offer.lines[:2] == ["I can write to you again.", "1 paper waits."]
    assert offer.buttons == ["send 1", "skip"]
    assert await scenario.later(minutes=1) == []
    assert (await scenario.presses("send 1")).text == "✓ 1 paper is on its way."
    (missed,) = await scenario.later(minutes=1)
    assert missed.lines[0] == "Diffusion for tides"

    # The second time, the bot learns of the block from a message that cannot be sent.
    telegram.blocks("42")
    scenario.brings(paper("Diffusion for coins"), paper("Diffusion for boats"))
    assert await scenario.later(hours=1) == []
    assert not await scenario.listens()
    scenario.brings(paper("Diffusion for maps"))
    assert await scenario.later(hours=1) == []

    # They come back with the first words, hear it once, and want none of it.
    telegram.unblocks("42")
    said = await scenario.says("/start")
    assert said.text.count("I can write to you again.") == 1
    assert "3 papers wait." in said.lines
    skipped = await scenario.presses("skip")
    assert skipped.lines == ["✓ 3 papers are skipped.", "/search still finds what was skipped."]
    assert await scenario.later(hours=12) == []

    # What is new comes as ever, and no paper of before.
    scenario.brings(paper("Diffusion for snow"))
    (new,) = await scenario.later(hours=9)
    assert new.lines[0] == "Diffusion for snow"
    assert "Diffusion for maps" in (await scenario.says("/search diffusion")).text
