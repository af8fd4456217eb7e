"""Telegram's updates as requests: which are commands, for which bot and from whom, and which are ignored."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.telegram import incoming
from bot.ports import conversation
from subscriptions.model import ChatAddress, ChatKind

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


def written(body: dict[str, Any], kind: str = "message") -> conversation.MessageRequest:
    request = read(body, kind)
    assert isinstance(request, conversation.MessageRequest)
    return request


def event_of(body: dict[str, Any], kind: str = "message") -> conversation.EventRequest:
    request = read(body, kind)
    assert isinstance(request, conversation.EventRequest)
    return request


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
    request = written(message(typed))
    assert (request.command, request.text) == (command, text)
    assert request.is_addressed


def test_who_wrote_what_where_and_when_is_told() -> None:
    request = written(message("/sub x"))
    assert request == conversation.MessageRequest(
        place=conversation.Place(chat=ChatAddress("telegram", "42"), kind=ChatKind.PRIVATE, title="Ada"),
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


def test_words_that_name_the_bot_differ_from_answers_to_it() -> None:
    named = written(message(f"@{BOT} graph networks", GROUP, reply_to_message=OURS))
    assert (named.text, named.mentions_bot, named.reply_to) == ("graph networks", True, "5")
    assert not written(message("graph networks", GROUP, reply_to_message=OURS)).mentions_bot


def test_a_forwarded_command_is_plain_words() -> None:
    request = written(message("/unsub all", forward_origin={"type": "user"}))
    assert (request.command, request.text, request.is_addressed) == ("", "all", True)


def test_what_comes_without_words_in_private_is_asked_about() -> None:
    for sent in ("voice", "sticker", "photo", "video_note", "location", "poll", "dice"):
        request = written(message("", **{sent: {"file_id": "x"}}))
        assert (request.command, request.text, request.file_id, request.is_addressed) == ("", "", "", True)


def test_a_document_comes_with_its_caption_as_command() -> None:
    document = {"file_id": "F1", "file_size": 70, "file_name": "a.txt"}
    request = written(message("", document=document, caption="/import"))
    assert (request.command, request.file_id) == ("import", "F1")


def test_an_edited_message_keeps_when_it_was_written() -> None:
    request = written(message("/sub y", edit_date=1_769_090_000), "edited_message")
    assert request.is_edit
    assert request.written_at == datetime(2026, 1, 22, 12, tzinfo=UTC)


def test_an_answer_to_us_names_our_message() -> None:
    assert written(message("yes", GROUP, reply_to_message=OURS)).reply_to == "5"
    assert written(message(f"@{BOT} yes", GROUP, reply_to_message=THEIRS)).reply_to == ""


# ── topics, channels, anonymous admins ────────────────────────────────────────


@pytest.mark.parametrize(
    ("more", "topic"),
    [
        ({"is_topic_message": True, "message_thread_id": 5}, "5"),
        ({"is_topic_message": True, "message_thread_id": 1}, ""),
        ({"message_thread_id": 5}, ""),  # a thread of replies in a group without topics
        ({}, ""),
    ],
)
def test_a_topic_is_the_chat_and_general_is_the_group(more: dict[str, Any], topic: str) -> None:
    request = written(message(f"/sub@{BOT} x", FORUM, **more))
    assert request.chat == ChatAddress("telegram", "-1001", topic)


def test_a_channel_post_has_no_person_and_proves_its_right() -> None:
    post = {"message_id": 7, "date": 1, "chat": CHANNEL, "sender_chat": CHANNEL, "text": f"/sub@{BOT} x"}
    for kind in ("channel_post", "edited_channel_post"):
        request = written(post, kind)
        assert (request.sender, request.sender_is_admin, request.is_addressed) == ("", True, True)
        assert request.place.kind is ChatKind.BROADCAST
        assert request.place.public


ANON = {"id": int(incoming.ANONYMOUS), "is_bot": True, "first_name": "Group"}


@pytest.mark.parametrize(
    ("who", "behind", "proven"),
    [
        (ANON, GROUP, True),
        (ANON, CHANNEL, False),  # a person who writes under the name of their own channel
        (ANON, None, False),
        (ADA, GROUP, False),
    ],
)
def test_an_anonymous_admin_is_proven_by_the_group_behind(
    who: dict[str, Any], behind: dict[str, Any] | None, proven: bool
) -> None:
    more = {"sender_chat": behind} if behind else {}
    assert written(message(f"/sub@{BOT} x", GROUP, **{"from": who}, **more)).sender_is_admin is proven


# ── button presses, and events of chats ───────────────────────────────────────


def test_a_press_names_button_message_and_person() -> None:
    request = incoming.read_update(
        {
            "update_id": 2,
            "callback_query": {
                "id": "99",
                "from": ADA,
                "data": "abc",
                "chat_instance": "1",
                "message": {**OURS, "chat": FORUM, "is_topic_message": True, "message_thread_id": 5},
            },
        },
        bot_id=BOT_ID,
        bot_name=BOT,
    )
    assert isinstance(request, conversation.CallbackRequest)
    assert not request.topic_is_unknown
    assert (request.callback_data, request.callback_id, request.message_id, request.sender) == ("abc", "99", "5", "42")
    assert request.chat.topic == "5"


def test_a_press_below_a_very_old_message_counts() -> None:
    old = {"chat": PRIVATE, "message_id": 3, "date": 0}
    request = read({"id": "9", "from": ADA, "data": "x", "message": old}, "callback_query")
    assert isinstance(request, conversation.CallbackRequest)
    assert (request.message_id, request.topic_is_unknown) == ("3", True)


@pytest.mark.parametrize(
    "press",
    [
        {"id": "9", "from": ADA, "data": "x", "inline_message_id": "1"},
        {"id": "9", "from": ADA, "game_short_name": "x", "message": OURS},
        {"id": "9", "from": ADA, "data": "", "message": OURS},
    ],
    ids=["inline", "game", "nothing"],
)
def test_a_press_that_is_not_of_ours_is_passed_over(press: dict[str, Any]) -> None:
    assert read(press, "callback_query") is None


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


EVENTS: list[tuple[str, dict[str, Any], str]] = [
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


@pytest.mark.parametrize(("why", "change", "event"), EVENTS, ids=[row[0] for row in EVENTS])
def test_the_bots_own_membership_has_a_name(why: str, change: dict[str, Any], event: str) -> None:
    request = event_of(change, "my_chat_member")
    assert (request.event, request.sender, request.sender_name) == (event, "42", "Ada Example")
    assert request.details["status"] == change["new_chat_member"]["status"]


def reaction(chat: dict[str, Any], before: list[str], after: list[str]) -> dict[str, Any]:
    def signs(some: list[str]) -> list[dict[str, str]]:
        return [{"type": "emoji", "emoji": one} for one in some]

    about = {"chat": chat, "message_id": 5, "date": 1, "user": ADA}
    return {**about, "old_reaction": signs(before), "new_reaction": signs(after)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], ["👍"], ("", "liked")),
        ([], ["❤"], ("", "liked")),
        (["👍"], [], ("liked", "")),
        (["👍"], ["👎"], ("liked", "disliked")),
        ([], ["🤔", "👎"], ("", "disliked")),
    ],
)
def test_a_reaction_in_private_says_what_is_meant(
    before: list[str], after: list[str], expected: tuple[str, str]
) -> None:
    request = event_of(reaction(PRIVATE, before, after), "message_reaction")
    assert (request.event, request.sender) == ("reaction", "42")
    assert request.details == {"message": "5", "before": expected[0], "after": expected[1]}


@pytest.mark.parametrize(
    "change",
    [
        reaction(GROUP, [], ["👍"]),
        reaction(CHANNEL, [], ["👍"]),
        reaction(PRIVATE, [], ["🤔"]),
        reaction(PRIVATE, ["👍"], ["👍", "❤"]),
        {**reaction(PRIVATE, [], []), "new_reaction": [{"type": "custom_emoji", "custom_emoji_id": "1"}]},
    ],
)
def test_a_reaction_elsewhere_or_of_another_kind_says_nothing(change: dict[str, Any]) -> None:
    assert incoming.read_update({"update_id": 1, "message_reaction": change}, bot_id="1", bot_name="bot") is None


@pytest.mark.parametrize(
    ("service", "event", "details"),
    [
        ({"forum_topic_closed": {}}, "topic-closed", {}),
        ({"forum_topic_reopened": {}}, "topic-open", {}),
        ({"migrate_to_chat_id": -1007}, "moved", {"to": "-1007"}),
        ({"migrate_from_chat_id": -7}, "moved", {"from": "-7"}),
    ],
)
def test_what_telegram_writes_itself_about_a_group(
    service: dict[str, Any], event: str, details: dict[str, str]
) -> None:
    request = event_of(message("", FORUM, **service))
    assert (request.event, dict(request.details)) == (event, details)


def test_a_place_is_described() -> None:
    assert incoming.place_of({**CHANNEL, "linked_chat_id": -5}) == conversation.Place(
        chat=ChatAddress("telegram", "-1009"), kind=ChatKind.BROADCAST, title="Papers", public=True, is_linked=True
    )
    assert incoming.place_of(FORUM).is_forum
    assert not incoming.place_of({**PRIVATE, "username": "ada"}).public


def test_ids_may_be_as_large_as_telegram_makes_them() -> None:
    large = 2**52 - 1
    request = written(message("x", {**PRIVATE, "id": large}, **{"from": {**ADA, "id": large}}))
    assert (request.chat.address, request.sender) == (str(large), str(large))


# ── other updates ─────────────────────────────────────────────────────────────

SHAPES = [
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
]


@pytest.mark.parametrize("update", SHAPES, ids=lambda update: str(update)[:60])
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
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["private", "channel", "/sub x"])
)
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6), max_leaves=25
)
_UPDATES = st.dictionaries(
    st.sampled_from(["message", "edited_message", "channel_post", "callback_query", "my_chat_member", "poll"]),
    _JSON | st.dictionaries(_KEYS, _JSON, max_size=12),
    max_size=2,
)


@given(_UPDATES, st.integers() | _JSON)
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
    request = written(message(text or "x"))
    assert request.text.encode() is not None
    assert "\x00" not in request.text


def test_a_message_of_4096_characters_comes_whole() -> None:
    assert len(written(message("/sub " + "x" * 4091)).text) == 4091
