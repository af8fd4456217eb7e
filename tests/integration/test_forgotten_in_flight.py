"""A chat is forgotten while a message of it is on its way: nothing of it is left, and no other chat waits for that."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.delivery.planning import Sent
from subscriptions.service.retention import forget
from subscriptions.service.sending import outbox_entries
from tests.fakes.faults import FAULTS
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.make import FakeClock, address, ingested, paper, subscribes


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1")
        fake.knows("C2")
        yield fake


@pytest.mark.parametrize("answer", ["", "429", *(name for name, fault in FAULTS.items() if not fault.hang)])
async def test_however_slack_answers(tmp_path: Path, clock: FakeClock, slack: FakeSlack, answer: str) -> None:
    if answer:
        slack.answers(answer, chat="C1")
    await _forgotten(tmp_path, clock, slack, "post")


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("answer", ["500", "cut before", "cut after"])
async def test_while_it_is_looked_up(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, answer: str, *, readable: bool
) -> None:
    slack.answers(answer, chat="C1")
    if not readable:
        slack.withdraws("channels:history")
    await _forgotten(tmp_path, clock, slack, "find")


@pytest.mark.parametrize("code", ["no_text", "channel_not_found", "thread_not_found", "some_new_code"])
async def test_however_slack_refuses(tmp_path: Path, clock: FakeClock, slack: FakeSlack, code: str) -> None:
    slack.forbids("C1", code)
    await _forgotten(tmp_path, clock, slack, "post")


async def _forgotten(tmp_path: Path, clock: FakeClock, slack: FakeSlack, moment: str) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        for chat in ("slack:C1", "slack:C2"):
            subscribes(app.store, chat, "graph", every="now")
        ingested(app.store, paper("A graph"))
        _after_the_first(app, moment, lambda: forget(app.store, address("slack:C1")))
        await app.sender.send_once()
        assert {entry.chat for entry in outbox_entries(app.store, now=clock.now())} == {"slack:C2"}
        assert await app.sender.send_once() == Sent()
    assert len(slack.posted_to("C2")) == 1


def _after_the_first(app: App, moment: str, happens: Callable[[], object]) -> None:
    """Lets something happen when a post, or a look-up, of C1 has been answered for the first time, before that is stored."""
    channel = app.context.channels["slack"]
    call = getattr(channel, moment)
    seen: list[bool] = []

    async def calling(chat: Any, *what: Any, **more: Any) -> str | None:
        try:
            found: str | None = await call(chat, *what, **more)
        finally:
            if str(chat) == "slack:C1" and not seen:
                seen.append(True)
                happens()
        return found

    setattr(channel, moment, calling)
