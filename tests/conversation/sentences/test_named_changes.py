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
        # a time that a noun follows to which it belongs is no time
        ("kelp without weekly reports", ['kelp -"weekly reports"', "moss", "sea ice"]),
        ("sea ice without daily rainfall", ["kelp", "moss", 'sea ice -"daily rainfall"']),
        ("1: no weekly reports", ['kelp -"weekly reports"', "moss", "sea ice"]),
        ("switch sea ice to daily rainfall", ["kelp", "moss", "daily rainfall"]),
        # not the last one, nor a new one, but the numbered one
        ("number 2: no reviews", ["kelp", "moss -review", "sea ice"]),
        ("2: without reviews", ["kelp", "moss -review", "sea ice"]),
        ("replace number 2 with seagrass", ["kelp", "seagrass", "sea ice"]),
        ("exchange number 2 for seagrass", ["kelp", "seagrass", "sea ice"]),
        ("please add Jane Doe to number 2 as well", ["kelp", 'moss OR author:"Jane Doe"', "sea ice"]),
        ("number 2 only with baltic", ["kelp", "moss baltic", "sea ice"]),
        # what is denied is excluded
        ("my kelp subscription should not include climate models", ['kelp -"climate models"', "moss", "sea ice"]),
        ("不想在海带那个里看到养殖", ["海带 -养殖", "苔藓", "海冰"]),
        ("不是海冰，是盐沼", ["海带", "苔藓", "盐沼"]),
        ("subscribe to seagrass without reviews", ["kelp", "moss", "sea ice", "seagrass -review"]),
        ("add salt marshes to kelp", ["kelp OR salt marshes", "moss", "sea ice"]),
        # two wishes
        ("no reviews for sea ice, then add lichen", ["kelp", "moss", "sea ice -review", "lichen"]),
        ("no reviews for sea ice and add lichen", ["kelp", "moss", "sea ice -review", "lichen"]),
        ("海带不要综述，然后加上地衣", ["海带 -综述", "苔藓", "海冰", "地衣"]),
        ("删掉海冰，然后加上地衣", ["海带", "苔藓", "地衣"]),
        ("删掉海冰，再加上地衣", ["海带", "苔藓", "地衣"]),
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


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("switch kelp to weekly mails", "weekly mon 09:00"),
        ("switch kelp from daily to weekly", "weekly mon 09:00"),
        ("change kelp to weekly instead", "weekly mon 09:00"),
        ("I want kelp daily papers at 8", "daily 08:00"),
        ("no weekly reports in kelp", "daily 09:00"),
        ("kelp without weekly reports", "daily 09:00"),
    ],
)
async def test_a_time_that_belongs_to_a_noun_of_a_subject_moves_nothing(said: str, when: str) -> None:
    with a_bot() as bot:
        for one in _ENGLISH:
            await bot.says(f"/sub {one}")
        await bot.says(said)
        assert str(subscriptions_of(bot)[0].cadence) == when


async def test_the_name_that_is_given_is_no_part_of_the_query_that_is_named() -> None:
    with a_bot() as bot:
        for one in _ENGLISH:
            await bot.says(f"/sub {one}")
        await bot.says("name sea ice weeds")
        assert [one.name for one in subscriptions_of(bot)] == ["", "", "weeds"]
