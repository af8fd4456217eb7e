"""Forms, the home view and menus of papers over the fake Slack, by Socket Mode: what people press and what they see
after it.
"""

from typing import Any

import pytest

from subscriptions.service import listing
from subscriptions.service.amendments import set_settings
from tests import make
from tests.conversation.slack_harness import state_of
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_event_delivery import SentEnvelope
from tests.integration.slack_bot import Scene

CHAT = make.address("slack:C1")
LINK = "https://arxiv.org/abs/2601.00042"


def newest(slack: FakeSlack, method: str) -> dict[str, Any]:
    return slack.views(method)[-1].view


def done_in(slack: FakeSlack, view: dict[str, Any], kind: str, **more: Any) -> SentEnvelope:
    """Sends an action in a view: a submission, Enter in a field, or a button."""
    values = more.pop("values", {})
    inputs = {one["block_id"]: one["element"] for one in view["blocks"] if one["type"] == "input"}
    state = {name: {name: state_of(element, values.get(name))} for name, element in inputs.items()}
    payload = {
        "type": kind,
        "user": {"id": "U2", "name": "u2"},
        "team": {"id": slack.team},
        "trigger_id": slack._trigger("U2"),
        "view": {**view, "id": "V1", "hash": "170.h", "state": {"values": state}},
        **more,
    }
    return slack.brings(payload)


def sends(slack: FakeSlack, view: dict[str, Any], **values: str) -> SentEnvelope:
    return done_in(slack, view, "view_submission", values=values)


def presses(slack: FakeSlack, view: dict[str, Any], label: str, beside: str) -> SentEnvelope:
    (block,) = [one for one in view["blocks"] if "accessory" in one and beside in one["text"]["text"]]
    (option,) = [one for one in block["accessory"]["options"] if one["text"]["text"] == label]
    action = {"type": "overflow", "action_id": block["accessory"]["action_id"], "selected_option": option}
    return done_in(slack, view, "block_actions", actions=[action])


def chooses_shortcut(slack: FakeSlack, ts: str) -> SentEnvelope:
    """Chooses "Subscribe…" in the menu of a message that names a paper."""
    return slack.brings(
        {
            "type": "message_action",
            "callback_id": "subscribe",
            "user": {"id": "U2", "name": "u2"},
            "team": {"id": slack.team},
            "channel": {"id": "C1", "name": "vision"},
            "message": {"type": "message", "ts": ts, "text": f"see <{LINK}>"},
            "trigger_id": slack._trigger("U2"),
        }
    )


# --------------------------------------------------------------------------------------------------------------- forms


async def test_a_form_answers_while_it_is_filled_in(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("Diffusion one"), make.paper("A survey of diffusion"))
    await on.does(slack.user_types("/paperwire sub", by="U2"))
    opened = slack.views("views.open")[-1]
    assert opened.person == "U2"
    sent = sends(slack, opened.view, query="-survey", zone="Mars")
    await on.does(sent)
    assert sent.answer["response_action"] == "errors"
    assert set(sent.answer["errors"]) == {"query", "zone"}
    assert (on.queries(), slack.posted_to("C1")) == ([], [])
    enter = [{"type": "plain_text_input", "action_id": "query", "block_id": "query", "value": "diffusion -survey"}]
    await on.does(done_in(slack, opened.view, "block_actions", actions=enter, values={"query": "diffusion -survey"}))
    renewed = newest(slack, "views.update")
    assert "1 paper in the last 7 days." in str(renewed["blocks"])
    assert renewed["private_metadata"] == opened.view["private_metadata"]
    sent = sends(slack, renewed, query="diffusion -survey", when="daily", clock="08:30")
    await on.does(sent)
    assert (sent.answer, on.queries()) == ({}, ["diffusion -survey"])
    (answer,) = slack.posted_to("C1")
    assert "diffusion, not survey · daily 08:30 America/New_York" in str(answer.payload)
    assert listing.get_chat(on.app.store, CHAT).settings.timezone == "America/New_York"


@pytest.mark.parametrize("fault", ["500", "cut before"])
async def test_a_form_that_does_not_open_is_explained(
    on: Scene, slack: FakeSlack, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    slack.answers(fault, method="views.open")
    sent = slack.user_types("/paperwire sub", by="U2")
    await on.does(sent)
    assert sent.acknowledged
    assert "A form or a page could not be shown" in caplog.text
    (answer,) = slack.ephemerals_to("U2")
    assert "/paperwire sub diffusion -survey daily 9" in answer.text
    assert slack.posted_to("C1") == []


async def test_a_button_whose_form_does_not_open_is_answered_too(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.opens_home(by="U2"))
    home = newest(slack, "views.publish")
    (button,) = [e for b in home["blocks"] if b["type"] == "actions" for e in b["elements"]]
    slack.expires_triggers()
    await on.does(done_in(slack, home, "block_actions", actions=[{**button, "type": "button"}]))
    assert "If no form has opened" in slack.posted_to("D2")[0].text


async def test_a_shortcut_on_a_link_is_a_form_for_its_thread(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("Noise", "cs.CV", arxiv_id="2601.00042"))
    ts = slack.says("C1", f"see {LINK}")
    await on.does(chooses_shortcut(slack, ts))
    await on.does(sends(slack, newest(slack, "views.open"), query="noise", place="thread"))
    (answer,) = slack.posted_to("C1")
    assert answer.thread == ts
    assert on.queries(f"slack:C1/{ts}") == ["noise"]
    slack.expires_triggers()  # now the form does not open, and the paper is shown instead
    await on.does(chooses_shortcut(slack, ts))
    (answer,) = slack.ephemerals_to("U2")
    assert 'sub author:"Ada Example" cat:cs.CV' in answer.text
    assert len(slack.posted_to("C1")) == 1


# ------------------------------------------------------------------------------------------------------------ tab Home


async def test_home_shows_the_managed_chats_after_each_change(on: Scene, slack: FakeSlack) -> None:
    def home() -> str:
        return str(newest(slack, "views.publish")["blocks"])

    make.subscribes(on.app.store, "slack:C2", "secrets", every="daily")
    await on.does(slack.user_types("/paperwire sub graphs", by="U2"))
    assert slack.views("views.publish") == []  # until somebody looks at it, nothing is published
    await on.does(slack.opens_home(by="U2"))
    assert slack.views("views.publish")[-1].person == "U2"
    assert "graphs" in home()
    assert "secrets" not in home()
    await on.does(presses(slack, newest(slack, "views.publish"), "pause", "graphs"))
    assert "paused" in home()
    assert "is paused" in slack.posted_to("C1")[-1].text
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    assert "diffusion" in home()
    before = len(slack.views("views.publish"))
    await on.does(slack.user_types("/paperwire list", by="U2"))
    assert len(slack.views("views.publish")) == before
    await on.does(presses(slack, newest(slack, "views.publish"), "edit", "graphs"))
    await on.does(sends(slack, newest(slack, "views.open"), query="graph transformers"))
    assert "graph transformers" in home()
    await on.does(slack.opens_home(by="U3"))  # a guest
    assert "graph" not in home()
    for scope in ("channels:read", "groups:read", "mpim:read"):
        slack.withdraws(scope)
    await on.does(slack.opens_home(by="U5"))
    assert "graph" not in home()
    assert "I cannot see which channels you are in" in home()


# ------------------------------------------------------------------------------------------------------ menus of papers


async def test_menus_answer_the_asker_and_change_nothing_for_guests(on: Scene, slack: FakeSlack) -> None:
    make.subscribes(on.app.store, "slack:C1", "graph", every="now")
    set_settings(on.app.store, CHAT, {"limit": "5"}, now=on.app.clock.now())
    make.ingested(on.app.store, *(make.paper(f"Graph {number}") for number in range(1, 10)))
    await on.app.sender.send_once()
    before = len(slack.posted_to("C1"))
    for label in ("mute ▾", "exclude", "follow authors", "more", "why"):
        await on.does(slack.clicks(label, by="U3"))
    *_, more, why = slack.ephemerals_to("U3")
    assert "Graph" in str(more.payload)
    assert "in the title" in str(why.payload)
    assert [(one.subscription.text, one.subscription.state) for one in listing.listed(on.app.store, CHAT)] == [
        ("graph", "active")
    ]
    await on.does(slack.clicks("show 4 more", by="U2"))
    (rest,) = slack.ephemerals_to("U2")
    assert sum(block.get("accessory", {}).get("type") == "overflow" for block in rest.payload["blocks"]) == 4
    await on.does(slack.clicks("why", by="U2"))
    assert "in the title" in str(slack.ephemerals_to("U2")[-1].payload)
    assert len(slack.posted_to("C1")) == before
    await on.does(slack.clicks("exclude", by="U2"))
    await on.does(slack.clicks("Ada Example", by="U2"))
    assert on.queries() == ['graph -author:"Ada Example"']
