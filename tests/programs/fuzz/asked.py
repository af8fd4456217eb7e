"""Requests to the web address: targets for both webhooks with valid secrets and for raw bytes, and an OpenAPI document.

Tests are generated from the document, which has each documented page with its answers.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from logging.handlers import BufferingHandler
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import uvicorn
from pydantic import SecretStr
from uvicorn.server import ServerState

from bot.commands import intent
from bot.operation import http_server, web_server
from bot.platforms.slack import manifest, receiving
from bot.platforms.slack.client import BotIdentity
from bot.platforms.slack.installing import INSTALL
from bot.platforms.slack.settings import WorkspaceTokens
from bot.platforms.slack.workspaces import Workspaces
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.webhook import HEADER, TelegramWebhook
from bot.ports.conversation import CallbackRequest, EventRequest, FormRequest, MessageRequest, Request
from tests.clock import NOON, FakeClock
from tests.fakes.slack import TEAM
from tests.programs.fuzz import target
from tests.programs.fuzz.target import Target

TOKEN, SECRET, SIGNING = "123456:ABC-def", "a-word-of-the-operator", "0123456789abcdef"
CLOCK: Final = FakeClock(NOON)
NOW: Final = str(int(NOON.timestamp()))


class Recorder:
    """A dispatcher that checks that each request can be stored and understood."""

    async def dispatch(self, request: Request) -> dict[str, str]:
        for text in _texts(request):
            assert target.storable(text), ascii(text)
        intent.understand(request, None, intent.REGISTRY, now=NOON)
        return {}

    dispatch_without_retry = dispatch


def _texts(request: Request) -> tuple[str, ...]:
    """Returns all texts of a request that are stored."""
    texts = [
        str(request.chat),
        request.place.title,
        request.update_id,
        request.sender,
        request.sender_name,
        request.language,
        request.message_id,
        request.thread_id,
        request.response_url,
        request.trigger_id,
        request.outside_channel,
    ]
    match request:
        case MessageRequest():
            texts += [request.command, request.text, request.reply_to, request.file_id, request.direct_channel]
        case CallbackRequest():
            texts += [request.callback_data, request.callback_id]
        case FormRequest():
            texts += [request.callback_data, request.view_id, *request.values, *request.values.values()]
        case EventRequest():
            texts += [request.event, *request.details, *request.details.values()]
    return tuple(texts)


RECORDER: Final = Recorder()
TELEGRAM: Final = TelegramWebhook(
    Client(TOKEN, "http://127.0.0.1:9", connect=1, read=1, in_flight=1),
    CLOCK,
    url="https://bot.example.org",
    token=TOKEN,
    secret=SECRET,
    on_bot_name=lambda _: None,
)
TELEGRAM._dispatcher, TELEGRAM._bot = RECORDER, ("4242", "paperwire_test_bot")
WORKSPACES: Final = Workspaces(WorkspaceTokens(SecretStr("xoxb-1")), api_url="https://slack.com/api/")
assert WORKSPACES.own is not None
WORKSPACES.own.identity = BotIdentity(team="T1", user="UBOT", name="paperwire")
WORKSPACES.own.team = "T1"
SLACK: Final = receiving.SlackHttp(WORKSPACES, SecretStr(SIGNING), CLOCK, on_bot_name=lambda _: None)
SLACK._dispatcher = RECORDER
APP: Final = web_server.health_app(dict, (*TELEGRAM.routes, *SLACK.routes))


_CLIENT: Final = httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://127.0.0.1", trust_env=False)
_LOOP: Final = asyncio.new_event_loop()


def asked(method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> int:
    """Sends one request to the application. Returns the status. Errors of the application are raised."""
    return _LOOP.run_until_complete(_CLIENT.request(method, path, headers=headers, content=body)).status_code


def check_update(data: bytes) -> None:
    """An update with the secret is read or refused. If it is read, it can be stored."""
    headers = [(HEADER.lower().encode(), SECRET.encode()), (b"content-type", b"application/json")]
    assert asked("POST", TELEGRAM.routes[0].path, headers, data) in {200, 400}


_CHAT: Final = {"id": -1001, "type": "supergroup", "title": "Vision", "is_forum": True}
_ADA: Final = {"id": 42, "is_bot": False, "first_name": "Ada", "last_name": "Example", "language_code": "zh-hans"}
_WRITTEN: Final = {
    "message_id": 7,
    "date": 1769083200,
    "chat": {"id": 42, "type": "private", "first_name": "Ada"},
    "from": _ADA,
}
_UPDATES: Final[tuple[dict[str, Any], ...]] = (
    {"message": {**_WRITTEN, "text": "/sub@paperwire_test_bot diffusion daily 9"}},
    {"message": {**_WRITTEN, "chat": _CHAT, "text": "@paperwire_test_bot papers on graphs", "message_thread_id": 7, "is_topic_message": True}},
    {"edited_message": {**_WRITTEN, "caption": "/import", "document": {"file_id": "f1", "file_size": 5}, "forward_date": 1}},
    {"channel_post": {**_WRITTEN, "chat": {"id": -1009, "type": "channel", "title": "Papers", "username": "papers"}, "sender_chat": {"id": -1009}, "text": "/list"}},
    {"message": {**_WRITTEN, "text": "2", "reply_to_message": {"message_id": 5, "from": {"id": 4242, "is_bot": True}}}},
    {"message": {**_WRITTEN, "chat": _CHAT, "migrate_to_chat_id": -1002}},
    {"message": {**_WRITTEN, "chat": _CHAT, "forum_topic_closed": {}, "message_thread_id": 7, "is_topic_message": True}},
    {"callback_query": {"id": "1", "data": "abc", "from": _ADA, "message": {"message_id": 7, "date": 0, "chat": _CHAT}}},
    {"my_chat_member": {"chat": _CHAT, "from": _ADA, "old_chat_member": {"status": "left"}, "new_chat_member": {"status": "restricted", "can_send_messages": False}}},
)  # fmt: skip


_KINDS: Final = (b"application/json", b"application/x-www-form-urlencoded")


def check_payload(data: bytes) -> None:
    """A payload with Slack's signature is read or refused. If it is read, it can be stored. Byte 1 selects path and kind."""
    if not data:
        return
    body = data[1:]
    try:
        signature = signed(body)
    except UnicodeDecodeError:  # slack-sdk can sign only valid UTF-8
        signature = "v0="
    headers = [
        (b"content-type", _KINDS[data[0] & 1]),
        (receiving.TIMESTAMP.encode(), NOW.encode()),
        (receiving.SIGNATURE.encode(), signature.encode()),
    ]
    assert asked("POST", manifest.PATHS[(data[0] >> 1) % len(manifest.PATHS)], headers, body) in {200, 400, 401}


def signed(body: bytes) -> str:
    """Returns the signature from Slack's documentation: api.slack.com/authentication/verifying-requests-from-slack."""
    body.decode()
    return "v0=" + hmac.new(SIGNING.encode(), b"v0:" + NOW.encode() + b":" + body, hashlib.sha256).hexdigest()


_AT: Final = "1769083200.000100"
_SAID: Final = {
    "type": "message",
    "channel_type": "im",
    "channel": "D1",
    "user": "U1",
    "text": "diffusion &amp; <https://x.org|x.org>",
    "ts": _AT,
}
_USER: Final = {"user": {"id": "U1", "name": "ann", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "1.2.a"}
_EVENTS: Final[tuple[dict[str, Any], ...]] = (
    _SAID,
    {**_SAID, "subtype": "message_changed", "message": _SAID, "previous_message": {"text": "graphs"}},
    {**_SAID, "files": [{"id": "F1"}], "thread_ts": "1769083100.000100"},
    {
        "type": "app_mention",
        "channel": "C1",
        "user": "U1",
        "text": "<@UBOT> sub diffusion",
        "ts": _AT,
        "thread_ts": "1769083100.000100",
    },
    {"type": "member_joined_channel", "channel": "C1", "user": "UBOT", "inviter": "U1"},
    {"type": "member_left_channel", "channel": "C1", "user": "U1"},
    {"type": "channel_rename", "channel": {"id": "C1", "name": "vision"}},
    {"type": "channel_id_changed", "old_channel_id": "C1", "new_channel_id": "C2"},
    {"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}},
    {"type": "app_home_opened", "user": "U1", "tab": "home"},
)
_ACTIONS: Final[tuple[dict[str, Any], ...]] = (
    {**_USER, "type": "block_actions", "channel": {"id": "C1", "name": "vision"}, "container": {"message_ts": _AT, "is_ephemeral": True},
     "message": {"ts": _AT}, "actions": [{"type": "button", "value": "link1"}], "response_url": "https://hooks.example/1"},
    {**_USER, "type": "block_actions", "view": {"type": "home", "id": "V1", "hash": "h"}, "actions": [{"selected_option": {"value": "x"}}]},
    {**_USER, "type": "view_submission", "view": {"id": "V1", "private_metadata": "token", "state": {"values": {"query": {"a": {"value": "graphs"}}}}}},
    {**_USER, "type": "message_action", "callback_id": "subscribe", "channel": {"id": "C1"}, "message": {"ts": _AT, "text": "https://arxiv.org/abs/2601.00001"}},
)  # fmt: skip
_COMMAND: Final = {"command": "/paperwire", "text": "sub <#C2|general> diffusion", "team_id": "T1", "channel_id": "C1", "channel_name": "vision",
                   "user_id": "U1", "user_name": "ann", "trigger_id": "1.2.a", "response_url": "https://hooks.example/1"}  # fmt: skip


def _payloads() -> tuple[bytes, ...]:
    events = [{"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event} for event in _EVENTS]
    plain = [{"type": "url_verification", "challenge": "abc"}, *events]
    forms: list[dict[str, str]] = [{"payload": json.dumps(action)} for action in _ACTIONS]
    forms += [_COMMAND, {"ssl_check": "1"}]
    return (*(b"\0" + json.dumps(one).encode() for one in plain), *(b"\5" + urlencode(form).encode() for form in forms))


class _Wire(asyncio.Transport):
    """A connection with the fuzzer at the other end. Stores what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 8420)})
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        """Does nothing, because the fuzzer sends everything at once."""

    resume_reading = pause_reading


_ERRORS: Final = BufferingHandler(10_000)  # stores what a server would log as an internal error
_ERRORS.setLevel(logging.ERROR)
logging.getLogger("uvicorn.error").addHandler(_ERRORS)
logging.getLogger("asyncio").addHandler(_ERRORS)
_CONFIG: Final = uvicorn.Config(
    APP, http=http_server.LimitedProtocol, ws="none", log_config=None, access_log=False, lifespan="off"
)
_CONFIG.load()
MOST_TURNS: Final = 1000  # of the event loop, for one part of the bytes
_STATUSES: Final = frozenset({100, 200, 307, 400, 401, 404, 405, 413, 415})


def check_bytes(data: bytes) -> None:
    """Any bytes get an HTTP response or none, and no connection stays open. The first byte says where they are split."""
    _ERRORS.flush()
    at = data[0] if data else 0
    _LOOP.run_until_complete(_connected((data[1:][:at], data[1:][at:])))
    assert not _ERRORS.buffer, [_ERRORS.format(record) for record in _ERRORS.buffer]


async def _connected(parts: tuple[bytes, bytes]) -> None:
    state, wire = ServerState(), _Wire()
    protocol = http_server.LimitedProtocol(config=_CONFIG, server_state=state, app_state={})
    protocol.connection_made(wire)
    for part in parts:
        if part and not wire.closed:
            protocol.data_received(part)
        await _settled(state, lambda: _waits(protocol))
    if not wire.closed:
        protocol.eof_received()
    protocol.connection_lost(None)
    await _settled(state, lambda: False)
    assert not state.connections
    assert protocol._deadline is None
    _check_answers(wire.written)


async def _settled(state: ServerState, waits: Callable[[], bool]) -> None:
    """Runs the application until it has answered everything, or until `waits` says that it needs more bytes."""
    for _ in range(MOST_TURNS):
        if not state.tasks or waits():
            return
        await asyncio.sleep(0)
    raise AssertionError("a request is never answered")


def _waits(protocol: http_server.LimitedProtocol) -> bool:
    """Tells whether the application waits for the rest of a body, which may be in the next part."""
    return protocol.cycle is not None and protocol.cycle.more_body and not protocol.cycle.response_complete


def _check_answers(written: bytes) -> None:
    """Checks each status, and that no answer contains the token or the secret."""
    if not written:
        return
    assert written.startswith(b"HTTP/1.1 "), written[:40]
    for head in written.split(b"HTTP/1.1 ")[1:]:
        assert int(head[:3]) in _STATUSES, head[:80]
        assert TOKEN.encode() not in head
        assert SECRET.encode() not in head


def _requests() -> tuple[bytes, ...]:
    update = json.dumps({"update_id": 1, **_UPDATES[0]}).encode()
    hook = f"POST {TELEGRAM.routes[0].path} HTTP/1.1\r\nHost: x\r\n{HEADER}: {SECRET}\r\nContent-Type: application/json\r\n".encode()
    slack = f"POST {manifest.PATHS[0]} HTTP/1.1\r\nHost: x\r\n{receiving.TIMESTAMP}: {NOW}\r\n{receiving.SIGNATURE}: v0=00\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    made = (
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /health/ready?a=1 HTTP/1.0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
        hook + f"Content-Length: {len(update)}\r\n\r\n".encode() + update,
        hook + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"upd\r\n3;a=b\r\nate\r\n0\r\nX: y\r\n\r\n',
        hook + b"Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n" + b"[" * 300,
        slack,
        b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b'POST //%2e%2e/slack%2fevents HTTP/1.1\r\nHost: x\r\nCookie: a="b; c\r\nContent-Length: 0\r\n\r\n',
        b"GET http://x/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    )  # fmt: skip
    return tuple(bytes([cut]) + request for request in made for cut in (0, 40))


JSON_WORDS: Final = (
    '{"', '": ', "[", "]", "{}", "null", "true", "-1", "1e999", '"\\ud800"', '"\\u0000"', '"\\u202e"', "10000000000000000000", '"id": ', '"type": ', '"text": ',
    '"chat": ', '"from": ', '"message"', '"private"', '"supergroup"', '"channel"', '"date": ', "NaN", '"title": ', '"username": "a"', '"entities"',
    '"reply_to_message": ', '"status": "kicked"', '"member"', '"data": ', '"message_id": ', '"event": ', '"user": ', '"ts": ', '"thread_ts": ', '"subtype": ',
    '"view": ', '"values": ', '"actions": ', '"value": ', '"team_id": "T1"', '"authorizations": ', "<@UBOT>", "<#C1|x>", "<!date^1^x|y>", "&amp;lt;",
)  # fmt: skip

UPDATES: Final = Target(
    check=check_update,
    code=(
        "bot.platforms.telegram.receiving",
        "bot.platforms.telegram.incoming",
        "bot.platforms.telegram.adapter",
        "bot.operation",
        "bot.commands.intent",
    ),
    seeds=lambda: tuple(json.dumps({"update_id": number, **one}).encode() for number, one in enumerate(_UPDATES)),
    words=JSON_WORDS,
)
PAYLOADS: Final = Target(
    check=check_payload,
    code=(
        "bot.platforms.slack.receiving",
        "bot.platforms.slack.incoming",
        "bot.platforms.slack.workspaces",
        "bot.platforms.slack",
        "bot.operation",
        "bot.commands.intent",
    ),
    seeds=_payloads,
    words=(*JSON_WORDS, "payload=", "&text=", "%7B", "%22", "&command=%2Fpaperwire", "%ED%A0%80", "+"),
)
CONNECTIONS: Final = Target(
    check=check_bytes,
    code=("bot.operation", "bot.ports", "starlette", "uvicorn.protocols.http", "h11"),
    seeds=_requests,
    words=(
        "\r\n", "GET ", "POST ", "HEAD ", " HTTP/1.1", " HTTP/1.0", "Host: ", "Content-Length: ", "Transfer-Encoding: chunked", "Content-Type: application/json",
        "Connection: close", "Expect: 100-continue", "0\r\n\r\n", "/health/live", "/metrics", "/slack/events", "%00", "%2e%2e/", "//", "?", "#", "Cookie: ", ": ", "\x00", "\t",
    ),
)  # fmt: skip


Document = dict[str, Any]

SIGNED: Final = "v0=signed"  # replaced by Slack's signature, which depends on the body

_LINE: Final[Document] = {"text/plain": {"schema": {"type": "string"}}}
_REFUSALS: Final = {
    400: "it cannot be read",
    401: "Slack did not sign it",
    404: "no secret, or no signature",
    413: "the body is too large",
    415: "no JSON",
}
_TEXTS: Final[Document] = {"type": "object", "additionalProperties": {"type": "string"}}
_HEALTH: Final[Document] = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "problems": _TEXTS,
        "seconds": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        "attention": _TEXTS,
        "worker": {"type": "string"},
    },
    "required": ["ready", "problems"],
    "additionalProperties": False,
}


def document(telegram_path: str, telegram_secret: str, *, now: int) -> Document:
    """Returns the document of a bot that gets updates of both platforms by HTTP. `now`: the requests' time in seconds since 1970."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "paperwire", "version": "1"},
        "paths": {
            "/health/live": {"get": _page({200: _json({"type": "object", "properties": {"live": {"const": True}}, "required": ["live"]})})},
            "/health/ready": {"get": _page({200: _json(_HEALTH), 503: _json(_HEALTH)})},
            "/metrics": {"get": _page({200: {"description": "metrics", "content": _LINE}})},
            telegram_path: {"post": _webhook(telegram_secret, now)},
            **{path: {"post": _slack()} for path in manifest.PATHS},
            INSTALL: {"get": _page({302: {"description": "on to Slack", "headers": {"location": _text_header(), "set-cookie": _text_header()}}})},
            manifest.REDIRECT: {"get": _page(_refusals(400), *(_parameter(name, "query", {"type": "string"}) for name in ("state", "code", "error")))},
        },
    }  # fmt: skip


def _webhook(secret: str, now: int) -> Document:
    """Returns the page for Telegram's updates (core.telegram.org/bots/api#update)."""
    person = _object({"id": _NUMBER, "is_bot": {"type": "boolean"}, "first_name": _TEXT, "language_code": _TEXT})
    chat = _object({"id": _NUMBER, "type": {"enum": ["private", "group", "supergroup", "channel"]}, "title": _TEXT})
    message = _object(
        {"message_id": _NUMBER, "date": {"enum": [now, 0]}, "chat": chat, "from": person, "text": _WORDS, "message_thread_id": _NUMBER}
    )  # fmt: skip
    pressed = _object({"id": _TEXT, "from": person, "data": _TEXT, "message": message})
    shape = _object({"update_id": _NUMBER})
    shape["properties"] |= {
        "message": message,
        "edited_message": message,
        "channel_post": message,
        "callback_query": pressed,
    }
    return {
        **_page(_refusals(400, 404, 413, 415), _parameter(HEADER, "header", {"enum": [secret]}, required=True)),
        "requestBody": _body({"application/json": shape}),
    }


def _slack() -> Document:
    """Returns the page for Slack's signed requests (docs.slack.dev, Events API, slash commands, interactivity)."""
    event = _object({"type": {"enum": ["message", "app_mention", "member_joined_channel", "tokens_revoked"]}, "channel": _TEXT, "user": _TEXT, "text": _TEXT, "ts": _TEXT})  # fmt: skip
    kinds: list[Document] = [
        _object({"type": {"const": "url_verification"}, "challenge": _TEXT}),
        _object(
            {"type": {"const": "event_callback"}, "team_id": {"enum": [TEAM, ""]}, "event_id": _TEXT, "event": event}
        ),
    ]
    payload = json.dumps({"type": "block_actions", "user": {"id": "U1"}, "actions": [{"type": "button", "value": "x"}]})
    form = _object({"command": {"const": "/paperwire"}, "text": _WORDS, "team_id": {"enum": [TEAM, ""]}, "channel_id": _TEXT, "user_id": _TEXT})  # fmt: skip
    pressed = _object({"payload": {"type": "string", "examples": [payload, "{", "[]"]}})
    return {
        **_page(
            _refusals(400, 401, 404, 413),
            _parameter(receiving.TIMESTAMP, "header", _TEXT, required=True),
            _parameter(receiving.SIGNATURE, "header", {"enum": [SIGNED, "v0=00"]}, required=True),
        ),
        "requestBody": _body(
            {"application/json": {"oneOf": kinds}, "application/x-www-form-urlencoded": {"anyOf": [form, pressed]}}
        ),
    }


def programs_document(key: str) -> Document:
    """Returns the document of the pages for programs, which a key of a feed and a token open.

    It is what docs/operating.md says, and names every field of the answers.
    """
    atom, feed = {"schema": {"type": "string", "minLength": 100}}, {"schema": _FEED}
    keys = _parameter("key", "query", {"enum": [key, "", "feed_x"], "examples": [key]}, required=True)
    text = _parameter("text", "query", {**_WORDS, "examples": ["/list"]})
    query = _parameter("query", "query", {**_WORDS, "examples": ["graph"]}, required=True)
    limit = _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100, "examples": [20]})
    after = _parameter("after", "query", {"type": "string", "pattern": "^[0-9]{0,18}-[0-9]{1,9}$", "examples": ["-0"]})
    found: Document = {
        "query": _TEXT,
        "found": _NUMBER,
        "stored": _NUMBER,
        "papers": _list(_PAPER),
        "next": _or_null(_TEXT),
    }
    said: Document = {
        "chat": _TEXT,
        "text": _list(_TEXT),
        "buttons": _list(_list(_TEXT)),
        "ok": {"type": "boolean"},
        "files": _list(_object({"name": _TEXT, "content": _TEXT})),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "paperwire for programs", "version": "1"},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/feed.atom": {"get": _page({200: {"description": "Atom", "content": {"application/atom+xml": atom}}, 404: _NO_SUCH}, keys)},
            "/feed.json": {"get": _page({200: {"description": "JSON Feed", "content": {"application/feed+json": feed}}, 404: _NO_SUCH}, keys)},
            "/api/subscriptions": {"get": _call(_list(_SUBSCRIPTION))},
            "/api/search": {"get": _call(_closed(found), query, limit, after)},
            "/api/say": {"get": _call(_closed(said), text)},
        },
    }  # fmt: skip


def _call(schema: Document, *parameters: Document) -> Document:
    """Returns an operation of the API."""
    answers = {200: _json(schema), **{status: _json(_closed({"error": _ERROR})) for status in (400, 401)}}
    return {**_page(answers, *parameters), "security": [{"token": []}]}


def _closed(fields: Document) -> Document:
    return {**_object(fields), "additionalProperties": False}


def _list(schema: Document) -> Document:
    return {"type": "array", "items": schema}


def _or_null(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


_NUMBER: Final[Document] = {"type": "integer"}
_TEXT: Final[Document] = {"type": "string"}
_WORDS: Final[Document] = {
    "anyOf": [_TEXT, {"enum": ["/sub diffusion daily 9", "/list", "/export", "/find graphs", "list"]}]
}


def _object(fields: Document) -> Document:
    return {"type": "object", "properties": dict(fields), "required": list(fields)}


_NO_SUCH: Final[Document] = {"description": "no such feed", "content": _LINE}
_ERROR: Final = _closed({"column": _or_null(_NUMBER), "message": _TEXT, "hint": _TEXT})
_SUBSCRIPTION: Final = _closed(
    {"number": _NUMBER, **dict.fromkeys(("chat", "name", "text", "canonical", "cadence", "zone", "state"), _TEXT)}
    | {"next_due_at": _or_null(_TEXT)}
)
_PAPER: Final = _closed(
    {
        **dict.fromkeys(("key", "title", "abstract"), _TEXT),
        **dict.fromkeys(("arxiv_id", "doi", "primary", "url", "venue", "date", "announce_type"), _or_null(_TEXT)),
        **dict.fromkeys(("authors", "categories"), _list(_TEXT)),
        **{name: {"type": "object"} for name in ("summaries", "translations")},
        "version": _or_null(_NUMBER),
        "failed": {"type": "boolean"},
    }
)
_ITEM: Final[Document] = _object(dict.fromkeys(("id", "title", "content_text", "date_published"), _TEXT))
_FEED: Final[Document] = _closed(
    {"version": {"const": "https://jsonfeed.org/version/1.1"}, "title": _TEXT, "items": _list(_ITEM)}
)


def _page(answers: dict[int, Document], *parameters: Document) -> Document:
    """Returns an operation. Any other method gets 405."""
    return {"parameters": list(parameters), "responses": {str(status): answer for status, answer in answers.items()}}


def _parameter(name: str, place: str, schema: Document, *, required: bool = False) -> Document:
    return {"name": name, "in": place, "schema": schema, "required": required}


def _body(kinds: dict[str, Document]) -> Document:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}


def _json(schema: Document) -> Document:
    return {"description": "what is said", "content": {"application/json": {"schema": schema}}}


def _text_header() -> Document:
    return {"required": True, "schema": {"type": "string", "minLength": 1}}


def _refusals(*statuses: int) -> dict[int, Document]:
    """Returns answers with one line of text, and the empty answer."""
    return {200: {"description": "taken"}} | {
        status: {"description": _REFUSALS[status], "content": _LINE} for status in statuses
    }
