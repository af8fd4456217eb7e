"""Messages on Slack after they were posted: they are edited in place, and are not sent again if Slack's answer was
lost.

Slack accepts a message and its answer is lost. Before the bot looks the message up, it loses the right to read or to
write. The operator has chosen to post again, and that post certainly does not arrive. This proves nothing about the
first post: when the bot has its rights again, it looks the message up and does not post it a second time.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from subscriptions.service.amendments import set_settings
from subscriptions.service.sending import outbox_entries
from subscriptions.store.bot_state import free_platforms
from tests import make
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.integration.telegram_bot import running

CHAT, CHANNEL = "slack:C1", "C1"
GONE = "This paper has been withdrawn by the authors due to an error in Lemma 2."


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows(CHANNEL)
        yield fake


@pytest.fixture
async def app(tmp_path: Path, clock: make.FakeClock, slack: FakeSlack) -> AsyncIterator[App]:
    """A bot whose channel wants papers about graphs."""
    async with running(tmp_path, clock, slack=slack) as made:
        make.subscribes(made.store, CHAT, "graph", every="now")
        yield made


def graphs(amount: int, **first: Any) -> list[Any]:
    one = make.paper("Graph 1", arxiv_id="2601.00001", version=first.pop("version", 1), **first)
    return [one, *(make.paper(f"Graph {number}", arxiv_id=f"2601.{number:05d}") for number in range(2, amount + 1))]


def menus(payload: dict[str, Any]) -> int:
    return sum("accessory" in block for block in payload["blocks"])


@pytest.mark.parametrize("shape", ["thread", "digest"])
async def test_a_withdrawal_edits_the_message_in_the_thread(
    app: App, clock: make.FakeClock, slack: FakeSlack, shape: str
) -> None:
    make.ingested(app.store, *graphs(5))
    await app.sender.deliver()
    root, thread = slack.posted_to(CHANNEL)
    assert (root.thread, thread.thread) == ("", root.id)
    # the posted thread stays a thread
    set_settings(app.store, make.address(CHAT), {"shape": shape}, now=clock.now())
    clock.advance(timedelta(days=9))
    make.ingested(app.store, *graphs(1, version=2, abstract=GONE), name="later", now=clock.now())
    sent = await app.sender.deliver()
    assert (sent.planned, sent.sent, len(slack.posted_to(CHANNEL))) == (0, 0, 2)
    (edit,) = slack.edits_in(CHANNEL)
    assert edit.id == thread.id
    assert "~<https://arxiv.org/abs/2601.00001|Graph 1>~" in str(edit.payload)
    assert "withdrawn by the authors" in str(edit.payload)
    assert menus(edit.payload) == menus(thread.payload) == 5


async def test_a_late_summary_edits_the_one_message_of_its_paper(
    app: App, clock: make.FakeClock, slack: FakeSlack
) -> None:
    set_settings(app.store, make.address(CHAT), {"shape": "each"}, now=clock.now())
    make.ingested(app.store, *graphs(3, abstract="About graphs."))
    await app.sender.deliver()
    assert len(slack.posted_to(CHANNEL)) == 3
    late = graphs(1, summaries=make.summary("Graphs, in short.", "en"))
    make.ingested(app.store, *late, name="summary", now=clock.now())
    await app.sender.deliver()
    (edit,) = slack.edits_in(CHANNEL)
    entry = next(entry for entry in slack.posted_to(CHANNEL) if "Graph 1" in str(entry.payload))
    assert edit.id == entry.id
    assert "AI: *Graphs*, in short." in str(edit.payload)


async def test_a_message_that_cannot_be_edited_is_left_as_it_is(
    app: App, clock: make.FakeClock, slack: FakeSlack
) -> None:
    make.ingested(app.store, *graphs(1))
    await app.sender.deliver()
    (entry,) = slack.posted_to(CHANNEL)
    slack.deletes(CHANNEL, entry.id)
    make.ingested(app.store, *graphs(1, version=2, abstract=GONE), name="later", now=clock.now())
    for _ in range(2):
        sent = await app.sender.deliver()
    assert (sent.dead, len(slack.posted_to(CHANNEL)), slack.edits_in(CHANNEL)) == (0, 1, [])
    assert len(slack.arrived("chat.update")) == 1


LATER = timedelta(hours=1)
FIVE = [make.paper(f"Graph {number}") for number in range(5)]  # enough for two messages: the list, and its thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens between the post and the look-up, how it ends, and the state of the delivery until then."""

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
    make.subscribes(app.store, "slack:C1", "tree", every="now")


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
    tmp_path: Path, clock: make.FakeClock, slack: FakeSlack, trouble: Trouble, *, starts_anew: bool
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        make.subscribes(app.store, "slack:C1", "graph", every="now")
        make.ingested(app.store, make.paper("A graph"))
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
    tmp_path: Path, clock: make.FakeClock, slack: FakeSlack, code: str
) -> None:
    async with a_bot(tmp_path, slack, clock, on_unclear="skip") as app:
        make.subscribes(app.store, "slack:C1", "graph", every="now")
        make.ingested(app.store, *FIVE)
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
    tmp_path: Path, clock: make.FakeClock, slack: FakeSlack, first: str, came: list[int]
) -> None:
    slack.withdraws("channels:history")
    async with a_bot(tmp_path, slack, clock, on_unclear="skip") as app:
        make.subscribes(app.store, "slack:C1", "graph", every="now")
        make.ingested(app.store, *FIVE)
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
    """Calls `happens` when a look-up begins for the first time."""
    channel = app.context.channels["slack"]
    find = channel.find
    seen: list[bool] = []

    async def finding(*where: Any, **what: Any) -> str | None:
        if not seen:
            seen.append(True)
            happens()
        return await find(*where, **what)

    channel.find = finding  # type: ignore[method-assign]
