"""Notices about the service: who gets them, and how often. Strangers cannot read them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import BotInfo
from subscriptions.errors import ChatGone, Rejected, RetryLater
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.notices.findings import SendingStopped, SourceFailed, SourceOverdue
from subscriptions.notices.of_chats import AccessAsked
from subscriptions.service import notices, sending
from subscriptions.service.conversation_state import store_chat
from subscriptions.service.findings import stored_findings
from subscriptions.states import PauseReason
from subscriptions.store.admitted_chats import set_owner
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.make import address

ME, CHANNEL, OPERATOR = "telegram:42", "telegram:-1009", "telegram:1"
ADMINS = (address(OPERATOR),)
OVERDUE = SourceOverdue(source="daily", reason="")


@pytest.fixture
def post(bot: BotHarness) -> Deliverer:
    return Deliverer(bot)


def failed(source: str) -> SourceFailed:
    return SourceFailed(source=source, reason="")


def notified_operators(bot: BotHarness, **stopped: str) -> int:
    now = bot.clock.now()
    found = stored_findings(bot.store, now=now, wall=now, stopped=stopped)
    return len(notices.notify_operators_of_trouble(bot.store, ADMINS, found, now=now))


class TestOnceACauseAndDay:
    async def test_the_same_again_is_not_written_down_before_the_next_local_day(
        self, bot: BotHarness, post: Deliverer
    ) -> None:
        store_chat(bot.store, address(ME), ChatKind.PRIVATE, now=NOON, timezone="Asia/Tokyo")

        def notifies() -> bool:
            return notices.notify(bot.store, address(ME), OVERDUE, now=bot.clock.now())

        assert notifies()  # 21:00 in Tokyo
        assert not notifies()
        bot.later(hours=2)
        assert not notifies()
        bot.later(hours=2)
        assert notifies()
        assert len(await post.deliver_due()) == 2

    def test_another_cause_or_key_is_another_notice(self, bot: BotHarness) -> None:
        store_chat(bot.store, address(ME), ChatKind.PRIVATE, now=NOON)
        assert notices.notify(bot.store, address(ME), failed("a"), now=NOON)
        assert notices.notify(bot.store, address(ME), failed("b"), now=NOON)
        assert notices.notify(bot.store, address(ME), replace(OVERDUE, source="a"), now=NOON)

    def test_nobody_is_made_a_chat_by_news(self, bot: BotHarness) -> None:
        assert not notices.notify(bot.store, address(ME), OVERDUE, now=NOON)

    async def test_a_button_works_in_its_chat_only(self, bot: BotHarness, post: Deliverer) -> None:
        bot.bot_info = BotInfo(admins=ADMINS)
        for chat in (OPERATOR, ME):
            store_chat(bot.store, address(chat), ChatKind.PRIVATE, now=NOON)
        link = CallbackToken(verb="allow", arguments={"chat": "telegram:77"})
        asked = AccessAsked(chat="telegram:77", title="", who="", request="")
        notices.notify(bot.store, address(OPERATOR), asked, now=NOON, buttons={"allow": link})
        (notice,) = await post.deliver_due()
        data = notice.keys[0]["data"]
        assert "not work any more" in (await bot.sends_request(ME, callback_data=data, callback_id="p")).toast
        assert (await bot.presses("allow", OPERATOR)).text.startswith("✓ telegram:77 may subscribe.")


class TestOperators:
    async def test_dead_letters_are_counted_with_the_usual_reason(self, bot: BotHarness, post: Deliverer) -> None:
        for chat in (41, 42, 43):
            bot.subscribes(f"telegram:{chat}", "diffusion", every="now")
        post.refusals |= {
            "41": Rejected("Not today"),
            "42": Rejected("Not today"),
            "43": Rejected("Never"),
        }
        bot.brings("Diffusion on graphs")
        await post.deliver_due()
        assert notified_operators(bot) == 1
        (notice,) = await post.deliver_due()
        assert notice.to == OPERATOR
        assert notice.lines[:2] == ["3 deliveries could not be sent.", "The usual reason: Not today."]
        assert notified_operators(bot) == 0
        bot.later(days=1)
        assert notified_operators(bot) == 0  # the operators already know of these messages

    async def test_what_dies_later_that_day_is_told_the_next(self, bot: BotHarness, post: Deliverer) -> None:
        post.refusals["41"] = Rejected("Not today")
        bot.subscribes("telegram:41", "diffusion", every="now")
        for title in ("Diffusion one", "Diffusion two"):
            bot.brings(title)
            await post.deliver_due()
            notified_operators(bot)
            bot.later(hours=1)
        assert [answer.lines[0] for answer in post.to(OPERATOR)] == ["1 delivery could not be sent."]
        bot.later(days=1)
        assert notified_operators(bot) == 1
        (second,) = await post.deliver_due()
        assert second.lines[0] == "1 delivery could not be sent."

    async def test_what_a_person_dismissed_is_no_news(self, bot: BotHarness, post: Deliverer) -> None:
        post.refusals["41"] = Rejected("Not today")
        bot.subscribes("telegram:41", "diffusion", every="now")
        bot.brings("Diffusion")
        await post.deliver_due()
        (entry,) = sending.outbox_entries(bot.store, now=bot.clock.now())
        sending.dismiss(bot.store, entry.id, now=bot.clock.now())
        assert notified_operators(bot) == 0

    async def test_a_notice_that_cannot_be_sent_calls_for_no_other(self, bot: BotHarness, post: Deliverer) -> None:
        post.refusals["1"] = Rejected("Not today")
        notices.notify_operators(bot.store, ADMINS, failed("daily"), now=NOON)
        await post.deliver_due()
        assert [entry.state for entry in sending.outbox_entries(bot.store, now=NOON)] == ["dead"]
        assert notified_operators(bot) == 0

    async def test_what_waits_for_an_hour_is_told_once_a_day(self, bot: BotHarness, post: Deliverer) -> None:
        post.refusals["41"] = RetryLater("No connection")
        bot.subscribes("telegram:41", "diffusion", every="now")
        bot.brings("Diffusion")
        await post.deliver_due()
        bot.later(minutes=59)
        assert notified_operators(bot) == 0
        bot.later(minutes=2)
        assert notified_operators(bot) == 1
        sent = [answer for answer in await post.deliver_due() if answer.to == OPERATOR]
        assert sent[0].lines[:2] == [
            "1 delivery to Telegram has waited for more than an hour.",
            "The usual reason: No connection.",
        ]
        assert notified_operators(bot) == 0

    async def test_a_platform_that_stands_still_is_told_on_the_others(self, bot: BotHarness) -> None:
        both = (address(OPERATOR), address("slack:U1"))
        stopped = [SendingStopped(platform="telegram", reason="The token is unknown.")]
        sent = notices.notify_operators_of_trouble(bot.store, both, stopped, now=NOON)
        assert [lane.platform for lane in sent] == ["slack"]

    async def test_another_version_is_told_and_the_first_is_not(self, bot: BotHarness, post: Deliverer) -> None:
        for version in ("0.1.0", "0.1.0", "0.2.0", "0.2.0"):
            notices.notify_new_version(bot.store, ADMINS, version, now=bot.clock.now())
        (notice,) = await post.deliver_due()
        assert notice.lines[0] == "Another version of paperwire runs now: 0.2.0."

    @pytest.mark.parametrize(
        ("kind", "public"),
        [(ChatKind.GROUP, True), (ChatKind.BROADCAST, False)],
        ids=["public group", "channel"],
    )
    def test_never_where_strangers_read(self, bot: BotHarness, kind: ChatKind, public: bool) -> None:
        store_chat(bot.store, address(CHANNEL), kind, now=NOON, public=public)
        sent = notices.notify_operators(bot.store, (address(CHANNEL), *ADMINS), failed("daily"), now=NOON)
        assert sent == (address(OPERATOR).lane,)

    async def test_an_operator_who_never_wrote_gets_what_waits_once_they_do(
        self, bot: BotHarness, post: Deliverer
    ) -> None:
        post.refusals["1"] = ChatGone("Forbidden: bot can't initiate conversation with a user")
        notices.notify_operators(bot.store, ADMINS, failed("daily"), now=NOON)
        assert not await post.deliver_due()
        del post.refusals["1"]
        await bot.says("/start", OPERATOR)
        bot.later(minutes=11)  # for ten minutes, the bot offers the papers that waited, but does not send them
        assert (await post.deliver_due())[0].lines[0] == "daily cannot be read."


class TestOwners:
    async def channel(self, bot: BotHarness) -> None:
        await bot.says("/sub graphs", ME)
        store_chat(bot.store, address(CHANNEL), ChatKind.BROADCAST, now=NOON, title="Lab")
        set_owner(bot.store, bot.chat_of(CHANNEL).id, "42")

    async def test_who_set_a_channel_up_hears_why_it_is_paused(self, bot: BotHarness, post: Deliverer) -> None:
        await self.channel(bot)
        bot.subscribes(CHANNEL, "diffusion", every="now")
        bot.brings("Diffusion")
        post.refusals["-1009"] = ChatGone(
            "Not enough rights to send text messages to the chat", pause_reason=PauseReason.NO_RIGHTS
        )
        for _ in range(2):
            await post.deliver_due()
        (sent,) = [answer for answer in post.to(ME) if "paused" in answer.text]
        assert sent.lines[:2] == ["Lab is paused.", "The bot may not write there."]

    async def test_once_a_day_and_not_when_they_did_it_themselves(self, bot: BotHarness, post: Deliverer) -> None:
        await self.channel(bot)
        for by in ("42", "7", "7"):
            notices.pause_unreachable(bot.store, address(CHANNEL), "kicked", topic=False, now=NOON, by=by)
            await bot.receives_event("back", CHANNEL, by="42", kind=ChatKind.BROADCAST)
        assert [answer.lines[0] for answer in await post.deliver_due()] == ["Lab is paused."]

    async def test_when_many_are_gone_at_once_it_was_a_mistake_and_nobody_hears(
        self, bot: BotHarness, post: Deliverer
    ) -> None:
        await self.channel(bot)
        chat = bot.chat_of(CHANNEL)
        notices.pause_unreachable(bot.store, chat.address, "kicked", topic=False, now=NOON)
        sending.stop_platform(bot.store, "telegram", "12 of 50", [chat.id], now=NOON)
        assert bot.chat_of(CHANNEL).state == "active"
        assert not await post.deliver_due()


async def test_a_notice_waits_for_the_pause_of_its_chat_to_end(bot: BotHarness, post: Deliverer) -> None:
    await bot.says("/sub diffusion", ME)
    await bot.says("/pause 1d", ME)
    notices.notify(bot.store, address(ME), OVERDUE, now=bot.clock.now())
    assert not await post.deliver_due()
    bot.clock.advance(timedelta(days=1, minutes=1))
    assert "nothing new" in "".join(answer.text for answer in await post.deliver_due())
