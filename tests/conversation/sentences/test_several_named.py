"""A sentence that names several subscriptions, or all but some, is done with exactly these."""

import pytest

from tests.beginning import Beginning
from tests.bot_harness import BotHarness
from tests.conversation import deliverer


async def _subscribe(bot: BotHarness) -> None:
    for line in ("/set timezone UTC", "/sub kelp daily 9", "/sub moss weekly wed 8", "/sub sea ice weekdays 7"):
        bot.later(seconds=1)
        await bot.says(line)


SUBSCRIBED = Beginning(_subscribe)


@pytest.fixture(autouse=True)
async def _subscribed(bot: BotHarness) -> None:
    await SUBSCRIBED.of(bot)


def _there(bot: BotHarness) -> list[str]:
    """Returns the subscriptions; "-" marks one that is paused."""
    found = deliverer.subscriptions_of(bot)
    return [f"{'-' if one.state.value == 'paused' else ''}{one.text}" for one in found]


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("take the first two off my list", ["sea ice"]),
        ("delete the first two from my list", ["sea ice"]),
        ("I don't want the first two anymore", ["sea ice"]),
        ("the last two can go", ["kelp"]),
        ("不想看前两个了", ["sea ice"]),
        ("别再发前两个了", ["sea ice"]),
        ("remove the first", ["moss", "sea ice"]),
        ("can you delete kelp, moss?", ["sea ice"]),
        ("unsubscribe from kelp, moss", ["sea ice"]),
        ("unsubscribe from kelp and moss please", ["sea ice"]),
        ("unsubscribe from kelp", ["moss", "sea ice"]),
        ("delete kelp, moss please", ["sea ice"]),
        ("I don't want kelp, moss anymore", ["sea ice"]),
        ("drop kelp, moss and sea ice", []),
        ("pause sea ice and kelp please", ["-kelp", "moss", "-sea ice"]),
        # what is denied stays
        ("cancel kelp, not moss", ["moss", "sea ice"]),
        ("take kelp, not moss off my list", ["moss", "sea ice"]),
        ("remove kelp but not moss", ["moss", "sea ice"]),
        ("pause kelp, not moss", ["-kelp", "moss", "sea ice"]),
    ],
)
async def test_each_that_is_named_and_no_other(bot: BotHarness, said: str, there: list[str]) -> None:
    await bot.says(said)
    assert _there(bot) == there


@pytest.mark.parametrize("said", ["restart moss, not kelp", "resume 2, not kelp"])
async def test_only_the_one_that_is_not_denied_is_active_again(bot: BotHarness, said: str) -> None:
    for line in ("/pause 1", "/pause 2", said):
        bot.later(seconds=1)
        await bot.says(line)
    assert _there(bot) == ["-kelp", "moss", "sea ice"]


@pytest.mark.parametrize(
    "said",
    [
        "除了moss以外的退订",
        "移除除了moss以外的",
        "删掉除了moss其他都",
        "I don't need all other than moss anymore",
        "remove everything other than moss",
    ],
)
async def test_all_but_one_are_asked_about(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert _there(bot) == ["kelp", "moss", "sea ice"]
    bot.later(seconds=1)
    await bot.says("yes")
    assert _there(bot) == ["moss"]


@pytest.mark.parametrize(
    "said",
    [
        "把地衣删掉",
        "把地衣删了吧",
        "I no longer want lichen",
        "I no longer need lichen papers",
        "remove lichen",
        "lichen can go",
        "stop sending me one of them",
        "delete one",
        "其中一个不要了",
        "lose the former, I only need the potatoes",
    ],
)
async def test_a_name_that_is_not_there_is_not_the_last_one(bot: BotHarness, said: str) -> None:
    answer = await bot.says(said)
    assert (_there(bot), bool(answer.buttons)) == (["kelp", "moss", "sea ice"], True)


@pytest.mark.parametrize("said", ["删掉它", "remove it", "remove that one"])
async def test_it_is_the_last_one(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert _there(bot) == ["kelp", "moss"]


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("bring back moss", ["-kelp", "moss", "-sea ice"]),
        ("send 1 and 3 again", ["kelp", "-moss", "sea ice"]),
        ("bring back 1", ["kelp", "-moss", "-sea ice"]),
        ("bring back lichen", ["-kelp", "-moss", "-sea ice"]),
        ("undo", ["-kelp", "-moss", "sea ice"]),
    ],
)
async def test_those_that_come_back_are_named(bot: BotHarness, said: str, there: list[str]) -> None:
    for line in ("/pause 1", "/pause 2", "/pause 3", said):
        bot.later(seconds=1)
        await bot.says(line)
    assert _there(bot) == there


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("label moss bryo", "bryo"),
        ("the new name of moss is bryo", "bryo"),
        ("can you call moss bryo?", "bryo"),
        ("please rename moss Green Stuff", "Green Stuff"),
        ("can you rename moss?", ""),
    ],
)
async def test_the_name_follows_the_subscription(bot: BotHarness, said: str, name: str) -> None:
    await bot.says(said)
    assert [one.name for one in deliverer.subscriptions_of(bot)] == ["", name, ""]
