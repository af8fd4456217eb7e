"""Who may change what, and what a button is worth in other hands."""

from tests.make import ingested, paper
from tests.talking import BotHarness

GROUP = "telegram:-1001"


async def test_a_person_subscribes_and_takes_it_back(talk: BotHarness) -> None:
    ingested(talk.store, paper("Diffusion on graphs", "cs.LG"))
    said = await talk.says("/sub diffusion")
    assert said.text.startswith("✓ 1  diffusion")
    assert "Diffusion on graphs" in said.text
    undone = await talk.presses("undo")
    assert undone.replaces
    assert "Removed" in undone.text


async def test_in_a_group_only_admins_change_something(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7"}
    refused = await talk.says("/sub diffusion", GROUP, by="8")
    assert refused.text == "✗ Only admins of this chat can change that."
    assert (await talk.says("/sub diffusion", GROUP, by="7")).text.startswith("✓ 1")
    assert (await talk.presses("undo", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await talk.presses("undo", GROUP, by="7")).text.startswith("✓")


async def test_an_anonymous_admin_is_proven_by_the_message_itself(talk: BotHarness) -> None:
    assert (await talk.says("/sub diffusion", GROUP, sender_is_admin=True)).text.startswith("✓ 1")


async def test_a_bot_that_cannot_see_who_is_an_admin_says_so(talk: BotHarness) -> None:
    talk.admins[GROUP] = None
    assert "/connect" in (await talk.says("/sub diffusion", GROUP, by="7")).text


async def test_a_button_of_another_chat_does_nothing(talk: BotHarness) -> None:
    said = await talk.says("/sub diffusion")
    stolen = await talk.sends_request("telegram:43", callback_data=said.keys[0]["data"], callback_id="p")
    assert stolen.toast == "This button does not work any more, or not for you."
    assert not stolen.payloads


async def test_an_update_that_comes_again_changes_and_answers_nothing(talk: BotHarness) -> None:
    assert await talk.says("/sub diffusion", update_id="u77")
    assert not await talk.says("/sub diffusion", update_id="u77")


async def test_the_twenty_first_command_of_a_minute_is_answered_kindly_and_the_next_not_at_all(
    talk: BotHarness,
) -> None:
    for _ in range(20):
        assert await talk.says("/start")
    assert "in a minute" in (await talk.says("/start")).text
    assert not await talk.says("/start")
    talk.later(seconds=61)
    assert await talk.says("/start")
