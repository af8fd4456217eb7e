"""Forms and the home view over the fake Slack, by Socket Mode: what people press, and what they see then."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.platforms.slack.manifest import scopes_of
from bot.settings import SlackWorkspace
from subscriptions.service.next_deliveries import get_chat
from tests.conversation.slack_harness import state_of
from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.fakes.slack_event_delivery import SentEnvelope
from tests.fakes.slack_people import ShownView
from tests.integration.slack_bot import OTHER, OTHER_TOKEN
from tests.integration.slack_conversation import Scene, a_scene
from tests.integration.telegram_bot import RestingClock
from tests.make import address, ingested, paper, subscribes

Scenes = Callable[..., AbstractAsyncContextManager[Scene]]


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


@pytest.fixture
def scene(tmp_path: Path, slack: FakeSlack, clock: RestingClock) -> Scenes:
    return partial(a_scene, tmp_path, slack, clock)


def newest(slack: FakeSlack, method: str) -> ShownView:
    return slack.views(method)[-1]


def done_in(slack: FakeSlack, view: dict[str, Any], kind: str, *, by: str = "U2", **more: Any) -> SentEnvelope:
    """Sends an action in a view: submission, Enter in a field, or a button."""
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


async def test_a_form_answers_while_it_is_filled_in(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        ingested(on.app.store, paper("Diffusion one"), paper("A survey of diffusion"))
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
        assert get_chat(on.app.store, address("slack:C1")).settings.timezone == "America/New_York"


async def test_a_refusal_is_shown_below_its_field(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
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


async def test_a_guest_may_look_at_the_form_and_not_send_it(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await on.does(slack.user_types("/paperwire sub", by="U3"))
        sent = sends(slack, newest(slack, "views.open").view, by="U3", query="diffusion")
        await on.does(sent)
        assert list(sent.answer["errors"]) == ["query"]
        assert on.queries() == []


async def test_metadata_of_somebody_else_or_of_nobody_is_refused(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await on.does(slack.user_types("/paperwire sub", by="U2"))
        view = newest(slack, "views.open").view
        for metadata, by in ((view["private_metadata"], "U5"), ("made-up", "U2"), ("x" * 3000, "U2")):
            sent = sends(slack, {**view, "private_metadata": metadata}, by=by, query="diffusion")
            await on.does(sent)
            assert "not yours" in sent.answer["errors"]["query"]
        assert on.queries() == []


@pytest.mark.parametrize("fault", ["", "500", "broken json", "cut before"])
async def test_a_form_that_does_not_open_is_explained(
    scene: Scenes, slack: FakeSlack, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    async with scene() as on:
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


async def test_a_shortcut_without_form_is_answered_with_the_paper(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        ingested(on.app.store, paper("Noise", "cs.CV", arxiv_id="2601.00042"))
        slack.expires_triggers()
        await on.does(slack.brings(shortcut_on(slack, slack.says("C1", "see https://arxiv.org/abs/2601.00042"))))
        (answer,) = slack.ephemerals_to("U2")
        assert 'sub author:"Ada Example" cat:cs.CV' in answer.text
        assert slack.posted_to("C1") == []


async def test_new_subscription_on_home_answers_in_direct_messages(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await on.does(slack.opens_home(by="U2"))
        home = newest(slack, "views.publish").view
        (button,) = [e for b in home["blocks"] if b["type"] == "actions" for e in b["elements"]]
        slack.expires_triggers()
        await on.does(done_in(slack, home, "block_actions", actions=[{**button, "type": "button"}]))
        assert "If no form has opened" in slack.posted_to("D2")[0].text


async def test_a_shortcut_on_a_link_is_a_form_for_its_thread(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        ingested(on.app.store, paper("Noise", "cs.CV", arxiv_id="2601.00042"))
        ts = slack.says("C1", "see https://arxiv.org/abs/2601.00042")
        await on.does(slack.brings(shortcut_on(slack, ts)))
        view = newest(slack, "views.open").view
        await on.does(sends(slack, view, query='author:"Ada Example" cat:cs.CV', place="thread"))
        (answer,) = slack.posted_to("C1")
        assert answer.thread == ts
        assert on.queries(f"slack:C1/{ts}") == ['author:"Ada Example" cat:cs.CV']


# ------------------------------------------------------------------------------------------------------------ tab Home


async def test_home_shows_the_managed_chats_after_each_change(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        subscribes(on.app.store, "slack:C1", "graphs", every="daily")
        subscribes(on.app.store, "slack:C2", "secrets", every="daily")
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


async def test_edit_on_home_opens_the_form(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        subscribes(on.app.store, "slack:C1", "graphs", every="daily")
        await on.does(slack.opens_home(by="U2"))
        await on.does(presses(slack, newest(slack, "views.publish").view, "edit", "graphs"))
        sent = sends(slack, newest(slack, "views.open").view, query="graph transformers")
        await on.does(sent)
        assert (sent.answer, on.queries()) == ({}, ["graph transformers"])
        assert "graph transformers" in words(newest(slack, "views.publish").view)


async def test_a_guest_sees_only_their_own(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        subscribes(on.app.store, "slack:C1", "graphs", every="daily")
        await on.does(slack.opens_home(by="U3"))
        assert "graphs" not in words(newest(slack, "views.publish").view)


async def test_without_the_right_to_see_who_is_where_it_says_so(scene: Scenes, slack: FakeSlack) -> None:
    for scope in ("channels:read", "groups:read", "mpim:read"):
        slack.withdraws(scope)
    async with scene() as on:
        subscribes(on.app.store, "slack:C1", "graphs", every="daily")
        await on.does(slack.opens_home(by="U2"))
        view = newest(slack, "views.publish").view
        assert "graphs" not in words(view)
        assert "I cannot see which channels you are in" in words(view)


async def test_whoever_never_looked_at_home_is_sent_none(scene: Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
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
