"""Channels on Slack that come and go, and several workspaces: what is paused, what continues, who is notified."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.operation.process import Process
from bot.settings import SlackWorkspace
from subscriptions.addresses import parse_address
from subscriptions.errors import NotFound
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.notices import is_gone
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.states import ChatState
from subscriptions.store.bot_state import uninstalled
from tests import make
from tests.fakes.slack import APP_TOKEN, TEAM, TOKEN, FakeSlack
from tests.integration.slack_bot import OTHER, OTHER_TOKEN
from tests.integration.slack_conversation import Scene, Scenes, a_scene
from tests.integration.telegram_bot import RestingClock
from tests.source_harness import NoSources

VISION, THEIRS = parse_address("slack:C1"), parse_address(f"slack:{OTHER}/C1")
OPERATOR = parse_address("slack:U5")
TWO = {
    "workspaces": (
        SlackWorkspace(bot_token=SecretStr(TOKEN), app_token=SecretStr(APP_TOKEN)),
        SlackWorkspace(bot_token=SecretStr(OTHER_TOKEN)),
    )
}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.workspace(OTHER, OTHER_TOKEN)
        for team in ("", OTHER):
            fake.knows("C1", name="vision", people=("U1", "U2"), team=team)
            fake.knows_person("U1", team=team)
            fake.knows_person("U2", team=team)
            fake.knows_person("U5", team=team)
        fake.grants_all()
        yield fake


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


@pytest.fixture
def scene(tmp_path: Path, slack: FakeSlack, clock: RestingClock) -> Scenes:
    return partial(a_scene, tmp_path, slack, clock, admins=(OPERATOR,))


@pytest.fixture
async def both(scene: Scenes) -> AsyncIterator[Scene]:
    """A bot for two workspaces."""
    async with scene(slack=TWO) as made:
        yield made


def news(on: Scene, *titles: str) -> None:
    make.ingested(on.app.store, *(make.paper(title, "cs.LG") for title in titles), now=on.app.clock.now())


def brought(fake: FakeSlack, chat: str = "C1") -> list[str]:
    """Returns the deliveries that a channel got, by their first lines."""
    return [e.text for e in fake.posted_to(chat) if e.delivery and not e.delivery.startswith("reply")]


# ── places that come and go ───────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("channel", "about", "called"),
    [
        ("C7", {"name": "open"}, "#open"),
        ("G7", {"name": "closed", "private": True}, "#closed"),
        ("G8", {"name": "mpdm-u1--u2--paperwire-1", "private": True}, "u1, u2, paperwire"),
    ],
)
async def test_every_kind_of_conversation_gets_its_papers(
    on: Scene, slack: FakeSlack, channel: str, about: dict[str, Any], called: str
) -> None:
    slack.knows(channel, people=("U1", "U2"), **about)
    await on.does(slack.user_types("/paperwire sub graph now", channel))
    assert on.queries(f"slack:{channel}") == ["graph"]
    assert get_chat(on.app.store, parse_address(f"slack:{channel}")).title == called
    news(on, "A graph")
    await on.app.sender.send_once()
    assert len(brought(slack, channel)) == 1


async def test_a_channel_without_the_bot_is_told_how_to_invite_it(on: Scene, slack: FakeSlack) -> None:
    slack.leaves("C1")
    await on.does(slack.user_types("/paperwire sub graph now"))
    assert on.queries() == ["graph"]
    (ephemeral,) = slack.ephemerals_to("U1")
    assert "/invite @paperwire" in ephemeral.text
    news(on, "A graph")
    await on.app.sender.send_once()
    assert is_gone(get_chat(on.app.store, VISION))
    await on.does(slack.invites("C1"))
    assert not is_gone(get_chat(on.app.store, VISION))
    on.app.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]
    await on.app.sender.send_once()
    assert len(brought(slack)) == 1
    assert slack.posted_to("C1")[0].text != ""


async def test_an_app_that_may_not_read_channels_tells_the_asker(scene: Scenes, slack: FakeSlack) -> None:
    slack.leaves("C1")
    for scope in ("channels:read", "users:read"):
        slack.withdraws(scope)
    async with scene() as on:
        await on.does(slack.user_types("/paperwire sub graph now"))
        assert on.queries() == ["graph"]
        assert is_gone(get_chat(on.app.store, VISION))
        await on.app.sender.send_once()
    assert [entry.text[:3] for entry in slack.ephemerals_to("U1")] == ["✓ 1"]


@pytest.mark.parametrize("event", [True, False])
async def test_an_archived_channel_waits_until_it_is_open_again(on: Scene, slack: FakeSlack, *, event: bool) -> None:
    await on.does(slack.user_types("/paperwire sub graph now"))
    if event:
        await on.does(slack.archives("C1"))
    else:
        slack._conversations["C1"].archived = True
    news(on, "A graph")
    await on.app.sender.send_once()
    assert "archived" in get_chat(on.app.store, VISION).state_detail
    assert brought(slack) == []
    await on.does(slack.unarchives("C1"))
    assert get_chat(on.app.store, VISION).state is ChatState.ACTIVE
    on.app.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]
    await on.app.sender.send_once()
    assert len(brought(slack)) == 1


async def test_a_deleted_channel_is_paused_a_renamed_one_renamed(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub graph"))
    await on.does(slack.renames("C1", "seeing"))
    assert get_chat(on.app.store, VISION).title == "#seeing"
    await on.does(slack.deletes_channel("C1"))
    assert "deleted" in get_chat(on.app.store, VISION).state_detail
    assert on.queries() == ["graph"]


async def test_a_channel_without_the_bot_waits_for_its_return(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub graph now"))
    await on.does(slack.removes("C1"))
    assert is_gone(get_chat(on.app.store, VISION))
    await on.does(slack.invites("C1", by="U2"))
    assert not is_gone(get_chat(on.app.store, VISION))


async def test_a_channel_with_another_id_keeps_what_it_asked_for(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub graph"))
    await on.does(slack.changes_id("C1", "C9"))
    assert on.queries("slack:C9") == ["graph"]
    await on.does(slack.clicks("undo", "C9"))
    assert on.queries("slack:C9") == []


async def test_the_bot_greets_a_channel_that_lets_it_in_once(on: Scene, slack: FakeSlack) -> None:
    slack.leaves("C1")
    await on.does(slack.invites("C1"))
    await on.does(slack.removes("C1"))
    await on.does(slack.invites("C1"))
    (greeting,) = slack.posted_to("C1")
    assert "/paperwire sub diffusion" in greeting.text


async def test_subscriptions_of_somebody_who_left_wait(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub graph now", by="U1"))
    await on.does(slack.user_types("/paperwire sub quantum now", by="U2"))
    for _ in range(2):
        await on.does(slack.member_leaves("U1"))
    news(on, "A graph", "A quantum")
    await on.app.sender.send_once()
    ephemeral, came = slack.posted_to("C1")[2:]
    assert "What they asked for here is paused: 1 graph" in str(ephemeral.payload)
    assert "/paperwire resume 1" in str(ephemeral.payload)
    assert "A quantum" in str(came.payload)
    assert "A graph" not in str(came.payload)
    await on.does(slack.user_types("/paperwire list", by="U2"))
    assert "paused: who asked for it has left" in slack.ephemerals_to("U2")[-1].text
    await on.does(slack.clicks("resume", by="U2"))
    on.app.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]
    await on.app.sender.send_once()
    assert "A graph" in str(slack.posted_to("C1")[-1].payload)
    await on.does(slack.member_leaves("U1"))  # the second time that this person leaves, nothing is paused
    await on.app.sender.send_once()
    assert [one.subscription.state for one in listed(on.app.store, VISION)] == ["active", "active"]
    (notice,) = slack.posted_to("D5")
    assert "#vision" in notice.text


async def test_the_name_of_somebody_who_left_needs_credits(on: Scene, slack: FakeSlack) -> None:
    for words in ("graph now", "tree now"):
        await on.does(slack.user_types(f"/paperwire sub {words}", by="U1"))
    await on.does(slack.member_leaves("U1"))
    await on.app.sender.send_once()
    notice = slack.posted_to("C1")[-1]
    assert "Ann Example has left the channel." in str(notice.payload)
    assert "is paused: 1 graph · 2 tree" in str(notice.payload)
    await on.does(slack.clicks("resume", by="U2"))
    assert "Papers come again." in slack.edits_in("C1")[-1].text
    await on.does(slack.user_types("/paperwire sub flower now", by="U2"))
    await on.does(slack.user_types("/paperwire sub bush now", by="U2"))
    await on.does(slack.user_types("/paperwire sub moss now", by="U5"))
    await on.does(slack.user_types("/paperwire pause 5", by="U5"))
    await on.does(slack.user_types("/paperwire set credits off", by="U5"))
    await on.does(slack.member_leaves("U2"))
    await on.app.sender.send_once()
    notice = slack.posted_to("C1")[-1]
    assert "Somebody has left the channel." in str(notice.payload)
    assert "/paperwire resume goes on with them" in str(notice.payload)
    assert "actions" not in str(notice.payload)


async def test_threads_of_somebody_who_left_wait_too(on: Scene, slack: FakeSlack) -> None:
    thread = slack.says("C1", "A plan")
    await on.does(slack.mentions("sub graph now", by="U1", thread=thread))
    await on.does(slack.user_types("/paperwire sub quantum now", by="U1"))
    await on.does(slack.user_types("/paperwire pause 1 7d", by="U1"))
    await on.does(slack.member_leaves("U1"))
    on.app.clock.advance(timedelta(days=8))  # type: ignore[attr-defined]
    news(on, "A graph", "A quantum")
    await on.app.sender.send_once()
    notices = [e for e in slack.posted_to("C1") if "has left the channel" in str(e.payload)]
    assert sorted(e.thread for e in notices) == ["", thread]
    assert not any("A graph" in str(e.payload) or "A quantum" in str(e.payload) for e in slack.posted_to("C1"))


# ── several workspaces ────────────────────────────────────────────────────────


async def test_workspaces_have_chats_people_and_buttons_of_their_own(both: Scene, slack: FakeSlack) -> None:
    await both.does(slack.user_types("/paperwire sub graph", by="U1"))
    await both.does(slack.user_types("/paperwire sub quantum", by="U1", team=OTHER))
    await both.does(slack.writes_dm("sub optics", by="U1", team=OTHER))
    assert (both.queries(), both.queries(f"slack:{OTHER}/C1")) == (["graph"], ["quantum"])
    assert (both.queries("slack:U1"), both.queries(f"slack:{OTHER}/U1")) == ([], ["optics"])
    undo = slack.posted_to("C1")[0].payload["blocks"][-1]["elements"][0]["value"]
    await both.does(slack.clicks(undo, by="U1", team=OTHER, tampered=True))
    assert both.queries() == ["graph"]
    await both.does(slack.clicks("undo", by="U1", team=OTHER))
    assert both.queries(f"slack:{OTHER}/C1") == []
    assert [entry.text[:3] for entry in slack.posted_to(f"{OTHER}/D1")] == ["✓ 1"]


async def test_nobody_reaches_into_another_workspace(both: Scene, slack: FakeSlack) -> None:
    await both.does(slack.user_types("/paperwire sub quantum", by="U1", team=OTHER))
    for words in ("list", "sub graph", "unsub all", "export"):
        await both.does(slack.writes_dm(f"{words.split()[0]} @{OTHER}_C1 {words.partition(' ')[2]}", by="U1"))
        await both.does(slack.user_types(f"/paperwire {words.split()[0]} @{TEAM}_C1 x", by="U1", team=OTHER))
    await both.does(slack.writes_dm("connect", by="U1"))
    assert both.queries(f"slack:{OTHER}/C1") == ["quantum"]
    assert both.queries() == []
    ephemeral = " ".join(entry.text for entry in slack.posted_to("D1"))
    assert "quantum" not in ephemeral
    assert "#vision" not in ephemeral


async def test_a_channel_of_the_own_workspace_is_managed_from_private(on: Scene, slack: FakeSlack) -> None:
    slack.knows("C0PAPERS", name="papers", people=("U1",))
    slack.knows("G0SECRET", name="secret", private=True, people=("U2",))
    for channel in ("C0PAPERS", "G0SECRET"):
        await on.does(slack.writes_dm(f"sub <#{channel}|x> graph", wrapped=True))
        await on.does(slack.writes_dm(f"list <#{channel}|x>", wrapped=True))
    assert (on.queries("slack:C0PAPERS"), on.queries("slack:G0SECRET")) == (["graph"], [])
    await on.does(slack.writes_dm("list <#C0PAPERS|x>", wrapped=True))
    assert "graph" in slack.posted_to("D1")[-1].text


def both_want(on: Scene) -> None:
    for chat in (VISION, THEIRS):
        subscribe(
            on.app.store, chat, SubscriptionRequest(text="graph", every="now"), now=make.NOON - timedelta(hours=1)
        )


async def test_a_slow_or_revoked_workspace_delays_no_other(both: Scene, slack: FakeSlack) -> None:
    both_want(both)
    slack.answers("429", times=1, chat=f"{OTHER}/C1", retry_after=600)
    news(both, "A graph")
    await both.app.sender.send_once()
    assert (len(brought(slack)), len(brought(slack, f"{OTHER}/C1"))) == (1, 0)
    both.app.clock.advance(timedelta(seconds=601))  # type: ignore[attr-defined]
    await both.app.sender.send_once()
    assert len(brought(slack, f"{OTHER}/C1")) == 1
    slack.revokes(team=OTHER)
    news(both, "Another graph")
    sent = await both.app.sender.send_once()
    assert list(sent.stopped) == [f"slack:{OTHER}"]
    assert len(brought(slack)) == 2
    slack.restores(team=OTHER)
    await both.app.sender.send_once()
    assert len(brought(slack, f"{OTHER}/C1")) == 2


async def test_the_own_workspace_may_stand_still_while_others_go_on(both: Scene, slack: FakeSlack) -> None:
    both_want(both)
    slack.revokes("account_inactive")
    news(both, "A graph")
    sent = await both.app.sender.send_once()
    assert list(sent.stopped) == ["slack"]
    assert len(brought(slack, f"{OTHER}/C1")) == 1


@pytest.mark.parametrize(
    "says", [("tokens_revoked", "app_uninstalled"), ("app_uninstalled", "tokens_revoked"), ("app_uninstalled",), ("tokens_revoked",)]
)  # fmt: skip
async def test_a_workspace_without_the_app_waits_for_it(both: Scene, slack: FakeSlack, says: tuple[str, ...]) -> None:
    both_want(both)
    await both.does(slack.uninstalls(team=OTHER, says=says))
    assert uninstalled(both.app.store) == (OTHER,)
    news(both, "A graph", "A second graph")
    sent = await both.app.sender.send_once()
    assert sent.stopped == {}
    assert (len(brought(slack)), brought(slack, f"{OTHER}/C1")) == (1, [])
    await both.app.platforms["slack"].recheck()
    assert uninstalled(both.app.store) == (OTHER,)
    slack.reinstalls(team=OTHER)
    await both.app.platforms["slack"].recheck()
    assert uninstalled(both.app.store) == ()
    await both.app.sender.send_once()
    assert len(brought(slack, f"{OTHER}/C1")) == 1
    assert any("removed from the workspace" in entry.text for entry in slack.posted_to("D5"))


async def test_after_thirty_days_only_the_uninstalled_one_is_erased(both: Scene, slack: FakeSlack) -> None:
    both_want(both)
    await both.does(slack.uninstalls(team=OTHER))
    make.clean_up(both.app.store, now=make.NOON + timedelta(days=29))
    assert len(listed(both.app.store, THEIRS)) == 1
    make.clean_up(both.app.store, now=make.NOON + timedelta(days=31))
    with pytest.raises(NotFound):
        get_chat(both.app.store, THEIRS)
    assert both.queries() == ["graph"]
    await both.does(slack.uninstalls())
    make.clean_up(both.app.store, now=make.NOON + timedelta(days=62))
    with pytest.raises(NotFound):
        get_chat(both.app.store, VISION)


async def test_a_restart_with_the_app_back_goes_on(tmp_path: Path, slack: FakeSlack, clock: RestingClock) -> None:
    async with a_scene(tmp_path, slack, clock) as on:
        await on.does(slack.user_types("/paperwire sub graph now"))
        await on.does(slack.uninstalls())
        assert is_gone(get_chat(on.app.store, VISION))
    slack.reinstalls()
    async with a_scene(tmp_path, slack, clock) as on:
        assert not is_gone(get_chat(on.app.store, VISION))
        news(on, "A graph")
        await on.app.sender.send_once()
    assert len(brought(slack)) == 1


async def test_a_workspace_that_stands_still_is_named(both: Scene, slack: FakeSlack) -> None:
    both_want(both)
    slack.revokes(team=OTHER)
    process = Process(both.app, NoSources())  # type: ignore[arg-type]
    news(both, "A graph")
    for _ in range(3):
        await process.tick()
        await process.finish()
    assert [name for name in process.problems if name.startswith("slack")] == [f"slack:{OTHER}"]
    assert len(brought(slack)) == 1
    slack.restores(team=OTHER)
    both.app.clock.advance(timedelta(seconds=61))  # type: ignore[attr-defined]
    for _ in range(3):
        await process.tick()
        await process.finish()
    assert not [name for name in process.problems if name.startswith("slack")]
    assert len(brought(slack, f"{OTHER}/C1")) == 1
