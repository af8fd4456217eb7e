"""Clauses about different subscriptions are wishes of their own; a clause that keeps something, or tells why, is none."""

import pytest

from tests.bot_harness import BotHarness
from tests.conversation import deliverer

KELP, MOSS, FERNS = "kelp daily 09:00", "moss daily 09:00", "ferns daily 09:00"


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
    ],
)
async def test_each_is_read_by_itself(bot: BotHarness, said: str, there: list[str]) -> None:
    for query in ("kelp", "moss", "ferns"):
        await bot.says(f"/sub {query} daily 9")
    bot.later(seconds=5)
    await bot.says(said)
    assert _there(bot) == there


def _there(bot: BotHarness) -> list[str]:
    """Returns the subscriptions with their times; "-" marks one that is paused."""
    found = deliverer.subscriptions_of(bot)
    return [f"{'-' if one.state.value == 'paused' else ''}{one.text} {one.cadence}" for one in found]
