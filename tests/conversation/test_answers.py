"""Questions that are put by buttons are answered in words, too; a text that is no answer is read as ever."""

import pytest

from bot.commands.core.context import BotInfo
from subscriptions.service.subscriptions import get_chat, listed
from tests.make import address, ingested, paper
from tests.talking import BOT, BotHarness

ME = "telegram:42"
CITIES = "Which clock is yours?"


def zone(talk: BotHarness) -> str:
    return get_chat(talk.store, address(ME)).settings.timezone


def texts(talk: BotHarness) -> list[str]:
    return [one.subscription.text for one in listed(talk.store, address(ME))]


class TestWhichClock:
    """The first /sub asks for the clock by buttons alone."""

    @pytest.fixture(autouse=True)
    async def _asked(self, talk: BotHarness) -> None:
        ingested(talk.store, paper("Attention for graphs"), paper("Diffusion"))
        said = await talk.says("/sub diffusion")
        assert CITIES in said.text

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Berlin", "Europe/Berlin"),
            ("berlin.", "Europe/Berlin"),
            ("柏林", "Europe/Berlin"),
            ("in Berlin", "Europe/Berlin"),
            ("I live in Berlin", "Europe/Berlin"),
            ("我在上海", "Asia/Shanghai"),
            ("New York", "America/New_York"),
            ("Europe/Berlin", "Europe/Berlin"),
            ("UTC+2", "+02:00"),
            ("+08:00", "+08:00"),
        ],
    )
    async def test_a_city_a_zone_or_an_offset_is_the_answer(self, talk: BotHarness, text: str, name: str) -> None:
        said = await talk.says(text)
        assert said.text.startswith("✓")
        assert zone(talk) == name
        assert texts(talk) == ["diffusion"]

    async def test_a_near_miss_is_asked_back_with_buttons(self, talk: BotHarness) -> None:
        said = await talk.says("Berln")
        assert said.lines[0] in ("Did you mean Berlin?", "Did you mean one of these?")
        assert "Berlin" in said.buttons
        assert zone(talk) == "UTC"
        assert (await talk.presses("Berlin")).text.startswith("✓")
        assert zone(talk) == "Europe/Berlin"

    @pytest.mark.parametrize(
        ("text", "city", "name"),
        [
            ("13:00", "Berlin", "Europe/Berlin"),
            ("it's 1pm here", "Berlin", "Europe/Berlin"),
            ("8pm", "Shanghai", "Asia/Shanghai"),
            ("现在是晚上8点", "Shanghai", "Asia/Shanghai"),
            ("下午五点半", "Kolkata", "Asia/Kolkata"),
        ],
    )
    async def test_what_the_clock_shows_is_answered_by_the_cities_where_it_does(
        self, talk: BotHarness, text: str, city: str, name: str
    ) -> None:
        said = await talk.says(text)
        assert said.buttons == [city, "another city"]
        assert zone(talk) == "UTC"
        await talk.presses(city)
        assert zone(talk) == name
        assert texts(talk) == ["diffusion"]

    @pytest.mark.parametrize("text", ["daily", "every day", "每周一", "hourly"])
    async def test_a_rhythm_is_no_place(self, talk: BotHarness, text: str) -> None:
        assert (await talk.says(text)).lines[0] == "✗ That is a time. Say also what papers should hold."
        assert zone(talk) == "UTC"

    async def test_a_time_that_no_city_shows_gets_all_of_them(self, talk: BotHarness) -> None:
        assert (await talk.says("12:37")).lines == ["Which clock is yours, then?"]
        assert (await talk.says("Paris")).text.startswith("✓")

    async def test_a_near_miss_can_be_said_yes_or_no_to(self, talk: BotHarness) -> None:
        assert (await talk.says("Shangai")).lines == ["Did you mean Shanghai?"]
        assert (await talk.says("no")).lines == ["Which clock is yours, then?"]
        await talk.says("Shangai")
        assert (await talk.says("yes")).text.startswith("✓")
        assert zone(talk) == "Asia/Shanghai"

    async def test_nonsense_gets_the_cities_and_a_way_to_look_for_it_all_the_same(self, talk: BotHarness) -> None:
        said = await talk.says("Gotham")
        assert said.lines == ["I know no place “Gotham”. Which clock is yours?"]
        assert any("Chicago" in label for label in said.buttons)
        assert zone(talk) == "UTC"
        tried = await talk.presses("look for “Gotham”")
        assert tried.lines[:2] == ["None of the 2 papers of the one day known fits.", "Gotham"]
        assert (await talk.says("Paris")).text.startswith("✓")

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("graph neural networks", "None of the 2 papers of the one day known fits."),
            ("graph nets", "None of the 2 papers of the one day known fits."),
            ("attention", "1 paper in the one day known"),
            ("diffusion -survey", "1 paper in the one day known"),
            ('"Berlin"', "None of the 2 papers of the one day known fits."),
            ("I want papers on attention", "1 paper in the one day known"),
            ("list", "1 subscription"),
            ("https://openreview.net/forum?id=x", "✗ That link names no paper that I can look up."),
            ("2512.00009", "✗ 2512.00009 is not known here."),
            ("hello there", "Send me words that papers should hold, such as diffusion -survey, or a link to a paper."),
        ],
    )
    async def test_what_is_clearly_something_else_is_not_swallowed(
        self, talk: BotHarness, text: str, first: str
    ) -> None:
        assert (await talk.says(text)).lines[0].startswith(first)
        assert (await talk.says("Berlin")).text.startswith("✓")
        assert zone(talk) == "Europe/Berlin"

    async def test_after_a_quarter_of_an_hour_it_is_a_query(self, talk: BotHarness) -> None:
        talk.later(minutes=16)
        assert (await talk.says("Berlin")).lines[1] == "Berlin"
        assert zone(talk) == "UTC"

    async def test_once_answered_by_a_button_it_is_not_asked_any_more(self, talk: BotHarness) -> None:
        label = next(
            label for label in talk.last[ME][-1].buttons if "Tokyo" in label or "Shanghai" in label or "Berlin" in label
        )
        await talk.presses(label)
        assert (await talk.says("Oslo")).lines[1] == "Oslo"


async def test_the_clock_that_a_command_asks_for_is_answered_by_whoever_was_never_met(talk: BotHarness) -> None:
    await talk.says("/timezone")
    assert (await talk.says("Tokyo")).text.startswith("✓")
    assert zone(talk) == "Asia/Tokyo"


class TestPickLists:
    @pytest.fixture(autouse=True)
    async def _wishes(self, talk: BotHarness) -> None:
        talk.bot_info = BotInfo(bot_names={"telegram": BOT}, timezone="Europe/Berlin")
        for text in ("graphs", "trees", "nets"):
            await talk.says(f"/sub {text}")

    @pytest.mark.parametrize("number", ["2", "#2", "2.", "第2条"])
    async def test_the_number_is_the_answer(self, talk: BotHarness, number: str) -> None:
        await talk.says("unsubscribe")
        assert (await talk.says(number)).text.startswith("✓ Removed 1 subscription:")
        assert texts(talk) == ["graphs", "nets"]

    @pytest.mark.parametrize(("words", "left"), [("trees", ["graphs", "nets"]), ("all", []), ("全部", [])])
    async def test_so_is_its_query_or_all_of_them(self, talk: BotHarness, words: str, left: list[str]) -> None:
        await talk.says("/unsub")
        assert (await talk.says(words)).text.startswith("✓ Removed")
        assert texts(talk) == left

    async def test_one_that_is_not_there_is_said(self, talk: BotHarness) -> None:
        await talk.says("/unsub")
        assert (await talk.says("9")).lines == ["✗ There is no subscription 9 here."]
        assert len(texts(talk)) == 3

    async def test_whoever_does_something_else_is_not_asked_any_more(self, talk: BotHarness) -> None:
        await talk.says("/unsub")
        await talk.says("/list")
        assert (await talk.says("2")).lines[1] == "This is subscription 2: trees"
        assert len(texts(talk)) == 3

    async def test_words_are_a_query_all_the_same(self, talk: BotHarness) -> None:
        await talk.says("/unsub")
        assert (await talk.says("quantum computing")).lines[0] == "No papers are known yet."
        assert len(texts(talk)) == 3

    async def test_which_one_to_change_and_into_what(self, talk: BotHarness) -> None:
        await talk.says("/edit")
        assert (await talk.says("2")).lines == ["2 asks for: trees", "Write what it shall be instead."]
        await talk.says("I want papers on forests, but no surveys")
        assert texts(talk)[1] == "forests -survey"

    async def test_a_value_is_the_answer_to_a_setting_that_was_shown(self, talk: BotHarness) -> None:
        await talk.says("/set limit")
        assert (await talk.says("33")).text.startswith("✓")
        assert get_chat(talk.store, address(ME)).settings.limit == 33

    async def test_a_language_is_the_answer_to_which_language(self, talk: BotHarness) -> None:
        await talk.says("/lang")
        assert (await talk.says("Chinese")).text.startswith("✓")
        assert get_chat(talk.store, address(ME)).settings.lang == "zh"

    async def test_a_word_that_is_a_command_is_one_and_the_question_waits(self, talk: BotHarness) -> None:
        await talk.says("/name 2")
        said = await talk.says("today")
        assert said.lines[-1] == "My question still waits. If that was the answer: /name 2 today"
        assert (await talk.says("woods")).text == "✓ 2 is called woods now."

    async def test_a_link_is_neither_a_name_nor_a_query(self, talk: BotHarness) -> None:
        await talk.says("/edit 2")
        assert (await talk.says("https://arxiv.org/abs/2512.00009")).lines[0] == "✗ 2512.00009 is not known here."
        assert texts(talk)[1] == "trees"
        await talk.says("forests")
        assert texts(talk)[1] == "forests"


class TestErasing:
    async def test_what_the_button_says_erases_and_no_keeps(self, talk: BotHarness) -> None:
        await talk.says("/sub graphs")
        await talk.says("/forget")
        assert (await talk.says("no")).text == "✓ Nothing is erased."
        assert texts(talk) == ["graphs"]
        await talk.says("/forget")
        await talk.says("yes")
        assert not await has_chat(talk)


async def has_chat(talk: BotHarness) -> bool:
    with talk.store.read() as session:
        return bool(session.connection().exec_driver_sql("SELECT count(*) FROM chat").scalar())
