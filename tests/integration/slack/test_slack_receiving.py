"""Each request from Slack takes effect once and is acknowledged in time, even if connections or the database fail."""

import asyncio
import threading
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.base import Operated
from bot.run import listeners as worker
from subscriptions.chats.stored import conversations
from subscriptions.database.store import Transaction
from tests.fakes import slack_event_delivery
from tests.fakes.slack import FakeSlack
from tests.integration import slack_bot
from tests.integration.program import RestingClock
from tests.integration.slack_bot import Scene, a_bot
from tests.patience import PATIENCE


def said(fake: FakeSlack, channel: str = "C1") -> list[str]:
    return [entry.text for entry in fake.posted_to(channel)]


class Gate:
    """Makes effects of requests wait until `open` is set. `reached` is set when the first effect waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.reached = threading.Event(), threading.Event()
        self.effects: list[str] = []

        note = conversations.note_update

        @wraps(note)
        def once(transaction: Transaction, platform: str, update: str, **more: Any) -> None:
            self.reached.set()
            assert self.open.wait(PATIENCE)
            self.effects.append(update)
            note(transaction, platform, update, **more)

        monkeypatch.setattr(conversations, "note_update", once)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open.set()


async def test_nothing_is_acknowledged_before_it_is_stored(on: Scene, slack: FakeSlack, gate: Gate) -> None:
    sent = slack.user_types("/paperwire sub diffusion")
    await asyncio.to_thread(gate.reached.wait, PATIENCE)
    assert not sent.acknowledged
    gate.open.set()
    await on.does(sent)
    assert sent.acknowledged


async def test_an_event_of_a_lost_connection_has_its_effect_once(on: Scene, slack: FakeSlack, gate: Gate) -> None:
    sent = slack.mentions("sub diffusion")
    await asyncio.to_thread(gate.reached.wait, PATIENCE)
    slack.drops_connections()
    await asyncio.to_thread(slack.waits_connected)
    gate.open.set()
    await on.does(sent)
    assert sent.tries > 1
    assert sent.acknowledged
    assert len({*gate.effects}) == 1, "it is the same update each time"
    assert len(said(slack)) == 1
    slack.drops_connections()
    await on.mentions("sub graph")  # while no connection is open
    assert len(said(slack)) == 2


async def test_unknown_shapes_are_acknowledged_and_passed_over(
    on: Scene, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    strange: list[tuple[str, Any]] = [
        (slack_event_delivery.EVENTS, {"event": {"type": "message", "text": "sesame"}, "team_id": slack.team}),
        (slack_event_delivery.EVENTS, {"event": "sesame"}),
        (slack_event_delivery.COMMANDS, {"text": "sesame", "team_id": slack.team}),
        (slack_event_delivery.INTERACTIONS, {"type": "block_actions", "user": "sesame"}),
        (slack_event_delivery.INTERACTIONS, ["sesame"]),
        ("something_new", {"x": "sesame"}),
    ]
    sent = [slack.brings(payload, kind) for kind, payload in strange]
    await on.mentions("sub diffusion")
    assert all(one.acknowledged for one in sent)
    assert (len(said(slack)), caplog.text.count("unknown shape")) == (1, 5)
    assert "sesame" not in caplog.text


async def test_events_of_a_workspace_without_token_are_dropped(
    on: Scene, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ours = await on.types("/paperwire sub diffusion")
    theirs = [
        slack.brings({**one.payload, "team_id": "T9", **more}, one.kind)
        for one, more in (
            (ours, {"text": "sub sesame", "trigger_id": "9.9"}),
            (slack.mentions("sub sesame"), {"authorizations": [], "event_id": "Ev9"}),
        )
    ]
    await on.does(theirs)
    assert on.queries() == ["diffusion", "sesame"]  # only the mention in our own workspace added one
    assert all(one.acknowledged for one in theirs)
    assert caplog.text.count("the workspace T9, which has no token here") == 2
    assert not [r for r in caplog.records if r.name == "paperwire" and "sesame" in r.getMessage()]


async def test_a_slack_that_is_down_at_the_start_is_tried_again(
    tmp_path: Path, slack: FakeSlack, clock: RestingClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        receivers = app.receivers()
        slack.goes_down()
        platform = app.platforms["slack"]
        assert isinstance(platform, Operated)
        await platform.check_tokens()
        async with worker.listening(app, receivers):
            await clock.rested(7)
            assert "No connection to Slack" in worker.problems_of(receivers)["slack events"]
            slack.comes_back()
            clock.rings()
            await asyncio.to_thread(slack.waits_connected)
            slack.mentions("sub diffusion")
            await slack_bot.settled(slack)
            assert worker.problems_of(receivers) == {}
    assert len(said(slack)) == 1


class SlowArxiv:
    """Stands for arXiv, which is asked (`asked`) and answers when `open` is set, that it knows no such paper."""

    def __init__(self) -> None:
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def find_soon(self, _: object) -> bool:
        self.asked.set()
        return await self.open.wait()


async def test_a_slow_arxiv_delays_no_acknowledgement_and_no_later_change(
    tmp_path: Path, slack: FakeSlack, clock: RestingClock
) -> None:
    arxiv = SlowArxiv()
    async with slack_bot.a_scene(tmp_path, slack, clock, lookup=arxiv) as on:
        link = slack.writes_dm("2601.09001")
        await arxiv.asked.wait()
        change = slack.writes_dm("sub diffusion")
        await asyncio.to_thread(slack.waits_until_settled)
        assert (link.acknowledged, change.acknowledged) == (True, True)
        assert on.queries("slack:U1") == ["diffusion"]
        assert said(slack, "D1") == []
        arxiv.open.set()
        await slack_bot.settled(slack)
    assert [text[:8] for text in said(slack, "D1")] == ["✗ arXiv ", "✓ 1  dif"]
