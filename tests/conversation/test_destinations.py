"""Destinations that no person uses: only an operator can subscribe them, from a chat."""

import pytest

from bot.commands.context import BotInfo
from subscriptions.errors import NotFound
from subscriptions.model import ChatKind
from subscriptions.service import listing
from subscriptions.service.sending import outbox_entries
from subscriptions.states import ChatState
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import texts
from tests.make import address

ME, STRANGER = "telegram:42", "telegram:43"
TEAM, SPEECH = address("apprise:team-feishu"), address("apprise:speech")


@pytest.fixture(autouse=True)
def _destinations(bot: BotHarness) -> None:
    bot.destinations = {chat.address: chat for chat in (TEAM, SPEECH)}
    bot.bot_info = BotInfo(access="ask", admins=(address(ME),))


@pytest.mark.parametrize(
    "said",
    [
        "/sub diffusion daily 9 to team-feishu",
        "/sub diffusion daily 9 TO Team-Feishu ",
        "/sub diffusion daily 9\nto team-feishu",
        "/sub diffusion 每天9点 发到 team-feishu",
    ],
)
async def test_an_operator_subscribes_a_destination(bot: BotHarness, said: str) -> None:
    answer = await bot.says(said)
    assert "team-feishu" in answer.lines[0]
    assert "✓" in answer.lines[0]
    assert answer.to == ME
    assert texts(bot, str(TEAM)) == ["diffusion"]
    assert texts(bot, ME) == []
    chat = listing.get_chat(bot.store, TEAM)
    assert (chat.state, chat.kind, chat.title) == (ChatState.ACTIVE, ChatKind.PRIVATE, "team-feishu")
    assert listing.listed(bot.store, TEAM)[0].subscription.cadence.kind == "daily"


async def test_each_line_may_name_it(bot: BotHarness) -> None:
    await bot.says("/sub diffusion daily 9 to team-feishu\ngraphs to team-feishu")
    assert texts(bot, str(TEAM)) == ["diffusion", "graphs"]


async def test_other_commands_are_about_it_too(bot: BotHarness) -> None:
    await bot.says("/sub diffusion daily 9 to team-feishu")
    await bot.says("/sub graphs")
    said = await bot.says("/list to team-feishu")
    assert "diffusion" in said.text
    assert "graphs" not in said.text
    await bot.says("/set lang zh to team-feishu")
    await bot.says("/schedule 1 weekly fri 8 to team-feishu")
    assert listing.get_chat(bot.store, TEAM).settings.lang == "zh"
    assert bot.chat_of(ME).settings.lang == "en"
    assert listing.listed(bot.store, TEAM)[0].subscription.cadence.kind == "weekly"
    await bot.says("/unsub 1 to team-feishu")
    assert texts(bot, str(TEAM)) == []
    assert texts(bot, ME) == ["graphs"]


async def test_buttons_of_its_answers_are_about_it(bot: BotHarness) -> None:
    await bot.says("/sub graphs")
    await bot.says("/sub diffusion daily 9 to team-feishu")
    answer = await bot.presses("undo")
    assert answer.to == ME
    assert texts(bot, str(TEAM)) == []
    assert texts(bot, ME) == ["graphs"]


async def test_a_destination_is_not_connected(bot: BotHarness) -> None:
    await bot.says("/sub diffusion to team-feishu")
    assert (await bot.says("/connect to team-feishu")).text.startswith("✗")
    await bot.says("/sub graphs")
    assert texts(bot, str(TEAM)) == ["diffusion"]


async def test_nothing_is_sent_to_a_destination_as_an_answer(bot: BotHarness) -> None:
    for said in (
        "/sub diffusion to team-feishu",
        "/help to team-feishu",
        "/sub to team-feishu",
        "/pause to team-feishu",
    ):
        assert (await bot.says(said, trigger_id="t1")).to == ME
    assert [one for one in outbox_entries(bot.store, now=bot.clock.now()) if one.chat == str(TEAM)] == []


@pytest.mark.parametrize("access", ["open", "ask", "closed"])
@pytest.mark.parametrize(
    "said",
    [
        "/sub diffusion daily 9 to team-feishu",
        "/list to team-feishu",
        "/unsub all to team-feishu",
        "/set lang zh to team-feishu",
        "/export to team-feishu",
        "/forget to team-feishu",
        "/preview to team-feishu",
        "/undo to team-feishu",
    ],
)
async def test_a_stranger_does_nothing_with_a_destination(bot: BotHarness, access: str, said: str) -> None:
    bot.bot_info = BotInfo(access=access, admins=(address(ME),))  # type: ignore[arg-type]
    await bot.says("/sub graphs to team-feishu")
    answer = await bot.says(said, STRANGER)
    assert answer.text.startswith("✗ team-feishu: Only the operator of this bot sends papers there."), answer.text
    assert answer.file is None
    assert texts(bot, str(TEAM)) == ["graphs"]
    assert listing.get_chat(bot.store, TEAM).settings.lang == "en"


async def test_a_stranger_makes_no_chat_of_it(bot: BotHarness) -> None:
    await bot.says("/sub diffusion to team-feishu", STRANGER)
    with pytest.raises(NotFound):
        listing.get_chat(bot.store, TEAM)


async def test_a_stranger_does_not_press_an_operators_button(bot: BotHarness) -> None:
    bot.admins["telegram:-1001"] = {"42", "43"}
    await bot.says("/sub graphs daily 9 to team-feishu", "telegram:-1001", by="42", is_addressed=True)
    assert texts(bot, str(TEAM)) == ["graphs"]
    answer = await bot.presses("undo", "telegram:-1001", by="43")
    assert "Only the operator" in answer.text + answer.toast
    assert texts(bot, str(TEAM)) == ["graphs"]


async def test_whoever_sits_at_the_machine_is_an_operator_of_destinations(bot: BotHarness) -> None:
    await bot.says("/sub diffusion to team-feishu", STRANGER, is_local=True)
    assert texts(bot, str(TEAM)) == ["diffusion"]


@pytest.mark.parametrize(
    "said",
    ["/sub text to image", "/sub to", '/sub "text to speech"', "/sub to team-feishu or so", "/sub graphs to speech2"],
)
async def test_words_that_name_no_destination_are_a_query(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert len(texts(bot, ME)) == 1
    with pytest.raises(NotFound):
        listing.get_chat(bot.store, SPEECH)


async def test_a_destination_is_let_in_by_an_operator_alone(bot: BotHarness) -> None:
    answer = await bot.says("/allow apprise:team-feishu", STRANGER)
    assert answer.text.startswith("✗ Only the operator of this bot can do that.")
