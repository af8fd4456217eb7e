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
        ("summaries only", "summary"),
        ("please show just the summary", "summary"),
        ("只要摘要", "abstract"),
        ("只发摘要就行", "abstract"),
        ("只要总结就好", "summary"),
        # whoever denies a kind of text, or names titles, wants these
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
