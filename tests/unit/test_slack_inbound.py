"""Payloads of Slack as requests: a table of events, commands and callbacks, and which ones are refused."""

from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest

from bot.platforms.slack import incoming, workspaces
from bot.ports import conversation
from subscriptions import model

TEAMS = {
    "T1": workspaces.ServedWorkspace(team="T1", prefix="", bot="UBOT"),
    "T2": workspaces.ServedWorkspace(team="T2", prefix="T2", bot="UBOT2"),
}
AT = "1769083200.000100"
Sent = tuple[str, dict[str, Any]]


def event(what: dict[str, Any], team: str = "T1", **more: Any) -> Sent:
    payload = {"team_id": team, "event_id": "Ev1", "event": what, "type": "event_callback", **more}
    return incoming.EVENTS, payload


def message(text: str = "diffusion", **more: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": text, "ts": AT, "team": "T1",
        **more,
    }  # fmt: skip


def mention(text: str = "<@UBOT> x", **more: Any) -> dict[str, Any]:
    return {"type": "app_mention", "user": "U1", "text": text, "ts": AT, "channel": "C1", **more}


def command(**more: Any) -> Sent:
    payload = {
        "team_id": "T1", "channel_id": "C1", "channel_name": "vision", "user_id": "U1", "user_name": "ann",
        "command": "/paperwire", "text": "sub a &lt;b&gt;", "trigger_id": "1.2.a", "response_url": "https://hooks.example/1",
    }  # fmt: skip
    return incoming.COMMANDS, payload | more


def press(action: dict[str, Any] | None = None, **more: Any) -> Sent:
    payload = {
        "type": "block_actions",
        "user": {"id": "U1", "name": "ann", "team_id": "T1"},
        "team": {"id": "T1"},
        "channel": {"id": "C1", "name": "vision"},
        "container": {"type": "message", "message_ts": AT, "channel_id": "C1", "is_ephemeral": False},
        "message": {"ts": AT},
        "actions": [action or {"type": "button", "value": "link1"}],
        "trigger_id": "1.2.a",
        "response_url": "https://hooks.example/1",
    }
    return incoming.INTERACTIONS, payload | more


# ── what is read ──────────────────────────────────────────────────────────────

CHANGED = {"type": "message", "subtype": "message_changed", "channel_type": "im", "channel": "D1", "ts": "9.9"}
DROPPED = message("import", subtype="file_share", files=[{"id": "F1", "size": 12}, {"id": "F2"}])
EPHEMERAL = {"type": "message", "message_ts": AT, "channel_id": "C1", "is_ephemeral": True}
VIEW = {
    "id": "V1", "hash": "h1", "type": "modal", "private_metadata": "link9",
    "state": {"values": {
        "query": {"query": {"type": "plain_text_input", "value": "diffusion"}},
        "when": {"when": {"type": "static_select", "selected_option": {"value": "daily"}}},
        "clock": {"clock": {"type": "timepicker", "selected_time": "09:00"}},
        "name": {"name": {"type": "plain_text_input", "value": None}},
    }},
}  # fmt: skip
FILLED = {"query": "diffusion", "when": "daily", "clock": "09:00", "name": ""}

# (why, what Slack sends, attribute of the request → value)
MESSAGES: list[tuple[str, Sent, dict[str, object]]] = [
    (
        "a direct message belongs to the person",
        event(message()),
        {
            "chat": model.ChatAddress("slack", "U1"), "place.kind": model.ChatKind.PRIVATE, "text": "diffusion", "command": "",
            "takes_bare_commands": True, "is_addressed": True, "update_id": "Ev1", "sender": "U1", "message_id": AT,
            "direct_channel": "D1", "written_at": datetime.fromtimestamp(float(AT), UTC), "is_edit": False,
        },
    ),
    (
        "in another workspace, chats and people carry its name",
        event(message(team="T2"), "T2"),
        {"chat.address": "T2/U1", "sender": "T2/U1"},
    ),
    ("so do its channels", event(mention("<@UBOT2> x"), "T2"), {"chat.address": "T2/C1"}),
    (
        "a changed message was edited",
        event({**CHANGED, "message": message("new"), "previous_message": message("old")}),
        {"is_edit": True, "text": "new", "message_id": AT},
    ),
    ("a dropped file", event(DROPPED), {"file_id": "F1"}),
    ("a dropped file with its workspace", event({**DROPPED, "team": "T2"}, "T2"), {"file_id": "T2/F1"}),
    ("a mention", event(mention("hey <@UBOT>: sub x")), {"text": "sub x", "chat": model.ChatAddress("slack", "C1")}),
    (
        "a mention in a thread is about the thread",
        event(mention(thread_ts="1.000001")),
        {"chat": model.ChatAddress("slack", "C1", "1.000001")},
    ),
    ("a mention that begins a thread", event(mention(thread_ts=AT)), {"chat.topic": ""}),
    ("a person of our workspace", event(mention(user="U9", user_team="T1")), {"sender": "U9"}),
    ("a person of another workspace", event(mention(user="U9", user_team="T2")), {"sender": "T2/U9"}),
    ("a person of a workspace without the bot", event(mention(user="U9", user_team="T9")), {"sender": "T9/U9"}),
    (
        "a command carries where it may be answered",
        command(),
        {
            "chat": model.ChatAddress("slack", "C1"), "place.kind": model.ChatKind.TEAM, "place.title": "#vision", "command": "",
            "text": "sub a <b>", "update_id": "1.2.a", "sender": "U1", "response_url": "https://hooks.example/1",
            "trigger_id": "1.2.a", "takes_bare_commands": True,
        },
    ),
    ("a command in a private channel", command(channel_name="privategroup"), {"place.title": ""}),
    (
        "a command between two people is answered there",
        command(channel_id="D7", channel_name="directmessage"),
        {
            "chat.address": "U1", "place.kind": model.ChatKind.PRIVATE, "place.is_outside": True, "outside_channel": "D7",
        },
    ),
    # found by fuzzing: no database can store such an address, so Slack would have been asked forever to send it again
    (
        "what cannot be stored is left out of ids too",
        event(mention(channel="C\x001\ud800", user="U\x001")),
        {"chat.address": "C1", "sender": "U1"},
    ),
]  # fmt: skip
PRESSES: list[tuple[str, Sent, dict[str, object]]] = [
    (
        "a press names its value, message and place",
        press(),
        {
            "callback_data": "link1", "message_id": AT, "is_ephemeral": False, "chat": model.ChatAddress("slack", "C1"),
            "response_url": "https://hooks.example/1",
        },
    ),
    ("a menu", press({"type": "overflow", "selected_option": {"value": "link2"}}), {"callback_data": "link2"}),
    (
        "below what one person sees, there is no message",
        press(container=EPHEMERAL, message=None),
        {"is_ephemeral": True, "message_id": AT, "chat.address": "C1"},
    ),
    (
        "a press in a thread is about the thread",
        press(message={"ts": AT, "thread_ts": "1.000001"}),
        {"chat.topic": "1.000001"},
    ),
    ("a press on the first message of a thread", press(message={"ts": AT, "thread_ts": AT}), {"chat.topic": ""}),
    (
        "our own direct message is not outside",
        press(channel={"id": "D1", "name": "directmessage"}),
        {"chat.address": "U1", "place.is_outside": False},
    ),
    (
        "a stranger has the name of their workspace",
        press(user={"id": "U9", "name": "eve", "team_id": "T9"}),
        {"sender": "T9/U9"},
    ),
    (
        "a button of the home view",
        press({"type": "button", "value": "link3"}, view={"id": "V2", "type": "home"}),
        {"callback_data": "link3", "view_id": "V2", "chat.address": "U1"},
    ),
]  # fmt: skip
FORMS: list[tuple[str, Sent, dict[str, object]]] = [
    (
        "a form carries what people filled in",
        press(type="view_submission", view=VIEW, channel=None),
        {"callback_data": "link9", "is_submitted": True, "values": FILLED, "view_id": "V1 h1"},
    ),
    ("Enter in a form", press(view=VIEW), {"is_submitted": False, "values": FILLED}),
]
EVENTS: list[tuple[str, Sent, dict[str, object]]] = [
    (
        "a shortcut brings the words of the message",
        press(type="message_action", callback_id="subscribe", message={"ts": AT, "text": "<https://arxiv.org/abs/1>"}),
        {"event": "shortcut", "details": {"name": "subscribe", "text": "https://arxiv.org/abs/1"}},
    ),
    (
        "the installation of an event counts",
        event({"type": "channel_archive", "channel": "C1"}, "T9", authorizations=[{"team_id": "T2"}]),
        {"chat.address": "T2/C1"},
    ),
    (
        "a new id in another workspace",
        event({"type": "channel_id_changed", "old_channel_id": "C1", "new_channel_id": "C2"}, "T2"),
        {"chat.address": "T2/C1", "details": {"to": "T2/C2"}},
    ),
    (
        "the bot arrives",
        event({"type": "member_joined_channel", "user": "UBOT", "channel": "C1", "inviter": "U1"}),
        {"event": "arrived", "chat.address": "C1", "sender": "U1"},
    ),
    (
        "a person leaves",
        event({"type": "member_left_channel", "user": "U7", "channel": "C1", "team": "T1"}),
        {"event": "member-left", "chat.address": "C1", "sender": "U7"},
    ),
    (
        "a channel has another name",
        event({"type": "channel_rename", "channel": {"id": "C1", "name": "vision"}}),
        {"event": "renamed", "chat.address": "C1", "place.title": "#vision"},
    ),
]
NAMED: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "member_left_channel", "user": "UBOT", "channel": "C1"}, "left", "C1"),
    ({"type": "channel_left", "channel": "C1"}, "left", "C1"),
    ({"type": "group_left", "channel": "G1"}, "left", "G1"),
    ({"type": "channel_archive", "channel": "C1", "user": "U1"}, "archived", "C1"),
    ({"type": "group_archive", "channel": "G1"}, "archived", "G1"),
    ({"type": "channel_unarchive", "channel": "C1"}, "back", "C1"),
    ({"type": "group_unarchive", "channel": "G1"}, "back", "G1"),
    ({"type": "channel_deleted", "channel": "C1"}, "deleted", "C1"),
    ({"type": "group_deleted", "channel": "G1"}, "deleted", "G1"),
    ({"type": "group_rename", "channel": {"id": "G1", "name": "new"}}, "renamed", "G1"),
    ({"type": "channel_id_changed", "old_channel_id": "C1", "new_channel_id": "C2"}, "moved", "C1"),
    ({"type": "app_uninstalled"}, "uninstalled", "T1"),
    ({"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}, "uninstalled", "T1"),
    ({"type": "app_home_opened", "user": "U1", "tab": "home", "channel": "D1"}, "home-view", "U1"),
]
EVENTS += [(name, event(what), {"event": name, "chat.address": place}) for what, name, place in NAMED]


@pytest.mark.parametrize(
    ("sent", "kind", "facts"),
    [
        pytest.param(sent, kind, facts, id=f"{why} {number}")
        for kind, rows in (
            (conversation.MessageRequest, MESSAGES),
            (conversation.CallbackRequest, PRESSES),
            (conversation.FormRequest, FORMS),
            (conversation.EventRequest, EVENTS),
        )
        for number, (why, sent, facts) in enumerate(rows)
    ],
)
def test_what_slack_sends_is_read(sent: Sent, kind: type[conversation.RequestBase], facts: dict[str, object]) -> None:
    request = incoming.read(*sent, TEAMS)
    assert type(request) is kind
    assert {name: attrgetter(name)(request) for name in facts} == facts


@pytest.mark.parametrize(
    "sent",
    [
        event(message(bot_id="B1")),
        event(message(user="UBOT")),
        event(message(user="USLACKBOT")),
        event(message(subtype="channel_join")),
        event(message(subtype="bot_message")),
        event(message(subtype="message_deleted")),
        event(message(channel_type="channel")),
        event(message(channel_type="mpim")),
        event({**CHANGED, "message": message("same"), "previous_message": message("same")}),  # Slack added a preview
        event({"type": "reaction_added"}),
        event(mention(channel="D1")),
        event(mention(bot_id="B9")),
        event({"type": "member_joined_channel", "user": "U7", "channel": "C1"}),
        event({"type": "tokens_revoked", "tokens": {"oauth": ["U7"], "bot": []}}),
        event({"type": "app_home_opened", "user": "U1", "tab": "messages", "channel": "D1"}),
        press({"type": "button", "url": "https://example.org"}),
        press(type="view_closed"),
        ("hello", {}),
    ],
)
def test_what_is_not_for_us_asks_nothing(sent: Sent) -> None:
    assert incoming.read(*sent, TEAMS) is None


# ── unreadable and forbidden requests ─────────────────────────────────────────


@pytest.mark.parametrize("kind", [incoming.EVENTS, incoming.COMMANDS, incoming.INTERACTIONS])
@pytest.mark.parametrize(
    "payload", [{}, [], "x", None, {"event": []}, {"event": {"type": "message"}}, {"type": {}}, {"user": 1}]
)
def test_what_has_another_shape_is_named_without_its_words(kind: str, payload: object) -> None:
    found: object
    try:
        found = incoming.read(kind, payload, TEAMS)
    except (incoming.MalformedPayload, incoming.UnknownWorkspace) as error:
        found = str(error)
    assert found in (None, "", "no object") or str(found).isidentifier()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (incoming.EVENTS, {"team_id": "T9", "event_id": "Ev1", "event": message()}),
        (incoming.COMMANDS, {"team_id": "T9", "channel_id": "C1", "user_id": "U1", "trigger_id": "1"}),
        (incoming.INTERACTIONS, {"type": "block_actions", "team": {"id": "T9"}, "user": {"id": "U1", "team_id": "T9"}}),
    ],
)
def test_a_workspace_without_a_token_is_not_served(kind: str, payload: dict[str, Any]) -> None:
    with pytest.raises(incoming.UnknownWorkspace) as caught:
        incoming.read(kind, payload, TEAMS)
    assert caught.value.team == "T9"


# ── words ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("<https://arxiv.org/abs/2601.00001>", "https://arxiv.org/abs/2601.00001"),
        ("<https://arxiv.org/abs/2601.00001|this paper>", "https://arxiv.org/abs/2601.00001"),
        ("<http://cs.LG|cs.LG> survey", "cs.LG survey"),
        ("<http://example.org/|example.org>", "example.org"),
        ("<mailto:ann@example.org|ann@example.org>", "ann@example.org"),
        ("sub <#C1|general> diffusion", "sub @C1 diffusion"),
        ("<#C1|general>", "@C1"),
        ("papers of the <#C1|general>", "papers of the #general"),
        ("author <@U1|ann> <@U2>", "author @ann @U2"),
        ("<!here> <!subteam^S1|@lab> <!channel>", "@here @lab @channel"),
        ("`diffusion -survey`", "diffusion -survey"),
        ("`a` and `b`", "`a` and `b`"),
        ("a < b", "a < b"),
        ("null\x00 and \ud800 lone", "null and  lone"),
        ("two\nlines", "two\nlines"),
        (None, ""),
    ],
)
def test_slacks_wrapping_is_undone(text: str | None, expected: str) -> None:
    assert workspaces.unescape(text) == expected


def test_a_channel_of_another_workspace_is_named() -> None:
    assert workspaces.unescape("sub <#C1|general> x", "T2") == "sub @T2_C1 x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("<@UBOT> list", "list"), ("<@UBOT>, list", "list"), ("list <@UBOT>", "list"), ("<@UBOT>", ""), ("<@UBOT|paperwire> list", "list"),
     ("hi <@UBOT> sub <@UBOT>", "sub <@UBOT>")],
)  # fmt: skip
def test_the_words_behind_the_mention_count(text: str, expected: str) -> None:
    assert workspaces.after_mention(text, "UBOT") == expected


@pytest.mark.parametrize(
    ("name", "title"),
    [("vision", "#vision"), ("privategroup", ""), ("directmessage", ""), ("mpdm-ann--bob--cy-1", "ann, bob, cy"), (None, "")],
)  # fmt: skip
def test_a_conversation_is_called_as_people_call_it(name: str | None, title: str) -> None:
    assert workspaces.title_of(name) == title


def test_a_payload_that_is_too_deep_is_malformed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"event": deep}
    with pytest.raises(incoming.MalformedPayload):
        incoming.read(incoming.EVENTS, deep, TEAMS)
