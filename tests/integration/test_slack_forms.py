"""Forms, the home view and menus of papers over the fake Slack, by Socket Mode: what people press and what they see
after it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.platforms.slack.manifest import scopes_of
from bot.settings import SlackWorkspace
from subscriptions.service.amendments import set_settings
from subscriptions.service.next_deliveries import get_chat, listed
from tests import make
from tests.conversation.slack_harness import state_of
from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.fakes.slack_event_delivery import SentEnvelope
from tests.fakes.slack_people import ShownView
from tests.integration.slack_bot import OTHER, OTHER_TOKEN
from tests.integration.slack_conversation import Scene, Scenes
from tests.integration.telegram_bot import RestingClock


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U2", "U3"))
        fake.knows("C2", name="private", private=True, people=("U5",))
        fake.knows_person("U2", name="Bob Ray", tz="America/New_York")
        fake.knows_person("U3", guest=True)
        fake.knows_person("U5", name="Eve", tz="Europe/Berlin")
        for scope in scopes_of():
            fake.grants(scope)
        yield fake


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


def newest(slack: FakeSlack, method: str) -> ShownView:
    return slack.views(method)[-1]


def done_in(slack: FakeSlack, view: dict[str, Any], kind: str, *, by: str = "U2", **more: Any) -> SentEnvelope:
    """Sends an action in a view: a submission, Enter in a field, or a button."""
    values = more.pop("values", {})
    inputs = {one["block_id"]: one["element"] for one in view["blocks"] if one["type"] == "input"}
    state = {name: {name: state_of(element, values.get(name))} for name, element in inputs.items()}
    payload = {
        "type": kind,
        "user": {"id": by, "name": by.lower()},
        "team": {"id": slack.team},
        "trigger_id": slack._trigger(by),
        "view": {**view, "id": "V1", "hash": "170.h", "state": {"values": state}},
        **more,
    }
    return slack.brings(payload)


def sends(slack: FakeSlack, view: dict[str, Any], *, by: str = "U2", **values: str) -> SentEnvelope:
    return done_in(slack, view, "view_submission", by=by, values=values)


def presses(slack: FakeSlack, view: dict[str, Any], label: str, beside: str, *, by: str = "U2") -> SentEnvelope:
    (block,) = [one for one in view["blocks"] if "accessory" in one and beside in one["text"]["text"]]
    (option,) = [one for one in block["accessory"]["options"] if one["text"]["text"] == label]
    action = {"type": "overflow", "action_id": block["accessory"]["action_id"], "selected_option": option}
    return done_in(slack, view, "block_actions", by=by, actions=[action])


def shortcut_on(slack: FakeSlack, ts: str) -> dict[str, Any]:
    return {
        "type": "message_action",
        "callback_id": "subscribe",
        "user": {"id": "U2", "name": "u2"},
        "team": {"id": slack.team},
        "channel": {"id": "C1", "name": "vision"},
        "message": {"type": "message", "ts": ts, "text": "see <https://arxiv.org/abs/2601.00042>"},
        "trigger_id": slack._trigger("U2"),
    }


def words(view: dict[str, Any]) -> str:
    return str(view["blocks"])


# --------------------------------------------------------------------------------------------------------------- forms


async def test_a_form_answers_while_it_is_filled_in(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("Diffusion one"), make.paper("A survey of diffusion"))
    await on.does(slack.user_types("/paperwire sub", by="U2"))
    opened = newest(slack, "views.open")
    assert opened.person == "U2"
    enter = [{"type": "plain_text_input", "action_id": "query", "block_id": "query", "value": "diffusion -survey"}]
    values = {"query": "diffusion -survey"}
    await on.does(done_in(slack, opened.view, "block_actions", actions=enter, values=values))
    renewed = newest(slack, "views.update").view
    assert "1 paper in the last 7 days." in words(renewed)
    assert renewed["private_metadata"] == opened.view["private_metadata"]
    sent = sends(slack, renewed, query="diffusion -survey", when="daily", clock="08:30")
    await on.does(sent)
    assert (sent.answer, on.queries()) == ({}, ["diffusion -survey"])
    (answer,) = slack.posted_to("C1")
    assert "diffusion, not survey · daily 08:30 America/New_York" in str(answer.payload)
    assert get_chat(on.app.store, make.address("slack:C1")).settings.timezone == "America/New_York"


async def test_a_refusal_is_shown_below_its_field(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub", by="U2"))
    view = newest(slack, "views.open").view
    sent = sends(slack, view, query="-survey", zone="Mars")
    await on.does(sent)
    assert sent.answer["response_action"] == "errors"
    assert set(sent.answer["errors"]) == {"query", "zone"}
    sent = sends(slack, view, query="x" * 3001)
    await on.does(sent)
    assert set(sent.answer["errors"]) == {"query"}
    assert (on.queries(), slack.posted_to("C1")) == ([], [])


@pytest.mark.parametrize("fault", ["", "500", "broken json", "cut before"])
async def test_a_form_that_does_not_open_is_explained(
    on: Scene, slack: FakeSlack, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    if fault:
        slack.answers(fault, method="views.open")
    else:
        slack.expires_triggers()
    sent = slack.user_types("/paperwire sub", by="U2")
    await on.does(sent)
    assert sent.acknowledged
    assert "A form or a page could not be shown" in caplog.text
    (answer,) = slack.ephemerals_to("U2")
    assert "/paperwire sub diffusion -survey daily 9" in answer.text
    assert slack.posted_to("C1") == []
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    assert on.queries() == ["diffusion"]


async def test_a_shortcut_without_form_is_answered_with_the_paper(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("Noise", "cs.CV", arxiv_id="2601.00042"))
    slack.expires_triggers()
    await on.does(slack.brings(shortcut_on(slack, slack.says("C1", "see https://arxiv.org/abs/2601.00042"))))
    (answer,) = slack.ephemerals_to("U2")
    assert 'sub author:"Ada Example" cat:cs.CV' in answer.text
    assert slack.posted_to("C1") == []


async def test_new_subscription_on_home_answers_in_direct_messages(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.opens_home(by="U2"))
    home = newest(slack, "views.publish").view
    (button,) = [e for b in home["blocks"] if b["type"] == "actions" for e in b["elements"]]
    slack.expires_triggers()
    await on.does(done_in(slack, home, "block_actions", actions=[{**button, "type": "button"}]))
    assert "If no form has opened" in slack.posted_to("D2")[0].text


async def test_a_shortcut_on_a_link_is_a_form_for_its_thread(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("Noise", "cs.CV", arxiv_id="2601.00042"))
    ts = slack.says("C1", "see https://arxiv.org/abs/2601.00042")
    await on.does(slack.brings(shortcut_on(slack, ts)))
    view = newest(slack, "views.open").view
    await on.does(sends(slack, view, query='author:"Ada Example" cat:cs.CV', place="thread"))
    (answer,) = slack.posted_to("C1")
    assert answer.thread == ts
    assert on.queries(f"slack:C1/{ts}") == ['author:"Ada Example" cat:cs.CV']


# ------------------------------------------------------------------------------------------------------------ tab Home


async def test_home_shows_the_managed_chats_after_each_change(on: Scene, slack: FakeSlack) -> None:
    make.subscribes(on.app.store, "slack:C1", "graphs", every="daily")
    make.subscribes(on.app.store, "slack:C2", "secrets", every="daily")
    await on.does(slack.opens_home(by="U2"))
    shown = newest(slack, "views.publish")
    assert shown.person == "U2"
    assert "graphs" in words(shown.view)
    assert "secrets" not in words(shown.view)
    await on.does(presses(slack, shown.view, "pause", "graphs"))
    assert "paused" in words(newest(slack, "views.publish").view)
    (answer,) = slack.posted_to("C1")
    assert "is paused" in answer.text
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    assert "diffusion" in words(newest(slack, "views.publish").view)
    before = len(slack.views("views.publish"))
    await on.does(slack.user_types("/paperwire list", by="U2"))
    assert len(slack.views("views.publish")) == before


async def test_edit_on_home_opens_the_form(on: Scene, slack: FakeSlack) -> None:
    make.subscribes(on.app.store, "slack:C1", "graphs", every="daily")
    await on.does(slack.opens_home(by="U2"))
    await on.does(presses(slack, newest(slack, "views.publish").view, "edit", "graphs"))
    sent = sends(slack, newest(slack, "views.open").view, query="graph transformers")
    await on.does(sent)
    assert (sent.answer, on.queries()) == ({}, ["graph transformers"])
    assert "graph transformers" in words(newest(slack, "views.publish").view)


async def test_a_guest_sees_only_their_own(on: Scene, slack: FakeSlack) -> None:
    make.subscribes(on.app.store, "slack:C1", "graphs", every="daily")
    await on.does(slack.opens_home(by="U3"))
    assert "graphs" not in words(newest(slack, "views.publish").view)


async def test_without_the_right_to_see_who_is_where_it_says_so(scene: Scenes, slack: FakeSlack) -> None:
    for scope in ("channels:read", "groups:read", "mpim:read"):
        slack.withdraws(scope)
    async with scene() as on:
        make.subscribes(on.app.store, "slack:C1", "graphs", every="daily")
        await on.does(slack.opens_home(by="U2"))
        view = newest(slack, "views.publish").view
        assert "graphs" not in words(view)
        assert "I cannot see which channels you are in" in words(view)


async def test_whoever_never_looked_at_home_is_sent_none(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    assert slack.views("views.publish") == []


async def test_the_home_of_one_workspace_knows_nothing_of_another(scene: Scenes, slack: FakeSlack) -> None:
    slack.workspace(OTHER, OTHER_TOKEN)
    slack.knows("C1", team=OTHER, name="theirs", people=("U2",))
    slack.knows_person("U2", team=OTHER)
    own, theirs = (
        SlackWorkspace(bot_token=SecretStr(token), app_token=SecretStr(APP_TOKEN)) for token in (TOKEN, OTHER_TOKEN)
    )
    async with scene(slack={"workspaces": (own, theirs)}) as on:
        await on.does(slack.user_types("/paperwire sub ours", by="U2"))
        await on.does(slack.user_types("/paperwire sub strange", by="U2", team=OTHER))
        await on.does(slack.opens_home(by="U2"))
        ours = words(newest(slack, "views.publish").view)
        await on.does(slack.opens_home(by="U2", team=OTHER))
        strange = words(newest(slack, "views.publish").view)
    assert ("ours" in ours, "strange" in ours) == (True, False)
    assert ("ours" in strange, "strange" in strange) == (False, True)


CHAT = "slack:C1"


async def delivers(on: Scene, amount: int, *, limit: str = "12", authors: tuple[str, ...] = ("Ada Example",)) -> None:
    """Delivers `amount` papers to the channel."""
    make.subscribes(on.app.store, CHAT, "graph", every="now")
    set_settings(on.app.store, make.address(CHAT), {"limit": limit}, now=on.app.clock.now())
    make.ingested(on.app.store, *(make.paper(f"Graph {number}", authors=authors) for number in range(1, amount + 1)))
    await on.app.sender.send_once()


def states(on: Scene) -> list[tuple[str, str]]:
    return [(one.subscription.text, one.subscription.state) for one in listed(on.app.store, make.address(CHAT))]


async def test_why_and_more_are_seen_by_the_asker_alone_in_the_thread(on: Scene, slack: FakeSlack) -> None:
    await delivers(on, 4)
    before = len(slack.posted_to("C1"))
    for label in ("why", "more"):
        await on.does(slack.clicks(label, by="U2"))
    first, second = slack.ephemerals_to("U2")
    assert "in the title" in str(first.payload)
    assert "Graph" in str(second.payload)
    assert len(slack.posted_to("C1")) == before


async def test_mute_pauses_the_subscription_and_the_channel_reads_so(on: Scene, slack: FakeSlack) -> None:
    await delivers(on, 1)
    await on.does(slack.clicks("mute ▾", by="U2"))
    await on.does(slack.clicks("1 for a week", by="U2"))
    assert states(on) == [("graph", "paused")]
    assert "is quiet until" in slack.posted_to("C1")[-1].text


async def test_exclude_and_follow_authors_ask_and_change(on: Scene, slack: FakeSlack) -> None:
    await delivers(on, 1, authors=("Ada Example", "Bo Beispiel"))
    await on.does(slack.clicks("follow authors", by="U2"))
    await on.does(slack.clicks("Bo Beispiel", by="U2"))
    assert ('author:"Bo Beispiel"', "active") in states(on)
    await on.does(slack.clicks("exclude", by="U2"))
    await on.does(slack.clicks("Ada Example", by="U2"))
    assert ('graph -author:"Ada Example"', "active") in states(on)


async def test_papers_beyond_the_limit_are_whispered_with_menus(on: Scene, slack: FakeSlack) -> None:
    await delivers(on, 9, limit="5")
    await on.does(slack.clicks("show 4 more", by="U2"))
    (rest,) = slack.ephemerals_to("U2")
    blocks = rest.payload["blocks"]
    assert sum(block.get("accessory", {}).get("type") == "overflow" for block in blocks) == 4
    await on.does(slack.clicks("why", by="U2"))
    assert "in the title" in str(slack.ephemerals_to("U2")[-1].payload)


async def test_a_guest_may_look_and_change_nothing(on: Scene, slack: FakeSlack) -> None:
    await delivers(on, 1)
    for label in ("mute ▾", "exclude", "follow authors", "why"):
        await on.does(slack.clicks(label, by="U3"))
    assert states(on) == [("graph", "active")]
    assert len(slack.posted_to("C1")) == 1
    assert "in the title" in str(slack.ephemerals_to("U3")[-1].payload)


@pytest.mark.parametrize("value", ["d{}.x0", "d{}.a0", "d{}.z0", "d{}.f999999", "{}", "d{}.m"])
async def test_a_value_that_nobody_made_changes_nothing(on: Scene, slack: FakeSlack, value: str) -> None:
    await delivers(on, 1)
    await on.does(slack.clicks(value.format("0" * 16), by="U2", tampered=True))
    assert states(on) == [("graph", "active")]
    assert len(slack.posted_to("C1")) == 1
