"""`like:` in a conversation: in subscriptions, previews, searches, explanations and edits; and through the button of /like."""

import pytest

from tests.bot_harness import BotHarness
from tests.conversation.deliverer import OTHERS, comes, texts, titles
from tests.make import paper

GIVEN, OTHER = "2601.90001", "2601.90002"
REFUSED = "✗ I do not know the paper 2601.90009 yet, so I cannot tell what is near to it."


def known(bot: BotHarness) -> None:
    swarms = paper("Swarm robots", arxiv_id=GIVEN), paper("Reef fish", arxiv_id=OTHER)
    bot.brings(*swarms, paper("A swarm of robots flies", arxiv_id="2601.90003"), *(title for title in OTHERS))


async def test_the_answer_says_by_which_words_and_how_many_come(bot: BotHarness) -> None:
    known(bot)
    said = await bot.says(f"/sub like:{GIVEN} now")
    assert said.lines[:3] == [
        f"✓ 1  like:{GIVEN} · now",
        "It finds 1 paper in the last 7 days:",
        "· A swarm of robots flies (2601.90003)",
    ]
    assert "Near by the words robots, swarm; the nearest 5 each time." in said.lines
    assert (await bot.says(f"/sub like:{GIVEN}v2 now")).lines[1] == "It was there already; its schedule stays."


async def test_what_comes_is_explained_by_its_words_and_the_rest_is_behind_a_button(bot: BotHarness) -> None:
    known(bot)
    await bot.says(f"/sub like:{GIVEN} now")
    bot.brings(*(f"Swarm robots {number}" for number in range(7)), "Bees")
    sent = await comes(bot)
    assert sent.lines[-1] == f"and 3 more in “like:{GIVEN}”"
    assert sent.buttons == ["1", "2", "3", "4", "5", "show 3 more"]
    said = await bot.says("/why")
    assert said.lines[1] == f"Near to Swarm robots ({GIVEN})."
    assert said.lines[-2:] == [f"1  like:{GIVEN}", "near by the words: robots, swarm"]
    await bot.presses("1")
    await bot.presses("⋯")
    assert f"Near to Swarm robots ({GIVEN})." in (await bot.presses("why")).lines


async def test_other_words_of_the_query_are_told_apart(bot: BotHarness) -> None:
    known(bot)
    await bot.says(f"/sub like:{GIVEN} flies now")
    bot.brings("A swarm flies")
    await comes(bot)
    said = await bot.says("/why")
    assert said.lines[-3:] == [f"1  like:{GIVEN} flies", "in the title: A swarm flies", "near by the words: swarm"]


@pytest.mark.parametrize("typed", ["/sub {}", "/preview {}", "/search {}", "{}", "{} cat:cs.CL"])
async def test_a_paper_that_is_not_known_is_told(bot: BotHarness, typed: str) -> None:
    known(bot)
    assert REFUSED in (await bot.says(typed.format("like:2601.90009"))).lines


async def test_it_is_tried_searched_edited_and_removed(bot: BotHarness) -> None:
    known(bot)
    assert titles(await bot.says(f"/search like:{GIVEN},{OTHER}")) == ["A swarm of robots flies"]
    tried = await bot.says(f"like:{GIVEN},{OTHER}")
    assert (tried.lines[0], tried.buttons[-1]) == ("1 paper in the last 7 days", "subscribe")
    await bot.presses("subscribe")
    assert texts(bot) == [f"like:{GIVEN},{OTHER}"]
    await bot.says(f"/edit 1 like:{GIVEN} -fish")
    assert texts(bot) == [f"like:{GIVEN} -fish"]
    await bot.says(f"/unsub like:{GIVEN} -fish")
    assert texts(bot) == []


async def test_the_answer_to_like_offers_the_wish_and_its_echo_the_way_back(bot: BotHarness) -> None:
    known(bot)
    said = await bot.says(f"/like {GIVEN} {OTHER}")
    assert said.buttons == ["1", "bring such papers"]
    await bot.presses("bring such papers")
    assert texts(bot) == [f"like:{GIVEN},{OTHER}"]
    await bot.presses("undo")
    assert texts(bot) == []


async def test_a_paper_without_a_number_cannot_be_wished_for(bot: BotHarness) -> None:
    await bot.says("/sub title:robots now")
    bot.brings(paper("Swarm robots", arxiv_id=None), *(title for title in OTHERS))
    await comes(bot)
    await bot.presses("⋯")
    assert (await bot.presses("more like this")).buttons == []
