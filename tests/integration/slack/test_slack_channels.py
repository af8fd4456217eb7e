"""Channels on Slack that are left, archived or renamed: what pauses, what continues, who is told."""

from datetime import timedelta

import pytest

from bot.delivery.sender import Sender, Sent
from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import parse_address
from subscriptions.model import Chat, ChatState
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import Scene
from tests.make import ingested, paper


def vision(on: Scene) -> Chat:
    return on.app.store.read_now(known_chats.get_chat, parse_address("slack:C1"))


async def sends(on: Scene, *titles: str, **later: float) -> Sent:
    """Advances the clock by `later`, ingests papers with these titles, and sends the due deliveries."""
    on.app.clock.advance(timedelta(**later))  # type: ignore[attr-defined]
    ingested(on.app.store, *(paper(title, "cs.LG") for title in titles), now=on.app.clock.now())
    return await Sender(on.app).send_once()


def brought(fake: FakeSlack, chat: str = "C1") -> list[str]:
    """Returns the texts of the messages of deliveries that a channel got, in order. Leaves out replies to people."""
    return [e.text for e in fake.posted_to(chat) if e.delivery and not e.delivery.startswith("reply")]


async def test_a_channel_without_the_bot_is_told_how_to_invite_it(on: Scene, slack: FakeSlack) -> None:
    slack.leaves("C1")
    await on.types("/paperwire sub graph now")
    assert on.queries() == ["graph"]
    (ephemeral,) = slack.ephemerals_to("U1")
    assert "/invite @paperwire" in ephemeral.text
    await sends(on, "A graph")
    assert vision(on).is_unreachable
    await on.does(slack.invites("C1"))
    assert not vision(on).is_unreachable
    await sends(on, minutes=11)
    assert len(brought(slack)) == 1
    assert slack.posted_to("C1")[0].text != ""


@pytest.mark.parametrize("event", [True, False])
async def test_an_archived_channel_waits_until_it_is_open_again(on: Scene, slack: FakeSlack, *, event: bool) -> None:
    await on.types("/paperwire sub graph now")
    if event:
        await on.does(slack.archives("C1"))
    else:
        slack._conversations["C1"].archived = True
    await sends(on, "A graph")
    assert "archived" in vision(on).state_detail
    assert brought(slack) == []
    await on.does(slack.unarchives("C1"))
    assert vision(on).state is ChatState.ACTIVE
    await sends(on, minutes=11)
    assert len(brought(slack)) == 1


async def test_a_channel_goes_on_whatever_happens_to_it(on: Scene, slack: FakeSlack) -> None:
    slack.leaves("C1")
    await on.does(slack.invites("C1"))
    (greeting,) = slack.posted_to("C1")
    assert "/paperwire sub diffusion" in greeting.text
    await on.types("/paperwire sub graph")
    await on.does(slack.leaves("C1"))
    assert vision(on).is_unreachable
    await on.does(slack.invites("C1", by="U2"))
    assert not vision(on).is_unreachable
    # a greeting and the answer to /paperwire sub; the second invitation brings no other greeting
    assert len(slack.posted_to("C1")) == 2
    await on.does(slack.renames("C1", "seeing"))
    assert vision(on).title == "#seeing"
    await on.does(slack.changes_id("C1", "C9"))
    assert on.queries("slack:C9") == ["graph"]
    await on.does(slack.deletes_channel("C9"))
    assert "deleted" in on.app.store.read_now(known_chats.get_chat, parse_address("slack:C9")).state_detail
