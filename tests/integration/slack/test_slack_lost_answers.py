"""Messages on Slack after they were posted: the bot sends none again if Slack's answer was lost.

In the tests of lost answers, Slack accepts a message but its answer is lost. Then the bot loses the right to read or to
write, so it cannot look for the message. If `on_unclear` is "resend", the bot posts again, and Slack refuses this
second post. The refusal does not prove that the first post failed. When the bot has its rights again, it must find the
first post and must not post again.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.delivery.sender import Sender
from subscriptions.database.bot_state import free_platforms
from subscriptions.outbox.retries import FIRST_WAIT
from subscriptions.outbox.stored.entries import outbox_entries
from tests import make
from tests.clock import NOON, FakeClock
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.make import subscribes

CHAT = "slack:C1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


# what happens between the post and the look-up → ([(verb of the fake, its arguments)], the state of the delivery then)
_MAY_NOT_READ = ("withdraws", "channels:history")
TROUBLES: dict[str, tuple[list[tuple[Any, ...]], str]] = {
    "the token is revoked": ([("revokes",)], "unclear"),
    "the workspace lets nobody in": ([("revokes", "accesslimited")], "unclear"),
    "the bot may not write there": ([_MAY_NOT_READ, ("forbids", "C1")], "unclear"),
    "the channel is archived": ([_MAY_NOT_READ, ("forbids", "C1", "is_archived")], "held"),
    "Slack asks to wait": ([_MAY_NOT_READ, ("answers", "429", 9)], "unclear"),
    "Slack is out of reach": ([_MAY_NOT_READ, ("goes_down",)], "unclear"),
}


def ends_all_trouble(slack: FakeSlack, app: App) -> None:
    slack.restores()
    slack.grants("channels:history")
    slack.forgives()
    slack.unblocks("C1")
    slack.goes_down()
    slack.comes_back()
    app.store.write_now(free_platforms)
    subscribes(app.store, CHAT, "tree", when="now")  # a request of a person shows that the chat exists again


def states(app: App) -> list[str]:
    return [entry.state for entry in outbox_entries(app.store, now=app.clock.now())]


async def looks_five_times(app: App) -> None:
    await Sender(app).send_once()
    for _ in range(4):
        app.clock.advance(FIRST_WAIT + timedelta(seconds=1))  # type: ignore[attr-defined]
        await Sender(app).send_once()


@pytest.mark.parametrize(("begins", "state"), TROUBLES.values(), ids=TROUBLES)
async def test_a_refused_second_post_leaves_the_first_unclear(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, begins: list[tuple[Any, ...]], state: str
) -> None:
    def begin() -> None:
        for verb, *arguments in begins:
            getattr(slack, verb)(*arguments)

    async with a_bot(tmp_path, slack, clock) as app:
        make.due(app.store, CHAT)
        slack.answers("cut after")
        _before_the_first_lookup(app, begin)
        await looks_five_times(app)
        assert (len(slack.posted_to("C1")), states(app)) == (1, [state])
        clock.advance(timedelta(hours=1))
        ends_all_trouble(slack, app)
    async with a_bot(tmp_path, slack, clock) as app:  # a new process reads the stored state
        await Sender(app).send_once()
        assert states(app) == ["sent"]
    assert len(slack.posted_to("C1")) == 1


def _before_the_first_lookup(app: App, happens: Callable[[], None]) -> None:
    """Calls `happens` just before the channel looks for a message for the first time."""
    channel = app.platforms["slack"]
    find = channel.find

    async def finding(*where: Any, **what: Any) -> str | None:
        channel.find = find  # type: ignore[method-assign]
        happens()
        return await find(*where, **what)

    channel.find = finding  # type: ignore[method-assign]
