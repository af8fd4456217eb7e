"""When deliveries come, and which moments the bot announces, if sources are on time, late, or have a quiet day.

The clock starts at noon on Thursday 22 January 2026. arXiv's batch of a day can be read from 05:05 UTC on.
"""

from datetime import datetime, timedelta

import pytest

from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import store_chat
from subscriptions.service.plan import plan_due
from subscriptions.service.sending import outbox_entries
from subscriptions.store import planner as plans
from subscriptions.store.admitted_chats import set_owner
from subscriptions.store.sources import SourceFact, sync_sources
from tests.bot_harness import Answer, BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.expected_sources import BATCH, ExpectedSources
from tests.make import address

ME, CHANNEL = "telegram:42", "telegram:-1009"
MIDNIGHT = NOON - timedelta(hours=12)
FRIDAY, SATURDAY, MONDAY = (MIDNIGHT + timedelta(days=days) for days in (1, 2, 4))


@pytest.fixture
def post(bot: BotHarness) -> Deliverer:
    return Deliverer(bot)


@pytest.fixture
def arxiv(bot: BotHarness) -> ExpectedSources:
    found = ExpectedSources(bot.store)
    found.reports("new", at=MIDNIGHT + BATCH)
    return found


def brings(bot: BotHarness, *titles: str, at: datetime | None = None) -> None:
    bot.brings(*titles, now=at or bot.clock.now(), source="arXiv")


async def spoken(bot: BotHarness, post: Deliverer, subscription: str = "/sub diffusion", chat: str = ME) -> None:
    """Subscribes a chat, and delivers its first papers."""
    brings(bot, "Diffusion at first", at=bot.clock.now() - timedelta(minutes=1))
    await bot.says(subscription, chat)
    if not await post.deliver_due():
        bot.later(hours=23)
        assert await post.deliver_due()


class TestWhenOut:
    async def test_it_waits_until_every_awaited_source_has_reported(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        brings(bot, "Diffusion early", at=FRIDAY + BATCH)
        assert await post.at(FRIDAY.replace(hour=9)) == []
        arxiv.reports("stale", at=FRIDAY.replace(hour=9))
        assert await post.deliver_due() == []
        arxiv.reports("new", at=FRIDAY.replace(hour=9, minute=1))
        (came,) = await post.at(FRIDAY.replace(hour=9, minute=2))
        assert "Diffusion early" in came.text
        assert "arXiv" not in came.text.replace("arxiv.org", "")

    async def test_not_before_its_first_time_and_once_a_day(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        brings(bot, "Diffusion early", at=FRIDAY + BATCH)
        arxiv.reports("new", at=FRIDAY + BATCH)
        assert await post.at(FRIDAY.replace(hour=7, minute=59)) == []
        assert len(await post.at(FRIDAY.replace(hour=8))) == 1
        brings(bot, "Diffusion late")
        assert await post.at(FRIDAY.replace(hour=19)) == []
        assert len(await post.at(SATURDAY.replace(hour=8))) == 1

    @pytest.mark.parametrize(
        ("outcome", "line"),
        [
            ("", "arXiv has not come yet; its papers come with the next digest."),
            ("stale", "arXiv has not come yet; its papers come with the next digest."),
            ("late", "arXiv is late; its papers come with the next digest."),
            ("failed", "arXiv could not be read; its papers come with the next digest."),
        ],
    )
    async def test_at_its_second_time_it_goes_with_what_is_there_and_says_what_is_missing(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources, outcome: str, line: str
    ) -> None:
        await spoken(bot, post)
        brings(bot, "Diffusion early", at=FRIDAY.replace(hour=6))
        if outcome:
            arxiv.reports(outcome, at=FRIDAY.replace(hour=12))
        assert await post.at(FRIDAY.replace(hour=19, minute=59)) == []
        (came,) = await post.at(FRIDAY.replace(hour=20))
        assert came.lines[-1] == line

    async def test_what_comes_at_once_opens_no_window_beside_it(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        await bot.says("/sub trees now")
        for title in ("Diffusion early", "Trees early"):
            brings(bot, title, at=FRIDAY.replace(hour=9))
        (came,) = await post.at(FRIDAY.replace(hour=9))
        assert ("Trees early" in came.text, "Diffusion early" in came.text) == (True, False)
        arxiv.reports("new", at=FRIDAY.replace(hour=10))
        (came,) = await post.at(FRIDAY.replace(hour=10))
        assert "Diffusion early" in came.text

    async def test_a_source_with_a_title_is_named_at_the_end(self, bot: BotHarness, post: Deliverer) -> None:
        sync_sources(
            bot.store,
            [
                SourceFact(
                    name="arXiv", kind="file", location="inbox", title="daily arXiv", home="https://example.org/daily"
                )
            ],
            now=NOON,
        )
        brings(bot, "Diffusion early")
        await bot.says("/sub diffusion")
        (came,) = await post.deliver_due()
        assert came.lines[-1] == "from daily arXiv"

    async def test_a_quiet_source_is_waited_for_no_longer(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        brings(bot, "Diffusion early", at=FRIDAY.replace(hour=6))
        arxiv.reports("quiet", at=FRIDAY.replace(hour=7))
        assert len(await post.at(FRIDAY.replace(hour=8))) == 1

    async def test_what_the_settings_do_not_name_any_more_is_not_waited_for(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        brings(bot, "Diffusion early", at=FRIDAY.replace(hour=6))
        assert await post.at(FRIDAY.replace(hour=9)) == []
        arxiv.sync(watched=["inbox"])
        assert len(await post.deliver_due()) == 1

    async def test_without_a_source_that_is_awaited_it_goes_as_soon_as_papers_come(
        self, bot: BotHarness, post: Deliverer
    ) -> None:
        await spoken(bot, post)
        assert await post.at(FRIDAY.replace(hour=9)) == []
        brings(bot, "Diffusion early")
        assert len(await post.deliver_due()) == 1

    async def test_after_an_outage_it_waits_for_the_batch_of_the_day_in_the_window_of_the_day(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        bot.clock.set_now(MONDAY.replace(hour=10))  # no process ran since Thursday
        assert await post.deliver_due() == []
        for title in ("Diffusion of Friday", "Diffusion of Monday"):
            brings(bot, title)
        arxiv.reports("new", at=bot.clock.now())
        (came,) = await post.deliver_due()
        assert all(title in came.text for title in ("Diffusion of Friday", "Diffusion of Monday"))
        assert await post.at(MONDAY.replace(hour=20)) == []

    async def test_another_subscription_that_brings_something_spends_no_days_of_it(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        bot.clock.set_now(MIDNIGHT)
        await bot.says("/tz Asia/Tokyo")  # in Tokyo, the batch comes at 14:05
        await spoken(bot, post)
        await bot.says("/sub graphs daily 9:00")
        brings(bot, "Graphs overnight", at=FRIDAY - timedelta(hours=1))
        (came,) = await post.at(FRIDAY)  # 09:00 in Tokyo
        assert "Graphs" in came.text
        brings(bot, "Diffusion of the batch", at=FRIDAY + BATCH)
        arxiv.reports("new", at=FRIDAY + BATCH)
        (came,) = await post.at(FRIDAY + BATCH)
        assert "Diffusion of the batch" in came.text


class TestFirstAndNext:
    @pytest.mark.parametrize(
        ("moment", "subscription", "first"),
        [
            (NOON, "/sub diffusion", "First: Fri 23 Jan about 08:00."),
            (NOON, "/sub diffusion daily 9", "First: Fri 23 Jan 09:00."),
            (NOON, "/sub diffusion now", "First: Fri 23 Jan about 08:00 (quiet hours hold it until 08:00)."),
            (
                SATURDAY.replace(hour=12),
                "/sub diffusion",
                "First: Mon 26 Jan about 08:00 (arXiv is quiet at the weekend).",
            ),
            (
                SATURDAY.replace(hour=12),
                "/sub diffusion daily 9",
                "First: Mon 26 Jan 09:00 (arXiv is quiet at the weekend).",
            ),
            (
                SATURDAY.replace(hour=12),
                "/sub diffusion when-out 5:00-20:00",
                "First: Mon 26 Jan about 05:05 (arXiv is quiet at the weekend).",
            ),
        ],
    )
    async def test_the_first_is_computed_from_the_rhythm_of_the_sources(
        self, bot: BotHarness, arxiv: ExpectedSources, moment: datetime, subscription: str, first: str
    ) -> None:
        bot.clock.set_now(moment)
        arxiv.reports("new", at=FRIDAY + BATCH)
        assert first in (await bot.says(subscription)).text

    async def test_while_a_batch_is_late_nothing_that_passed_is_promised(self, bot: BotHarness) -> None:
        ExpectedSources(bot.store)
        said = await bot.says("/sub diffusion")
        assert "First: as soon as papers are out, Thu 22 Jan 20:00 at the latest." in said.text
        assert "Next: as soon as papers are out, Thu 22 Jan 20:00 at the latest." in (await bot.says("/status")).lines

    async def test_papers_that_are_there_come_in_a_moment(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        brings(bot, "Diffusion today")
        assert "First: in a moment." in (await bot.says("/sub diffusion")).text
        assert len(await post.deliver_due()) == 1

    async def test_an_empty_first_delivery_comes_when_it_was_promised(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        bot.clock.set_now(SATURDAY.replace(hour=12))
        arxiv.reports("new", at=FRIDAY + BATCH)
        await bot.says("/sub diffusion")
        for moment in (SATURDAY.replace(hour=20), SATURDAY + timedelta(hours=44)):  # the ends of two windows
            assert await post.at(moment) == []
        brings(bot, "Trees", at=MONDAY + BATCH)
        arxiv.reports("new", at=MONDAY + BATCH)
        (came,) = await post.at(MONDAY.replace(hour=8))
        assert came.text == "The only paper of Mon 26 Jan did not match. Next: Tue 27 Jan about 08:00."
        assert await post.at(MONDAY.replace(hour=20)) == []

    async def test_the_first_delivery_speaks_at_the_end_of_a_day_on_which_nothing_came(
        self, bot: BotHarness, post: Deliverer
    ) -> None:
        ExpectedSources(bot.store)
        await bot.says("/sub diffusion")
        (came,) = await post.at(NOON.replace(hour=20))
        assert came.text == (
            "No papers have come yet. arXiv has not come yet; its papers come with the next digest. "
            "Next: Fri 23 Jan about 08:00."
        )

    async def test_a_schedule_and_a_board_tell_the_same(self, bot: BotHarness, arxiv: ExpectedSources) -> None:
        bot.clock.set_now(SATURDAY.replace(hour=12))
        arxiv.reports("new", at=FRIDAY + BATCH)
        await bot.says("/sub diffusion")
        said = await bot.says("/schedule 1 daily 9")
        assert said.lines[1] == "Next: Mon 26 Jan 09:00 (arXiv is quiet at the weekend)."


class TestStatus:
    async def test_it_says_what_is_missing_and_when_more_is_expected(self, bot: BotHarness) -> None:
        arxiv = ExpectedSources(bot.store)
        assert "arXiv has not come yet: due since Thu 22 Jan 05:05." in (await bot.says("/status")).lines
        arxiv.reports("late", at=NOON, detail="Due since 05:05.")
        said = await bot.says("/status")
        assert "arXiv is late: due since Thu 22 Jan 05:05." in said.lines
        assert "More papers are expected Fri 23 Jan about 05:05." in said.lines
        arxiv.reports("failed", at=NOON)
        assert "arXiv could not be read: due since Thu 22 Jan 05:05." in (await bot.says("/status")).lines
        arxiv.reports("new", at=NOON)
        assert "arXiv" not in "".join((await bot.says("/status")).lines[:1])


class TestPublicChannels:
    @pytest.fixture
    async def channel(self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources) -> ExpectedSources:
        """A channel that person 42 set up and that has got its first papers."""
        store_chat(bot.store, address(ME), ChatKind.PRIVATE, now=NOON)
        store_chat(bot.store, address(CHANNEL), ChatKind.BROADCAST, now=NOON, title="Daily vision")
        set_owner(bot.store, bot.chat_of(CHANNEL).id, "42")
        brings(bot, "Diffusion at first")
        bot.subscribes(CHANNEL, "diffusion", every="daily", at="13:00")
        assert [one.to for one in await post.at(NOON.replace(hour=13))] == [CHANNEL]
        return arxiv

    async def test_what_is_missing_is_told_to_who_set_it_up(
        self, bot: BotHarness, post: Deliverer, channel: ExpectedSources
    ) -> None:
        brings(bot, "Diffusion early", at=FRIDAY.replace(hour=6))
        came = {one.to: one for one in await post.at(FRIDAY.replace(hour=13))}
        assert "arXiv" not in came[CHANNEL].text.replace("arxiv.org", "")
        assert came[ME].lines == [
            "Daily vision got its papers without some that were expected.",
            "arXiv has not come yet; its papers come with the next digest.",
            "Nothing was said of it there.",
        ]

    async def test_a_note_on_a_quiet_day_goes_to_who_set_it_up(
        self, bot: BotHarness, post: Deliverer, channel: ExpectedSources
    ) -> None:
        assert await post.at(FRIDAY.replace(hour=13)) == []
        bot.sets(CHANNEL, quietday="on")
        (came,) = await post.at(SATURDAY.replace(hour=13))
        assert (came.to, came.lines[0]) == (ME, "Daily vision had no papers today.")

    async def test_five_days_with_nothing_are_told_to_who_set_it_up(
        self, bot: BotHarness, post: Deliverer, channel: ExpectedSources
    ) -> None:
        delivered = []
        for days in range(1, 8):
            brings(bot, f"Trees {days}", at=NOON + timedelta(days=days))
            delivered += await post.at(NOON.replace(hour=13) + timedelta(days=days))
        assert [(one.to, one.lines[0]) for one in delivered] == [(ME, "Daily vision: 0 of 5 papers.")]


class TestQuietDays:
    async def test_a_note_is_sent_where_it_is_wanted_once_a_day(
        self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources
    ) -> None:
        await spoken(bot, post)
        await bot.says("/set quiet day note on")
        brings(bot, "Trees", at=FRIDAY + BATCH)
        arxiv.reports("new", at=FRIDAY + BATCH)
        (note,) = await post.at(FRIDAY.replace(hour=12))
        assert note.text == ("The only paper of Fri 23 Jan did not match. Next: Mon 26 Jan about 08:00.")
        assert await post.at(FRIDAY.replace(hour=20)) == []
        assert await post.at(SATURDAY.replace(hour=19)) == []
        (note,) = await post.at(SATURDAY.replace(hour=20))
        assert note.text == "No papers have come yet. Next: Mon 26 Jan about 08:00."

    async def test_without_it_there_is_silence(self, bot: BotHarness, post: Deliverer, arxiv: ExpectedSources) -> None:
        await spoken(bot, post)
        brings(bot, "Trees", at=FRIDAY + BATCH)
        arxiv.reports("new", at=FRIDAY + BATCH)
        for hour in (12, 20):
            assert await post.at(FRIDAY.replace(hour=hour)) == []


class TestFiveDaysWithNothing:
    async def days(self, bot: BotHarness, post: Deliverer, *titles: str) -> list[Answer]:
        """Ingests one paper on each day, and delivers what is due on that day. Returns the messages."""
        delivered = []
        for title in titles:
            bot.clock.set_now(bot.clock.now().replace(hour=6) + timedelta(days=1))
            brings(bot, title)
            bot.later(hours=6)
            delivered += await post.deliver_due()
        return delivered

    async def test_they_are_said_once_with_what_can_be_done(self, bot: BotHarness, post: Deliverer) -> None:
        await spoken(bot, post, "/sub diffusion daily 11")
        (line,) = await self.days(bot, post, *(f"Trees {n}" for n in range(9)))
        assert line.lines[:2] == ["0 of 5 papers.", "Nothing matched for 5 days."]
        assert line.buttons == ["preview", "edit", "fine"]
        assert (await bot.presses("preview")).text == "Nothing fits among the 7 papers of the last 7 days."
        assert "Write what it shall be instead." in (await bot.presses("edit")).text
        fine = await bot.presses("fine")
        assert (fine.replaces, fine.buttons) == (True, [])

    async def test_another_query_begins_it_anew(self, bot: BotHarness, post: Deliverer) -> None:
        await spoken(bot, post, "/sub diffusion daily 11")
        assert len(await self.days(bot, post, *(f"Trees {n}" for n in range(5)))) == 1
        await bot.says("/edit 1 stars")
        (line,) = await self.days(bot, post, *(f"Trees {n}" for n in range(10, 17)))
        assert line.lines[0] == "0 of 5 papers."

    async def test_a_paper_that_fits_begins_the_count_anew(self, bot: BotHarness, post: Deliverer) -> None:
        await spoken(bot, post, "/sub diffusion daily 11")
        delivered = await self.days(
            bot, post, *(f"Trees {n}" for n in range(4)), "Diffusion again", "Trees x", "Trees y"
        )
        assert ["Diffusion again" in one.text for one in delivered] == [True]
        (line,) = await self.days(bot, post, *(f"Trees {n}" for n in range(10, 14)))
        assert line.lines[0] == "0 of 5 papers."

    async def test_days_on_which_another_subscription_brought_papers_do_not_count(
        self, bot: BotHarness, post: Deliverer
    ) -> None:
        await spoken(bot, post, "/sub diffusion daily 11")
        await bot.says("/sub herons weekly tue 11")
        delivered = await self.days(bot, post, "Trees 0", "Diffusion again", "Diffusion once more", *"abcd")
        assert ["Diffusion" in one.text for one in delivered] == [True, True]
        (line,) = await self.days(bot, post, "e")
        assert line.lines[:2] == ["0 of 5 papers.", "Nothing matched for 5 days."]

    async def test_days_on_which_nothing_came_do_not_count(self, bot: BotHarness, post: Deliverer) -> None:
        await spoken(bot, post, "/sub diffusion daily 11")
        await self.days(bot, post, *(f"Trees {n}" for n in range(4)))
        for _ in range(4):
            bot.later(days=1)
            assert await post.deliver_due() == []


def test_one_plan_looks_at_no_chat_that_waits_for_its_sources(bot: BotHarness, arxiv: ExpectedSources) -> None:
    """A hundred thousand chats may wait every morning, and a plan runs every second. So it must not read all these chats."""
    bot.subscribes(ME, "diffusion", every="when-out", now=NOON.replace(hour=21))
    brings(bot, "Diffusion early", at=FRIDAY + BATCH)
    moment = FRIDAY.replace(hour=9)
    with bot.store.read() as session:
        assert plans.due_chats(session, moment, 1, waiting=True) == []
        assert len(plans.due_chats(session, moment, 1)) == 1
    assert plan_due(bot.store, now=moment) == ()
    assert list(outbox_entries(bot.store, now=moment)) == []
