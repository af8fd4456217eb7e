"""Sentences about settings of the chat change the setting that they name, and neither another one nor a subscription."""

import pytest

from subscriptions.service import listing
from tests import make
from tests.beginning import Beginning
from tests.bot_harness import BotHarness
from tests.conversation import deliverer


async def _subscribe(bot: BotHarness) -> None:
    for line in ("/set timezone UTC", "/sub kelp daily 9", "/sub moss weekly wed 8", "/sub sea ice weekdays 7"):
        bot.later(seconds=1)
        await bot.says(line)


SUBSCRIBED = Beginning(_subscribe)
THREE = ["kelp daily 09:00", "moss weekly wed 08:00", "sea ice weekdays 07:00"]


@pytest.fixture(autouse=True)
async def _subscribed(bot: BotHarness) -> None:
    await SUBSCRIBED.of(bot)


def _there(bot: BotHarness) -> list[str]:
    return [f"{one.text} {one.cadence}" for one in deliverer.subscriptions_of(bot)]


def _chosen(bot: BotHarness) -> dict[str, str]:
    """Returns the chosen settings, without the time zone that was chosen at the beginning."""
    chosen = dict(listing.get_chat(bot.store, make.address("telegram:42")).chosen)
    assert chosen.pop("timezone") == "UTC"
    return chosen


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("only abstracts", "abstract"),
        ("I just need the abstracts", "abstract"),
        ("I only want abstracts", "abstract"),
        ("keep only the abstracts", "abstract"),
        ("nothing but abstracts", "abstract"),
        ("only abstracts for all papers", "abstract"),
        ("summaries only", "summary"),
        ("please show just the summary", "summary"),
        ("只要摘要", "abstract"),
        ("只发摘要就行", "abstract"),
        ("只要总结就好", "summary"),
        # titles for who denies the other kinds
        ("only titles", "titles"),
        ("titles only, no abstracts", "titles"),
        ("just skip the summaries", "titles"),
        ("不要摘要", "titles"),
        ("只发标题就行，摘要太占地方", "titles"),
    ],
)
async def test_the_kind_of_text_is_the_one_that_is_named(bot: BotHarness, said: str, kind: str) -> None:
    await bot.says(said)
    assert (_chosen(bot), _there(bot)) == ({"text": kind}, THREE)


@pytest.mark.parametrize(
    "said",
    [
        "no messages between 11pm and 7am",
        "nothing from 23:00 to 07:00 please",
        "can you be silent between 11pm and 7am?",
        "change the quiet hours to between 11pm and 7am",
        "no notifications 11pm - 7am",
        "晚上11点到早上7点不要发",
        "免打扰时间改成23点到7点",
    ],
)
async def test_quiet_hours_are_no_time_of_the_last_subscription(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert (_chosen(bot), _there(bot)) == ({"quiet": "23:00-07:00"}, THREE)


MENTIONED = [
    "I love Paris",
    "I like Berlin",
    "I miss New York",
    "Tokyo is far away",
    "I study kelp in Paris",
    "I flew to New York in 2019",
    "we met in Vienna",
    "is there New York time?",
    "I'll be in Tokyo for two days",
    "gonna be in Osaka from march",
    "东京现在几点？",
    "在纽约的时候我8点收到",
    "我明年去巴黎",
    "我以前住在伦敦",
]


@pytest.mark.parametrize("said", MENTIONED)
async def test_a_place_that_is_only_mentioned_changes_nothing(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert (_chosen(bot), _there(bot)) == ({}, THREE)


class TestWhileTheClockIsAsked:
    """The first /sub of a person asks: "Which clock is yours?"."""

    @pytest.fixture(autouse=True)
    async def _subscribed(self, bot: BotHarness) -> None:
        await bot.says("/sub kelp daily 9")

    @pytest.mark.parametrize("said", MENTIONED)
    async def test_a_place_that_is_only_mentioned_is_no_answer(self, bot: BotHarness, said: str) -> None:
        await bot.says(said)
        assert (self._zone(bot), _there(bot)) == ("UTC", ["kelp daily 09:00"])

    @pytest.mark.parametrize(
        "said",
        [
            "Paris",
            "paris please",
            "in Paris",
            "it's Paris",
            "I'm in Paris",
            "we live in Paris",
            "Paris time",
            "我在巴黎",
        ],
    )
    async def test_who_says_where_they_are_answers(self, bot: BotHarness, said: str) -> None:
        await bot.says(said)
        assert self._zone(bot) == "Europe/Paris"

    async def test_the_command_closes_the_question(self, bot: BotHarness) -> None:
        await bot.says("/set timezone UTC")
        await bot.says("Paris")
        assert self._zone(bot) == "UTC"

    def _zone(self, bot: BotHarness) -> str:
        return listing.get_chat(bot.store, make.address("telegram:42")).settings.timezone


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("no limit please", {"limit": "all"}),
        ("remove the limit", {"limit": "all"}),
        ("unlimited papers", {"limit": "all"}),
        ("don't limit the papers", {"limit": "all"}),
        ("取消上限", {"limit": "all"}),
        ("不限篇数", {"limit": "all"}),
        ("raise the limit to 20", {"limit": "20"}),
        ("no more than 7 papers", {"limit": "7"}),
        ("the limit is too low", {}),
        ("disable the quiet hours", {"quiet": "off"}),
        ("no more quiet hours", {"quiet": "off"}),
        ("不要免打扰", {"quiet": "off"}),
        ("免打扰不要了", {"quiet": "off"}),
        # these want some quiet hours
        ("I want quiet hours", {}),
        ("keep the quiet hours", {}),
        ("不要打扰我", {}),
        ("I don't want to be disturbed at night", {}),
    ],
)
async def test_a_limit_or_quiet_hours_that_are_denied_end(bot: BotHarness, said: str, chosen: dict[str, str]) -> None:
    await bot.says(said)
    assert (_chosen(bot), _there(bot)) == (chosen, THREE)


class TestWhatWasNotAskedFor:
    """An undo is about what was done last: not another setting, and no subscription."""

    @pytest.mark.parametrize(
        "said",
        [
            "I never asked for titles only",
            "I didn't ask for Chinese",
            "I didn't ask for quiet hours",
            "undo the Chinese",
        ],
    )
    async def test_a_setting_that_was_not_changed_last_is_shown(self, bot: BotHarness, said: str) -> None:
        answer = await bot.says(said)
        assert (_chosen(bot), _there(bot)) == ({}, THREE)
        assert answer.buttons

    @pytest.mark.parametrize("said", ["I never asked for titles only", "undo titles only"])
    async def test_the_setting_that_was_changed_last_is_undone(self, bot: BotHarness, said: str) -> None:
        await bot.says("titles only")
        bot.later(seconds=1)
        await bot.says(said)
        assert (_chosen(bot), _there(bot)) == ({}, THREE)

    async def test_who_wants_a_setting_back_gets_it(self, bot: BotHarness) -> None:
        await bot.says("go back to English")
        assert (_chosen(bot), _there(bot)) == ({"lang": "en"}, THREE)


@pytest.mark.parametrize(
    "said",
    [
        "turn off moss",
        "turn off moss over the weekend",
        "I don't want moss till the 10th",
        "newest first for moss",
        "kelp in chinese please",
    ],
)
async def test_a_sentence_that_names_a_subscription_changes_no_setting(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert (_chosen(bot), _there(bot)) == ({}, THREE)
