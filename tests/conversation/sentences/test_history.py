"""Questions about what the bot brought: which they are, and what the answers say."""

from datetime import UTC, datetime

import pytest

from bot.sentences.words import by_rule, intents
from bot.sentences.words.past_times import past_time
from tests import make
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import Deliverer

ASKED = """
what did you send me this morning?
what did you deliver today
which papers did you bring us yesterday?
show me what you sent on Monday
can you show me the papers I got yesterday
what was in the last digest?
how many papers came today?
how many did I get this week
how many papers have you sent me so far?
when did the last papers come?
when was my last delivery
what's new since then?
anything new since yesterday?
did anything come in last night?
what have I received since friday
was anything sent in the last 3 days?
今天发了多少
昨天推了什么
你今天早上给我发了哪些论文
这周推送了几篇
上次是什么时候推送的
周一你发给我什么了
刚才推送的是哪些
周一以来有什么新的
最近三天收到了几篇論文?
"""
NOT_ASKED = """
what's new?
what's new in diffusion
anything new on kelp since yesterday?
what did Hinton publish yesterday
what did Hinton send to Nature yesterday
send me what was published this morning on graphene
how many papers on sepsis came out today
how many papers do you know
send me papers on Monday
send me the last papers every Monday
what do you send?
show me yesterday's papers
when is the next delivery
when do you send papers
why did you send me this?
stop sending me papers
you sent me this already
how many papers a day do you send
drug delivery last week
今天有什么新论文
昨天发表的论文
最近有什么扩散模型的新进展
你每天什么时候发
给我发今天的论文
把今天的论文发给我看看
昨天海带推了什么进展
"""


@pytest.mark.parametrize(
    ("text", "asked"),
    [*((one, True) for one in ASKED.split("\n") if one), *((one, False) for one in NOT_ASKED.split("\n") if one)],
)
def test_a_question_about_what_came_is_no_query_and_a_query_no_such_question(text: str, asked: bool) -> None:
    assert (intents.meaning(text).intent == by_rule.HISTORY) is asked


@pytest.mark.parametrize(
    ("text", "begin", "end"),  # seen from Friday, 23 January, 10:00
    [
        ("this morning", "23 00:00", "23 10:00"),
        ("yesterday", "22 00:00", "23 00:00"),
        ("yesterday afternoon", "22 12:00", "22 18:00"),
        ("last night", "22 18:00", "23 06:00"),
        ("on monday morning", "19 00:00", "19 12:00"),
        ("since tuesday", "20 00:00", "23 10:00"),
        ("this week", "19 00:00", "23 10:00"),
        ("last week", "12 00:00", "19 00:00"),
        ("in the last 3 days", "20 10:00", "23 10:00"),
        ("this month", "01 00:00", "23 10:00"),
        ("january 7", "07 00:00", "08 00:00"),
        ("昨晚", "22 18:00", "23 06:00"),
        ("今早", "23 00:00", "23 10:00"),
        ("周二以来", "20 00:00", "23 10:00"),
        ("上周五", "16 00:00", "17 00:00"),
        ("上周二", "13 00:00", "14 00:00"),
        ("上周", "12 00:00", "19 00:00"),
        ("过去两天", "21 10:00", "23 10:00"),
    ],
)
def test_a_past_time_has_a_begin_and_an_end(text: str, begin: str, end: str) -> None:
    found = past_time(text)
    assert found
    assert not found.rest
    bounds = found.bounds(datetime(2026, 1, 23, 10, tzinfo=UTC))
    assert bounds
    assert [f"{one:%d %H:%M}" for one in bounds] == [begin, end]


async def brought(bot: BotHarness) -> None:
    """Two papers come on Thursday at 06:00, seven on Friday at 06:00; it is Friday, 10:00."""
    post = Deliverer(bot)
    bot.clock.set_now(datetime(2026, 1, 21, 10, tzinfo=UTC))
    await bot.says("/sub kelp daily 6:00")
    for day, papers in ((22, 2), (23, 7)):
        bot.clock.set_now(datetime(2026, 1, day, 1, tzinfo=UTC))
        make.ingested(bot.store, *(make.paper(f"Kelp {day} {at}") for at in range(papers)), now=bot.clock.now())
        bot.clock.set_now(datetime(2026, 1, day, 6, 1, tzinfo=UTC))
        await post.deliver_due()
    bot.clock.set_now(datetime(2026, 1, 23, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("what did you send me this morning?", "Fri 23 Jan 06:01: 7 papers came here."),
        ("how many papers came this week", "Thu 22 – Fri 23 Jan: 9 papers came here."),
        ("what did you send yesterday", "Thu 22 Jan 06:01: 2 papers came here."),
        ("what did you send me on Tuesday?", "Tue 20 Jan: nothing came here.\nNext: Sat 24 Jan 06:00"),
        ("anything new since then?", "Fri 23 Jan 06:01: 7 papers came here."),
        ("when did the last papers come?", "In all 9 papers came.\nNext: Sat 24 Jan 06:00"),
        ("did anything come yesterday afternoon", "Thu 22 Jan 12:00–18:00: nothing came here."),
        ("what did you send me on Feb 31?", "There was no such day: “on feb 31”.\nFri 23 Jan 06:01: 7 papers"),
        ("昨天推了什么", "1月22日 周四 06:01：给这里发了 2 篇论文。"),
    ],
)
async def test_an_answer_says_what_came_and_when(bot: BotHarness, asked: str, line: str) -> None:
    await brought(bot)
    assert line in (await bot.says(asked)).text


async def test_the_papers_that_came_turn_over_and_their_numbers_open_cards(bot: BotHarness) -> None:
    await brought(bot)
    first = await bot.says("what did you send me this morning?")
    assert "Kelp 23" in first.text
    assert "Kelp 22" not in first.text
    assert first.buttons == ["1", "2", "3", "4", "5", "show more"]
    more = await bot.presses("show more")
    assert more.buttons == ["6", "7", "newer"]
    assert (await bot.presses("newer")).buttons == first.buttons
    assert "Kelp 23" in (await bot.presses("2")).text


async def test_a_question_about_what_came_answers_no_other_question(bot: BotHarness) -> None:
    await brought(bot)
    await bot.says("/edit 1")
    assert "7 papers came here" in (await bot.says("how many papers came today?")).text


async def test_before_anything_came_the_answer_says_what_comes_next(bot: BotHarness) -> None:
    assert "Nothing has come here yet." in (await bot.says("what did you send me?")).text
    await bot.says("/sub kelp daily 6:00")
    assert "Next:" in (await bot.says("how many papers came today?")).text
