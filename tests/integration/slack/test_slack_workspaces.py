"""Channels on Slack that are left, archived or renamed, and several workspaces: what pauses, what continues, who is told."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot.delivery.sender import Sent
from bot.operation.process import Process
from bot.platforms.slack.settings import WorkspaceTokens
from subscriptions.addresses import parse_address
from subscriptions.errors import NotFound
from subscriptions.model import Chat
from subscriptions.service import listing, requests
from subscriptions.states import ChatState
from subscriptions.store.installations import uninstalled
from tests.clock import NOON
from tests.fakes.slack import APP_TOKEN, TEAM, TOKEN, FakeSlack
from tests.integration.slack_bot import OTHER, OTHER_TOKEN, Scene, Scenes
from tests.make import clean_up, ingested, paper
from tests.source_harness import NoSources

THEIRS = f"{OTHER}/C1"


@pytest.fixture
async def both(scene: Scenes, slack: FakeSlack) -> AsyncIterator[Scene]:
    """A Scene with a bot for two workspaces, each with a channel C1."""
    slack.workspace(OTHER, OTHER_TOKEN)
    slack.knows("C1", name="vision", people=("U1", "U2"), team=OTHER)
    slack.knows_person("U1", team=OTHER)
    own = WorkspaceTokens(SecretStr(TOKEN), SecretStr(APP_TOKEN))
    async with scene(slack={"others": (own, WorkspaceTokens(SecretStr(OTHER_TOKEN)))}) as made:
        yield made


def vision(on: Scene) -> Chat:
    return listing.get_chat(on.app.store, parse_address("slack:C1"))


async def sends(on: Scene, *titles: str, **later: float) -> Sent:
    """Advances the clock by `later`, ingests papers with these titles, and sends the due deliveries."""
    on.app.clock.advance(timedelta(**later))  # type: ignore[attr-defined]
    ingested(on.app.store, *(paper(title, "cs.LG") for title in titles), now=on.app.clock.now())
    return await on.app.sender.send_once()


def brought(fake: FakeSlack, chat: str = "C1") -> list[str]:
    """Returns the texts of the messages of deliveries that a channel got, in order. Leaves out replies to people."""
    return [e.text for e in fake.posted_to(chat) if e.delivery and not e.delivery.startswith("reply")]


# ── places that come and go ───────────────────────────────────────────────────


async def test_every_kind_of_conversation_gets_its_papers(on: Scene, slack: FakeSlack) -> None:
    slack.knows("C7", people=("U1",), name="open")
    slack.knows("G7", people=("U1",), name="closed", private=True)
    slack.knows("G8", people=("U1",), name="mpdm-u1--u2--paperwire-1", private=True)
    for channel, called in (("C7", "#open"), ("G7", "#closed"), ("G8", "u1, u2, paperwire")):
        await on.types("/paperwire sub graph now", channel)
        assert on.queries(f"slack:{channel}") == ["graph"]
        assert listing.get_chat(on.app.store, parse_address(f"slack:{channel}")).title == called
    await sends(on, "A graph")
    assert [len(brought(slack, channel)) for channel in ("C7", "G7", "G8")] == [1, 1, 1]


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


async def test_an_app_that_may_not_read_channels_tells_the_asker(scene: Scenes, slack: FakeSlack) -> None:
    slack.leaves("C1")
    for scope in ("channels:read", "users:read"):
        slack.withdraws(scope)
    async with scene() as on:
        await on.types("/paperwire sub graph now")
        assert on.queries() == ["graph"]
        assert vision(on).is_unreachable
        await on.app.sender.send_once()
    assert [entry.text[:3] for entry in slack.ephemerals_to("U1")] == ["✓ 1"]


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
    assert "deleted" in listing.get_chat(on.app.store, parse_address("slack:C9")).state_detail


async def test_what_a_person_who_left_asked_for_waits(on: Scene, slack: FakeSlack) -> None:
    thread = slack.says("C1", "A plan")
    await on.mentions("sub graph now", by="U1", thread=thread)
    for by, words in (("U1", "graph now"), ("U1", "tree now"), ("U2", "quantum now")):
        await on.types(f"/paperwire sub {words}", by=by)
    await on.types("/paperwire pause 2 7d", by="U1")
    for _ in range(2):
        await on.does(slack.member_leaves("U1"))
    await sends(on, "A graph", "A tree", "A quantum", days=8)
    notices = [e for e in slack.posted_to("C1") if "A person has left the channel." in str(e.payload)]
    assert sorted(e.thread for e in notices) == ["", thread]
    notice, threaded = sorted((str(e.payload) for e in notices), key=lambda payload: "thread_ts" in payload)
    assert "What they asked for here is paused: 1 graph · 2 tree" in notice
    assert "/paperwire resume goes on with them" in notice
    assert "@paperwire resume 1" in threaded
    came = [str(e.payload) for e in slack.posted_to("C1")]
    assert any("A quantum" in one for one in came)
    assert not any("A graph" in one or "A tree" in one for one in came)
    await on.types("/paperwire list", by="U2")
    assert "paused: who asked for it has left" in slack.ephemerals_to("U2")[-1].text
    await on.clicks("resume", by="U2")
    assert "Papers come again." in slack.edits_in("C1")[-1].text
    await sends(on, minutes=11)
    assert "A graph" in str(slack.posted_to("C1")[-1].payload)
    await on.does(slack.member_leaves("U1"))  # the person leaves again, and nothing is left to pause
    await on.app.sender.send_once()
    assert {one.subscription.state for one in listing.listed(on.app.store, vision(on).address)} == {"active"}
    assert "#vision" in slack.posted_to("D5")[0].text
    for by, words in (("U2", "sub bush now"), ("U5", "sub moss now"), ("U5", "pause 5")):
        await on.types(f"/paperwire {words}", by=by)
    await on.does(slack.member_leaves("U2"))
    await on.app.sender.send_once()
    nameless = str(slack.posted_to("C1")[-1].payload)
    assert "A person has left the channel." in nameless
    assert "/paperwire resume goes on with them" in nameless
    assert "actions" not in nameless


# ── several workspaces ────────────────────────────────────────────────────────


@pytest.mark.sentences
async def test_workspaces_have_chats_people_and_buttons_of_their_own(both: Scene, slack: FakeSlack) -> None:
    await both.types("/paperwire sub graph", by="U1")
    await both.types("/paperwire sub quantum", by="U1", team=OTHER)
    await both.writes("sub optics", by="U1", team=OTHER)
    assert (both.queries(), both.queries(f"slack:{OTHER}/C1")) == (["graph"], ["quantum"])
    assert (both.queries("slack:U1"), both.queries(f"slack:{OTHER}/U1")) == ([], ["optics"])
    undo = slack.posted_to("C1")[0].payload["blocks"][-1]["elements"][0]["value"]
    await both.clicks(undo, by="U1", team=OTHER, tampered=True)
    assert both.queries() == ["graph"]
    await both.clicks("undo", by="U1", team=OTHER)
    assert both.queries(f"slack:{OTHER}/C1") == []
    assert [entry.text[:3] for entry in slack.posted_to(f"{OTHER}/D1")] == ["✓ 1"]


async def test_nobody_reaches_into_another_workspace(both: Scene, slack: FakeSlack) -> None:
    await both.types("/paperwire sub quantum", by="U1", team=OTHER)
    for words in ("list", "sub graph", "unsub all", "export"):
        await both.writes(f"{words.split()[0]} @{OTHER}_C1 {words.partition(' ')[2]}", by="U1")
        await both.types(f"/paperwire {words.split()[0]} @{TEAM}_C1 x", by="U1", team=OTHER)
    await both.writes("connect", by="U1")
    assert (both.queries(f"slack:{OTHER}/C1"), both.queries()) == (["quantum"], [])
    ephemeral = " ".join(entry.text for entry in slack.posted_to("D1"))
    assert "quantum" not in ephemeral
    assert "#vision" not in ephemeral


async def test_a_channel_of_the_own_workspace_is_managed_from_private(on: Scene, slack: FakeSlack) -> None:
    slack.knows("C0PAPERS", name="papers", people=("U1",))
    slack.knows("G0SECRET", name="secret", private=True, people=("U2",))
    for channel in ("C0PAPERS", "G0SECRET"):
        await on.writes(f"sub <#{channel}|x> graph", wrapped=True)
        await on.writes(f"list <#{channel}|x>", wrapped=True)
    assert (on.queries("slack:C0PAPERS"), on.queries("slack:G0SECRET")) == (["graph"], [])
    await on.writes("list <#C0PAPERS|x>", wrapped=True)
    assert "graph" in slack.posted_to("D1")[-1].text


def both_want(on: Scene) -> None:
    for chat in ("C1", THEIRS):
        requests.subscribe(
            on.app.store,
            parse_address(f"slack:{chat}"),
            requests.SubscriptionRequest(text="graph", every="now"),
            now=NOON,
        )


@pytest.mark.parametrize("says", [("app_uninstalled", "tokens_revoked"), ("tokens_revoked",)])
async def test_a_workspace_without_the_app_waits_for_it(both: Scene, slack: FakeSlack, says: tuple[str, ...]) -> None:
    both_want(both)
    await both.does(slack.uninstalls(team=OTHER, says=says))
    assert uninstalled(both.app.store) == (OTHER,)
    assert (await sends(both, "A graph", "A second graph")).stopped == {}
    assert (len(brought(slack)), brought(slack, THEIRS)) == (1, [])
    await both.app.platforms["slack"].recheck()
    assert uninstalled(both.app.store) == (OTHER,)
    slack.restores(team=OTHER)
    await both.app.platforms["slack"].recheck()
    assert uninstalled(both.app.store) == ()
    await both.app.sender.send_once()
    assert len(brought(slack, THEIRS)) == 1
    assert any("removed from the workspace" in entry.text for entry in slack.posted_to("D5"))


async def test_after_thirty_days_only_the_uninstalled_one_is_erased(both: Scene, slack: FakeSlack) -> None:
    both_want(both)
    await both.does(slack.uninstalls(team=OTHER))
    clean_up(both.app.store, now=NOON + timedelta(days=29))
    assert both.queries(f"slack:{THEIRS}") == ["graph"]
    clean_up(both.app.store, now=NOON + timedelta(days=31))
    with pytest.raises(NotFound):
        listing.get_chat(both.app.store, parse_address(f"slack:{THEIRS}"))
    assert both.queries() == ["graph"]
    await both.does(slack.uninstalls())
    clean_up(both.app.store, now=NOON + timedelta(days=62))
    with pytest.raises(NotFound):
        vision(both)


async def test_a_restart_with_the_app_back_goes_on(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await on.types("/paperwire sub graph now")
        await on.does(slack.uninstalls())
        assert vision(on).is_unreachable
    slack.restores()
    async with scene() as on:
        assert not vision(on).is_unreachable
        await sends(on, "A graph")
    assert len(brought(slack)) == 1


async def test_a_workspace_that_stands_still_is_named(both: Scene, slack: FakeSlack) -> None:
    both_want(both)
    slack.revokes(team=OTHER)
    process = Process(both.app, NoSources())  # type: ignore[arg-type]
    ingested(both.app.store, paper("A graph", "cs.LG"), now=NOON)

    async def named() -> list[str]:
        for _ in range(3):
            await process.tick()
            await process.finish()
        return [name for name in process.problems if name.startswith("slack")]

    assert await named() == [f"slack:{OTHER}"]
    assert len(brought(slack)) == 1
    slack.restores(team=OTHER)
    both.app.clock.advance(timedelta(seconds=61))  # type: ignore[attr-defined]
    assert await named() == []
    assert len(brought(slack, THEIRS)) == 1
    slack.revokes("account_inactive")
    assert list((await sends(both, "A second graph", minutes=11)).stopped) == ["slack"]
