"""News about the service itself: to whom, how often, and never where strangers read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.core.context import BotInfo
from subscriptions.errors import ChatGone, Rejected, RetryLater
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.notices.chats import AccessAsked
from subscriptions.notices.sources import SourceFailed, SourceOverdue
from subscriptions.service.chats import meet, set_owner
from subscriptions.service.notices import (
    lose_place,
    notify,
    notify_new_version,
    notify_operators,
    notify_operators_of_trouble,
)
from subscriptions.service.outbox import dismiss, outbox_entries, stop_platform
from subscriptions.service.subscriptions import get_chat
from subscriptions.states import PauseReason
from tests.conversation.delivering import Deliverer
from tests.make import NOON, address, ingested, paper, subscribes
from tests.talking import BotHarness

ME, CHANNEL, OPERATOR = "telegram:42", "telegram:-1009", "telegram:1"
ADMINS = (address(OPERATOR),)
OVERDUE = SourceOverdue(source="daily", since="", reason="", what="")


@pytest.fixture
def post(talk: BotHarness) -> Deliverer:
    return Deliverer(talk)


def failed(source: str) -> SourceFailed:
    return SourceFailed(source=source, since="", reason="")


def operators_hear(talk: BotHarness, **stopped: str) -> int:
    return len(notify_operators_of_trouble(talk.store, ADMINS, now=talk.clock.now(), stopped=stopped))


class TestOnceACauseAndDay:
    async def test_the_same_again_is_not_written_down_before_the_next_local_day(
        self, talk: BotHarness, post: Deliverer
    ) -> None:
        meet(talk.store, address(ME), ChatKind.PRIVATE, now=NOON, timezone="Asia/Tokyo")

        def tell() -> bool:
            return notify(talk.store, address(ME), OVERDUE, now=talk.clock.now())

        assert tell()  # 21:00 in Tokyo
        assert not tell()
        talk.later(hours=2)
        assert not tell()
        talk.later(hours=2)
        assert tell()
        assert len(await post.deliver_due()) == 2

    def test_another_cause_or_key_is_another_notice(self, talk: BotHarness) -> None:
        meet(talk.store, address(ME), ChatKind.PRIVATE, now=NOON)
        assert notify(talk.store, address(ME), failed("a"), now=NOON)
        assert notify(talk.store, address(ME), failed("b"), now=NOON)
        assert notify(talk.store, address(ME), replace(OVERDUE, source="a"), now=NOON)

    def test_nobody_is_made_a_chat_by_news(self, talk: BotHarness) -> None:
        assert not notify(talk.store, address(ME), OVERDUE, now=NOON)

    async def test_a_button_works_in_its_chat_only(self, talk: BotHarness, post: Deliverer) -> None:
        talk.bot_info = BotInfo(admins=ADMINS)
        for chat in (OPERATOR, ME):
            meet(talk.store, address(chat), ChatKind.PRIVATE, now=NOON)
        link = CallbackToken(verb="allow", arguments={"chat": "telegram:77"})
        asked = AccessAsked(chat="telegram:77", title="", who="", request="")
        notify(talk.store, address(OPERATOR), asked, now=NOON, buttons={"allow": link})
        (notice,) = await post.deliver_due()
        data = notice.keys[0]["data"]
        assert "not work any more" in (await talk.sends_request(ME, callback_data=data, callback_id="p")).toast
        assert (await talk.presses("allow", OPERATOR)).text.startswith("✓ telegram:77 may subscribe.")


class TestOperators:
    async def test_dead_letters_are_counted_with_the_usual_reason(self, talk: BotHarness, post: Deliverer) -> None:
        for chat in (41, 42, 43):
            subscribes(talk.store, f"telegram:{chat}", "diffusion", every="now")
        post.refusals |= {"41": Rejected("Not today"), "42": Rejected("Not today"), "43": Rejected("Never")}
        ingested(talk.store, paper("Diffusion on graphs"))
        await post.deliver_due()
        assert operators_hear(talk) == 1
        (notice,) = await post.deliver_due()
        assert notice.to == OPERATOR
        assert notice.lines[:2] == ["3 messages could not be sent.", "The usual reason: Not today."]
        assert operators_hear(talk) == 0
        talk.later(days=1)
        assert operators_hear(talk) == 0  # of these they have heard

    async def test_what_dies_later_that_day_is_told_the_next(self, talk: BotHarness, post: Deliverer) -> None:
        post.refusals["41"] = Rejected("Not today")
        subscribes(talk.store, "telegram:41", "diffusion", every="now")
        for title in ("Diffusion one", "Diffusion two"):
            ingested(talk.store, paper(title), now=talk.clock.now())
            await post.deliver_due()
            operators_hear(talk)
            talk.later(hours=1)
        assert [answer.lines[0] for answer in post.to(OPERATOR)] == ["1 message could not be sent."]
        talk.later(days=1)
        assert operators_hear(talk) == 1
        (second,) = await post.deliver_due()
        assert second.lines[0] == "1 message could not be sent."

    async def test_what_a_person_dismissed_is_no_news(self, talk: BotHarness, post: Deliverer) -> None:
        post.refusals["41"] = Rejected("Not today")
        subscribes(talk.store, "telegram:41", "diffusion", every="now")
        ingested(talk.store, paper("Diffusion"))
        await post.deliver_due()
        (entry,) = outbox_entries(talk.store, now=talk.clock.now())
        dismiss(talk.store, entry.id, now=talk.clock.now())
        assert operators_hear(talk) == 0

    async def test_a_notice_that_cannot_be_sent_calls_for_no_other(self, talk: BotHarness, post: Deliverer) -> None:
        post.refusals["1"] = Rejected("Not today")
        notify_operators(talk.store, ADMINS, failed("daily"), now=NOON)
        await post.deliver_due()
        assert [entry.state for entry in outbox_entries(talk.store, now=NOON)] == ["dead"]
        assert operators_hear(talk) == 0

    async def test_what_waits_for_an_hour_is_told_once_a_day(self, talk: BotHarness, post: Deliverer) -> None:
        post.refusals["41"] = RetryLater("No connection")
        subscribes(talk.store, "telegram:41", "diffusion", every="now")
        ingested(talk.store, paper("Diffusion"))
        await post.deliver_due()
        talk.later(minutes=59)
        assert operators_hear(talk) == 0
        talk.later(minutes=2)
        assert operators_hear(talk) == 1
        told = [answer for answer in await post.deliver_due() if answer.to == OPERATOR]
        assert told[0].lines[:2] == [
            "1 delivery to Telegram has waited for more than an hour.",
            "The usual reason: No connection.",
        ]
        assert operators_hear(talk) == 0

    async def test_a_platform_that_stands_still_is_told_on_the_others(self, talk: BotHarness) -> None:
        both = (address(OPERATOR), address("slack:U1"))
        told = notify_operators_of_trouble(talk.store, both, now=NOON, stopped={"telegram": "The token is unknown."})
        assert [lane.platform for lane in told] == ["slack"]

    async def test_another_version_is_told_and_the_first_is_not(self, talk: BotHarness, post: Deliverer) -> None:
        for version in ("0.1.0", "0.1.0", "0.2.0", "0.2.0"):
            notify_new_version(talk.store, ADMINS, version, now=talk.clock.now())
        (notice,) = await post.deliver_due()
        assert notice.lines[0] == "Another version of paperwire runs now: 0.2.0."

    @pytest.mark.parametrize(
        ("kind", "public"), [(ChatKind.GROUP, True), (ChatKind.BROADCAST, False)], ids=["public group", "channel"]
    )
    def test_never_where_strangers_read(self, talk: BotHarness, kind: ChatKind, public: bool) -> None:
        meet(talk.store, address(CHANNEL), kind, now=NOON, public=public)
        told = notify_operators(talk.store, (address(CHANNEL), *ADMINS), failed("daily"), now=NOON)
        assert told == (address(OPERATOR).lane,)

    async def test_an_operator_who_never_wrote_gets_what_waits_once_they_do(
        self, talk: BotHarness, post: Deliverer
    ) -> None:
        post.refusals["1"] = ChatGone("Forbidden: bot can't initiate conversation with a user")
        notify_operators(talk.store, ADMINS, failed("daily"), now=NOON)
        assert not await post.deliver_due()
        del post.refusals["1"]
        await talk.says("/start", OPERATOR)
        talk.later(minutes=11)  # what waits is offered first
        assert (await post.deliver_due())[0].lines[0] == "daily cannot be read."


class TestOwners:
    async def channel(self, talk: BotHarness) -> None:
        await talk.says("/sub graphs", ME)
        meet(talk.store, address(CHANNEL), ChatKind.BROADCAST, now=NOON, title="Lab")
        set_owner(talk.store, address(CHANNEL), "42")

    async def test_who_set_a_channel_up_hears_why_it_is_paused(self, talk: BotHarness, post: Deliverer) -> None:
        await self.channel(talk)
        subscribes(talk.store, CHANNEL, "diffusion", every="now")
        ingested(talk.store, paper("Diffusion"))
        post.refusals["-1009"] = ChatGone(
            "Not enough rights to send text messages to the chat", pause_reason=PauseReason.NO_RIGHTS
        )
        for _ in range(2):
            await post.deliver_due()
        (told,) = [answer for answer in post.to(ME) if "paused" in answer.text]
        assert told.lines[:2] == ["Lab is paused.", "The bot may not write there."]

    async def test_once_a_day_and_not_when_they_did_it_themselves(self, talk: BotHarness, post: Deliverer) -> None:
        await self.channel(talk)
        for by in ("42", "7", "7"):
            lose_place(talk.store, address(CHANNEL), "kicked", topic=False, now=NOON, by=by)
            await talk.receives_event("back", CHANNEL, by="42", kind=ChatKind.BROADCAST)
        assert [answer.lines[0] for answer in await post.deliver_due()] == ["Lab is paused."]

    async def test_when_many_are_gone_at_once_it_was_a_mistake_and_nobody_hears(
        self, talk: BotHarness, post: Deliverer
    ) -> None:
        await self.channel(talk)
        chat = get_chat(talk.store, address(CHANNEL))
        lose_place(talk.store, chat.address, "kicked", topic=False, now=NOON)
        stop_platform(talk.store, "telegram", "12 of 50", [chat.id], now=NOON)
        assert get_chat(talk.store, address(CHANNEL)).state == "active"
        assert not await post.deliver_due()


async def test_a_notice_waits_for_the_pause_of_its_chat_to_end(talk: BotHarness, post: Deliverer) -> None:
    await talk.says("/sub diffusion", ME)
    await talk.says("/pause 1d", ME)
    notify(talk.store, address(ME), OVERDUE, now=talk.clock.now())
    assert not await post.deliver_due()
    talk.clock.advance(timedelta(days=1, minutes=1))
    assert "nothing new" in "".join(answer.text for answer in await post.deliver_due())
