"""What is stored as text is read back as it was."""

import pytest

from bot.conversation.reply_sender import StoredReply
from bot.ports.channel import File
from subscriptions.model import ChatAddress, Message

REPLY = StoredReply(
    update="u1",
    chat=ChatAddress("slack", "C1", "17.5"),
    messages=(Message(number=1, payload='{"text": "一"}', plain="plain"),),
    replaces="17.6",
    callback_id="p1",
    toast="done",
    file=File(name="a.txt", text="graph"),
    thread="17.5",
    is_ephemeral=True,
    person="U1",
    response_url="https://hooks.example/1",
    replaces_ephemeral=True,
)


def test_a_reply_is_written_and_read_again() -> None:
    assert StoredReply.from_json(REPLY.to_json()) == REPLY


@pytest.mark.parametrize("text", ["{}", '{"update": "u1", "chat": {"platform": "slack"}}', "[]"])
def test_what_is_no_reply_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        StoredReply.from_json(text)
