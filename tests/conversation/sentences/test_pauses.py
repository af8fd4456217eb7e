"""A pause holds what is named for as long as is said, and nothing else."""

import pytest

from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import known_or_new
from subscriptions.states import ChatState
from tests import make, tables
from tests.bot_harness import BotHarness
from tests.conversation import deliverer

ENGLISH, CHINESE = ("kelp", "moss", "sea ice"), ("海带", "苔藓", "海冰")
TIMES = ("daily 9", "weekly wed 8", "weekdays 7")


async def _after(bot: BotHarness, *said: str) -> str:
    """Says messages in a chat with three subscriptions, and returns what is paused then: "2" or "chat", with the end."""
    names = ENGLISH if said[-1].isascii() else CHINESE
    for line in ("/set timezone UTC", *(f"/sub {name} {when}" for name, when in zip(names, TIMES, strict=True)), *said):
        bot.later(seconds=5)
        await bot.says(line)
    there, chat = deliverer.subscriptions_of(bot), known_or_new(bot.store, make.address(deliverer.ME), ChatKind.PRIVATE)
    planned = zip(("daily 09:00", "weekly wed 08:00", "weekdays 07:00"), there, strict=True)
    changed = [f"{one.number} {one.cadence}" for plan, one in planned if str(one.cadence) != plan]
    paused = [(str(one.number), one.paused_until) for one in there if one.state.value == "paused"]
    if chat.state is ChatState.PAUSED:
        paused.append(("chat", chat.paused_until))
    ends = [f"{what} {until:%d %b}" if until else what for what, until in paused]
    return ", ".join([*ends, *changed]) or "nothing"


@pytest.mark.parametrize(
    ("said", "paused"),
    tables.rows("""
        don't send me moss for a week          → 2 29 Jan
        stop sending me moss until monday      → 2 26 Jan
        give me a break from moss this week    → 2 26 Jan
        I don't want moss until monday         → 2 26 Jan
        pause moss until I'm back              → 2
        stop moss until I say so               → 2
        pause kelp and moss until I'm back     → 1, 2
        don't send me kelp or moss for a week  → 1 29 Jan, 2 29 Jan
        给我停一周苔藓                         → 2 29 Jan
        pause everything for a week            → chat 29 Jan
        don't send me anything for a week      → chat 29 Jan
    """),
)
async def test_who_names_one_pauses_no_other(bot: BotHarness, said: str, paused: str) -> None:
    assert await _after(bot, said) == paused


@pytest.mark.parametrize(
    ("said", "paused"),
    tables.rows("""
        pause kelp and moss for a week             → 1 29 Jan, 2 29 Jan
        pause kelp, moss until monday              → 1 26 Jan, 2 26 Jan
        pause kelp, moss and sea ice for two weeks → 1 05 Feb, 2 05 Feb, 3 05 Feb
        pause kelp for a week and moss until friday → 1 29 Jan, 2 23 Jan
        pause 1 until friday and 2 until monday    → 1 23 Jan, 2 26 Jan
        stop kelp and moss for a week              → 1 29 Jan, 2 29 Jan
        stop kelp, moss and sea ice until monday   → 1 26 Jan, 2 26 Jan, 3 26 Jan
        stop number 2 for now                      → 2
        a break from kelp and moss until friday please → 1 23 Jan, 2 23 Jan
        海带、苔藓暂停到周一                       → 1 26 Jan, 2 26 Jan
        pause the first and the third until friday → 1 23 Jan, 3 23 Jan
        我下周出差，海带和苔藓先停                 → 1 02 Feb, 2 02 Feb
    """),
)
async def test_each_that_is_named_has_the_end(bot: BotHarness, said: str, paused: str) -> None:
    assert await _after(bot, said) == paused


@pytest.mark.parametrize("said", ["only moss for a week, pause the others", "just moss this week, pause the rest"])
async def test_the_others_are_paused(bot: BotHarness, said: str) -> None:
    assert await _after(bot, said) == "nothing"
    await bot.says("yes")
    assert [one.number for one in deliverer.subscriptions_of(bot) if one.state.value == "paused"] == [1, 3]


@pytest.mark.parametrize(
    ("said", "paused"),
    tables.rows("""
        pause 1 and 2 this week         → 1 26 Jan, 2 26 Jan
        1和2暂停到月底                  → 1 01 Feb, 2 01 Feb
        苔藓暂停到10号                  → 2 10 Feb
        苔藓停到3号                     → 2 03 Feb
        pause 1 and 2 until the 3rd     → 1 03 Feb, 2 03 Feb
        hold moss over the weekend      → 2 26 Jan
        pause moss next weekend         → 2 02 Feb
        pause all week                  → chat 26 Jan
        pause moss for half a year      → 2 21 Jul
        pause moss for a week and a half → 2 02 Feb
        苔藓停一个半月                  → 2 08 Mar
        pause moss over christmas       → 2 27 Dec
        pause moss until further notice → 2
        pause moss for now              → 2
        苔藓停到我回来                  → 2
        pause moss until easter         → nothing
        pause moss for the summer       → nothing
        苔藓暂停到复活节                → nothing
        暂停海带到寒假                  → nothing
        暂停海带到10号                  → 1 10 Feb
        pause for the next month        → chat 21 Feb
        整周都别发                      → chat 26 Jan
        pause next week                 → chat 02 Feb
        I'm away next week, please pause → chat 02 Feb
        苔藓下周别发了                  → 2 02 Feb
        pause tomorrow                  → chat 24 Jan
        明天别发                        → chat 24 Jan
        pause moss next month           → 2 01 Mar
        pause until next week           → chat 26 Jan
        pause till tomorrow             → chat 23 Jan
        苔藓停到下周                    → 2 26 Jan
        明天再发                        → chat 23 Jan
    """),
)
async def test_the_end_is_that_of_the_named_days(bot: BotHarness, said: str, paused: str) -> None:
    assert await _after(bot, said) == paused


@pytest.mark.parametrize(
    ("said", "paused"),
    tables.rows("""
        no papers from monday to friday           → chat 31 Jan
        no papers the whole week                  → chat 26 Jan
        no papers next weekend                    → chat 02 Feb
        over the weekend no moss please           → 2 26 Jan
        hold both kelp and moss over the weekend  → 1 26 Jan, 2 26 Jan
        I'm off this weekend, no papers please    → chat 26 Jan
        no papers next monday                     → chat 27 Jan
        don't send anything from 1 to 10 february → chat 11 Feb
        这个周末别发了                            → chat 26 Jan
        从1号到10号别发                           → chat 11 Feb
        下周五别发                                → chat 31 Jan
        no papers from monday on                  → nothing
        show me what came from monday to friday, not reviews    → nothing
        find papers on ice from 1 to 10 january without reviews → nothing
        papers on ice from 2020 to 2024, no surveys             → nothing
        don't send reviews this weekend                         → nothing
        周末别发了                                → 1 weekdays 09:00
        no papers on weekends                     → 1 weekdays 09:00
    """),
)
async def test_days_that_come_once_are_no_plan(bot: BotHarness, said: str, paused: str) -> None:
    assert await _after(bot, said) == paused


@pytest.mark.parametrize(
    ("said", "paused"),
    tables.rows("""
        pause until 5 february           → chat 05 Feb
        mute this chat                   → chat
        stop sending papers until feb 5  → chat 05 Feb
        三天先别发                       → chat 25 Jan
        停到周一                         → chat 26 Jan
        pause it for a week              → 3 29 Jan
        please pause that for a week     → 3 29 Jan
        pause the last one for a week    → 3 29 Jan
        那个停三天                       → 3 25 Jan
        刚才那个暂停一周                 → 3 29 Jan
        just for two weeks               → nothing
        for the next two weeks           → nothing
        for the next month               → nothing
        try it for two weeks             → nothing
        先看两周                         → nothing
        先试一个月                       → nothing
    """),
)
async def test_after_a_new_subscription_only_what_refers_to_it_pauses_it(
    bot: BotHarness, said: str, paused: str
) -> None:
    assert await _after(bot, said) == paused


@pytest.mark.parametrize(
    ("before", "said", "paused"),
    tables.rows("""
        pause 1        → two weeks                   → 1 05 Feb
        pause 1        → just for two weeks          → 1 05 Feb
        pause          → for a week                  → chat 29 Jan
        暂停到下周三   → 不对，是下周五              → chat 30 Jan
        /pause 1       → 刚才那个再打开吧            → nothing
        pause sea ice  → resume the last one         → nothing
        暂停海冰       → 恢复最后一个                → nothing
        /list          → pause the last one for a week → 3 29 Jan
        /list          → please pause that for a week → nothing
        /list          → 那个停三天                  → nothing
        /list          → just for two weeks          → nothing
        /list          → pause the first and the third until friday → 1 23 Jan, 3 23 Jan
        /list          → 第一个和第三个停一周        → 1 29 Jan, 3 29 Jan
        /list          → pause the second and the ninth → nothing
    """),
)
async def test_what_was_said_before_decides(bot: BotHarness, before: str, said: str, paused: str) -> None:
    assert await _after(bot, before, said) == paused


async def test_a_subscription_for_a_while_is_told_to_be_impossible(bot: BotHarness) -> None:
    await bot.says("/sub kelp daily 9")
    bot.later(seconds=5)
    assert (await bot.says("just for two weeks")).lines[0] == "A subscription does not end by itself."
