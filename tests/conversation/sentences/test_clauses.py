"""Clauses about different subscriptions are wishes of their own; a clause that keeps something, or tells why, is none."""

import pytest

from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import known_or_new
from tests import make
from tests.bot_harness import BotHarness
from tests.conversation import deliverer

KELP, MOSS, FERNS = "kelp daily 09:00", "moss daily 09:00", "ferns daily 09:00"
KELP_ON_TUESDAY = "kelp weekly tue 09:00"


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("don't pause kelp, pause moss", [KELP, f"-{MOSS}", FERNS]),
        ("2 and 3 can go. 1 stays put", [KELP]),
        ("kelp can go, moss stays as it is", [MOSS, FERNS]),
        ("leave surveys out of kelp, but moss stays exactly as it is", ["kelp -survey daily 09:00", MOSS, FERNS]),
        (
            "pause 1 till monday, move 2 to 18:00, and I really must call my mother",
            [f"-{KELP}", "moss daily 18:00", FERNS],
        ),
        ("Drop moss. That was for my old job. And kelp at 10 please.", ["kelp daily 10:00", FERNS]),
        ("Kindly (1) drop moss and (2) send kelp on weekdays at 7:45", ["kelp weekdays 07:45", FERNS]),
        ("follow corals daily at 7, and drop moss, my colleague reads that", [KELP, FERNS, "corals daily 07:00"]),
        ("2停五天，3换到每周二上午九点，1别管", [KELP, f"-{MOSS}", "ferns weekly tue 09:00"]),
        ("2先停，3别停", [KELP, f"-{MOSS}", FERNS]),
        ("2退掉，因为1早把它包进去了。1换到十点", ["kelp daily 10:00", FERNS]),
        ("1和3都不用管，2移到每周五下午五点", [KELP, "moss weekly fri 17:00", FERNS]),
        ("pause moss, until I say otherwise", [KELP, f"-{MOSS}", FERNS]),
        ("2先停一下，等我回来再说", [KELP, f"-{MOSS}", FERNS]),
        ("I don't want moss any more, it bores me", [KELP, FERNS]),
        ("I could pause moss, or move ferns to the evening", [KELP, MOSS, FERNS]),
        ("remove kelp, no hold on, keep that", [KELP, MOSS, FERNS]),
        ("rename kelp to weed, and change the time to 10am", ["kelp daily 10:00", MOSS, FERNS]),
        ("moss改名叫青苔，顺便暂停一周", [KELP, f"-{MOSS}", FERNS]),
        ("kelp排除综述，时间改成十点", ["kelp -综述 daily 10:00", MOSS, FERNS]),
        ("I'm on a trip next week, so please hold moss", [KELP, f"-{MOSS}", FERNS]),
        ("my brother is not interested in moss any more", [KELP, MOSS, FERNS]),
        ("moss used to come weekly", [KELP, MOSS, FERNS]),
        ("delete moss next month", [KELP, MOSS, FERNS]),
        ("加一个珊瑚的订阅，苔藓那个别管，1换成每周二", [KELP_ON_TUESDAY, MOSS, FERNS, "珊瑚 when-out 08:00-20:00"]),
        ("add lichen to moss and drop ferns", [KELP, "moss OR lichen daily 09:00"]),
        ("moss can come back on 3 february, pause it until then", [KELP, f"-{MOSS}", FERNS]),
        ("all of them one hour earlier", ["kelp daily 08:00", "moss daily 08:00", "ferns daily 08:00"]),
        ("don't pause kelp, it's moss I want paused", [KELP, MOSS, FERNS]),  # asks which
        ("skip reviews in the second", [KELP, "moss -review daily 09:00", FERNS]),
        ("all but moss at 6", [KELP, MOSS, FERNS]),  # asks first
        ("I want to be left with exactly two: kelp and moss", [KELP, MOSS, FERNS]),
        ("at 8, and no surveys", [KELP, MOSS, "ferns -survey daily 08:00"]),
        ("不要综述，周五发", [KELP, MOSS, "ferns -综述 weekly fri 09:00"]),
        (
            "please remove moss and add corals every saturday. Do not alter ferns.",
            [KELP, FERNS, "corals weekly sat 09:00"],
        ),
    ],
)
async def test_each_is_read_by_itself(bot: BotHarness, said: str, there: list[str]) -> None:
    for query in ("kelp", "moss", "ferns"):
        await bot.says(f"/sub {query} daily 9")
    bot.later(seconds=5)
    await bot.says(said)
    assert _there(bot) == there


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("take out kelp, use corals instead", ["corals daily 09:00"]),
        ("get rid of kelp", []),
        ("put corals into the same subscription as well", ["kelp OR corals daily 09:00"]),
        ("把珊瑚也算进这个订阅里", ["kelp OR 珊瑚 daily 09:00"]),
        ("带综述的就别发了", ["kelp -综述 daily 09:00"]),
        ("their bot sends them two papers a day on corals, they said", [KELP]),
        ("make it fridays 10am, call it Green, eight papers tops", ["kelp weekly fri 10:00"]),
    ],
)
async def test_the_only_subscription_is_meant(bot: BotHarness, said: str, there: list[str]) -> None:
    await bot.says("/sub kelp daily 9")
    bot.later(seconds=5)
    await bot.says(said)
    assert _there(bot) == there


async def test_another_day_replaces_the_one_that_is_named_beside_it(bot: BotHarness) -> None:
    await bot.says("/sub kelp weekly mon 9")
    await bot.says("/sub moss daily 9")
    bot.later(seconds=5)
    await bot.says("switch kelp from mondays to thursdays")
    assert _there(bot) == ["kelp weekly thu 09:00", MOSS]
    await bot.says("send moss from monday to thursday")
    assert _there(bot) == ["kelp weekly thu 09:00", "moss mon,tue,wed,thu 09:00"]


async def test_an_order_about_the_first_one_is_not_about_a_spelling_that_is_offered(bot: BotHarness) -> None:
    await bot.says("/sub kelp daily 9")
    await bot.says("/sub grape phylloxera daily 9")
    bot.later(seconds=5)
    await bot.says("drop the first one")
    assert _there(bot) == ["grape phylloxera daily 09:00"]


async def test_a_word_of_one_query_alone_names_its_subscription(bot: BotHarness) -> None:
    await bot.says("/sub glacier mass balance daily 8")
    await bot.says("/sub permafrost daily 8")
    bot.later(seconds=5)
    await bot.says("could the glacier alerts come at 6 in the evening rather")
    assert _there(bot) == ["glacier mass balance daily 18:00", "permafrost daily 08:00"]


async def test_a_time_for_no_named_subscription_is_asked_about(bot: BotHarness) -> None:
    await bot.says("/sub kelp daily 9")
    await bot.says("/sub moss weekly mon 9")
    bot.later(hours=20)
    said = await bot.says("change the time to 10am")
    assert _there(bot) == [KELP, "moss weekly mon 09:00"]
    assert "Which one do you mean?" in said.text


async def test_where_somebody_else_is_is_no_answer_to_the_question_for_the_clock(bot: BotHarness) -> None:
    assert "Which clock is yours?" in (await bot.says("follow kelp every day at 9")).text
    await bot.says("my cousin lives in Paris")
    chat = known_or_new(bot.store, make.address(deliverer.ME), ChatKind.PRIVATE)
    assert chat.settings.timezone == "UTC"


@pytest.mark.parametrize(
    ("said", "setting", "value"),
    [
        ("9 papers at most each time, my eyes hurt", "limit", "9"),
        ("i'd rather see the real abstracts than those summaries", "text", "abstract"),
    ],
)
async def test_a_setting_is_that_of_the_chat_unless_a_subscription_is_named(
    bot: BotHarness, said: str, setting: str, value: str
) -> None:
    await bot.says("/sub kelp daily 9")
    await bot.says("/sub moss daily 9")
    bot.later(seconds=5)
    await bot.says(said)
    assert (
        str(getattr(known_or_new(bot.store, make.address(deliverer.ME), ChatKind.PRIVATE).settings, setting)) == value
    )


async def test_a_new_name_ends_before_the_words_around_it(bot: BotHarness) -> None:
    await bot.says("/sub kelp daily 9")
    await bot.says("call it Weed")
    bot.later(seconds=5)
    await bot.says("name it Seaweed instead, please")
    await bot.says("把名字改成“海草”，并且排除综述")
    assert [one.name for one in deliverer.subscriptions_of(bot)] == ["海草"]


def _there(bot: BotHarness) -> list[str]:
    """Returns the subscriptions with their times; "-" marks one that is paused."""
    found = deliverer.subscriptions_of(bot)
    return [f"{'-' if one.state.value == 'paused' else ''}{one.text} {one.cadence}" for one in found]
