"""Slack takes a message, its answer is lost, and before it is looked up the bot may not read or not write any more.

The message is posted again, as the operator wants it, and that post surely does not arrive. This says nothing of the
first one: when all is well again, the message is looked up, and comes no second time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from subscriptions.service.sending import outbox_entries
from subscriptions.store.platforms import free_platforms
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.make import FakeClock, ingested, paper, subscribes

LATER = timedelta(hours=1)
FIVE = [paper(f"Graph {number}") for number in range(5)]  # more than one message: the list, then its thread


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1")
        yield fake


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens between the post and the look-up, how it ends, and the state of the delivery meanwhile."""

    begins: Callable[[FakeSlack], None]
    ends: Callable[[FakeSlack, App], object]
    state: str = "unclear"


def _may_not_read(fake: FakeSlack, then: Callable[[], object]) -> None:
    fake.withdraws("channels:history")
    then()


def _may_read(fake: FakeSlack, then: Callable[[], object] = lambda: None) -> None:
    fake.grants("channels:history")
    fake.forgives()
    then()


def _is_given_back(fake: FakeSlack, app: App) -> None:
    fake.restores()
    free_platforms(app.store)


def _may_write(fake: FakeSlack, app: App) -> None:
    _may_read(fake, lambda: fake.unblocks("C1"))
    subscribes(app.store, "slack:C1", "tree", every="now")


TROUBLES = {
    "the token is revoked": Trouble(begins=lambda fake: fake.revokes(), ends=_is_given_back),
    "the workspace lets nobody in": Trouble(begins=lambda fake: fake.revokes("accesslimited"), ends=_is_given_back),
    "the bot may not write there": Trouble(
        begins=lambda fake: _may_not_read(fake, lambda: fake.forbids("C1")), ends=_may_write, state="held"
    ),
    "Slack asks to wait": Trouble(
        begins=lambda fake: _may_not_read(fake, lambda: fake.answers("429", times=9)),
        ends=lambda fake, _: _may_read(fake),
    ),
    "Slack is out of reach": Trouble(
        begins=lambda fake: _may_not_read(fake, fake.goes_down), ends=lambda fake, _: _may_read(fake, fake.comes_back)
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("starts_anew", [False, True], ids=["", "started anew"])
async def test_a_refused_second_post_leaves_the_first_unclear(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, trouble: Trouble, *, starts_anew: bool
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        slack.answers("cut after")
        _before_the_first_lookup(app, lambda: trouble.begins(slack))
        await app.sender.send_once()
        for _ in range(4):
            clock.advance(timedelta(seconds=31))
            await app.sender.send_once()
        assert len(slack.posted_to("C1")) == 1
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == [trouble.state]
        clock.advance(LATER)
        trouble.ends(slack, app)
        if not starts_anew:
            await app.sender.send_once()
    if starts_anew:
        async with a_bot(tmp_path, slack, clock) as app:
            await app.sender.send_once()
    async with a_bot(tmp_path, slack, clock) as app:
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == ["sent"]
    assert len(slack.posted_to("C1")) == 1


@pytest.mark.parametrize("code", ["token_revoked", "accesslimited"])
async def test_with_skip_a_refused_token_leaves_nothing_unclear(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, code: str
) -> None:
    async with a_bot(tmp_path, slack, clock, on_unclear="skip") as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        ingested(app.store, *FIVE)
        slack.answers("cut after")
        _before_the_first_lookup(app, lambda: slack.revokes(code))
        await app.sender.send_once()
        for _ in range(4):
            clock.advance(timedelta(seconds=31))
            await app.sender.send_once()
        assert (len(slack.posted_to("C1")), len(slack.arrived("chat.postMessage"))) == (1, 1)
        _is_given_back(slack, app)
        await app.sender.send_once()
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == ["sent"]
    first, second = slack.posted_to("C1")
    assert (first.number, second.number, second.thread) == (1, 2, first.id)


@pytest.mark.parametrize(("first", "came"), [("cut after", [1, 2]), ("cut before", [2, 1])])
async def test_a_reply_sent_before_its_thread_was_known_comes_once(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, first: str, came: list[int]
) -> None:
    slack.withdraws("channels:history")
    async with a_bot(tmp_path, slack, clock, on_unclear="skip") as app:
        subscribes(app.store, "slack:C1", "graph", every="now")
        ingested(app.store, *FIVE)
        slack.answers(first)
        slack.answers("cut after")
        await app.sender.send_once()
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == ["unclear"]
    slack.grants("channels:history")
    async with a_bot(tmp_path, slack, clock, on_unclear="skip") as app:
        await app.sender.send_once()
        clock.advance(timedelta(seconds=31))
        await app.sender.send_once()
        assert [entry.state for entry in outbox_entries(app.store, now=clock.now())] == ["sent"]
    assert [(entry.number, entry.thread) for entry in slack.posted_to("C1")] == [(number, "") for number in came]


def _before_the_first_lookup(app: App, happens: Callable[[], None]) -> None:
    """Lets something happen when a look-up begins for the first time."""
    channel = app.context.channels["slack"]
    find = channel.find
    seen: list[bool] = []

    async def finding(*where: Any, **what: Any) -> str | None:
        if not seen:
            seen.append(True)
            happens()
        return await find(*where, **what)

    channel.find = finding  # type: ignore[method-assign]
