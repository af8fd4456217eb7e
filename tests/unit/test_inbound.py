"""What Telegram and Slack send, as requests: which of it is for the bot, from whom, and what is ignored or refused."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.receivers import Malformed
from bot.platforms.slack import incoming as slack_incoming
from bot.platforms.slack.client import BotIdentity
from bot.platforms.telegram import incoming as telegram_incoming
from bot.ports.conversation import (
    CallbackRequest,
    EventRequest,
    MessageRequest,
    Place,
    Request,
    RequestBase,
)
from subscriptions.model import ChatAddress, ChatKind
from tests import tables

HERE = BotIdentity(team="T1", user="UBOT", name="paperwire", scopes=frozenset())
AT = "1769083200.000100"
Sent = tuple[str, dict[str, Any]]


def event(what: dict[str, Any], team: str = "T1", **more: Any) -> Sent:
    return slack_incoming.EVENTS, {"team_id": team, "event_id": "Ev1", "event": what, "type": "event_callback", **more}


def message(text: str = "diffusion", **more: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": text, "ts": AT, "team": "T1",
        **more,
    }  # fmt: skip


def mention(text: str = "<@UBOT> x", **more: Any) -> dict[str, Any]:
    return {"type": "app_mention", "user": "U1", "text": text, "ts": AT, "channel": "C1", **more}


def command(**more: Any) -> Sent:
    return slack_incoming.COMMANDS, {
        "team_id": "T1", "channel_id": "C1", "channel_name": "vision", "user_id": "U1", "user_name": "ann",
        "command": "/paperwire", "text": "sub a &lt;b&gt;", "trigger_id": "1.2.a", "response_url": "https://hooks.example/1",
        **more,
    }  # fmt: skip


def press(action: dict[str, Any] | None = None, **more: Any) -> Sent:
    return slack_incoming.INTERACTIONS, {
        "type": "block_actions",
        "user": {"id": "U1", "name": "ann", "team_id": "T1"},
        "team": {"id": "T1"},
        "channel": {"id": "C1", "name": "vision"},
        "container": {"type": "message", "message_ts": AT, "channel_id": "C1", "is_ephemeral": False},
        "message": {"ts": AT},
        "actions": [action or {"type": "button", "value": "link1"}],
        "trigger_id": "1.2.a",
        "response_url": "https://hooks.example/1",
        **more,
    }


CHANGED = {"type": "message", "subtype": "message_changed", "channel_type": "im", "channel": "D1", "ts": "9.9"}
DROPPED = message("import", subtype="file_share", files=[{"id": "F1", "size": 12}, {"id": "F2"}])
EPHEMERAL = {"type": "message", "message_ts": AT, "channel_id": "C1", "is_ephemeral": True}
# (why, what Slack sends, attribute of the request → value)
MESSAGES: list[tuple[str, Sent, dict[str, object]]] = [
    (
        "a direct message belongs to the person",
        event(message()),
        {
            "chat": ChatAddress("slack", "U1"), "place.kind": ChatKind.PRIVATE, "text": "diffusion", "command": "",
            "takes_bare_commands": True, "is_addressed": True, "update_id": "Ev1", "sender": "U1", "message_id": AT,
            "direct_channel": "D1", "written_at": datetime.fromtimestamp(float(AT), UTC),
        },
    ),
    ("a dropped file", event(DROPPED), {"file_id": "F1"}),
    ("a mention", event(mention("hey <@UBOT>: sub x")), {"text": "sub x", "chat": ChatAddress("slack", "C1")}),
    (
        "a mention in a thread is about the thread",
        event(mention(thread_ts="1.000001")),
        {"chat": ChatAddress("slack", "C1", "1.000001")},
    ),
    ("a person of another workspace", event(mention(user="U9", user_team="T2")), {"sender": "T2/U9"}),
    (
        "a command carries where it may be answered",
        command(),
        {
            "chat": ChatAddress("slack", "C1"), "place.kind": ChatKind.TEAM, "place.title": "#vision", "command": "",
            "text": "sub a <b>", "update_id": "1.2.a", "sender": "U1", "response_url": "https://hooks.example/1",
            "follows_name": True, "takes_bare_commands": True,
        },
    ),
    (
        "a command between two people is answered there",
        command(channel_id="D7", channel_name="directmessage"),
        {
            "chat.address": "U1", "place.kind": ChatKind.PRIVATE, "place.is_outside": True, "outside_channel": "D7",
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
            "callback_data": "link1", "message_id": AT, "is_ephemeral": False, "chat": ChatAddress("slack", "C1"),
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
]  # fmt: skip
EVENTS: list[tuple[str, Sent, dict[str, object]]] = [
    (
        "the installation of an event counts",
        event({"type": "channel_archive", "channel": "C1"}, "T9", authorizations=[{"team_id": "T1"}]),
        {"chat.address": "C1"},
    ),
    (
        "a channel has a new id",
        event({"type": "channel_id_changed", "old_channel_id": "C1", "new_channel_id": "C2"}),
        {"chat.address": "C1", "details": {"to": "C2"}},
    ),
    (
        "the bot arrives",
        event({"type": "member_joined_channel", "user": "UBOT", "channel": "C1", "inviter": "U1"}),
        {"event": "arrived", "chat.address": "C1", "sender": "U1"},
    ),
    (
        "a channel has another name",
        event({"type": "channel_rename", "channel": {"id": "C1", "name": "vision"}}),
        {"event": "renamed", "chat.address": "C1", "place.title": "#vision"},
    ),
]
NAMED = tables.rows("""
    {"type": "member_left_channel", "user": "UBOT", "channel": "C1"}               → left        → C1
    {"type": "group_left", "channel": "G1"}                                        → left        → G1
    {"type": "channel_archive", "channel": "C1", "user": "U1"}                     → archived    → C1
    {"type": "channel_unarchive", "channel": "C1"}                                 → back        → C1
    {"type": "channel_deleted", "channel": "C1"}                                   → deleted     → C1
    {"type": "group_rename", "channel": {"id": "G1", "name": "new"}}               → renamed     → G1
""")
EVENTS += [(name, event(json.loads(what)), {"event": name, "chat.address": place}) for what, name, place in NAMED]


@pytest.mark.parametrize(
    ("sent", "kind", "facts"),
    [
        pytest.param(sent, kind, facts, id=f"{why} {number}")
        for kind, rows in (
            (MessageRequest, MESSAGES),
            (CallbackRequest, PRESSES),
            (EventRequest, EVENTS),
        )
        for number, (why, sent, facts) in enumerate(rows)
    ],
)
def test_what_slack_sends_is_read(sent: Sent, kind: type[RequestBase], facts: dict[str, object]) -> None:
    request = slack_incoming.read(*sent, HERE)
    assert (type(request), known(request, facts)) == (kind, facts)


@pytest.mark.parametrize(
    "sent",
    [
        event(message(bot_id="B1")),
        event(message(user="UBOT")),
        event(message(channel_type="channel")),
        event({**CHANGED, "message": message("new"), "previous_message": message("old")}),
        event({"type": "member_joined_channel", "user": "U7", "channel": "C1"}),
        event(message(user="U9", team="T9")),  # a direct message of a stranger, to whom the bot cannot answer
        event({"type": "app_home_opened", "user": "U1", "tab": "messages", "channel": "D1"}),
        press({"type": "button", "url": "https://example.org"}),
        ("hello", {}),
    ],
)
def test_what_slack_sends_to_others_asks_nothing(sent: Sent) -> None:
    assert slack_incoming.read(*sent, HERE) is None


@pytest.mark.parametrize("kind", [slack_incoming.EVENTS, slack_incoming.COMMANDS, slack_incoming.INTERACTIONS])
@pytest.mark.parametrize("payload", [[], None, {"event": []}, {"event": {"type": "message"}}, {"type": {}}])
def test_what_has_another_shape_is_named_without_its_words(kind: str, payload: object) -> None:
    found: object
    try:
        found = slack_incoming.read(kind, payload, HERE)
    except (Malformed, slack_incoming.UnknownWorkspace) as error:
        found = str(error)
    assert found in (None, "", "no object") or str(found).isidentifier()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (slack_incoming.EVENTS, {"team_id": "T9", "event_id": "Ev1", "event": message()}),
        (slack_incoming.COMMANDS, {"team_id": "T9", "channel_id": "C1", "user_id": "U1", "trigger_id": "1"}),
        (
            slack_incoming.INTERACTIONS,
            {"type": "block_actions", "team": {"id": "T9"}, "user": {"id": "U1", "team_id": "T9"}},
        ),
    ],
)
def test_a_workspace_without_a_token_is_not_served(kind: str, payload: dict[str, Any]) -> None:
    with pytest.raises(slack_incoming.UnknownWorkspace) as caught:
        slack_incoming.read(kind, payload, HERE)
    assert str(caught.value) == "T9"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *tables.rows("""
            a &amp; b &lt;c&gt;                           → a & b <c>
            sub ti:robot at 8:30:00                       → sub ti:robot at 8:30:00
            <https://arxiv.org/abs/2601.00001>            → https://arxiv.org/abs/2601.00001
            <https://arxiv.org/abs/2601.00001|this paper> → https://arxiv.org/abs/2601.00001
            <http://cs.LG|cs.LG> survey                   → cs.LG survey
            <mailto:ann@example.org|ann@example.org>      → ann@example.org
            sub <#C1|general> diffusion                   → sub @C1 diffusion
            <!here> <!subteam^S1|@lab> <!channel>         → @here @lab @channel
            `diffusion -survey`                           → diffusion -survey
        """),
        ("null\x00 and \ud800 lone", "null and  lone"),
        ("two\nlines", "two\nlines"),
        (None, ""),
    ],
)
def test_slacks_wrapping_is_undone(text: str | None, expected: str) -> None:
    assert slack_incoming.unescape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    tables.rows("""
        <@UBOT> list           → list
        list <@UBOT>           → list
        <@UBOT>                →
        <@UBOT|paperwire> list → list
        hi <@UBOT> sub <@UBOT> → sub <@UBOT>
    """),
)
def test_the_words_behind_the_mention_count(text: str, expected: str) -> None:
    assert slack_incoming.after_mention(text, "UBOT") == expected


@pytest.mark.parametrize(
    ("name", "title"),
    [("vision", "#vision"), ("privategroup", ""), ("directmessage", ""), ("mpdm-ann--bob--cy-1", "ann, bob, cy"), (None, "")],
)  # fmt: skip
def test_a_conversation_is_called_as_people_call_it(name: str | None, title: str) -> None:
    assert slack_incoming.title_of(name) == title


def test_a_payload_that_is_too_deep_is_malformed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"event": deep}
    with pytest.raises(Malformed):
        slack_incoming.read(slack_incoming.EVENTS, deep, HERE)


BOT_ID, BOT = "4242", "paperwire_test_bot"
ADA = {"id": 42, "is_bot": False, "first_name": "Ada", "last_name": "Example", "language_code": "zh-hans"}
PRIVATE = {"id": 42, "type": "private", "first_name": "Ada"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Vision"}
FORUM = {**GROUP, "is_forum": True}
CHANNEL = {"id": -1009, "type": "channel", "title": "Papers", "username": "papers"}
OURS = {
    "message_id": 5,
    "date": 1,
    "chat": GROUP,
    "from": {"id": 4242, "is_bot": True, "first_name": "Bot"},
    "text": "x",
}
THEIRS = {
    "message_id": 6,
    "date": 1,
    "chat": GROUP,
    "from": {"id": 9, "is_bot": False, "first_name": "Bo"},
    "text": "x",
}


def telegram_message(text: str = "", chat: dict[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    return {
        "message_id": 7,
        "date": 1_769_083_200,
        "chat": chat,
        "from": ADA,
        **({"text": text} if text else {}),
        **more,
    }


def read_telegram(body: dict[str, Any], kind: str = "message") -> Request | None:
    return telegram_incoming.read_update({"update_id": 1, kind: body}, bot_id=BOT_ID, bot_name=BOT)


def known(request: Request | None, facts: Mapping[str, object]) -> dict[str, object]:
    """Returns the attributes of a request that `facts` names."""
    return {name: attrgetter(name)(request) for name in facts}


COMMANDS = [
    *tables.rows("""
        /sub diffusion -survey               → sub  → diffusion -survey
        /sub@paperwire_test_bot diffusion    → sub  → diffusion
        /sub@another_bot diffusion           → sub  → diffusion  # in a private chat, only this bot can be meant
        /sub-x                               →      → /sub-x
        diffusion                            →      → diffusion
        @paperwire_test_bot: diffusion       →      → diffusion
        diffusion @Paperwire_Test_Bot please →      → diffusion please
        @paperwire_test_bots diffusion       →      → @paperwire_test_bots diffusion
    """),
    ("/sub\ndiffusion\nRAG", "sub", "\ndiffusion\nRAG"),
    ("/" + "x" * 33, "", "/" + "x" * 33),
    ("\u202e/sub", "", "\u202e/sub"),
    ("a\x00b\x1b[31m\ud800c\r\nd", "", "ab[31mc\nd"),
]


@pytest.mark.parametrize(("typed", "command", "text"), COMMANDS, ids=[ascii(row[0])[:40] for row in COMMANDS])
def test_a_text_is_a_command_with_words_or_words(typed: str, command: str, text: str) -> None:
    facts: dict[str, object] = {"command": command, "text": text, "is_addressed": True}
    assert known(read_telegram(telegram_message(typed)), facts) == facts


def test_who_wrote_what_where_and_when_is_told() -> None:
    assert read_telegram(telegram_message("/sub x")) == MessageRequest(
        place=Place(chat=ChatAddress("telegram", "42"), kind=ChatKind.PRIVATE, title="Ada"),
        update_id="1",
        command="sub",
        text="x",
        message_id="7",
        sender="42",
        sender_name="Ada Example",
        language="zh-hans",
        written_at=datetime(2026, 1, 22, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("why", "text", "answers", "more", "meant"),
    tables.rows("""
        plain words                  → diffusion                 →             → {}                                                        → not for us
        a command to nobody          → /sub x                    →             → {}                                                        → not for us
        a command to us              → /sub@paperwire_test_bot x →             → {}                                                        → for us
        a command to another bot     → /sub@another_bot x        →             → {}                                                        → nothing
        a mention                    → @paperwire_test_bot sub x →             → {}                                                        → for us
        an answer to us              → list                      → our message → {}                                                        → for us
        an answer to somebody else   → list                      → another     → {}                                                        → not for us
        a sticker as an answer to us →                           → our message → {"sticker": {}}                                           → not for us
        a post of the linked channel → /sub x                    →             → {"is_automatic_forward": true}                            → not for us
        another bot                  → /sub x                    →             → {"from": {"id": 42, "is_bot": true, "first_name": "Ada"}} → nothing
        somebody came                →                           →             → {"new_chat_members": [{"id": 42}]}                        → nothing
    """),
)
def test_in_a_group_some_of_it_is_for_us(why: str, text: str, answers: str, more: str, meant: str) -> None:
    about = {"reply_to_message": {"our message": OURS, "another": THEIRS}[answers]} if answers else {}
    request = read_telegram(telegram_message(text, GROUP, **about, **json.loads(more)))
    if meant == "nothing":
        assert request is None
        return
    assert isinstance(request, MessageRequest)
    assert request.is_addressed is (meant == "for us")


def membership(chat: dict[str, Any], before: str, after: str, **rights: Any) -> dict[str, Any]:
    user = {"id": 4242, "is_bot": True}
    return {
        "chat": chat,
        "from": ADA,
        "date": 1,
        "old_chat_member": {"user": user, "status": before},
        "new_chat_member": {"user": user, "status": after, **rights},
    }


TOPIC = {"is_topic_message": True, "message_thread_id": 5}
POST = {"message_id": 7, "date": 1, "chat": CHANNEL, "sender_chat": CHANNEL, "text": f"/sub@{BOT} x"}
PROVEN = {
    "sender": "",
    "sender_is_admin": True,
    "is_addressed": True,
    "place.kind": ChatKind.BROADCAST,
    "place.public": True,
}
TO_US = f"/sub@{BOT} x"
ANON = {"id": int(telegram_incoming.ANONYMOUS), "is_bot": True, "first_name": "Group"}
LARGE = 2**52 - 1
EVENT = {"event": "", "sender": "", "sender_name": "", "details": {}}
PRESS = {"id": "9", "from": ADA, "data": "abc", "message": {**OURS, "chat": FORUM, **TOPIC}}

# (why, kind of update, its body, attribute of the request → value)
READ: list[tuple[str, str, dict[str, Any], dict[str, object]]] = [
    (
        "words that name the bot differ from answers to it",
        "message",
        telegram_message(f"@{BOT} graph networks", GROUP, reply_to_message=OURS),
        {"text": "graph networks", "mentions_bot": True, "reply_to": "5"},
    ),
    (
        "an answer to us names our message",
        "message",
        telegram_message("yes", GROUP, reply_to_message=OURS),
        {"mentions_bot": False, "reply_to": "5"},
    ),
    (
        "a forwarded command is plain words",
        "message",
        telegram_message("/unsub all", forward_origin={"type": "user"}),
        {"command": "", "text": "all", "is_addressed": True},
    ),
    *(
        (
            f"a {sent} without words",
            "message",
            telegram_message("", **{sent: {"file_id": "x"}}),
            dict[str, object]({"command": "", "text": "", "file_id": "", "is_addressed": True}),
        )
        for sent in ("voice", "sticker", "photo", "poll")
    ),
    (
        "a document comes with its caption as command",
        "message",
        telegram_message("", document={"file_id": "F1", "file_size": 70, "file_name": "a.txt"}, caption="/import"),
        {"command": "import", "file_id": "F1"},
    ),
    (
        "a topic is the chat",
        "message",
        telegram_message(TO_US, FORUM, **TOPIC),
        {"chat": ChatAddress("telegram", "-1001", "5")},
    ),
    (
        "a topic of a private chat, too",
        "message",
        telegram_message("/sub x", PRIVATE, **TOPIC),
        {"chat": ChatAddress("telegram", "42", "5"), "place.kind": ChatKind.PRIVATE},
    ),
    (
        "the topic General is the group",
        "message",
        telegram_message(TO_US, FORUM, is_topic_message=True, message_thread_id=1),
        {"chat": ChatAddress("telegram", "-1001")},
    ),
    (
        "a thread of replies in a group without topics",
        "message",
        telegram_message(TO_US, FORUM, message_thread_id=5),
        {"chat": ChatAddress("telegram", "-1001")},
    ),
    ("a post in a channel proves its right", "channel_post", POST, PROVEN),
    (
        "the group proves an anonymous admin",
        "message",
        telegram_message(TO_US, GROUP, **{"from": ANON}, sender_chat=GROUP),
        {"sender_is_admin": True},
    ),
    (
        "a person who writes under the name of their own channel",
        "message",
        telegram_message(TO_US, GROUP, **{"from": ANON}, sender_chat=CHANNEL),
        {"sender_is_admin": False},
    ),
    ("nothing proves it", "message", telegram_message(TO_US, GROUP, **{"from": ANON}), {"sender_is_admin": False}),
    (
        "a person is not anonymous",
        "message",
        telegram_message(TO_US, GROUP, sender_chat=GROUP),
        {"sender_is_admin": False},
    ),
    (
        "ids may be as large as Telegram makes them",
        "message",
        telegram_message("x", {**PRIVATE, "id": LARGE}, **{"from": {**ADA, "id": LARGE}}),
        {"chat.address": str(LARGE), "sender": str(LARGE)},
    ),
    (
        "a press names button, message and person",
        "callback_query",
        PRESS,
        {
            "callback_data": "abc",
            "callback_id": "9",
            "message_id": "5",
            "sender": "42",
            "topic_is_unknown": False,
            "chat.topic": "5",
        },
    ),
    (
        "a press below a very old message counts",
        "callback_query",
        {**PRESS, "message": {"chat": PRIVATE, "message_id": 3, "date": 0}},
        {"callback_data": "abc", "message_id": "3", "topic_is_unknown": True},
    ),
    *(
        (
            f"a group is {event}",
            "message",
            telegram_message("", FORUM, **service),
            dict[str, object](event=event, details=details),
        )
        for service, event, details in (
            ({"forum_topic_closed": {}}, "topic-closed", {}),
            ({"forum_topic_reopened": {}}, "topic-open", {}),
            ({"migrate_to_chat_id": -1007}, "moved", {"to": "-1007"}),
            ({"migrate_from_chat_id": -7}, "moved", {"from": "-7"}),
        )
    ),
]


@pytest.mark.parametrize(("why", "kind", "body", "facts"), READ, ids=[row[0] for row in READ])
def test_what_telegram_sends_is_read(why: str, kind: str, body: dict[str, Any], facts: dict[str, object]) -> None:
    assert known(read_telegram(body, kind), facts) == facts


@pytest.mark.parametrize(
    ("why", "chat", "change", "rights", "event"),
    tables.rows("""
        blocked              → private → member to kicked               → {}                           → left
        let in again         → private → kicked to member               → {}                           → back
        added                → group   → left to member                 → {}                           → arrived
        forbidden to write   → group   → member to restricted           → {"can_send_messages": false} → muted
        added to a channel   → channel → left to administrator          → {"can_post_messages": true}  → arrived
        may not post         → channel → administrator to administrator → {"can_post_messages": false} → muted
        no admin             → channel → administrator to member        → {}                           → muted
    """),
)
def test_what_becomes_of_the_bot_in_a_chat_is_told(why: str, chat: str, change: str, rights: str, event: str) -> None:
    before, after = tables.listed(change, " to ")
    place = {"private": PRIVATE, "group": GROUP, "channel": CHANNEL}[chat]
    update = membership(place, before, after, **json.loads(rights))
    details = {"before": before, "status": after}
    assert known(read_telegram(update, "my_chat_member"), EVENT) == {
        "event": event, "sender": "42", "sender_name": "Ada Example", "details": details,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("callback_query", {"id": "9", "from": ADA, "data": "x", "inline_message_id": "1"}),
        ("callback_query", {"id": "9", "from": ADA, "game_short_name": "x", "message": OURS}),
        ("callback_query", {**PRESS, "data": ""}),
        ("edited_message", telegram_message("/sub y", edit_date=1_769_090_000)),
    ],
)
def test_what_telegram_sends_to_others_asks_nothing(kind: str, body: dict[str, Any]) -> None:
    assert read_telegram(body, kind) is None


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"update_id": 1, "message": {}},
        {"update_id": 1, "message": {"chat": PRIVATE, "text": "x"}},
        {"update_id": 1, "message": {**telegram_message("x"), "date": 10**20}},
        {"update_id": 1, "callback_query": {"id": "1", "data": "x", "message": OURS}},
        {"update_id": 1, "my_chat_member": {"chat": GROUP, "new_chat_member": 3}},
    ],
    ids=lambda update: str(update)[:60],
)
def test_an_unknown_shape_has_one_error_that_repeats_nothing(update: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        telegram_incoming.read_update(update, bot_id=BOT_ID, bot_name=BOT)
    assert str(caught.value) in {"KeyError", "TypeError", "ValueError", "AttributeError", "OverflowError", "OSError"}


_KEYS = st.sampled_from(
    tables.listed(
        "chat from text caption date message_id data id type message entities reply_to_message sender_chat is_bot "
        "first_name message_thread_id is_topic_message document file_id file_size forward_origin migrate_to_chat_id "
        "forum_topic_closed old_chat_member new_chat_member status username title",
        " ",
    )
)
_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.sampled_from(["private", "channel", "/sub x"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(
    st.dictionaries(
        st.sampled_from(["message", "channel_post", "callback_query", "my_chat_member", "poll"]),
        _JSON | st.dictionaries(_KEYS, _JSON, max_size=12),
        max_size=2,
    ),
    st.integers() | _JSON,
)
def test_no_update_raises_anything_else(update: dict[str, Any], number: object) -> None:
    try:
        request = telegram_incoming.read_update({**update, "update_id": number}, bot_id=BOT_ID, bot_name=BOT)
    except Malformed:
        return
    if request is not None:
        own = {
            MessageRequest: ("text", "command"),
            CallbackRequest: ("callback_data",),
            EventRequest: ("event",),
        }[type(request)]
        texts = [request.sender_name, request.place.title, *(getattr(request, name) for name in own)]
        json.dumps(texts).encode()
        for text in texts:
            assert text.encode() is not None  # raises an error if the text cannot be stored
