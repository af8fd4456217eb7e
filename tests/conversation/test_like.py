"""/like and [more like this]: the stored papers that are most similar to one paper, or to several."""

from datetime import timedelta

import pytest

from bot.commands.like import MOST_GIVEN
from subscriptions.service import known_papers
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import OTHERS, comes, subscribe_to, titles
from tests.make import digest, ingest_digest, paper


def known(bot: BotHarness) -> None:
    bot.brings(
        paper("Swarm robots", arxiv_id="2601.90001"),
        paper("Reef fish", arxiv_id="2601.90002"),
        "A swarm of robots flies",
        "Fish in a reef",
        *(title for title in OTHERS),
    )


async def test_the_nearest_papers_are_shown_with_the_words_by_which_they_were_found(bot: BotHarness) -> None:
    known(bot)
    said = await bot.says("/like 2601.90001")
    assert said.lines[:2] == [
        "Nearest to Swarm robots (2601.90001), among the newest 12 papers:",
        "by their words robots, swarm",
    ]
    assert titles(said) == ["A swarm of robots flies"]
    assert said.buttons == ["1", "bring such papers"]
    assert (await bot.presses("1")).lines[0] == "A swarm of robots flies"


async def test_several_papers_are_looked_at_together_and_by_any_name(bot: BotHarness) -> None:
    known(bot)
    said = await bot.says("/similar https://arxiv.org/abs/2601.90001v2, 2601.90002")
    assert sorted(titles(said)) == ["A swarm of robots flies", "Fish in a reef"]


async def test_a_card_has_a_button_for_it(bot: BotHarness) -> None:
    await subscribe_to(bot, "ti:robots ti:swarm -flies")
    known(bot)
    await comes(bot)
    await bot.presses("⋯")
    assert titles(await bot.presses("more like this")) == ["A swarm of robots flies"]


async def test_five_at_most_the_nearest_first(bot: BotHarness) -> None:
    bot.brings(paper("Swarm robots", arxiv_id="2601.90001"), "Swarm robots fly")
    bot.brings(*(f"Swarm {word.lower()}" for word in OTHERS))
    bot.brings(*(f"Number {number} of something else" for number in range(60)))
    found = titles(await bot.says("/like 2601.90001"))
    assert (len(found), found[0]) == (5, "Swarm robots fly")


async def test_where_none_is_near_it_says_so(bot: BotHarness) -> None:
    bot.brings(paper("Swarm robots", arxiv_id="2601.90001"), *(title for title in OTHERS))
    assert (await bot.says("/like 2601.90001")).lines == [
        "Nothing among the newest 9 papers is near to Swarm robots (2601.90001)."
    ]


@pytest.mark.parametrize("typed", ["/like", "/like swarm robots"])
async def test_without_a_paper_it_says_how_to_name_one(bot: BotHarness, typed: str) -> None:
    assert (await bot.says(typed)).lines[0] == "✗ Say which paper, by its arXiv id, DOI or link."


async def test_a_paper_that_is_not_known_is_asked_of_arxiv_or_told(bot: BotHarness) -> None:
    known(bot)
    assert "2601.90009" in (await bot.says("/like 2601.90009")).text


async def test_only_the_newest_papers_are_looked_at_and_the_answer_says_how_many(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(bot)
    monkeypatch.setattr(known_papers, "MOST_COUNTED", 3)
    assert (await bot.says("/like 2601.90001")).lines[0].startswith("Nothing among the newest 3 papers is near")


async def test_in_chinese(bot: BotHarness) -> None:
    known(bot)
    said = await bot.says("/like 2601.90001", language="zh")
    assert said.lines[1] == "依据这些词：robots, swarm"
    assert MOST_GIVEN == 5


async def test_papers_that_were_only_filed_are_looked_at_too(bot: BotHarness) -> None:
    """Most papers of a new bot arrived at its first start and were sent to no chat."""
    known(bot)
    old = digest(paper("Robots in a swarm land"))
    ingest_digest(bot.store, old, source="daily", day=NOON.date() - timedelta(days=30), now=NOON)
    said = await bot.says("/like 2601.90001")
    assert said.lines[0] == "Nearest to Swarm robots (2601.90001), among the newest 13 papers:"
    assert sorted(titles(said)) == ["A swarm of robots flies", "Robots in a swarm land"]
