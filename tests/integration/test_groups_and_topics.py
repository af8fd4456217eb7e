"""Groups, topics and channels over real HTTP: what the platform reports about them, and the effects."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from subscriptions.service.next_deliveries import get_chat, listed
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import RestingClock, a_listening_bot, confirmed, posts
from tests.make import address, ingested, paper

CHANNEL, FORUM, COMMENTS = "-1009000001", "-1009000002", "-1009000003"


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42")
        fake.knows("43")
        fake.knows(CHANNEL, "channel", title="Lab papers", username="lab_papers", people={"42": "creator"})
        fake.knows(FORUM, title="Reading group", topics=(3, 4), people={"42": "administrator"})
        fake.knows(COMMENTS, title="Comments", linked=CHANNEL, people={"42": "administrator"})
        yield fake


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


def said(fake: FakeTelegram, chat: str) -> list[str]:
    return [entry.text.replace("\u2060", "") for entry in fake.posted_to(chat)]


async def test_a_public_channel_is_managed_from_a_private_chat(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        for who, text in (
            ("43", "/connect @lab_papers"),
            ("43", "/connect @nobody_here"),
            ("42", "/connect @lab_papers"),
            ("42", "/sub diffusion now"),
            ("42", f"/connect {COMMENTS}/7"),
        ):
            telegram.user_writes(text, who)
            await confirmed(telegram)
        await posts(telegram, 5)
        stranger, mine = said(telegram, "43"), said(telegram, "42")
        assert stranger[0].startswith("✗ I know no chat @lab_papers that you administer")
        assert stranger[1] == stranger[0].replace("@lab_papers", "@nobody_here")
        assert mine[0].startswith("✓ What you say here is about Lab papers from now on")
        assert mine[1].startswith("✓ Lab papers: 1  diffusion")
        assert mine[2] == "✗ Comments is linked to a channel, and such a group can have no topics."
        ingested(app.store, paper("Diffusion on graphs"))
        clock.advance(timedelta(minutes=1))
        await app.sender.deliver()
        assert "Diffusion on graphs" in said(telegram, CHANNEL)[-1]
        assert get_chat(app.store, address(f"telegram:{CHANNEL}")).public


async def test_a_topic_is_closed_and_opened_while_papers_wait(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        telegram.user_writes("/sub diffusion now", FORUM, by="42", topic=3)
        await posts(telegram, 1)
        telegram.closes_topic(FORUM, 3)
        await confirmed(telegram)
        ingested(app.store, paper("Diffusion on graphs"))
        clock.advance(timedelta(minutes=1))
        await app.sender.deliver()
        (notice,) = [entry.text for entry in telegram.posted_to(FORUM) if not entry.thread]
        assert notice.startswith("A topic of this group was closed.\nWhat it subscribes to waits: diffusion.")
        telegram.reopens_topic(FORUM, 3)
        await confirmed(telegram)
        clock.advance(timedelta(hours=1))
        await app.sender.deliver()
        (brought,) = [entry for entry in telegram.posted_to(FORUM) if "Diffusion on graphs" in entry.text]
        assert brought.thread == "3"


async def test_a_group_moves_while_papers_wait(tmp_path: Path, telegram: FakeTelegram, clock: RestingClock) -> None:
    telegram.knows("-5", "group", title="Small", people={"42": "creator"})
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        telegram.user_writes("/sub diffusion now", "-5", by="42")
        await posts(telegram, 1)
        ingested(app.store, paper("Diffusion on graphs"))
        clock.advance(timedelta(minutes=1))
        telegram.migrates("-5", "-1009000005")
        await app.sender.deliver()
        await confirmed(telegram)
        clock.advance(timedelta(seconds=20))  # a new run waits so long after an answer in a group
        await app.sender.deliver()
        assert [text.count("Diffusion on graphs") for text in said(telegram, "-1009000005")] == [1]
        assert [str(one.chat.address) for one in listed(app.store, None)] == ["telegram:-1009000005"]


async def test_thrown_out_and_added_again(tmp_path: Path, telegram: FakeTelegram, clock: RestingClock) -> None:
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        telegram.adds(FORUM, by="42")
        await posts(telegram, 1)
        assert said(telegram, FORUM) == ["Admins: /sub@paperwire_test_bot diffusion. I am quiet otherwise."]
        telegram.user_writes("/sub diffusion now", FORUM, by="42")
        await posts(telegram, 2)
        telegram.kicks(FORUM)
        await confirmed(telegram)
        assert get_chat(app.store, address(f"telegram:{FORUM}")).state == "paused"
        telegram.adds(FORUM, by="42")
        await confirmed(telegram)
        assert get_chat(app.store, address(f"telegram:{FORUM}")).state == "active"
    assert len(said(telegram, FORUM)) == 2  # no second greeting
