"""pause and resume: a held delivery stays held, and resume offers the papers that were not delivered."""

from datetime import datetime, timedelta

import pytest

from subscriptions.service.plan import plan_due
from subscriptions.service.sending import outbox_entries
from tests.bot_harness import Answer, BotHarness

ME, GROUP = "telegram:42", "telegram:-1001"


def state(bot: BotHarness, number: int = 1) -> str:
    return next(one.subscription.state for one in bot.listed(ME) if one.subscription.number == number)


def planned(bot: BotHarness) -> int:
    """Plans what is due now. Returns the number of papers in planned deliveries."""
    plan_due(bot.store, now=bot.clock.now())
    return sum(entry.papers for entry in outbox_entries(bot.store, now=bot.clock.now()) if entry.state == "planned")


def papers_come(bot: BotHarness, *titles: str) -> None:
    bot.later(minutes=1)
    bot.brings(*titles)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/pause", "✓ This chat is paused."),
        ("/pause 7d", "✓ This chat is paused until Thu 29 Jan 12:00."),
        ("/mute until 3 Mar", "✓ This chat is paused until Tue 3 Mar 00:00."),
        ("/pause until mon", "✓ This chat is paused until Mon 26 Jan 00:00."),
        ("/pause 2 weeks", "✓ This chat is paused until Thu 5 Feb 12:00."),
        ("/pause 1", "✓ 1  diffusion is paused."),
        ("/pause 2 2 weeks", "✓ 2  graphs is paused until Thu 5 Feb 12:00."),
        ("/pause 1 until 18:00", "✓ 1  diffusion is paused until Thu 22 Jan 18:00."),
    ],
)
async def test_a_chat_or_one_subscription_is_held(bot: BotHarness, text: str, line: str) -> None:
    await bot.says("/sub diffusion\ngraphs")
    assert (await bot.says(text)).lines[0] == line


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/pause 9", ["✗ This chat has no subscription 9.", "/list shows those that are there."]),
        ("/pause until then", ["✗ “until then” is not a time to pause until.", "For example: 7d, 2 weeks, until mon, until 3 Mar."]),
        ("/pause 1 foo", ["✗ “foo” is not a time to pause until.", "For example: 7d, 2 weeks, until mon, until 3 Mar."]),
        ("/pause until 2020-01-01", ["✗ “until 2020-01-01” is over already.", "For example: 7d, 2 weeks, until mon, until 3 Mar."]),
    ],
)  # fmt: skip
async def test_a_time_that_is_none_is_refused(bot: BotHarness, text: str, lines: list[str]) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says(text)).lines == lines
    assert state(bot) == "active"


async def test_times_are_those_of_the_chat(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/timezone Asia/Tokyo")
    assert (await bot.says("/pause until mon")).lines[0] == "✓ This chat is paused until Mon 26 Jan 00:00."
    assert str(bot.chat_of(ME).paused_until) == "2026-01-25 15:00:00+00:00"


async def test_what_is_paused_sends_nothing_and_comes_back_by_itself(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    await bot.says("/pause 2d")
    papers_come(bot, "Diffusion")
    assert planned(bot) == 0
    bot.later(days=2)
    assert planned(bot) == 1


@pytest.mark.parametrize(
    ("when", "pause", "comes"),
    [
        ("at 8", "/pause until mon", "2026-01-26T08:00"),  # the pause ends at midnight; the next due moment is at 8
        ("at 8", "/pause 1 until mon", "2026-01-26T08:00"),
        ("at 8", "/pause until 2026-01-26 8:00", "2026-01-26T08:00"),
        ("weekly tue at 8", "/pause until 2026-01-28 7:00", "2026-02-03T08:00"),
        ("when-out 8-20", "/pause until 2026-01-26 9:00", "2026-01-26T09:00"),  # the window is open when the pause ends
        ("when-out 8-20", "/pause until 2026-01-26 21:00", "2026-01-27T08:00"),
    ],
)
async def test_after_a_pause_what_passed_comes_with_the_next_moment(
    bot: BotHarness, when: str, pause: str, comes: str
) -> None:
    await bot.says(f"/sub diffusion {when}")
    await bot.says(pause)
    papers_come(bot, "Diffusion")
    moment = datetime.fromisoformat(f"{comes}+00:00")
    for early in (timedelta(hours=8), timedelta(hours=1), timedelta(minutes=1)):
        bot.clock.set_now(moment - early)
        assert planned(bot) == 0
    bot.clock.set_now(moment)
    assert planned(bot) == 1


async def test_there_is_nothing_to_pause_or_resume_before_the_first_word(bot: BotHarness) -> None:
    assert (await bot.says("/resume")).text == "Nothing is paused here."
    await bot.says("/sub diffusion")
    assert (await bot.says("/resume")).text == "Nothing is paused here."


async def paused_with_two_papers(bot: BotHarness, cadence: str) -> Answer:
    await bot.says(f"/sub diffusion {cadence}")
    await bot.says("/pause")
    papers_come(bot, "Diffusion one", "Diffusion two", "Graphs")
    return await bot.says("/resume")


async def test_resume_says_what_waits_and_sends_it_when_asked(bot: BotHarness) -> None:
    said = await paused_with_two_papers(bot, "at 8")
    assert said.lines == [
        "✓ Papers come again.",
        "2 papers wait.",
        "Without a word from you they come Fri 23 Jan 08:00.",
    ]
    assert said.buttons == ["send 2", "skip", "undo"]
    assert planned(bot) == 0
    sent = await bot.presses("send 2")
    assert (sent.text, sent.replaces) == ("✓ 2 papers are on their way.", True)
    assert planned(bot) == 2


async def test_without_an_answer_it_comes_with_the_next_due_delivery(bot: BotHarness) -> None:
    await paused_with_two_papers(bot, "at 8")
    bot.clock.set_now(bot.clock.now() + timedelta(hours=20))
    assert planned(bot) == 2


async def test_what_would_come_at_once_waits_ten_minutes_for_a_word(bot: BotHarness) -> None:
    said = await paused_with_two_papers(bot, "now")
    assert said.lines[2] == "Without a word from you they come Thu 22 Jan 12:11."
    assert planned(bot) == 0
    bot.later(minutes=10)
    assert planned(bot) == 2


async def test_no_moment_that_has_passed_is_named(bot: BotHarness) -> None:
    """The when-out window opened at eight, before now. One subscription waits for the next window, the other is due now."""
    await bot.says("/sub diffusion")
    await bot.says("/sub graphs")
    planned(bot)
    await bot.says("/pause 1")
    papers_come(bot, "Diffusion one")
    planned(bot)
    assert (await bot.says("/resume")).lines[2] == "Without a word from you it comes Fri 23 Jan 08:00."
    bot.later(hours=20, minutes=30)
    papers_come(bot, "Graphs two")
    moment = f"{bot.clock.now():%a %d %b %H:%M}"
    await bot.says("/pause 1")
    assert (await bot.says("/resume")).lines[-1] == f"Without a word from you they come {moment}."


async def test_what_is_skipped_never_comes_but_what_follows_does(bot: BotHarness) -> None:
    await paused_with_two_papers(bot, "now")
    papers_come(bot, "Diffusion three")
    skipped = await bot.presses("skip")
    assert skipped.lines == ["✓ 2 papers are skipped.", "/search still finds what was skipped."]
    bot.later(minutes=10)
    assert planned(bot) == 1
    assert (await bot.presses("skip")).toast == "Nothing waits any more."


async def test_what_was_planned_before_the_pause_waits_too(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    papers_come(bot, "Diffusion one")
    plan_due(bot.store, now=bot.clock.now())
    await bot.says("/pause")
    papers_come(bot, "Diffusion two")
    said = await bot.says("/resume")
    assert said.buttons[:2] == ["send 2", "skip"]
    await bot.presses("skip")
    bot.later(hours=1)
    assert planned(bot) == 0


async def test_one_subscription_comes_back_alone(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8\ngraphs at 8")
    await bot.says("/pause 1")
    await bot.says("/pause 2")
    papers_come(bot, "Diffusion", "Graphs")
    said = await bot.says("/resume 2")
    assert said.lines[:2] == ["✓ 2  graphs is active again.", "1 paper waits."]
    assert (state(bot, 1), state(bot, 2)) == ("paused", "active")
    await bot.presses("send 1")
    assert planned(bot) == 1


async def test_resume_without_a_number_ends_all_pauses(bot: BotHarness) -> None:
    await bot.says("/sub diffusion\ngraphs")
    await bot.says("/pause 1")
    await bot.says("/pause")
    await bot.says("/resume")
    assert (state(bot, 1), state(bot, 2)) == ("active", "active")
    assert bot.chat_of(ME).state == "active"


async def test_one_that_comes_back_in_a_paused_chat_hears_of_that(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/pause 1")
    await bot.says("/pause")
    assert (await bot.says("/resume 1")).lines[1] == "This chat is paused; /resume ends that."


async def test_what_was_told_already_does_not_wait(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now\ngraphs at 8")
    papers_come(bot, "Diffusion on graphs")
    plan_due(bot.store, now=bot.clock.now())
    await bot.says("/pause 2")
    assert (await bot.says("/resume 2")).lines == ["✓ 2  graphs is active again."]


async def test_buttons_of_a_subscription_that_is_gone(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8")
    await bot.says("/pause 1")
    papers_come(bot, "Diffusion")
    await bot.says("/resume 1")
    await bot.says("/unsub 1")
    for label in ("send 1", "skip", "resume"):
        assert (await bot.presses(label)).toast.startswith("That subscription is gone.")


async def test_only_managers_pause_a_group(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub diffusion", GROUP, by="7")
    assert (await bot.says("/pause", GROUP, by="8")).text == "✗ Only admins of this chat can change that."
    assert bot.chat_of(GROUP).state == "active"
