"""Telegram's updates as requests: which are commands, for which bot and from whom, and which are ignored."""

import json
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.telegram import incoming
from bot.ports import conversation
from subscriptions import model

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


def message(text: str = "", chat: dict[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    words = {"text": text} if text else {}
    return {"message_id": 7, "date": 1_769_083_200, "chat": chat, "from": ADA, **words, **more}


def read(body: dict[str, Any], kind: str = "message") -> conversation.Request | None:
    return incoming.read_update({"update_id": 1, kind: body}, bot_id=BOT_ID, bot_name=BOT)


def known(request: conversation.Request | None, facts: dict[str, object]) -> dict[str, object]:
    """Returns the attributes of a request that `facts` names."""
    return {name: attrgetter(name)(request) for name in facts}


# ── commands ──────────────────────────────────────────────────────────────────

COMMANDS = [
    ("/sub diffusion -survey", "sub", "diffusion -survey"),
    ("/SUB Diffusion", "sub", "Diffusion"),
    ("/sub@paperwire_test_bot diffusion", "sub", "diffusion"),
    ("/sub@PaperWire_Test_Bot diffusion", "sub", "diffusion"),
    ("/sub@another_bot diffusion", "sub", "diffusion"),  # in a private chat, only this bot can be meant
    ("/sub   diffusion", "sub", "diffusion"),
    ("/sub\ndiffusion\nRAG", "sub", "\ndiffusion\nRAG"),
    ("/list", "list", ""),
    ("/1", "1", ""),
    ("/sub-x", "", "/sub-x"),
    ("/订阅 扩散", "", "/订阅 扩散"),
    ("/", "", "/"),
    ("//sub", "", "//sub"),
    ("/" + "x" * 33, "", "/" + "x" * 33),
    ("see /sub diffusion", "", "see /sub diffusion"),
    ("diffusion", "", "diffusion"),
    ("שלום /sub", "", "שלום /sub"),
    ("\u202e/sub", "", "\u202e/sub"),
    ("🙂🙂🙂", "", "🙂🙂🙂"),
    ("a\x00b\x1b[31m\ud800c\r\nd", "", "ab[31mc\nd"),
    ("@paperwire_test_bot: diffusion", "", "diffusion"),
    ("diffusion @Paperwire_Test_Bot please", "", "diffusion please"),
    ("@paperwire_test_bots diffusion", "", "@paperwire_test_bots diffusion"),
    ("ada@paperwire_test_bot.org", "", "ada@paperwire_test_bot.org"),
]


@pytest.mark.parametrize(("typed", "command", "text"), COMMANDS, ids=[ascii(row[0])[:40] for row in COMMANDS])
def test_a_text_is_a_command_with_words_or_words(typed: str, command: str, text: str) -> None:
    facts: dict[str, object] = {"command": command, "text": text, "is_addressed": True}
    assert known(read(message(typed)), facts) == facts


def test_who_wrote_what_where_and_when_is_told() -> None:
    assert read(message("/sub x")) == conversation.MessageRequest(
        place=conversation.Place(chat=model.ChatAddress("telegram", "42"), kind=model.ChatKind.PRIVATE, title="Ada"),
        update_id="1",
        command="sub",
        text="x",
        message_id="7",
        sender="42",
        sender_name="Ada Example",
        language="zh-hans",
        written_at=datetime(2026, 1, 22, 12, tzinfo=UTC),
    )


IN_GROUPS: list[tuple[str, dict[str, Any], bool | None]] = [
    ("plain words", message("diffusion", GROUP), False),
    ("a command to nobody", message("/sub x", GROUP), False),
    ("a command to us", message(f"/sub@{BOT} x", GROUP), True),
    ("a command to another bot", message("/sub@another_bot x", GROUP), None),
    ("a mention", message(f"@{BOT} sub x", GROUP), True),
    ("a mention and nothing else", message(f"@{BOT}", GROUP), True),
    ("an answer to us", message("list", GROUP, reply_to_message=OURS), True),
    ("an answer to somebody else", message("list", GROUP, reply_to_message=THEIRS), False),
    ("a sticker as an answer to us", message("", GROUP, reply_to_message=OURS, sticker={}), False),
    ("a forwarded command to us", message(f"/sub@{BOT} x", GROUP, forward_origin={"type": "user"}), False),
    ("a post of the linked channel", message("/sub x", GROUP, is_automatic_forward=True), False),
    ("another bot", message("/sub x", GROUP, **{"from": {**ADA, "is_bot": True}}), None),
    ("somebody came", message("", GROUP, new_chat_members=[ADA]), None),
    ("something was pinned", message("", GROUP, pinned_message=THEIRS), None),
    ("a new topic", message("", FORUM, forum_topic_created={"name": "x"}), None),
]


@pytest.mark.parametrize(("why", "body", "meant"), IN_GROUPS, ids=[row[0] for row in IN_GROUPS])
def test_in_a_group_some_of_it_is_for_us(why: str, body: dict[str, Any], meant: bool | None) -> None:
    request = read(body)
    assert (request.is_addressed if isinstance(request, conversation.MessageRequest) else request) is meant


# ── other requests ────────────────────────────────────────────────────────────


def membership(chat: dict[str, Any], before: str, after: str, **rights: Any) -> dict[str, Any]:
    user = {"id": 4242, "is_bot": True}
    new = {"user": user, "status": after, **rights}
    return {
        "chat": chat,
        "from": ADA,
        "date": 1,
        "old_chat_member": {"user": user, "status": before},
        "new_chat_member": new,
    }


def reaction(chat: dict[str, Any], before: list[str], after: list[str]) -> dict[str, Any]:
    def signs(some: list[str]) -> list[dict[str, str]]:
        return [{"type": "emoji", "emoji": one} for one in some]

    about = {"chat": chat, "message_id": 5, "date": 1, "user": ADA}
    return {**about, "old_reaction": signs(before), "new_reaction": signs(after)}


TOPIC = {"is_topic_message": True, "message_thread_id": 5}
POST = {"message_id": 7, "date": 1, "chat": CHANNEL, "sender_chat": CHANNEL, "text": f"/sub@{BOT} x"}
PROVEN = {
    "sender": "",
    "sender_is_admin": True,
    "is_addressed": True,
    "place.kind": model.ChatKind.BROADCAST,
    "place.public": True,
}
TO_US = f"/sub@{BOT} x"
ANON = {"id": int(incoming.ANONYMOUS), "is_bot": True, "first_name": "Group"}
LARGE = 2**52 - 1
PRESS = {"id": "9", "from": ADA, "data": "abc", "message": {**OURS, "chat": FORUM, **TOPIC}}

# (why, kind of update, its body, attribute of the request → value)
READ: list[tuple[str, str, dict[str, Any], dict[str, object]]] = [
    (
        "words that name the bot differ from answers to it",
        "message",
        message(f"@{BOT} graph networks", GROUP, reply_to_message=OURS),
        {"text": "graph networks", "mentions_bot": True, "reply_to": "5"},
    ),
    (
        "an answer to us names our message",
        "message",
        message("yes", GROUP, reply_to_message=OURS),
        {"mentions_bot": False, "reply_to": "5"},
    ),
    ("an answer to others", "message", message(f"@{BOT} yes", GROUP, reply_to_message=THEIRS), {"reply_to": ""}),
    (
        "a forwarded command is plain words",
        "message",
        message("/unsub all", forward_origin={"type": "user"}),
        {"command": "", "text": "all", "is_addressed": True},
    ),
    *(
        (
            f"a {sent} without words",
            "message",
            message("", **{sent: {"file_id": "x"}}),
            dict[str, object]({"command": "", "text": "", "file_id": "", "is_addressed": True}),
        )
        for sent in ("voice", "sticker", "photo", "video_note", "location", "poll", "dice")
    ),
    (
        "a document comes with its caption as command",
        "message",
        message("", document={"file_id": "F1", "file_size": 70, "file_name": "a.txt"}, caption="/import"),
        {"command": "import", "file_id": "F1"},
    ),
    (
        "an edited message keeps when it was written",
        "edited_message",
        message("/sub y", edit_date=1_769_090_000),
        {"is_edit": True, "written_at": datetime(2026, 1, 22, 12, tzinfo=UTC)},
    ),
    (
        "a topic is the chat",
        "message",
        message(TO_US, FORUM, **TOPIC),
        {"chat": model.ChatAddress("telegram", "-1001", "5")},
    ),
    (
        "the topic General is the group",
        "message",
        message(TO_US, FORUM, is_topic_message=True, message_thread_id=1),
        {"chat": model.ChatAddress("telegram", "-1001")},
    ),
    (
        "a thread of replies in a group without topics",
        "message",
        message(TO_US, FORUM, message_thread_id=5),
        {"chat": model.ChatAddress("telegram", "-1001")},
    ),
    ("no topic", "message", message(TO_US, FORUM), {"chat": model.ChatAddress("telegram", "-1001")}),
    ("a post in a channel proves its right", "channel_post", POST, PROVEN),
    ("so does its edit", "edited_channel_post", POST, PROVEN),
    (
        "the group proves an anonymous admin",
        "message",
        message(TO_US, GROUP, **{"from": ANON}, sender_chat=GROUP),
        {"sender_is_admin": True},
    ),
    (
        "a person who writes under the name of their own channel",
        "message",
        message(TO_US, GROUP, **{"from": ANON}, sender_chat=CHANNEL),
        {"sender_is_admin": False},
    ),
    ("nothing proves it", "message", message(TO_US, GROUP, **{"from": ANON}), {"sender_is_admin": False}),
    ("a person is not anonymous", "message", message(TO_US, GROUP, sender_chat=GROUP), {"sender_is_admin": False}),
    (
        "ids may be as large as Telegram makes them",
        "message",
        message("x", {**PRIVATE, "id": LARGE}, **{"from": {**ADA, "id": LARGE}}),
        {"chat.address": str(LARGE), "sender": str(LARGE)},
    ),
    ("a long message", "message", message("/sub " + "x" * 4091), {"text": "x" * 4091}),
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
            message("", FORUM, **service),
            dict[str, object](event=event, details=details),
        )
        for service, event, details in (
            ({"forum_topic_closed": {}}, "topic-closed", {}),
            ({"forum_topic_reopened": {}}, "topic-open", {}),
            ({"migrate_to_chat_id": -1007}, "moved", {"to": "-1007"}),
            ({"migrate_from_chat_id": -7}, "moved", {"from": "-7"}),
        )
    ),
    *(
        (
            f"{before} becomes {after}",
            "message_reaction",
            reaction(PRIVATE, before, after),
            dict[str, object](event="reaction", sender="42", details={"message": "5", "before": was, "after": meant}),
        )
        for before, after, was, meant in (
            ([], ["👍"], "", "liked"),
            ([], ["❤"], "", "liked"),
            (["👍"], [], "liked", ""),
            (["👍"], ["👎"], "liked", "disliked"),
            ([], ["🤔", "👎"], "", "disliked"),
        )
    ),
    *(
        (
            why,
            "my_chat_member",
            change,
            dict[str, object](
                event=event,
                sender="42",
                sender_name="Ada Example",
                details={"before": change["old_chat_member"]["status"], "status": change["new_chat_member"]["status"]},
            ),
        )
        for why, change, event in [
            ("blocked", membership(PRIVATE, "member", "kicked"), "left"),
            ("let in again", membership(PRIVATE, "kicked", "member"), "back"),
            ("added", membership(GROUP, "left", "member"), "arrived"),
            ("added as admin", membership(GROUP, "left", "administrator"), "arrived"),
            ("made admin", membership(GROUP, "member", "administrator"), "back"),
            ("thrown out", membership(GROUP, "member", "kicked"), "left"),
            ("removed", membership(GROUP, "administrator", "left"), "left"),
            ("forbidden to write", membership(GROUP, "member", "restricted", can_send_messages=False), "muted"),
            ("restricted in little", membership(GROUP, "member", "restricted", can_send_messages=True), "back"),
            ("added to a channel", membership(CHANNEL, "left", "administrator", can_post_messages=True), "arrived"),
            ("may not post", membership(CHANNEL, "administrator", "administrator", can_post_messages=False), "muted"),
            ("no admin of a channel", membership(CHANNEL, "administrator", "member"), "muted"),
            ("out of a channel", membership(CHANNEL, "administrator", "kicked"), "left"),
        ]
    ),
]


@pytest.mark.parametrize(("why", "kind", "body", "facts"), READ, ids=[row[0] for row in READ])
def test_what_telegram_sends_is_read(why: str, kind: str, body: dict[str, Any], facts: dict[str, object]) -> None:
    assert known(read(body, kind), facts) == facts


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("callback_query", {"id": "9", "from": ADA, "data": "x", "inline_message_id": "1"}),
        ("callback_query", {"id": "9", "from": ADA, "game_short_name": "x", "message": OURS}),
        ("callback_query", {**PRESS, "data": ""}),
        ("message_reaction", reaction(GROUP, [], ["👍"])),
        ("message_reaction", reaction(CHANNEL, [], ["👍"])),
        ("message_reaction", reaction(PRIVATE, [], ["🤔"])),
        ("message_reaction", reaction(PRIVATE, ["👍"], ["👍", "❤"])),
        (
            "message_reaction",
            {**reaction(PRIVATE, [], []), "new_reaction": [{"type": "custom_emoji", "custom_emoji_id": "1"}]},
        ),
    ],
)
def test_what_is_not_for_us_asks_nothing(kind: str, body: dict[str, Any]) -> None:
    assert read(body, kind) is None


def test_a_place_is_described() -> None:
    assert incoming.place_of({**CHANNEL, "linked_chat_id": -5}) == conversation.Place(
        chat=model.ChatAddress("telegram", "-1009"),
        kind=model.ChatKind.BROADCAST,
        title="Papers",
        public=True,
        is_linked=True,
    )
    assert incoming.place_of(FORUM).is_forum
    assert not incoming.place_of({**PRIVATE, "username": "ada"}).public


# ── other updates ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"update_id": "one"},
        {"update_id": None, "message": {}},
        {"update_id": 1, "message": {}},
        {"update_id": 1, "message": {"chat": 5}},
        {"update_id": 1, "message": {"chat": PRIVATE, "text": "x"}},
        {"update_id": 1, "message": {**message("x"), "date": "yesterday"}},
        {"update_id": 1, "message": {**message("x"), "date": 10**20}},
        {"update_id": 1, "message": {**message("x"), "from": [1]}},
        {"update_id": 1, "message": {**message("x"), "reply_to_message": "x"}},
        {"update_id": 1, "callback_query": {"id": "1", "data": "x", "message": OURS}},
        {"update_id": 1, "my_chat_member": {"chat": GROUP, "new_chat_member": 3}},
    ],
    ids=lambda update: str(update)[:60],
)
def test_an_unknown_shape_has_one_error_that_repeats_nothing(update: dict[str, Any]) -> None:
    with pytest.raises(incoming.MalformedUpdate) as caught:
        incoming.read_update(update, bot_id=BOT_ID, bot_name=BOT)
    assert str(caught.value) in {"KeyError", "TypeError", "ValueError", "AttributeError", "OverflowError", "OSError"}


_KEYS = st.sampled_from(
    [
        "chat",
        "from",
        "text",
        "caption",
        "date",
        "message_id",
        "data",
        "id",
        "type",
        "message",
        "entities",
        "reply_to_message",
        "sender_chat",
        "is_bot",
        "first_name",
        "message_thread_id",
        "is_topic_message",
        "document",
        "file_id",
        "file_size",
        "forward_origin",
        "migrate_to_chat_id",
        "forum_topic_closed",
        "old_chat_member",
        "new_chat_member",
        "status",
        "username",
        "title",
    ]
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
        st.sampled_from(["message", "edited_message", "channel_post", "callback_query", "my_chat_member", "poll"]),
        _JSON | st.dictionaries(_KEYS, _JSON, max_size=12),
        max_size=2,
    ),
    st.integers() | _JSON,
)
def test_no_update_raises_anything_else(update: dict[str, Any], number: object) -> None:
    try:
        request = incoming.read_update({**update, "update_id": number}, bot_id=BOT_ID, bot_name=BOT)
    except incoming.MalformedUpdate:
        return
    if request is not None:
        own = {
            conversation.MessageRequest: ("text", "command"),
            conversation.CallbackRequest: ("callback_data",),
            conversation.EventRequest: ("event",),
        }[type(request)]
        texts = [request.sender_name, request.place.title, *(getattr(request, name) for name in own)]
        json.dumps(texts).encode()
        for text in texts:
            assert text.encode() is not None  # raises an error if the text cannot be stored


@given(st.text(max_size=300))
def test_any_text_is_words_or_a_command(text: str) -> None:
    request = read(message(text or "x"))
    assert isinstance(request, conversation.MessageRequest)
    assert request.text.encode() is not None
    assert "\x00" not in request.text
