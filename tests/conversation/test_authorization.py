"""Authorization: which changes a person may make, and what a button does when another person presses it."""

from dataclasses import replace

from subscriptions.model import ChatAddress
from tests.bot_harness import BotHarness
from tests.conversation.slack_harness import ANN, BO, CHANNEL, SlackHarness
from tests.make import paper

GROUP = "telegram:-1001"


async def test_a_person_subscribes_and_takes_it_back(bot: BotHarness) -> None:
    bot.brings(paper("Diffusion on graphs", "cs.LG"))
    said = await bot.says("/sub diffusion")
    assert said.text.startswith("✓ 1  diffusion")
    assert "Diffusion on graphs" in said.text
    undone = await bot.presses("undo")
    assert undone.replaces
    assert "Removed" in undone.text


async def test_in_a_group_only_admins_change_something(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    refused = await bot.says("/sub diffusion", GROUP, by="8")
    assert refused.text == "✗ Only admins of this chat can change that."
    assert (await bot.says("/sub diffusion", GROUP, by="7")).text.startswith("✓ 1")
    assert (await bot.presses("undo", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await bot.presses("undo", GROUP, by="7")).text.startswith("✓")


async def test_an_anonymous_admin_is_proven_by_the_message_itself(bot: BotHarness) -> None:
    assert (await bot.says("/sub diffusion", GROUP, sender_is_admin=True)).text.startswith("✓ 1")


async def test_a_bot_that_cannot_see_who_is_an_admin_says_so(bot: BotHarness) -> None:
    bot.admins[GROUP] = None
    assert "/connect" in (await bot.says("/sub diffusion", GROUP, by="7")).text


async def test_a_button_of_another_chat_does_nothing(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion")
    stolen = await bot.sends_request("telegram:43", callback_data=said.keys[0]["data"], callback_id="p")
    assert stolen.toast == "This button does not work any more, or not for you."
    assert not stolen.payloads


async def test_an_update_that_comes_again_changes_and_answers_nothing(bot: BotHarness) -> None:
    assert await bot.says("/sub diffusion", update_id="u77")
    assert not await bot.says("/sub diffusion", update_id="u77")


async def test_the_twenty_first_command_of_a_minute_is_answered_kindly_and_the_next_not_at_all(
    bot: BotHarness,
) -> None:
    for _ in range(20):
        assert await bot.says("/start")
    assert "a lot at once" in (await bot.says("/start")).text
    assert not await bot.says("/start")
    bot.later(seconds=61)
    assert await bot.says("/start")


async def test_in_a_workspace_nobody_locks_themselves_out_and_an_operator_keeps_the_right(slack: SlackHarness) -> None:
    slack.admins[CHANNEL] = {ANN}
    assert (await slack.slash("sub kelp", by=BO)).text.startswith("✓ 1")
    assert (await slack.slash("set manage admins", by=BO)).lines[0].startswith("✗ You are no admin here")
    slack.bot_info = replace(slack.bot_info, admins=(ChatAddress("slack", BO),))
    assert (await slack.slash("set manage admins", by=BO)).text.startswith("✓ ")
    assert (await slack.slash("sub seagrass", by=BO)).text.startswith("✓ 2")
    slack.bot_info, slack.members = replace(slack.bot_info, admins=()), False
    assert (await slack.slash("sub corals", by=BO)).text.startswith("✗ Only admins of this workspace")
    assert (await slack.slash("sub corals", by=ANN)).text.startswith("✓ 3")
