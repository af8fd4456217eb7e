"""Checks and answers calls of Slack's Web API (docs.slack.dev, Web API methods).

Where Slack's behaviour is not known for certain, the fake is stricter than Slack may be, and a comment says so.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes import blocks
from tests.fakes.server import truth
from tests.fakes.slack_workspace import FakeConversation, FakeWorkspace, Refusal

TEXT_LIMIT = 40_000  # characters; longer texts are cut
JSON_METHODS = frozenset(  # for other methods, Slack reads no JSON (docs.slack.dev, Web API, request body formats)
    {
        "auth.test",
        "apps.connections.open",
        "chat.postMessage",
        "chat.postEphemeral",
        "chat.update",
        "chat.delete",
        "conversations.open",
        "files.completeUploadExternal",
    }
)

Arguments = Mapping[str, Any]
Result = dict[str, Any]


def checked(arguments: Arguments) -> Result:
    """Returns the message (text, blocks, metadata) of a call. Raises Refusal if Slack would refuse the message."""
    message: Result = {"text": str(arguments.get("text") or "")[:TEXT_LIMIT]}
    if arguments.get("blocks") is not None:
        message["blocks"] = unpacked(arguments["blocks"], "invalid_blocks_format")
        blocks.check_blocks(message["blocks"])
    if arguments.get("metadata") is not None:
        message["metadata"] = unpacked(arguments["metadata"], "invalid_metadata_format")
        blocks.check_metadata(message["metadata"])
    Refusal.when(not message["text"].strip() and not message.get("blocks"), "no_text")
    return message


def unpacked(value: object, code: str) -> Any:
    """Returns an argument that is JSON. A form contains it as a text, which is parsed."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise blocks.BadBlocks("must be valid JSON", code) from error


def history(workspace: FakeWorkspace, method: str, arguments: Arguments) -> Result:
    """Returns the answer of conversations.history (parents, newest first) and conversations.replies (a thread, oldest first)."""
    conversation = workspace.visible(str(arguments.get("channel", "")))
    workspace.need({"D": "im:history", "G": "groups:history"}.get(conversation.id[0], "channels:history"))
    Refusal.when(not conversation.member, "not_in_channel")
    messages = _between(conversation, arguments)
    if method == "conversations.replies":
        parent = str(arguments.get("ts", ""))
        Refusal.when(parent not in conversation.messages, "thread_not_found")
        found = [m for m in messages if m.get("thread_ts") == parent and m["ts"] != parent]
        found = [conversation.messages[parent], *found]
    else:
        found = [m for m in reversed(messages) if m.get("thread_ts") in {None, m["ts"]}]
    if not truth(arguments.get("include_all_metadata")):
        found = [
            {**m, "metadata": {"event_type": m["metadata"]["event_type"]}} if "metadata" in m else m for m in found
        ]
    return paged("messages", found, arguments, most=999)


def users_info(workspace: FakeWorkspace, arguments: Arguments) -> Result:
    workspace.need("users:read")
    person = workspace.people.get(str(arguments.get("user", "")))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": person.user_object(workspace.team, locale=truth(arguments.get("include_locale")))}


def conversations_info(workspace: FakeWorkspace, arguments: Arguments) -> Result:
    conversation = workspace.visible(str(arguments.get("channel", "")))
    workspace.need(f"{workspace.kind(conversation)}:read")
    return {"channel": conversation.conversation_object()}


def conversations_members(workspace: FakeWorkspace, arguments: Arguments) -> Result:
    conversation = workspace.visible(str(arguments.get("channel", "")))
    workspace.need(f"{workspace.kind(conversation)}:read")
    return paged("members", sorted(conversation.people), arguments, most=1000)


READS: dict[str, Callable[[FakeWorkspace, Arguments], Result]] = {
    "users.info": users_info,
    "conversations.info": conversations_info,
    "conversations.members": conversations_members,
}


def _between(conversation: FakeConversation, arguments: Arguments) -> list[Result]:
    """Returns the messages between `oldest` and `latest`, oldest first."""
    oldest, latest = _seconds(arguments, "oldest", 0.0), _seconds(arguments, "latest", float("inf"))
    return [
        message
        for ts, message in conversation.messages.items()
        if (oldest <= float(ts) <= latest if truth(arguments.get("inclusive")) else oldest < float(ts) < latest)
    ]


def paged(name: str, found: list[Any], arguments: Arguments, *, most: int) -> Result:
    """Returns one page of a list, under this name, according to the arguments `limit` and `cursor`."""
    limit = int(arguments.get("limit") or 100)
    Refusal.when(not 1 <= limit <= most, "invalid_limit")
    cursor = str(arguments.get("cursor") or "0")
    Refusal.when(not cursor.isdecimal(), "invalid_cursor")
    begin = int(cursor)
    more = begin + limit < len(found)
    return {
        name: found[begin : begin + limit],
        "has_more": more,
        **({"response_metadata": {"next_cursor": str(begin + limit)}} if more else {}),
    }


def _seconds(arguments: Arguments, name: str, otherwise: float) -> float:
    try:
        return float(arguments.get(name) or otherwise)
    except ValueError as error:
        raise Refusal(f"invalid_ts_{name}") from error
