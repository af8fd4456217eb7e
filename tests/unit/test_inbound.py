"""What Telegram and Slack send, as requests: rare forms of it, what is ignored, and what is refused.

What people usually send is told in tests/outside, tests/story and tests/integration/slack.
"""

import json
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import CallbackRequest, EventRequest, MessageRequest, Request
from bot.platforms.receivers import Malformed
from bot.platforms.slack import incoming as slack_incoming
from bot.platforms.slack import texts
from bot.platforms.slack.client import BotIdentity
from bot.platforms.telegram import incoming as telegram_incoming
from tests import tables

HERE = BotIdentity(team="T1", user="UBOT", name="paperwire", scopes=frozenset())
AT = "1769083200.000100"
Sent = tuple[str, dict[str, Any]]


def known(request: Request | None, facts: Mapping[str, object]) -> dict[str, object]:
    """Returns the attributes of a request that `facts` names."""
    return {name: attrgetter(name)(request) for name in facts}


def event(what: dict[str, Any], team: str = "T1", **more: Any) -> Sent:
    return slack_incoming.EVENTS, {"team_id": team, "event_id": "Ev1", "event": what, "type": "event_callback", **more}


def message(text: str = "diffusion", **more: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": text, "ts": AT, "team": "T1",
        **more,
    }  # fmt: skip


def mention(**more: Any) -> Sent:
    return event({"type": "app_mention", "user": "U1", "text": "<@UBOT> x", "ts": AT, "channel": "C1", **more})


def press(action: dict[str, Any], **more: Any) -> Sent:
    return slack_incoming.INTERACTIONS, {
        "type": "block_actions",
        "user": {"id": "U1", "name": "ann", "team_id": "T1"},
        "team": {"id": "T1"},
        "channel": {"id": "C1", "name": "vision"},
        "message": {"ts": AT},
        "actions": [action],
        "trigger_id": "1.2.a",
        **more,
    }


BETWEEN_TWO = {
    "team_id": "T1", "channel_id": "D7", "channel_name": "directmessage", "user_id": "U1", "text": "list",
    "trigger_id": "1.2.a",
}  # fmt: skip
STRANGER = {"id": "U9", "name": "eve", "team_id": "T9"}


@pytest.mark.parametrize(
    ("sent", "facts"),
    [
        (event(message(files=[{"id": "F1"}, {"id": "F2"}], subtype="file_share")), {"file_id": "F1"}),
        (mention(user="U9", user_team="T2"), {"sender": "T2/U9"}),
        (press({"value": "link1"}, user=STRANGER), {"sender": "T9/U9"}),
        (press({"type": "overflow", "selected_option": {"value": "link2"}}), {"callback_data": "link2"}),
        (press({"value": "link1"}, message={"ts": AT, "thread_ts": "1.000001"}), {"chat.topic": "1.000001"}),
        (
            (slack_incoming.COMMANDS, BETWEEN_TWO),
            {"chat.address": "U1", "place.is_outside": True, "outside_channel": "D7"},
        ),
        (
            event({"type": "channel_archive", "channel": "C1"}, "T9", authorizations=[{"team_id": "T1"}]),
            {"event": "archived", "chat.address": "C1"},
        ),
        (event({"type": "group_left", "channel": "G1"}), {"event": "left", "chat.address": "G1"}),
        # found by fuzzing: no database can store such an address, so Slack would be asked forever to send it again
        (mention(channel="C\x001\ud800", user="U\x001"), {"chat.address": "C1", "sender": "U1"}),
    ],
    ids=[
        "a dropped file", "a person of another workspace", "a press of a stranger", "a menu", "a press in a thread",
        "a command between two people", "the installation of an event counts", "a private channel is left",
        "what cannot be stored is left out of ids too",
    ],
)  # fmt: skip
def test_what_slack_sends_is_read(sent: Sent, facts: dict[str, object]) -> None:
    assert known(slack_incoming.read(*sent, HERE), facts) == facts


@pytest.mark.parametrize(
    "sent",
    [
        event(message(bot_id="B1")),
        event(message(user="UBOT")),
        event(message(channel_type="channel")),
        event(message(subtype="message_changed")),
        event({"type": "member_joined_channel", "user": "U7", "channel": "C1"}),
        event(message(user="U9", team="T9")),  # a direct message of a stranger, to whom the bot cannot answer
        press({"type": "button", "url": "https://example.org"}),
    ],
)
def test_what_slack_sends_to_others_asks_nothing(sent: Sent) -> None:
    assert slack_incoming.read(*sent, HERE) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *tables.rows("""
            a &amp; b &lt;c&gt;                           → a & b <c>
            sub ti:robot at 8:30:00                       → sub ti:robot at 8:30:00
            <https://arxiv.org/abs/2601.00001|this paper> → https://arxiv.org/abs/2601.00001
            <http://cs.LG|cs.LG> survey                   → cs.LG survey
            <mailto:ann@example.org|ann@example.org>      → ann@example.org
            sub <#C1|general> diffusion                   → sub @C1 diffusion
            <!here> <!subteam^S1|@lab> <!channel>         → @here @lab @channel
            `diffusion -survey`                           → diffusion -survey
        """),
        ("null\x00 and \ud800 lone", "null and  lone"),
    ],
)
def test_slacks_wrapping_is_undone(text: str, expected: str) -> None:
    assert texts.unescape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    tables.rows("""
        list <@UBOT>           → list
        <@UBOT>                →
        <@UBOT|paperwire> list → list
        hi <@UBOT> sub <@UBOT> → sub <@UBOT>
    """),
)
def test_the_words_behind_the_mention_count(text: str, expected: str) -> None:
    assert texts.after_mention(text, "UBOT") == expected


def test_a_payload_that_is_too_deep_is_malformed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"event": deep}
    with pytest.raises(Malformed):
        slack_incoming.read(slack_incoming.EVENTS, deep, HERE)


BOT_ID, BOT = "4242", "paperwire_test_bot"
ADA = {"id": 42, "is_bot": False, "first_name": "Ada", "last_name": "Example", "language_code": "zh-hans"}
PRIVATE = {"id": 42, "type": "private", "first_name": "Ada"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Vision", "is_forum": True}
CHANNEL = {"id": -1009, "type": "channel", "title": "Papers", "username": "papers"}


def telegram_message(text: str = "", chat: dict[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    said = {"text": text} if text else {}
    return {"message_id": 7, "date": 1_769_083_200, "chat": chat, "from": ADA, **said, **more}


def read_telegram(body: dict[str, Any], kind: str = "message") -> Request | None:
    return telegram_incoming.read_update({"update_id": 1, kind: body}, bot_id=BOT_ID, bot_name=BOT)


COMMANDS = [
    *tables.rows("""
        /sub diffusion -survey               → sub  → diffusion -survey
        /sub@another_bot diffusion           → sub  → diffusion  # in a private chat, only this bot can be meant
        /sub-x                               →      → /sub-x
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


TO_US = f"/sub@{BOT} x"
ANON = {"id": int(telegram_incoming.ANONYMOUS), "is_bot": True, "first_name": "Group"}
LARGE = 2**52 - 1
PRESS = {"id": "9", "from": ADA, "data": "abc", "message": {"chat": PRIVATE, "message_id": 3, "date": 0}}
VOICE = {"command": "", "text": "", "file_id": "", "is_addressed": True}
OWN_CHANNEL = {"from": ANON, "sender_chat": CHANNEL}


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (telegram_message("/unsub all", forward_origin={"type": "user"}), {"command": "", "text": "all"}),
        (telegram_message("/sub x", GROUP, is_automatic_forward=True), {"is_addressed": False}),
        (telegram_message("", voice={"file_id": "x"}), VOICE),
        (telegram_message(TO_US, GROUP, is_topic_message=True, message_thread_id=1), {"chat.topic": ""}),
        (telegram_message(TO_US, GROUP, message_thread_id=5), {"chat.topic": ""}),
        (telegram_message(TO_US, GROUP, **OWN_CHANNEL), {"sender_is_admin": False}),
        (telegram_message(TO_US, GROUP, **{"from": ANON}), {"sender_is_admin": False}),
        (telegram_message(TO_US, GROUP, sender_chat=GROUP), {"sender_is_admin": False}),
        (
            telegram_message("x", {**PRIVATE, "id": LARGE}, **{"from": {**ADA, "id": LARGE}}),
            {"chat.address": str(LARGE), "sender": str(LARGE)},
        ),
    ],
    ids=[
        "a forwarded command is plain words", "a post of the linked channel", "a voice without words",
        "the topic General is the group", "a thread of replies is no topic", "a person behind their own channel",
        "nothing proves an anonymous admin", "a person is not anonymous", "ids as large as Telegram makes them",
    ],
)  # fmt: skip
def test_what_telegram_sends_is_read(body: dict[str, Any], facts: dict[str, object]) -> None:
    assert known(read_telegram(body), facts) == facts


@pytest.mark.parametrize(
    ("before", "after", "rights", "event"),
    [
        ("left", "administrator", {"can_post_messages": True}, "arrived"),
        ("administrator", "administrator", {"can_post_messages": False}, "muted"),
        ("administrator", "member", {}, "muted"),
    ],
)
def test_what_becomes_of_the_bot_in_a_channel_is_told(
    before: str, after: str, rights: dict[str, bool], event: str
) -> None:
    change = {
        "chat": CHANNEL,
        "from": ADA,
        "old_chat_member": {"status": before},
        "new_chat_member": {"status": after, **rights},
    }
    assert known(read_telegram(change, "my_chat_member"), {"event": event}) == {"event": event}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("message", telegram_message("/sub x", GROUP, **{"from": {**ADA, "is_bot": True}})),
        ("message", telegram_message("", GROUP, new_chat_members=[{"id": 42}])),
        ("callback_query", {"id": "9", "from": ADA, "data": "x", "inline_message_id": "1"}),
        ("callback_query", {"id": "9", "from": ADA, "game_short_name": "x", "message": PRESS["message"]}),
        ("edited_message", telegram_message("/sub y", edit_date=1_769_090_000)),
    ],
)
def test_what_telegram_sends_to_others_asks_nothing(kind: str, body: dict[str, Any]) -> None:
    assert read_telegram(body, kind) is None


_KEYS = st.sampled_from(
    tables.listed(
        "chat from text caption date message_id data id type message entities reply_to_message sender_chat is_bot "
        "first_name message_thread_id is_topic_message document file_id file_size forward_origin migrate_to_chat_id "
        "forum_topic_closed old_chat_member new_chat_member status username title",
        " ",
    )
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["private", "/sub x"])
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6), max_leaves=25
)
_UPDATES = st.dictionaries(
    st.sampled_from(["message", "channel_post", "callback_query", "my_chat_member", "poll"]),
    _JSON | st.dictionaries(_KEYS, _JSON, max_size=12),
    max_size=2,
)


@given(_UPDATES, st.integers() | _JSON)
def test_no_update_raises_anything_else(update: dict[str, Any], number: object) -> None:
    try:
        request = telegram_incoming.read_update({**update, "update_id": number}, bot_id=BOT_ID, bot_name=BOT)
    except Malformed:
        return
    texts: list[object] = []
    match request:
        case MessageRequest():
            texts = [request.text, request.command]
        case CallbackRequest():
            texts = [request.callback_data]
        case EventRequest():
            texts = [request.event]
    if request is not None:
        json.dumps([request.sender_name, request.place.title, *texts], ensure_ascii=False).encode()  # it can be stored
