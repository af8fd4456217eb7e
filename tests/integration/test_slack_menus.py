"""Menus of papers over the fake Slack: what a member chooses in a thread of a channel, and who sees the answer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from bot.platforms.slack.manifest import scopes_of
from subscriptions.service.amendments import set_settings
from subscriptions.service.next_deliveries import listed
from tests.fakes.slack import FakeSlack
from tests.integration.slack_conversation import Scene, a_scene
from tests.integration.telegram_bot import RestingClock
from tests.make import address, ingested, paper, subscribes

CHAT = "slack:C1"
Scenes = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U2", "U3"))
        fake.knows_person("U2", name="Bob Ray", tz="Europe/Berlin")
        fake.knows_person("U3", guest=True)
        for scope in scopes_of():
            fake.grants(scope)
        yield fake


@pytest.fixture
def scene(tmp_path: Path, slack: FakeSlack) -> Scenes:
    return partial(a_scene, tmp_path, slack, RestingClock())


async def delivers(on: Scene, amount: int, *, limit: str = "12", authors: tuple[str, ...] = ("Ada Example",)) -> None:
    """Delivers so many papers to the channel."""
    subscribes(on.app.store, CHAT, "graph", every="now")
    set_settings(on.app.store, address(CHAT), {"limit": limit}, now=on.app.clock.now())
    ingested(on.app.store, *(paper(f"Graph {number}", authors=authors) for number in range(1, amount + 1)))
    await on.app.sender.send_once()


def states(on: Scene) -> list[tuple[str, str]]:
    return [(one.subscription.text, one.subscription.state) for one in listed(on.app.store, address(CHAT))]


async def test_why_and_more_are_seen_by_the_asker_alone_in_the_thread(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await delivers(on, 4)
        before = len(slack.posted_to("C1"))
        for label in ("why", "more"):
            await on.does(slack.clicks(label, by="U2"))
        first, second = slack.ephemerals_to("U2")
        assert "in the title" in str(first.payload)
        assert "Graph" in str(second.payload)
        assert len(slack.posted_to("C1")) == before


async def test_mute_pauses_the_subscription_and_the_channel_reads_so(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await delivers(on, 1)
        await on.does(slack.clicks("mute ▾", by="U2"))
        await on.does(slack.clicks("1 for a week", by="U2"))
        assert states(on) == [("graph", "paused")]
        assert "is quiet until" in slack.posted_to("C1")[-1].text


async def test_exclude_and_follow_authors_ask_and_change(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await delivers(on, 1, authors=("Ada Example", "Bo Beispiel"))
        await on.does(slack.clicks("follow authors", by="U2"))
        await on.does(slack.clicks("Bo Beispiel", by="U2"))
        assert ('author:"Bo Beispiel"', "active") in states(on)
        await on.does(slack.clicks("exclude", by="U2"))
        await on.does(slack.clicks("Ada Example", by="U2"))
        assert ('graph -author:"Ada Example"', "active") in states(on)


async def test_papers_beyond_the_limit_are_whispered_with_menus(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await delivers(on, 9, limit="5")
        await on.does(slack.clicks("show 4 more", by="U2"))
        (rest,) = slack.ephemerals_to("U2")
        blocks = rest.payload["blocks"]
        assert sum(block.get("accessory", {}).get("type") == "overflow" for block in blocks) == 4
        await on.does(slack.clicks("why", by="U2"))
        assert "in the title" in str(slack.ephemerals_to("U2")[-1].payload)


async def test_a_guest_may_look_and_change_nothing(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await delivers(on, 1)
        for label in ("mute ▾", "exclude", "follow authors", "why"):
            await on.does(slack.clicks(label, by="U3"))
        assert states(on) == [("graph", "active")]
        assert len(slack.posted_to("C1")) == 1
        assert "in the title" in str(slack.ephemerals_to("U3")[-1].payload)


@pytest.mark.parametrize("value", ["d{}.x0", "d{}.a0", "d{}.z0", "d{}.f999999", "{}", "d{}.m"])
async def test_a_value_that_nobody_made_changes_nothing(scene: Scenes, slack: FakeSlack, value: str) -> None:
    async with scene() as on:
        await delivers(on, 1)
        await on.does(slack.clicks(value.format("0" * 16), by="U2", tampered=True))
        assert states(on) == [("graph", "active")]
        assert len(slack.posted_to("C1")) == 1
