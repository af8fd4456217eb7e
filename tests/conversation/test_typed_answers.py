"""Questions with buttons can be answered by typing. Text that is not an answer is read as usual."""

import pytest

from bot.commands.context import BotInfo
from tests.bot_harness import BOT, BotHarness
from tests.conversation.deliverer import texts

ME = "telegram:42"
CITIES = "Which clock is yours?"


def zone(bot: BotHarness) -> str:
    return bot.chat_of(ME).settings.timezone


class TestWhichClock:
    """The first /sub asks for the time zone, with buttons only."""

    @pytest.fixture(autouse=True)
    async def _asked(self, bot: BotHarness) -> None:
        bot.brings("Attention for graphs", "Diffusion")
        said = await bot.says("/sub diffusion")
        assert CITIES in said.text

    @pytest.mark.parametrize(("text", "name"), [("I live in Berlin", "Europe/Berlin"), ("我在上海", "Asia/Shanghai")])
    @pytest.mark.sentences
    async def test_a_sentence_may_have_the_city(self, bot: BotHarness, text: str, name: str) -> None:
        assert (await bot.says(text)).text.startswith("✓")
        assert zone(bot) == name

    @pytest.mark.parametrize(
        ("text", "city", "name"),
        [
            ("it's 1pm here", "Berlin", "Europe/Berlin"),
            ("现在是晚上8点", "上海", "Asia/Shanghai"),
            ("下午五点半", "加尔各答", "Asia/Kolkata"),
        ],
    )
    @pytest.mark.sentences
    async def test_a_sentence_may_say_what_the_clock_shows(
        self, bot: BotHarness, text: str, city: str, name: str
    ) -> None:
        said = await bot.says(text)
        assert said.buttons == [city, "another city" if text.isascii() else "别的城市"]
        assert zone(bot) == "UTC"
        await bot.presses(city)
        assert zone(bot) == name
        assert texts(bot) == ["diffusion"]

    async def test_a_word_that_is_nearly_a_city_can_be_looked_for(self, bot: BotHarness) -> None:
        assert (await bot.says("BERT")).buttons == ["Beirut", "another city", "look for “BERT”"]
        assert (await bot.presses("look for “BERT”")).lines[1] == "BERT"
        assert zone(bot) == "UTC"

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("daily", "✓ Schedule of 1: daily 09:00"),
            ("every day", "✓ Schedule of 1: daily 09:00"),
            ("每周一", "✓ 订阅 1 的时间安排：每周一 09:00"),
            ("hourly", "✗ “hourly” is not a schedule."),
        ],
    )
    @pytest.mark.sentences
    async def test_a_rhythm_is_no_place(self, bot: BotHarness, text: str, first: str) -> None:
        assert (await bot.says(text)).lines[0] == first
        assert zone(bot) == "UTC"

    async def test_a_time_that_no_city_shows_gets_all_of_them(self, bot: BotHarness) -> None:
        assert (await bot.says("12:37")).lines == ["Which clock is yours, then?"]
        assert (await bot.says("Paris")).text.startswith("✓")

    async def test_a_near_miss_can_be_said_yes_or_no_to(self, bot: BotHarness) -> None:
        assert (await bot.says("Shangai")).lines == ["Did you mean Shanghai?"]
        assert (await bot.says("no")).lines == ["Which clock is yours, then?"]
        await bot.says("Shangai")
        assert (await bot.says("yes")).text.startswith("✓")
        assert zone(bot) == "Asia/Shanghai"

    async def test_nonsense_gets_the_cities_and_a_way_to_look_for_it_all_the_same(self, bot: BotHarness) -> None:
        said = await bot.says("Gotham")
        assert said.lines == ["I know no place “Gotham”. Which clock is yours?"]
        assert any("Chicago" in label for label in said.buttons)
        assert zone(bot) == "UTC"
        tried = await bot.presses("look for “Gotham”")
        assert tried.lines[:2] == ["No paper that I know has “Gotham”.", "Gotham"]
        assert (await bot.says("Paris")).text.startswith("✓")

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("graph neural networks", "No paper that I know has “neural”, “networks”."),
            ("graph nets", "No paper that I know has “nets”."),
            ("attention", "1 paper in the last 7 days"),
            ("diffusion -survey", "1 paper in the last 7 days"),
            ('"Berlin"', "No paper that I know has “Berlin”."),
            ("https://openreview.net/forum?id=x", "✗ That link names no paper that I can look up."),
            ("2512.00009", "✗ 2512.00009 is not known here."),
        ],
    )
    async def test_what_is_clearly_something_else_is_not_swallowed(
        self, bot: BotHarness, text: str, first: str
    ) -> None:
        assert (await bot.says(text)).lines[0].startswith(first)
        assert (await bot.says("Berlin")).text.startswith("✓")
        assert zone(bot) == "Europe/Berlin"

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("I want papers on attention", "1 paper in the last 7 days"),
            ("list", "1 subscription"),
            ("hello there", "Send me words that papers should contain, such as diffusion -survey"),
        ],
    )
    @pytest.mark.sentences
    async def test_a_sentence_is_not_swallowed(self, bot: BotHarness, text: str, first: str) -> None:
        assert (await bot.says(text)).lines[0].startswith(first)
        assert (await bot.says("Berlin")).text.startswith("✓")


async def test_the_clock_that_a_command_asks_for_is_answered_by_whoever_was_never_met(bot: BotHarness) -> None:
    await bot.says("/timezone")
    assert (await bot.says("Tokyo")).text.startswith("✓")
    assert zone(bot) == "Asia/Tokyo"


class TestPickLists:
    @pytest.fixture(autouse=True)
    async def _subscribe(self, bot: BotHarness) -> None:
        bot.bot_info = BotInfo(bot_names={"telegram": BOT}, timezone="Europe/Berlin")
        for text in ("graphs", "trees", "nets"):
            await bot.says(f"/sub {text}")

    async def test_whoever_does_something_else_is_not_asked_any_more(self, bot: BotHarness) -> None:
        await bot.says("/unsub")
        await bot.says("/list")
        assert (await bot.says("2")).lines[1] == "This is subscription 2: trees"
        assert len(texts(bot)) == 3

    async def test_words_are_a_query_all_the_same(self, bot: BotHarness) -> None:
        await bot.says("/unsub")
        assert (await bot.says("quantum computing")).lines[0] == "No papers are known yet."
        assert len(texts(bot)) == 3

    @pytest.mark.sentences
    async def test_which_one_to_change_and_into_what(self, bot: BotHarness) -> None:
        await bot.says("/edit")
        assert (await bot.says("2")).lines == ["2 asks for: trees", "Write what it shall be instead."]
        await bot.says("I want papers on forests, but no surveys")
        assert texts(bot)[1] == "forests -survey"

    @pytest.mark.sentences
    async def test_a_word_that_is_a_command_is_one_and_the_question_waits(self, bot: BotHarness) -> None:
        await bot.says("/name 2")
        said = await bot.says("today")
        assert said.lines[-1] == "My question still waits. If that was the answer: /name 2 today"
        assert (await bot.says("woods")).text == "✓ 2 is called woods now."

    async def test_a_link_is_neither_a_name_nor_a_query(self, bot: BotHarness) -> None:
        await bot.says("/edit 2")
        assert (await bot.says("https://arxiv.org/abs/2512.00009")).lines[0] == "✗ 2512.00009 is not known here."
        assert texts(bot)[1] == "trees"
        await bot.says("forests")
        assert texts(bot)[1] == "forests"
