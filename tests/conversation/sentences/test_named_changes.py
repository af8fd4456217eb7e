"""A sentence that changes the words of a subscription and calls it by its own words: the name never becomes a part of the new words."""

import pytest

from tests.conversation.deliverer import subscriptions_of
from tests.conversation.sentences.test_sentences import a_bot

_ENGLISH = ("kelp daily 9", "moss weekly wed 8", "sea ice weekdays 7")
_CHINESE = ("海带 daily 9", "苔藓 weekly wed 8", "海冰 weekdays 7")


async def _queries_after(said: str) -> list[str]:
    with a_bot() as bot:
        for one in _ENGLISH if said.isascii() else _CHINESE:
            await bot.says(f"/sub {one}")
        await bot.says(said)
        return [one.text for one in subscriptions_of(bot)]


@pytest.mark.parametrize(
    ("said", "queries"),
    [
        ("no reviews for kelp", ["kelp -review", "moss", "sea ice"]),
        ("leave reviews out of kelp", ["kelp -review", "moss", "sea ice"]),
        ("don't send reviews for sea ice", ["kelp", "moss", "sea ice -review"]),
        ("no reviews in sea ice", ["kelp", "moss", "sea ice -review"]),
        ("sea ice but no climate models", ["kelp", "moss", 'sea ice -"climate models"']),
        ("include seagrass in sea ice", ["kelp", "moss", "sea ice OR seagrass"]),
        ("add seagrass to sea ice", ["kelp", "moss", "sea ice OR seagrass"]),
        ("海冰不要综述", ["海带", "苔藓", "海冰 -综述"]),
        ("海带不要综述", ["海带 -综述", "苔藓", "海冰"]),
        ("给海冰加上盐沼", ["海带", "苔藓", "海冰 OR 盐沼"]),
        ("海冰加上海草", ["海带", "苔藓", "海冰 OR 海草"]),
        # a name within a longer subject names no subscription
        ("no kelp forests", ["kelp", "moss", "sea ice"]),
        ("also sea ice models", ["kelp", "moss", "sea ice OR sea ice models"]),
        ("海冰模型也要", ["海带", "苔藓", "海冰 OR 海冰模型"]),
    ],
)
async def test_the_name_of_a_subscription_is_no_part_of_the_new_words(said: str, queries: list[str]) -> None:
    assert await _queries_after(said) == queries


@pytest.mark.parametrize(
    ("said", "query", "when"),
    [
        ("每天7点给我发珊瑚但不要综述", "珊瑚 -综述", "daily 07:00"),
        ("每周五给我发钙钛矿，不要综述", "钙钛矿 -综述", "weekly fri 09:00"),
        ("每天7点给我发不含综述的珊瑚论文", "珊瑚 -综述", "daily 07:00"),
        ("订阅不含综述的珊瑚", "珊瑚 -综述", "when-out 08:00-20:00"),
        ("帮我盯着珊瑚但不要综述", "珊瑚 -综述", "when-out 08:00-20:00"),
        ("订阅珊瑚但不要综述，每周五", "珊瑚 -综述", "weekly fri 09:00"),
    ],
)
async def test_a_wish_with_an_exclusion_is_a_new_subscription_at_its_time(said: str, query: str, when: str) -> None:
    with a_bot() as bot:
        for one in _CHINESE:
            await bot.says(f"/sub {one}")
        await bot.says(said)
        *before, new = subscriptions_of(bot)
    assert [one.text for one in before] == ["海带", "苔藓", "海冰"]
    assert (new.text, str(new.cadence)) == (query, when)
