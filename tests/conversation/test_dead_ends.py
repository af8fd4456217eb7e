"""A query that finds nothing gets help: a search in all papers, corrected spelling, looser queries and other word forms."""

from datetime import timedelta

import pytest

from bot.commands.like import WORDS
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.make import paper

OLD = NOON - timedelta(days=40)
ABSTRACT = (
    "We teach a walking robot to cross wet sand by listening to its own steps, and show that gravel, mud and ice sound "
    "different enough for a small network to choose another gait before the robot slips"
)


class TestOneSearch:
    @pytest.mark.both_databases
    async def test_old_papers_are_found_with_their_day(self, bot: BotHarness) -> None:
        bot.brings("Diffusion of old", "Graphs", now=OLD)
        bot.brings("Diffusion of today", name="new")
        said = await bot.says("diffusion")
        assert said.lines[0] == "2 of 3 papers, 1 in the last 7 days"
        assert "1 Diffusion of today — Ada Example" in said.lines
        assert "2 Diffusion of old — Ada Example · Sat 13 Dec" in said.lines
        assert (await bot.says("/search diffusion")).markup == said.markup

    async def test_a_subscription_counts_the_last_days(self, bot: BotHarness) -> None:
        bot.brings("Diffusion of old", now=OLD)
        bot.brings("Diffusion of today", name="new")
        assert "1 paper in the last 7 days" in (await bot.says("/preview diffusion")).text
        assert "It finds 1 paper in the last 7 days:" in (await bot.says("/sub diffusion")).lines

    @pytest.mark.both_databases
    async def test_a_preview_of_few_papers_offers_the_last_year(self, bot: BotHarness) -> None:
        bot.brings("Diffusion of last year", now=NOON - timedelta(days=400))
        bot.brings("Diffusion of old", name="old", now=OLD)
        bot.brings("Diffusion of today", name="new")
        assert (await bot.says("/preview diffusion")).buttons == ["subscribe", "the last year (+1)"]
        assert "Diffusion of old" in (await bot.presses("the last year (+1)")).text
        assert (await bot.says("/preview graphs")).buttons == ["subscribe"]

    async def test_what_only_older_papers_have_is_said(self, bot: BotHarness) -> None:
        bot.brings("Diffusion", now=OLD)
        bot.brings("Graphs", name="new")
        assert (await bot.says("diffusion")).lines[0] == "1 of 2 papers, none in the last 7 days"


class TestSpelling:
    @pytest.mark.both_databases
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("difusion modles", "diffusion models"),
            ("Difusion -survey", "diffusion -survey"),
            ("ti:difusion", "ti:diffusion"),
            ("author:Exmaple", "author:Example"),
            ('"difusion models"', '"diffusion models"'),
        ],
    )
    async def test_words_that_no_paper_has_are_read_as_close_ones(
        self, bot: BotHarness, typed: str, meant: str
    ) -> None:
        bot.brings("Diffusion models")
        said = await bot.says(typed)
        assert said.lines[0].endswith(f"Did you mean “{meant}”?")
        assert "1 Diffusion models" in said.text or "Diffusion models" in said.lines
        assert said.buttons[-2:] == ["subscribe", f"subscribe to {typed}"]
        assert (await bot.presses("subscribe")).lines[0].startswith("✓ 1")
        assert [one.subscription.text for one in bot.listed("telegram:42")] == [meant]

    async def test_an_acronym_is_no_wrong_spelling(self, bot: BotHarness) -> None:
        bot.brings("Crisp edges")
        said = await bot.says("CRISPR")
        assert said.lines[0] == "No paper that I know has “CRISPR”."
        assert (await bot.presses("subscribe")).lines[0].startswith("✓ 1  CRISPR")

    async def test_what_was_typed_may_be_meant(self, bot: BotHarness) -> None:
        bot.brings("Robots")
        await bot.says("robotics -drones")
        assert (await bot.presses("subscribe to robotics -drones")).lines[
            0
        ] == "✓ 1  robotics, not drones · when-out 08:00-20:00 UTC"

    async def test_a_mistyped_alternative_is_a_press_away(self, bot: BotHarness) -> None:
        bot.brings("Diffusion", "Graphs")
        assert "diffusion OR graphs" in (await bot.says("difusion OR graphs")).buttons
        assert (await bot.presses("diffusion OR graphs")).lines[0] == "2 papers in the last 7 days"

    @pytest.mark.parametrize(
        ("typed", "button"),
        [("sbu diffusion", "/sub diffusion"), ("/pasue", "/pause"), ("/susbcribe diffusion", "/subscribe diffusion")],
    )
    async def test_a_mistyped_command_is_a_press_away(self, bot: BotHarness, typed: str, button: str) -> None:
        bot.brings("Diffusion")
        await bot.says("/sub graphs")
        said = await bot.says(typed)
        assert button in said.buttons
        assert (await bot.presses(button)).lines[0].startswith("✓")

    async def test_nonsense_is_offered_more_than_a_subscription(self, bot: BotHarness) -> None:
        bot.brings("Diffusion")
        said = await bot.says("gloopty frindle")
        assert said.lines[0] == "No paper that I know has “gloopty”, “frindle”."
        assert said.buttons == ["how to ask", "subscribe"]


class TestLooser:
    @pytest.mark.both_databases
    @pytest.mark.parametrize(
        ("typed", "button"),
        [
            ("diffusion graphs", "with or without graphs (+2)"),
            ("ti:tides", "words in any text (+1)"),
            ("diffusion -video", "allow video (+1)"),
            ("diffusion tides", "any of these words (+3)"),
        ],
    )
    async def test_a_variant_that_finds_more_is_a_press_away(self, bot: BotHarness, typed: str, button: str) -> None:
        papers = (
            paper("Diffusion"),
            paper("Diffusion of video"),
            paper("Sand", abstract="Tides."),
            paper("Mud"),
        )
        others = (paper(f"Other {n}", authors=("Bo Other",)) for n in range(5))
        bot.brings(*papers, *others)
        said = await bot.says(typed)
        assert button in said.buttons
        more = int(button.rpartition("+")[2].removesuffix(")"))
        found = sum(line[0].isdigit() and "Ada" in line for line in said.lines if line)
        pressed = await bot.presses(button)
        assert sum(line[0].isdigit() and " — " in line for line in pressed.lines if line) in (0, more + found)

    async def test_of_a_long_query_words_side_by_side_are_offered(self, bot: BotHarness) -> None:
        bot.brings("Speculative decoding", "Vision transformers", *"abcd")
        said = await bot.says("speculative decoding vision transformers phones")
        assert said.buttons[:2] == ["speculative decoding (+1)", "vision transformers (+1)"]


class TestOtherForms:
    @pytest.mark.parametrize("typed", ["LLM", "large language models", "大语言模型"])
    async def test_every_form_finds_all_by_a_press(self, bot: BotHarness, typed: str) -> None:
        titles = ("LLM agents", "Large language models", "大语言模型综述")
        bot.brings(*titles, *"abcd")
        said = await bot.says(typed)
        button = next(label for label in said.buttons if label.endswith("(+2)") and " OR " in label)
        assert (await bot.presses(button)).lines[0] == "3 papers in the last 7 days"

    @pytest.mark.both_databases
    async def test_forms_are_learned_from_papers(self, bot: BotHarness) -> None:
        explained = paper("Sand", abstract="We use tidal mud analysis (TMA) here.")
        bot.brings(explained, "TMA at work", "On tidal mud analysis", *"abcd")
        assert 'TMA OR "tidal mud analysis" (+1)' in (await bot.says("TMA")).buttons
        assert '"tidal mud analysis" OR TMA (+1)' in (await bot.says("tidal mud analysis")).buttons


class TestText:
    @pytest.mark.both_databases
    async def test_the_nearest_papers_and_more_like_them(self, bot: BotHarness) -> None:
        near = paper("Robots listen", arxiv_id="2601.90009", abstract="A walking robot hears wet sand, gravel and mud.")
        bot.brings(near, *(paper(f"Graph {n}", abstract="Spectra of trees.") for n in range(5)))
        said = await bot.says(ABSTRACT)
        assert said.lines[0] == "I read this as a text. Nearest to it, among 6 papers:"
        assert "1 Robots listen" in said.text or "Robots listen" in said.text
        assert (await bot.presses("bring such papers")).lines[0].startswith("✓ 1  like:2601.90009")

    async def test_the_words_that_are_told_are_the_rare_ones(self, bot: BotHarness) -> None:
        common = "We show a walking robot and its own steps, different enough for a small network to choose another."
        bot.brings(
            paper("Robots listen", abstract=ABSTRACT),
            *(paper(f"Graph {n}", abstract=common) for n in range(30)),
        )
        told = (await bot.says(ABSTRACT)).lines[1].removeprefix("by their words ").split(", ")
        assert len(told) == WORDS
        assert [word for word in told if word in common] == []

    async def test_where_nothing_is_near_its_rarest_words_are_offered(self, bot: BotHarness) -> None:
        bot.brings("Graphs")
        said = await bot.says(ABSTRACT)
        assert said.lines[0] == "Nothing is near to this text among 1 paper."
        assert len(said.buttons) == 1


async def test_a_subscription_that_only_older_papers_fit_offers_them(bot: BotHarness) -> None:
    bot.brings("Diffusion", now=OLD)
    bot.brings("Graphs", name="new")
    await bot.says("/sub diffusion")
    assert (await bot.presses("look for older papers")).lines[1] == "This is subscription 1: diffusion"
