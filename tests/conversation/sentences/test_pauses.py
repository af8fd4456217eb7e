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
        海带、苔藓暂停到周一                       → 1 26 Jan, 2 26 Jan
    """),
)
async def test_each_that_is_named_has_the_end(bot: BotHarness, said: str, paused: str) -> None:
    assert await _after(bot, said) == paused


@pytest.mark.parametrize("said", ["only moss for a week, pause the others", "just moss this week, pause the rest"])
async def test_the_others_are_paused(bot: BotHarness, said: str) -> None:
    assert await _after(bot, said) == "nothing"
    await bot.says("yes")
    assert [one.number for one in deliverer.subscriptions_of(bot) if one.state.value == "paused"] == [1, 3]
