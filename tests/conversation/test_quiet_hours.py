"""Quiet hours delay immediate deliveries, but neither replies nor scheduled deliveries."""

from datetime import timedelta

import pytest

from subscriptions.service.plan import plan_due
from tests.bot_harness import Answer, BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer

ME = "telegram:42"
EVENING = NOON.replace(hour=21)
MORNING = NOON.replace(hour=8) + timedelta(days=1)


@pytest.fixture
def post(bot: BotHarness) -> Deliverer:
    return Deliverer(bot)


async def papers_come(bot: BotHarness, post: Deliverer, *titles: str) -> list[Answer]:
    """Ingests papers and delivers what is due. Returns the messages."""
    bot.brings(*titles)
    return await post.deliver_due()


async def begun(bot: BotHarness, post: Deliverer, command: str = "/sub diffusion now") -> None:
    await bot.says(command)
    assert await papers_come(bot, post, "Diffusion at noon")


async def test_what_came_in_the_night_comes_in_the_morning_as_one(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    bot.clock.set_now(EVENING)
    assert len(await papers_come(bot, post, "Diffusion in the evening")) == 1
    for hours in range(1, 11):
        bot.clock.set_now(EVENING + timedelta(hours=hours))
        assert await papers_come(bot, post, f"Diffusion {hours}") == []
    assert await post.at(MORNING - timedelta(minutes=1)) == []
    came = await post.at(MORNING)
    text = "\n".join(one.text for one in came)
    assert [f"Diffusion {hours}" in text for hours in range(1, 11)] == [True] * 10
    assert await post.at(MORNING + timedelta(minutes=1)) == []
    assert len(await papers_come(bot, post, "Diffusion at last")) == 1


async def test_nothing_is_lost_while_others_go_on(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    bot.subscribes("console:me", "trees", every="now")
    bot.clock.set_now(EVENING + timedelta(hours=2))
    for title in ("Diffusion one", "Trees one", "Diffusion two", "Trees two"):
        assert await papers_come(bot, post, title) == []
    came = await post.at(MORNING)
    assert all(title in came[0].text for title in ("Diffusion one", "Diffusion two"))


async def test_other_schedules_are_not_held_and_bring_what_fits_them(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    await bot.says("/sub graphs daily 23:00")
    bot.clock.set_now(EVENING + timedelta(hours=1))
    assert await papers_come(bot, post, "Diffusion of nothing", "Diffusion on graphs") == []
    (came,) = await post.at(EVENING + timedelta(hours=2))
    assert "Diffusion on graphs" in came.text
    (came,) = await post.at(MORNING)
    assert ("Diffusion of nothing" in came.text, "Diffusion on graphs" in came.text) == (True, False)


@pytest.mark.parametrize(("setting", "goes"), [("off", True), ("03:00-08:00", True), ("20:00-23:30", False)])
async def test_other_hours_count_at_once(bot: BotHarness, post: Deliverer, setting: str, goes: bool) -> None:
    await begun(bot, post)
    bot.clock.set_now(EVENING + timedelta(hours=2))
    assert await papers_come(bot, post, "Diffusion at night") == []
    await bot.says(f"/set quiet {setting}")
    assert bool(await post.deliver_due()) is goes
    assert bool(await post.at(EVENING + timedelta(hours=2, minutes=30))) is not goes


async def test_another_clock_counts_at_once_and_undo_too(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    bot.clock.set_now(EVENING + timedelta(hours=2))
    assert await papers_come(bot, post, "Diffusion at night") == []
    await bot.says("/set quiet off")
    await bot.says("/undo")
    assert await post.deliver_due() == []
    await bot.says("/tz Asia/Tokyo")  # in Tokyo it is eight in the morning
    assert len(await post.deliver_due()) == 1


async def test_what_a_person_asks_for_is_not_held(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    await bot.says("/pause")
    assert await papers_come(bot, post, "Diffusion at last") == []
    bot.clock.set_now(EVENING + timedelta(hours=2))
    said = await bot.says("/resume")
    assert said.lines[2] == "Without a word from you it comes Fri 23 Jan 08:00."
    assert await post.at(EVENING + timedelta(hours=3)) == []
    await bot.presses("send 1")
    assert len(await post.deliver_due()) == 1
    assert await papers_come(bot, post, "Diffusion at night") == []  # later papers are delayed too


async def test_what_a_person_does_not_answer_waits_for_the_morning(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    await bot.says("/pause")
    await papers_come(bot, post, "Diffusion at last")
    bot.clock.set_now(EVENING + timedelta(hours=2))
    await bot.says("/resume")
    assert await post.at(EVENING + timedelta(hours=4)) == []
    assert len(await post.at(MORNING)) == 1


async def test_what_was_skipped_does_not_come_in_the_morning(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    await bot.says("/pause")
    await papers_come(bot, post, "Diffusion at last")
    bot.clock.set_now(EVENING + timedelta(hours=2))
    await bot.says("/resume")
    await bot.presses("skip")
    assert await papers_come(bot, post, "Diffusion at night") == []
    (came,) = await post.at(MORNING)
    assert ("at night" in came.text, "at last" in came.text) == (True, False)


async def test_what_comes_within_the_ten_minutes_after_a_pause_is_not_lost(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    bot.subscribes("telegram:43", "diffusion", every="now")
    bot.subscribes("telegram:44", "trees", every="daily", at="12:01")
    await bot.says("/pause")
    await bot.says("/resume")
    bot.later(minutes=1)
    assert "telegram:44" in [one.to for one in await post.deliver_due()]
    assert [one.to for one in await papers_come(bot, post, "Diffusion in between")] == ["telegram:43"]
    bot.later(minutes=10)
    assert [one.to for one in await post.deliver_due()] == [ME]


async def test_a_process_that_was_down_all_day_keeps_quiet_at_night(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    bot.clock.set_now(EVENING + timedelta(hours=2))
    assert await papers_come(bot, post, "Diffusion at night") == []
    assert await post.at(EVENING + timedelta(hours=26)) == []
    assert len(await post.at(MORNING + timedelta(days=1))) == 1


async def test_status_says_when_it_comes(bot: BotHarness, post: Deliverer) -> None:
    await begun(bot, post)
    bot.clock.set_now(EVENING + timedelta(hours=2))
    await papers_come(bot, post, "Diffusion at night")
    assert "Next: Fri 23 Jan 08:00 (quiet hours hold it until 08:00)." in (await bot.says("/status")).lines


async def test_a_console_wakes_nobody(bot: BotHarness, post: Deliverer) -> None:
    bot.subscribes("console:me", "diffusion", every="now", now=EVENING)
    bot.brings("Diffusion at night", now=EVENING + timedelta(hours=2))
    assert [lane.platform for lane in plan_due(bot.store, now=EVENING + timedelta(hours=2))] == ["console"]
