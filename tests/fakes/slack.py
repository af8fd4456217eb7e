"""Slack's Web API on loopback, as strict as the real one (docs.slack.dev, Web API).

Where the platform's behaviour is not known for certain, the fake is stricter rather than laxer and says so in a comment.
It does not de-duplicate by client_msg_id: what a sender repeats must be seen.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes.blocks import BadBlocks, check_blocks, check_metadata
from tests.fakes.faults import JSON, Fault
from tests.fakes.server import Answer, Call, FakePlatform

TOKEN = "xoxb-made-up-token-of-a-workspace"
TEAM = "T0TEST"
BOT_USER = "U0BOT"
TEXT_LIMIT = 40_000  # characters; longer texts are cut
SCOPES = ("chat:write", "channels:history", "groups:history", "im:history", "im:write")

_OF_TOKENS = {"auth.test", "chat.postMessage", "chat.update", "conversations.open"}
_READS = {"conversations.history", "conversations.replies"}


@dataclass(slots=True)
class FakeConversation:
    """A channel or direct messages, and what was said there."""

    id: str
    member: bool = True
    private: bool = False
    archived: bool = False
    refusal: str = ""  # an error code instead of taking a message
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)  # by ts, in order


class _Refusal(Exception):
    """Slack's error code, with what else the answer holds."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **more}


class FakeSlack(FakePlatform):
    """Verbs: knows, knows_person, says, leaves, archives, forbids, unblocks, grants, withdraws, revokes, restores, hides."""

    send = "chat.postMessage"
    root = "/api/"
    verbs = (
        "knows",
        "knows_person",
        "says",
        "leaves",
        "archives",
        "forbids",
        "unblocks",
        "grants",
        "withdraws",
        "revokes",
        "restores",
        "hides",
        "deletes",
    )

    def __init__(self, journal: Path | None = None, *, token: str = TOKEN, team: str = TEAM) -> None:
        super().__init__(journal)
        self.token = token
        self.team = team
        self.scopes = set(SCOPES)
        self._conversations: dict[str, FakeConversation] = {}
        self._people: dict[str, str] = {}  # person → direct messages
        self._revoked = ""
        self._last_ts = 0.0
        self._hidden_looks = 0

    # ── verbs ─────────────────────────────────────────────────────────────────

    def knows(self, channel: str, *, member: bool = True, private: bool = False) -> None:
        """There is such a channel; the bot is in it, or not."""
        self._conversations[channel] = FakeConversation(channel, member, private)

    def knows_person(self, user: str) -> None:
        """There is such a person; conversations.open tells the id of the direct messages, "D…" for "U…"."""
        self._people[user] = f"D{user[1:]}"

    def says(self, channel: str, text: str, times: int = 1) -> str:
        """Somebody else writes in the channel; returns the ts of the last message."""
        ts = ""
        for _ in range(times):
            ts = self._next_ts()
            self._conversations[channel].messages[ts] = {"type": "message", "user": "U0ANN", "text": text, "ts": ts}
        return ts

    def deletes(self, channel: str, ts: str) -> None:
        """Somebody deletes a message."""
        del self._conversations[channel].messages[ts]

    def leaves(self, channel: str) -> None:
        """The bot is removed from the channel."""
        self._conversations[channel].member = False

    def archives(self, channel: str) -> None:
        self._conversations[channel].archived = True

    def forbids(self, channel: str, code: str = "restricted_action") -> None:
        self._conversations[channel].refusal = code

    def unblocks(self, channel: str) -> None:
        """The bot may write again, whatever held it."""
        conversation = self._conversations[channel]
        conversation.member, conversation.archived, conversation.refusal = True, False, ""

    def grants(self, scope: str) -> None:
        self.scopes.add(scope)

    def withdraws(self, scope: str) -> None:
        self.scopes.discard(scope)

    def revokes(self, code: str = "token_revoked") -> None:
        """The token is refused with this code from now on."""
        self._revoked = code

    def restores(self) -> None:
        self._revoked = ""

    def hides(self, looks: int) -> None:
        """What was posted shows only after so many looks at the history: how soon it does is not documented."""
        self._hidden_looks = looks

    # ── the server ────────────────────────────────────────────────────────────

    def too_many(self, retry_after: object) -> Fault:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Fault(status=429, body='{"ok": false, "error": "ratelimited"}', content_type=JSON, headers=headers)

    async def read(self, request: web.BaseRequest) -> Call:
        method = request.path.removeprefix(self.root)
        raw = (await request.read()).decode("utf-8", "replace")
        arguments: dict[str, Any] = dict(request.query)
        problem = ""
        if request.content_type == "application/json":
            try:
                arguments.update(json.loads(raw or "{}"))
            except ValueError:
                problem = "invalid_json"
        else:
            arguments.update(parse_qsl(raw, keep_blank_values=True))
        bearer = request.headers.get("Authorization", "")
        token = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else str(arguments.pop("token", ""))
        chat = str(arguments.get("channel", ""))
        return Call(method=method, token=token, arguments=arguments, chat=chat, problem=problem)

    def handle(self, call: Call) -> Answer:
        try:
            body = self._do(call)
        except _Refusal as no:
            return Answer(body=no.body)
        return Answer(body={"ok": True, **body}, headers={"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

    def _do(self, call: Call) -> dict[str, Any]:
        if call.method not in _OF_TOKENS | _READS:
            raise _Refusal("unknown_method", req_method=call.method)
        if not call.token:
            raise _Refusal("not_authed")
        if call.token != self.token:
            raise _Refusal("invalid_auth")
        if self._revoked:
            raise _Refusal(self._revoked)
        if call.problem:
            raise _Refusal(call.problem)
        match call.method:
            case "auth.test":
                return {"team_id": self.team, "user_id": BOT_USER, "bot_id": "B0BOT", "url": "https://test.slack.com/"}
            case "chat.postMessage":
                return self._post_message(call)
            case "chat.update":
                return self._update(call)
            case "conversations.open":
                return self._open_direct(call)
            case _:
                return self._history(call)

    def _post_message(self, call: Call) -> dict[str, Any]:
        self._need("chat:write")
        conversation = self._writable(call.chat)
        message = self._checked(call.arguments)
        thread = str(call.arguments.get("thread_ts") or "")
        if thread:
            parent = conversation.messages.get(thread)
            if parent is None or parent.get("thread_ts", thread) != thread:
                raise _Refusal("thread_not_found")  # stricter: Slack is said to start a thread of its own
            message["thread_ts"] = thread
        ts = self._next_ts()
        conversation.messages[ts] = {**message, "ts": ts, "user": BOT_USER, "type": "message"}
        payload = message.get("metadata", {}).get("event_payload", {})
        self._note(
            call,
            kind="post",
            chat=conversation.id,
            thread=thread,
            id=ts,
            text=message["text"],
            delivery=str(payload.get("id", "")),
            number=int(payload.get("n", 0)),
        )
        return {"channel": conversation.id, "ts": ts, "message": {**message, "ts": ts}}

    def _update(self, call: Call) -> dict[str, Any]:
        self._need("chat:write")
        conversation = self._writable(call.chat)
        ts = str(call.arguments.get("ts", ""))
        known = conversation.messages.get(ts)
        if known is None:
            raise _Refusal("message_not_found")
        if known["user"] != BOT_USER:
            raise _Refusal("cant_update_message")
        message = self._checked(call.arguments)
        # Blocks and metadata that the call does not name stay as they were.
        conversation.messages[ts] = {**known, **message}
        self._note(call, kind="edit", chat=conversation.id, id=ts, text=message["text"])
        return {"channel": conversation.id, "ts": ts, "text": message["text"]}

    def _open_direct(self, call: Call) -> dict[str, Any]:
        self._need("im:write")
        user = str(call.arguments.get("users", ""))
        if user not in self._people:
            raise _Refusal("user_not_found")
        channel = self._people[user]
        self._conversations.setdefault(channel, FakeConversation(channel))
        return {"channel": {"id": channel}}

    def _history(self, call: Call) -> dict[str, Any]:
        """conversations.history: parents, newest first. conversations.replies: a thread, oldest first."""
        conversation = self._visible(call.chat)
        self._need({"D": "im:history", "G": "groups:history"}.get(conversation.id[0], "channels:history"))
        if not conversation.member:
            raise _Refusal("not_in_channel")
        messages = self._between(conversation, call.arguments)
        if call.method == "conversations.replies":
            parent = str(call.arguments.get("ts", ""))
            if parent not in conversation.messages:
                raise _Refusal("thread_not_found")
            found = [m for m in messages if m.get("thread_ts") == parent and m["ts"] != parent]
            found = [conversation.messages[parent], *found]
        else:
            found = [m for m in reversed(messages) if m.get("thread_ts") in {None, m["ts"]}]
        return self._page(found, call.arguments)

    def _between(self, conversation: FakeConversation, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        """The messages between `oldest` and `latest`, oldest first, as far as they can be seen yet."""
        oldest, latest = _seconds(arguments, "oldest", 0.0), _seconds(arguments, "latest", float("inf"))
        inclusive = _true(arguments.get("inclusive"))
        hidden = self._hidden_looks > 0
        self._hidden_looks = max(0, self._hidden_looks - 1)
        return [
            message
            for ts, message in conversation.messages.items()
            if (oldest <= float(ts) <= latest if inclusive else oldest < float(ts) < latest)
            and not (hidden and message["user"] == BOT_USER)
        ]

    def _page(self, found: list[dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
        limit = int(arguments.get("limit") or 100)
        if not 1 <= limit <= 999:
            raise _Refusal("invalid_limit")
        cursor = str(arguments.get("cursor") or "0")
        if not cursor.isdecimal():
            raise _Refusal("invalid_cursor")
        begin = int(cursor)
        page = found[begin : begin + limit]
        if not _true(arguments.get("include_all_metadata")):
            page = [_without_payload(message) for message in page]
        more = begin + limit < len(found)
        after = {"response_metadata": {"next_cursor": str(begin + limit)}} if more else {}
        return {"messages": page, "has_more": more, **after}

    # ── what the server checks ────────────────────────────────────────────────

    def _need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise _Refusal("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def _visible(self, channel: str) -> FakeConversation:
        """A conversation that the bot can see. Stricter than Slack: no names, no people, only ids of conversations."""
        conversation = self._conversations.get(channel)
        if conversation is None or (conversation.private and not conversation.member):
            raise _Refusal("channel_not_found")
        return conversation

    def _writable(self, channel: str) -> FakeConversation:
        conversation = self._visible(channel)
        if conversation.archived:
            raise _Refusal("is_archived")
        if not conversation.member:
            raise _Refusal("not_in_channel")
        if conversation.refusal:
            raise _Refusal(conversation.refusal)
        return conversation

    def _checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the call says, if Slack takes it."""
        message: dict[str, Any] = {"text": str(arguments.get("text") or "")[:TEXT_LIMIT]}
        try:
            if arguments.get("blocks") is not None:
                message["blocks"] = _object(arguments["blocks"], "invalid_blocks_format")
                check_blocks(message["blocks"])
            if arguments.get("metadata") is not None:
                message["metadata"] = _object(arguments["metadata"], "invalid_metadata_format")
                check_metadata(message["metadata"])
        except BadBlocks as bad:
            raise _Refusal(bad.code, response_metadata={"messages": [bad.message]}) from bad
        if not message["text"].strip() and not message.get("blocks"):
            raise _Refusal("no_text")
        return message

    def _next_ts(self) -> str:
        """The workspace's next ts: growing, whatever the clock does."""
        self._last_ts = max(time.time(), self._last_ts + 0.0001)
        return f"{self._last_ts:.6f}"


def _object(value: object, code: str) -> Any:
    """An argument that is JSON: itself, or its text in a form."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise BadBlocks("must be valid JSON", code) from error


def _seconds(arguments: dict[str, Any], name: str, otherwise: float) -> float:
    try:
        return float(arguments.get(name) or otherwise)
    except ValueError as error:
        raise _Refusal(f"invalid_ts_{name}") from error


def _true(value: object) -> bool:
    return str(value).lower() in {"1", "true"}


def _without_payload(message: dict[str, Any]) -> dict[str, Any]:
    if "metadata" not in message:
        return message
    return {**message, "metadata": {"event_type": message["metadata"]["event_type"]}}


if __name__ == "__main__":
    FakeSlack.main()
