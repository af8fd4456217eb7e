"""Payloads of Slack as requests: a table of events, commands and callbacks, and which ones are refused."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from bot.platforms.slack import incoming, workspaces
from bot.ports import conversation
from subscriptions.model import ChatAddress, ChatKind

TEAMS = {
    "T1": workspaces.ServedWorkspace(team="T1", prefix="", bot="UBOT"),
    "T2": workspaces.ServedWorkspace(team="T2", prefix="T2", bot="UBOT2"),
}
AT = "1769083200.000100"


def event(what: dict[str, Any], team: str = "T1", **more: Any) -> conversation.Request | None:
    payload = {"team_id": team, "event_id": "Ev1", "event": what, "type": "event_callback", **more}
    return incoming.read(incoming.EVENTS, payload, TEAMS)


def message(text: str = "diffusion", **more: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": text, "ts": AT, "team": "T1",
        **more,
    }  # fmt: skip


def command(text: str = "sub diffusion", **more: Any) -> conversation.Request | None:
    payload = {
        "team_id": "T1", "channel_id": "C1", "channel_name": "vision", "user_id": "U1", "user_name": "ann",
        "command": "/paperwire", "text": text, "trigger_id": "1.2.a", "response_url": "https://hooks.example/1",
    }  # fmt: skip
    return incoming.read(incoming.COMMANDS, payload | more, TEAMS)


def press(action: dict[str, Any] | None = None, **more: Any) -> conversation.Request | None:
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
    return incoming.read(incoming.INTERACTIONS, payload | more, TEAMS)


Kind = TypeVar("Kind", bound=conversation.RequestBase)


def read_as(kind: type[Kind], request: conversation.Request | None) -> Kind:
    assert isinstance(request, kind)
    return request


# ── messages ──────────────────────────────────────────────────────────────────


def test_a_direct_message_belongs_to_the_person() -> None:
    said = read_as(conversation.MessageRequest, event(message()))
    assert (said.place.chat, said.place.kind) == (ChatAddress("slack", "U1"), ChatKind.PRIVATE)
    assert (said.text, said.command, said.takes_bare_commands, said.is_addressed) == ("diffusion", "", True, True)
    assert (said.update_id, said.sender, said.message_id, said.direct_channel) == ("Ev1", "U1", AT, "D1")
    assert said.written_at == datetime.fromtimestamp(float(AT), UTC)


def test_in_another_workspace_chats_and_people_carry_its_name() -> None:
    said = read_as(conversation.MessageRequest, event(message(team="T2"), team="T2"))
    assert (said.chat, said.sender) == (ChatAddress("slack", "T2/U1"), "T2/U1")
    mentioned = read_as(
        conversation.MessageRequest,
        event({"type": "app_mention", "user": "U1", "text": "<@UBOT2> x", "ts": AT, "channel": "C1"}, "T2"),
    )
    assert mentioned.chat == ChatAddress("slack", "T2/C1")
    moved = event({"type": "channel_id_changed", "old_channel_id": "C1", "new_channel_id": "C2"}, "T2")
    assert (
        read_as(conversation.EventRequest, moved).chat.address,
        read_as(conversation.EventRequest, moved).details,
    ) == (
        "T2/C1",
        {"to": "T2/C2"},
    )


@pytest.mark.parametrize(
    "what",
    [
        message(bot_id="B1"),
        message(user="UBOT"),
        message(user="USLACKBOT"),
        message(subtype="channel_join"),
        message(subtype="bot_message"),
        message(subtype="message_deleted"),
        message(channel_type="channel"),
        message(channel_type="mpim"),
        {"type": "reaction_added"},
        {"type": "app_mention", "user": "U1", "text": "<@UBOT> x", "ts": AT, "channel": "D1"},
        {"type": "app_mention", "user": "U1", "bot_id": "B9", "text": "<@UBOT> x", "ts": AT, "channel": "C1"},
        {"type": "member_joined_channel", "user": "U7", "channel": "C1"},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U7"], "bot": []}},
        {"type": "app_home_opened", "user": "U1", "tab": "messages", "channel": "D1"},
    ],
)
def test_what_is_not_for_us_asks_nothing(what: dict[str, Any]) -> None:
    assert event(what) is None


def test_a_changed_message_was_edited_unless_by_a_preview() -> None:
    changed = {"type": "message", "subtype": "message_changed", "channel_type": "im", "channel": "D1", "ts": "9.9"}
    edit = read_as(
        conversation.MessageRequest, event({**changed, "message": message("new"), "previous_message": message("old")})
    )
    assert (edit.is_edit, edit.text, edit.message_id) == (True, "new", AT)
    assert event({**changed, "message": message("same"), "previous_message": message("same")}) is None


def test_a_dropped_file_comes_along_with_its_workspace() -> None:
    dropped = message("import", subtype="file_share", files=[{"id": "F1", "size": 12}, {"id": "F2"}])
    assert read_as(conversation.MessageRequest, event(dropped)).file_id == "F1"
    assert read_as(conversation.MessageRequest, event({**dropped, "team": "T2"}, "T2")).file_id == "T2/F1"


def test_a_mention_in_a_thread_is_about_the_thread() -> None:
    said = {"type": "app_mention", "user": "U1", "text": "hey <@UBOT>: sub x", "ts": AT, "channel": "C1"}
    assert (
        read_as(conversation.MessageRequest, event(said)).text,
        read_as(conversation.MessageRequest, event(said)).chat.topic,
    ) == ("sub x", "")
    assert read_as(conversation.MessageRequest, event({**said, "thread_ts": "1.000001"})).chat == ChatAddress(
        "slack", "C1", "1.000001"
    )
    assert read_as(conversation.MessageRequest, event({**said, "thread_ts": AT})).chat.topic == ""


@pytest.mark.parametrize(
    ("home", "sender"), [({}, "U9"), ({"user_team": "T1"}, "U9"), ({"user_team": "T2"}, "T2/U9"), ({"user_team": "T9"}, "T9/U9")]
)  # fmt: skip
def test_in_shared_channels_people_keep_their_workspace(home: dict[str, str], sender: str) -> None:
    said = {"type": "app_mention", "user": "U9", "text": "<@UBOT> list", "ts": AT, "channel": "C1"}
    assert read_as(conversation.MessageRequest, event({**said, **home})).sender == sender


def test_the_installation_of_an_event_counts() -> None:
    shared = {"authorizations": [{"team_id": "T2"}]}
    assert (
        read_as(
            conversation.EventRequest, event({"type": "channel_archive", "channel": "C1"}, team="T9", **shared)
        ).chat.address
        == "T2/C1"
    )


# ── events ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("what", "name", "place"),
    [
        ({"type": "member_joined_channel", "user": "UBOT", "channel": "C1", "inviter": "U1"}, "arrived", "C1"),
        ({"type": "member_left_channel", "user": "UBOT", "channel": "C1"}, "left", "C1"),
        ({"type": "member_left_channel", "user": "U7", "channel": "C1", "team": "T1"}, "member-left", "C1"),
        ({"type": "channel_left", "channel": "C1"}, "left", "C1"),
        ({"type": "group_left", "channel": "G1"}, "left", "G1"),
        ({"type": "channel_archive", "channel": "C1", "user": "U1"}, "archived", "C1"),
        ({"type": "group_archive", "channel": "G1"}, "archived", "G1"),
        ({"type": "channel_unarchive", "channel": "C1"}, "back", "C1"),
        ({"type": "group_unarchive", "channel": "G1"}, "back", "G1"),
        ({"type": "channel_deleted", "channel": "C1"}, "deleted", "C1"),
        ({"type": "group_deleted", "channel": "G1"}, "deleted", "G1"),
        ({"type": "channel_rename", "channel": {"id": "C1", "name": "new"}}, "renamed", "C1"),
        ({"type": "group_rename", "channel": {"id": "G1", "name": "new"}}, "renamed", "G1"),
        ({"type": "channel_id_changed", "old_channel_id": "C1", "new_channel_id": "C2"}, "moved", "C1"),
        ({"type": "app_uninstalled"}, "uninstalled", "T1"),
        ({"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}, "uninstalled", "T1"),
        ({"type": "app_home_opened", "user": "U1", "tab": "home", "channel": "D1"}, "home-view", "U1"),
    ],
)
def test_what_happens_has_a_name(what: dict[str, Any], name: str, place: str) -> None:
    request = read_as(conversation.EventRequest, event(what))
    assert (request.event, request.chat.address) == (name, place)


def test_what_happens_says_who_and_what() -> None:
    joined = read_as(
        conversation.EventRequest,
        event({"type": "member_joined_channel", "user": "UBOT", "channel": "C1", "inviter": "U1"}),
    )
    assert joined.sender == "U1"
    left = read_as(
        conversation.EventRequest, event({"type": "member_left_channel", "user": "U7", "channel": "C1", "team": "T1"})
    )
    assert left.sender == "U7"
    renamed = read_as(
        conversation.EventRequest, event({"type": "channel_rename", "channel": {"id": "C1", "name": "vision"}})
    )
    assert renamed.place.title == "#vision"


# ── commands and button presses ───────────────────────────────────────────────


def test_a_command_carries_where_it_may_be_answered() -> None:
    said = read_as(conversation.MessageRequest, command())
    assert (said.chat, said.place.kind, said.place.title) == (ChatAddress("slack", "C1"), ChatKind.TEAM, "#vision")
    assert (said.text, said.command, said.update_id, said.sender) == ("sub diffusion", "", "1.2.a", "U1")
    assert (said.response_url, said.trigger_id, said.takes_bare_commands) == ("https://hooks.example/1", "1.2.a", True)
    assert read_as(conversation.MessageRequest, command(channel_name="privategroup")).place.title == ""


def test_a_command_between_two_people_is_answered_there() -> None:
    said = read_as(conversation.MessageRequest, command(channel_id="D7", channel_name="directmessage"))
    assert (said.chat.address, said.place.kind, said.place.is_outside, said.outside_channel) == (
        "U1",
        ChatKind.PRIVATE,
        True,
        "D7",
    )


def test_a_press_names_its_value_message_and_place() -> None:
    pressed = read_as(conversation.CallbackRequest, press())
    assert (pressed.callback_data, pressed.message_id, pressed.is_ephemeral) == ("link1", AT, False)
    assert (pressed.chat.address, pressed.chat.topic, pressed.response_url) == ("C1", "", "https://hooks.example/1")
    menu = press({"type": "overflow", "selected_option": {"value": "link2"}})
    assert read_as(conversation.CallbackRequest, menu).callback_data == "link2"
    assert press({"type": "button", "url": "https://example.org"}) is None


def test_a_press_under_what_one_person_sees_has_no_message() -> None:
    seen = {"type": "message", "message_ts": AT, "channel_id": "C1", "is_ephemeral": True}
    pressed = read_as(conversation.CallbackRequest, press(container=seen, message=None))
    assert (pressed.is_ephemeral, pressed.message_id, pressed.chat.address) == (True, AT, "C1")


def test_a_press_in_a_thread_is_about_the_thread() -> None:
    assert (
        read_as(conversation.CallbackRequest, press(message={"ts": AT, "thread_ts": "1.000001"})).chat.topic
        == "1.000001"
    )
    assert read_as(conversation.CallbackRequest, press(message={"ts": AT, "thread_ts": AT})).chat.topic == ""


def test_a_press_under_our_own_direct_message_is_not_outside() -> None:
    there = press(channel={"id": "D1", "name": "directmessage"})
    assert (
        read_as(conversation.CallbackRequest, there).chat.address,
        read_as(conversation.CallbackRequest, there).place.is_outside,
    ) == (
        "U1",
        False,
    )


def test_a_stranger_who_presses_has_the_name_of_their_workspace() -> None:
    assert (
        read_as(conversation.CallbackRequest, press(user={"id": "U9", "name": "eve", "team_id": "T9"})).sender
        == "T9/U9"
    )


def test_a_form_carries_what_stands_in_it() -> None:
    view = {
        "id": "V1", "hash": "h1", "type": "modal", "private_metadata": "link9",
        "state": {"values": {
            "query": {"query": {"type": "plain_text_input", "value": "diffusion"}},
            "when": {"when": {"type": "static_select", "selected_option": {"value": "daily"}}},
            "clock": {"clock": {"type": "timepicker", "selected_time": "09:00"}},
            "name": {"name": {"type": "plain_text_input", "value": None}},
        }},
    }  # fmt: skip
    filled = {"query": "diffusion", "when": "daily", "clock": "09:00", "name": ""}
    sent = read_as(conversation.FormRequest, press(type="view_submission", view=view, channel=None))
    assert (sent.callback_data, sent.is_submitted, sent.values, sent.view_id) == ("link9", True, filled, "V1 h1")
    assert read_as(conversation.FormRequest, press(view=view)).is_submitted is False
    home = read_as(
        conversation.CallbackRequest, press({"type": "button", "value": "link3"}, view={"id": "V2", "type": "home"})
    )
    assert (home.callback_data, home.view_id, home.chat.address) == ("link3", "V2", "U1")


def test_a_shortcut_brings_the_words_of_the_message() -> None:
    said = read_as(
        conversation.EventRequest,
        press(type="message_action", callback_id="subscribe", message={"ts": AT, "text": "<https://arxiv.org/abs/1>"}),
    )
    assert (said.event, said.details) == ("shortcut", {"name": "subscribe", "text": "https://arxiv.org/abs/1"})


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


def test_kinds_that_nobody_knows_ask_nothing() -> None:
    assert incoming.read("hello", {}, TEAMS) is None
    assert press(type="view_closed") is None


# ── words ─────────────────────────────────────────────────────────────────────

TYPED = [
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
]


@pytest.mark.parametrize(("text", "expected"), TYPED)
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


def test_what_cannot_be_stored_is_left_out_of_ids_too() -> None:
    """Found by fuzzing: no database can store such an address, so Slack would have been asked forever to send it again."""
    request = event({"type": "app_mention", "channel": "C\x001\ud800", "user": "U\x001", "text": "list", "ts": AT})
    assert isinstance(request, conversation.MessageRequest)
    assert (str(request.chat), request.sender) == ("slack:C1", "U1")


def test_a_payload_that_is_too_deep_is_malformed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"event": deep}
    with pytest.raises(incoming.MalformedPayload):
        incoming.read(incoming.EVENTS, deep, TEAMS)
