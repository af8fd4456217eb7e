"""today shows the newest batch at once. In a private chat its papers count as delivered, in other chats they do not."""

from datetime import UTC, datetime, timedelta

import pytest

from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import known_or_new
from subscriptions.service.listing import get_chat
from subscriptions.service.sending import outbox_entries
from subscriptions.states import PauseReason
from subscriptions.store import chats
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.make import DAY, address

ME, GROUP = "telegram:42", "telegram:-1001"


def planned(bot: BotHarness) -> list[int]:
    """Returns the number of papers in each delivery of the outbox."""
    return [entry.papers for entry in outbox_entries(bot.store, now=bot.clock.now())]


async def test_after_today_nothing_is_repeated_in_the_morning_and_nothing_lost(bot: BotHarness) -> None:
    """A person subscribes for 08:00 and gets today's papers at once. The next morning brings only the others."""
    bot.clock.set_now(datetime(2026, 1, 22, 10, tzinfo=UTC))
    bot.brings("Diffusion of yesterday", now=bot.clock.now() - timedelta(hours=16))
    bot.brings("Diffusion of today", now=bot.clock.now() - timedelta(hours=1))
    post = Deliverer(bot)
    await bot.says("/sub diffusion daily 08:00")
    said = await bot.presses("today's now")
    assert said.text == "1 paper of Thu 22 Jan is on its way."
    at_once = "\n".join(one.text for one in await post.deliver_due())
    assert "Diffusion of today" in at_once
    assert "yesterday" not in at_once
    bot.brings("Diffusion of the night", now=bot.later(hours=14))
    bot.clock.set_now(datetime(2026, 1, 23, 8, 1, tzinfo=UTC))
    in_the_morning = "\n".join(one.text for one in await post.deliver_due())
    assert "Diffusion of yesterday" in in_the_morning
    assert "Diffusion of the night" in in_the_morning
    assert "Diffusion of today" not in in_the_morning
    bot.later(days=1)
    assert not await post.deliver_due()


async def test_the_first_digest_after_today_does_not_say_that_none_matched_when_all_came(bot: BotHarness) -> None:
    bot.brings("Diffusion of today", "Graphs")
    post = Deliverer(bot)
    await bot.says("/sub diffusion daily 13:00")
    await bot.says("/today")
    await post.deliver_due()
    bot.later(hours=1)
    assert "The only paper that matched was shown here before." in (await post.deliver_due())[0].text


async def test_the_first_digest_waits_where_today_brought_all_that_came(bot: BotHarness) -> None:
    bot.brings("Diffusion of today")
    post = Deliverer(bot)
    await bot.says("/sub diffusion daily 13:00")
    await bot.says("/today")
    await post.deliver_due()
    bot.later(hours=1)
    assert not await post.deliver_due()
    bot.brings("Graphs", now=bot.later(hours=20))
    bot.later(hours=4)
    assert "The only paper of Fri 23 Jan did not match." in (await post.deliver_due())[0].text


async def test_an_update_that_comes_again_sends_nothing_twice(bot: BotHarness) -> None:
    bot.brings("Diffusion")
    assert await bot.says("/today diffusion", update_id="u9")
    assert not await bot.says("/today diffusion", update_id="u9")
    assert planned(bot) == [1]


async def test_papers_that_came_before_are_counted_and_shown_only_when_asked_for(bot: BotHarness) -> None:
    bot.brings("Diffusion one", "Diffusion two")
    await bot.says("/today one")
    said = await bot.says("/today diffusion")
    assert said.lines == ["1 paper of Thu 22 Jan is on its way.", "1 more came before."]
    again = await bot.says("/latest diffusion")
    assert again.text == "All 2 papers of Thu 22 Jan that fit came before."
    shown = await bot.presses("show all of that day")
    assert shown.lines[0] == "2 papers of Thu 22 Jan"
    assert "Diffusion one" in shown.text
    assert "Diffusion two" in shown.text
    assert planned(bot) == [1, 1], "an answer is no delivery"


async def test_the_newest_batch_is_that_of_the_newest_day_of_digests_whatever_the_clock_of_the_chat(
    bot: BotHarness,
) -> None:
    # it is Wednesday in New York
    bot.brings("Early diffusion", now=datetime(2026, 1, 22, 3, tzinfo=UTC))
    bot.brings("Late diffusion", now=datetime(2026, 1, 22, 7, tzinfo=UTC))
    assert (await bot.says("/today diffusion", GROUP)).lines[0] == "2 papers of Thu 22 Jan"
    await bot.says("/set timezone America/New_York")
    assert (await bot.says("/today diffusion")).lines[0] == "2 papers of Thu 22 Jan are on their way."


async def test_days_without_papers_do_not_count(bot: BotHarness) -> None:
    bot.brings("Diffusion", now=NOON - 9 * DAY)
    assert (await bot.says("/today diffusion")).lines[0] == "1 paper of Tue 13 Jan is on its way."


async def test_in_a_group_it_is_an_answer_that_tells_nobody_for_good(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    bot.brings("Diffusion")
    await bot.says("/sub diffusion daily 13:00", GROUP, by="7")
    for _ in range(2):
        said = await bot.says("/today", GROUP, by="8")
        assert said.lines[0] == "1 paper of Thu 22 Jan"
        assert "Diffusion" in said.lines[-1]
    assert planned(bot) == []
    bot.later(hours=1)
    assert "Diffusion" in (await Deliverer(bot).deliver_due())[0].text


async def test_a_chat_that_is_paused_gets_an_answer_since_a_delivery_would_be_held(bot: BotHarness) -> None:
    bot.brings("Diffusion")
    await bot.says("/sub diffusion")
    with bot.store.write() as session:
        chat = get_chat(session, address(ME))
        chats.pause_chat(session, chat.id, PauseReason.PERSON, now=NOON)
    said = await bot.says("/today")
    assert said.lines[0] == "1 paper of Thu 22 Jan"
    assert planned(bot) == []


async def test_a_subscription_that_is_gone_brings_nothing(bot: BotHarness) -> None:
    bot.brings("Diffusion, chapter 1")
    await bot.says("/sub diffusion")
    await bot.says("/unsub 1")
    assert (await bot.presses("today's now")).toast == "This subscription is gone."
    assert planned(bot) == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/today", "No subscription is active here. With a query I look for that: /today diffusion"),
        ("/today quantum", "Nothing fits among the 2 papers of Thu 22 Jan."),
        ("/today diffusion", "1 paper of Thu 22 Jan is on its way."),
        ("/today diffusion at 8", "1 paper of Thu 22 Jan is on its way."),
        ("/today -survey", "✗ This only excludes. Say what you want, too."),
    ],
)
async def test_what_is_said_to_somebody_new(bot: BotHarness, text: str, answer: str) -> None:
    bot.brings("Diffusion", "Graphs")
    assert (await bot.says(text)).lines[0] == answer


async def test_somebody_new_is_known_only_once_something_was_told(bot: BotHarness) -> None:
    bot.brings("Diffusion")
    await bot.says("/today")
    await bot.says("/today quantum")
    assert known_or_new(bot.store, address(ME), ChatKind.PRIVATE).id == 0
    await bot.says("/today diffusion")
    assert known_or_new(bot.store, address(ME), ChatKind.PRIVATE).id


async def test_before_the_first_paper_it_says_so(bot: BotHarness) -> None:
    assert (await bot.says("/today diffusion")).text == "No papers are known yet."


@pytest.mark.parametrize("day", ["yesterday", "last wednesday", "昨天", "1 day ago"])
async def test_the_papers_of_a_day_that_is_named_are_shown(bot: BotHarness, day: str) -> None:
    bot.brings("Owls of yesterday", name="old", now=NOON - timedelta(days=1))
    bot.brings("Owls of today", name="new")
    await bot.says("/sub owls")
    answer = await bot.says(f"/today {day}")
    assert answer.lines[0] == "1 of 1 paper of Wed 21 Jan"
    assert "Owls of yesterday" in answer.text
    assert "Owls of today" not in answer.text


@pytest.mark.parametrize(
    ("said", "first", "title"),
    [
        ("yesterday's papers", "1 of 1 paper of Wed 21 Jan", "Owls of yesterday"),
        ("owl papers from wednesday", "1 of 1 paper of Wed 21 Jan", "Owls of yesterday"),
        ("papers from 21 january", "1 of 1 paper of Wed 21 Jan", "Owls of yesterday"),
        ("昨天的论文", "1月21日 周三的 1 篇论文中有 1 篇符合", "Owls of yesterday"),
        ("papers from 3 days ago", "I know no papers of Mon 19 Jan.", ""),
        ("papers from 2024", "✗ I can show the papers of one day, but not of a longer time: “from 2024”.", ""),
        (
            "papers from last week",
            "✗ I can show the papers of one day, but not of a longer time: “from last week”.",
            "",
        ),
        ("papers since monday", "✗ I can show the papers of one day, but not of a longer time: “since monday”.", ""),
        ("上个月的论文", "✗ 我能显示某一天的论文，但不能显示更长时间的：“上个月”。", ""),
        (
            "owls since 2023",
            "(I left out “since 2023”: I can show the papers of one day, but not of a longer time.)",
            "Owls of today",
        ),
    ],
)
@pytest.mark.sentences
async def test_days_of_papers_are_understood_and_longer_times_refused(
    bot: BotHarness, said: str, first: str, title: str
) -> None:
    bot.brings("Owls of yesterday", name="old", now=NOON - timedelta(days=1))
    bot.brings("Owls of today", name="new")
    await bot.says("/sub owls")
    answer = await bot.says(said)
    assert answer.lines[0] == first
    assert title in answer.text
    assert [one.subscription.text for one in bot.listed("telegram:42")] == ["owls"]


async def test_a_year_is_no_time_of_day(bot: BotHarness) -> None:
    await bot.says("/sub owls from 2024")
    await bot.says("/sub owls before 1930")
    assert {str(one.subscription.cadence) for one in bot.listed("telegram:42")} == {"when-out 08:00-20:00"}
