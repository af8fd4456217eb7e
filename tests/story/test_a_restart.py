"""The process ends during a conversation, properly or not, and another process continues."""

import asyncio

from tests.fakes.telegram import FakeTelegram
from tests.make import paper
from tests.story.scenario import Scenario


async def test_buttons_and_questions_of_before_a_restart_still_work(scenario: Scenario) -> None:
    await scenario.says("/sub diffusion now")
    scenario.brings(paper("Diffusion for tides"))
    await scenario.later(minutes=5)
    question = await scenario.says("/edit 1")
    assert question.lines[-1] == "Write what it shall be instead."

    # The other process answers as if nothing had happened. Without a request, it sends nothing.
    assert not await scenario.restarts()
    await scenario.presses("⋯")
    assert "in the title: Diffusion for tides" in (await scenario.presses("why")).text
    await scenario.presses("mute ▾")
    assert (await scenario.presses("1 for a week")).lines[0].startswith("✓ 1  diffusion is quiet until")
    assert (await scenario.presses("undo")).lines[0] == "✓ Undone."
    assert (await scenario.says("diffusion -survey")).lines[0] == "✓ 1  diffusion, not survey · now"
    assert (await scenario.presses("12:00 London")).lines[0] == "✓ Time zone: Europe/London (was: UTC)"

    # A third process also knows what an undo must revert.
    assert not await scenario.restarts()
    assert (await scenario.presses("undo")).lines == ["✓ Undone.", "Time zone: UTC (was: Europe/London)"]


async def test_a_reply_that_nobody_saw_arrive_is_posted_once_more_and_what_it_did_is_not_done_again(
    scenario: Scenario, telegram: FakeTelegram
) -> None:
    await scenario.says("/sub diffusion now")

    # Telegram has accepted the reply but not answered when the process is killed.
    telegram.answers("hang after")
    saying = asyncio.create_task(scenario.says("/sub graphs now"))
    await asyncio.to_thread(telegram.waits_hanging)
    await scenario.is_killed(saying)
    telegram.releases(drop=True)

    again = await scenario.begins()
    assert again.lines[0] == "✓ 2  graphs · now"
    assert [entry.text.split("\n")[0] for entry in telegram.posted_to("42")][-2:] == ["✓ 2  graphs · now"] * 2
    assert scenario.queries() == ["diffusion", "graphs"]

    # The next process sends the reply once more, but later processes do not.
    assert not await scenario.restarts()
    assert scenario.queries() == ["diffusion", "graphs"]
