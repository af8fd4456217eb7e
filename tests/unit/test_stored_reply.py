"""Stored replies: those of every version can be read, and the written form is that of the last version."""

import json

import pytest

from bot.conversation.stored_reply import StoredReply
from subscriptions.model import ChatAddress, Message

WRITTEN = (
    '{"platform": "slack", "address": "C1", "topic": "17.5", "messages": [["{\\"text\\": \\"一\\"}", "plain"]], '
    '"replaces": "17.6", "press": "p1", "toast": "done", "file": ["a.txt", "graph"], "thread": "17.5", '
    '"whispered": true, "person": "U1", "answer_at": "https://hooks.example/1", "fleeting": true, "sheet": "{}", '
    '"instead": [["one", "1"], ["two", "2"]], "opens": "trigger", "view": "V1 h1", "board": "[]", '
    '"problems": {"query": "Say more."}, "looks_up": ["2601.00001"], "changed": true}'
)
REPLY = StoredReply(
    update="u1",
    chat=ChatAddress("slack", "C1", "17.5"),
    messages=(Message(number=1, payload='{"text": "一"}', plain="plain"),),
    replaces="17.6",
    callback_id="p1",
    toast="done",
    file=("a.txt", "graph"),
    thread="17.5",
    is_ephemeral=True,
    person="U1",
    response_url="https://hooks.example/1",
    replaces_ephemeral=True,
    modal="{}",
    instead=(Message(number=1, payload="one", plain="1"), Message(number=2, payload="two", plain="2")),
    trigger_id="trigger",
    view="V1 h1",
    home_view="[]",
    problems={"query": "Say more."},
    lookup_ids=("2601.00001",),
    changed=True,
)
FIRST_KEYS = ("platform", "address", "topic", "messages", "replaces", "press", "toast", "file")


def test_a_reply_is_written_as_before_and_read_again() -> None:
    assert REPLY.to_json() == WRITTEN
    assert StoredReply.from_json("u1", WRITTEN) == REPLY


def test_a_reply_that_the_first_version_stored_is_read() -> None:
    stored = {key: value for key, value in json.loads(WRITTEN).items() if key in FIRST_KEYS}
    assert StoredReply.from_json("u1", json.dumps(stored)) == StoredReply(
        update="u1",
        chat=REPLY.chat,
        messages=REPLY.messages,
        replaces="17.6",
        callback_id="p1",
        toast="done",
        file=("a.txt", "graph"),
    )


@pytest.mark.parametrize("text", ["{}", '{"platform": "slack"}', "[]"])
def test_what_is_no_reply_is_refused(text: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        StoredReply.from_json("u1", text)
