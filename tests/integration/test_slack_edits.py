"""Messages on Slack are edited in place: in their thread, with their menus, by their own ids."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from subscriptions.service.amendments import set_settings
from tests.fakes.slack import FakeSlack
from tests.integration.telegram_bot import running
from tests.make import FakeClock, address, ingested, paper, subscribes, summary

CHAT, CHANNEL = "slack:C1", "C1"
GONE = "This paper has been withdrawn by the authors due to an error in Lemma 2."


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows(CHANNEL)
        yield fake


def graphs(amount: int, **first: Any) -> list[Any]:
    one = paper("Graph 1", arxiv_id="2601.00001", version=first.pop("version", 1), **first)
    return [one, *(paper(f"Graph {number}", arxiv_id=f"2601.{number:05d}") for number in range(2, amount + 1))]


def menus(payload: dict[str, Any]) -> int:
    return sum("accessory" in block for block in payload["blocks"])


async def test_a_withdrawal_edits_the_message_in_the_thread(tmp_path: Path, clock: FakeClock, slack: FakeSlack) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, CHAT, "graph", every="now")
        ingested(app.store, *graphs(5))
        await app.sender.deliver()
        root, thread = slack.posted_to(CHANNEL)
        assert (root.thread, thread.thread) == ("", root.id)
        clock.advance(timedelta(days=9))
        ingested(app.store, *graphs(1, version=2, abstract=GONE), name="later", now=clock.now())
        sent = await app.sender.deliver()
        assert (sent.planned, sent.sent, len(slack.posted_to(CHANNEL))) == (0, 0, 2)
        (edit,) = slack.edits_in(CHANNEL)
        assert edit.id == thread.id
        assert "~<https://arxiv.org/abs/2601.00001|Graph 1>~" in str(edit.payload)
        assert "withdrawn by the authors" in str(edit.payload)
        assert menus(edit.payload) == menus(thread.payload) == 5


async def test_it_stays_a_thread_when_the_shape_was_changed(tmp_path: Path, clock: FakeClock, slack: FakeSlack) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, CHAT, "graph", every="now")
        ingested(app.store, *graphs(5))
        await app.sender.deliver()
        set_settings(app.store, address(CHAT), {"shape": "digest"}, now=clock.now())
        ingested(app.store, *graphs(1, version=2, abstract=GONE), name="later", now=clock.now())
        await app.sender.deliver()
        _, thread = slack.posted_to(CHANNEL)
        (edit,) = slack.edits_in(CHANNEL)
        assert (edit.id, menus(edit.payload)) == (thread.id, 5)


async def test_a_late_summary_edits_the_one_message_of_its_paper(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack
) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, CHAT, "graph", every="now")
        set_settings(app.store, address(CHAT), {"shape": "each"}, now=clock.now())
        ingested(app.store, *graphs(3, abstract="About graphs."))
        await app.sender.deliver()
        assert len(slack.posted_to(CHANNEL)) == 3
        late = graphs(1, summaries=summary("Graphs, in short.", "en"))
        ingested(app.store, *late, name="summary", now=clock.now())
        await app.sender.deliver()
        (edit,) = slack.edits_in(CHANNEL)
        entry = next(entry for entry in slack.posted_to(CHANNEL) if "Graph 1" in str(entry.payload))
        assert edit.id == entry.id
        assert "AI: *Graphs*, in short." in str(edit.payload)


async def test_a_message_that_cannot_be_edited_is_left_as_it_is(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack
) -> None:
    async with running(tmp_path, clock, slack=slack) as app:
        subscribes(app.store, CHAT, "graph", every="now")
        ingested(app.store, *graphs(1))
        await app.sender.deliver()
        (entry,) = slack.posted_to(CHANNEL)
        slack.deletes(CHANNEL, entry.id)
        ingested(app.store, *graphs(1, version=2, abstract=GONE), name="later", now=clock.now())
        for _ in range(2):
            sent = await app.sender.deliver()
        assert (sent.dead, len(slack.posted_to(CHANNEL)), slack.edits_in(CHANNEL)) == (0, 1, [])
        assert len(slack.arrived("chat.update")) == 1
