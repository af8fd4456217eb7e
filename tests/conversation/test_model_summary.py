"""Summaries by a language model, as people see them: under titles, behind [more], in /why, and removed by [wrong summary]."""

from dataclasses import replace

import pytest

from bot.commands.context import BotInfo
from subscriptions.model import ModelSummary, Paper
from subscriptions.service import model_summaries
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import GROUP, ME, comes, subscribe_to
from tests.make import address, paper

ABSTRACT = "We follow eels for one summer with small radio tags. " * 4
FIELDS = {"tldr": "Eels move further than maps say.", "method": "The authors follow them by radio."}
CHINESE = {"tldr": "鳗鱼移动得比地图上更远。"}
BY = "Its summary is by a language model, parrot-1, Thu 22 Jan."
MADE = {"en": (FIELDS, ""), "zh": (CHINESE, "鳗鱼的夏天")}


def eels() -> Paper:
    return paper("A summer of eels", "q-bio.PE", arxiv_id="2601.00001", abstract=ABSTRACT)


def summarise(bot: BotHarness) -> int:
    """Makes what is wanted. Returns how many summaries that are."""
    now, wall, made = bot.clock.now(), bot.clock.wall(), 0
    while found := model_summaries.find_wanted(bot.store, now=now):
        model_summaries.put_wanted(bot.store, found, now=now)
    while task := model_summaries.begin(bot.store, lambda _: 500, requests=9, tokens=10**6, now=now, wall=wall):
        fields, title = MADE[task.place.language]
        summary = ModelSummary(language=task.place.language, fields=fields, title=title, model="parrot-1", made_at=now)
        model_summaries.put_made(bot.store, task, summary, lambda _: None, tokens=321, now=bot.clock.now())
        made += 1
    return made


async def test_a_summary_that_is_there_in_time_is_shown_like_one_of_a_digest_and_why_names_the_model(
    bot: BotHarness,
) -> None:
    await subscribe_to(bot, "eels")
    bot.brings(eels())
    assert summarise(bot) == 1
    alert = await comes(bot)
    assert "AI: Eels move further than maps say." in alert.text
    assert ABSTRACT[:50] not in alert.text
    more = await bot.presses("more")
    assert "The authors follow them by radio." in more.text
    why = await bot.says("/why")
    assert BY in why.lines
    assert why.buttons[-1] == "wrong summary"


async def test_why_a_paper_did_not_come_names_the_model_of_its_summary_too(bot: BotHarness) -> None:
    await subscribe_to(bot, "eels", chat="telegram:7")
    bot.brings(eels())
    summarise(bot)
    why = await bot.says("/why 2601.00001")
    assert (BY in why.lines, why.buttons) == (True, ["wrong summary"])


async def test_what_is_not_there_at_the_due_moment_comes_with_its_abstract_and_more_shows_it_later(
    bot: BotHarness,
) -> None:
    await subscribe_to(bot, "eels")
    bot.brings(eels())
    alert = await comes(bot)
    assert ABSTRACT[:50] in alert.text
    assert summarise(bot) == 1
    assert (await comes(bot)).payloads == []  # nothing is edited or sent again
    assert "Eels move further" in (await bot.presses("more")).text


async def test_a_wrong_summary_is_removed_and_stays_away(bot: BotHarness) -> None:
    await subscribe_to(bot, "eels")
    bot.brings(eels())
    summarise(bot)
    await comes(bot)
    await bot.presses("more")
    await bot.says("/why")
    assert (await bot.presses("wrong summary")).toast == "The summary is removed, and is not made again."
    assert BY not in (await bot.says("/why")).lines
    assert "Eels move further" not in (await bot.says("2601.00001")).text
    bot.brings(replace(eels(), version=2))
    assert summarise(bot) == 0


@pytest.mark.parametrize("words", ["wrong summary", "The summary of 2601.00001 is wrong.", "这个总结是错的", "/wrong"])
@pytest.mark.sentences
async def test_who_says_that_a_summary_is_wrong_removes_it(bot: BotHarness, words: str) -> None:
    await subscribe_to(bot, "eels")
    bot.brings(eels())
    summarise(bot)
    await comes(bot)
    before = bot.chat_of(ME).settings
    said = await bot.says(words)
    assert said.text.startswith(("✓ The summary is removed, and is not made again.", "✓ 总结已删除"))
    assert "Eels move further" not in (await bot.says("2601.00001")).text
    assert bot.chat_of(ME).settings.text == before.text
    assert (await bot.says(words)).text.startswith("✗")


@pytest.mark.parametrize("of_operator", [False, True])
@pytest.mark.sentences
async def test_one_of_several_chats_removes_a_summary_only_for_itself_and_two_for_all(
    bot: BotHarness, of_operator: bool
) -> None:
    others = ("telegram:7", "telegram:8")
    for chat in (ME, *others):
        await subscribe_to(bot, "eels", chat=chat)
    bot.brings(eels())
    summarise(bot)
    await comes(bot)
    if of_operator:
        bot.bot_info = BotInfo(admins=(address(ME),))

    async def shown() -> list[bool]:
        return ["Eels move further" in (await bot.says("2601.00001", one)).text for one in (ME, *others)]

    said = (await bot.says("wrong summary")).text
    assert ("not shown here any more" in said) is not of_operator
    assert await shown() == [False, not of_operator, not of_operator]
    assert BY not in (await bot.says("/why 2601.00001")).lines
    if not of_operator:
        assert "is removed" in (await bot.says("/wrong 2601.00001", others[0])).text
        assert await shown() == [False, False, False]


async def test_in_a_group_only_those_who_manage_it_remove_a_summary(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"42"}
    await subscribe_to(bot, "eels", chat=GROUP)
    bot.brings(eels())
    summarise(bot)
    await comes(bot, GROUP)
    assert BY in (await bot.says("/why 2601.00001", GROUP, by="7")).lines
    refused = await bot.presses("wrong summary", GROUP, by="7")
    assert refused.toast == "Only admins of this chat can change that."
    removed = await bot.presses("wrong summary", GROUP, by="42")
    assert removed.toast == "The summary is removed, and is not made again."


async def test_a_bilingual_chat_gets_the_title_of_the_model_above_the_original(bot: BotHarness) -> None:
    await subscribe_to(bot, "eels")
    bot.sets(ME, lang="zh", text="both")
    bot.brings(eels())
    summarise(bot)
    lines = (await comes(bot)).lines
    assert lines[0].endswith("鳗鱼的夏天")
    assert "A summer of eels" in lines[1]
    assert "AI: 鳗鱼移动得比地图上更远。" in "\n".join(lines)


@pytest.mark.parametrize("chat", ["telegram:42", "telegram:-100123"])
async def test_privacy_names_the_model_if_there_is_one(bot: BotHarness, chat: str) -> None:
    assert "language model" not in (await bot.says("/privacy", chat)).text
    bot.bot_info = replace(bot.bot_info, model="parrot-1")
    said = (await bot.says("/privacy", chat)).text
    assert "Titles and abstracts of papers that come here go to the language model parrot-1" in said


async def test_operators_see_what_the_model_did_today_and_what_it_cost(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(admins=(address("telegram:42"),), model="parrot-1")
    await subscribe_to(bot, "eels")
    bot.brings(eels())
    assert "parrot-1 today: 0 summaries, 0 unusable; 0 requests, 0 tokens." in (await bot.says("/status")).lines
    summarise(bot)
    assert "parrot-1 today: 1 summary, 0 unusable; 1 request, 321 tokens." in (await bot.says("/status")).lines
