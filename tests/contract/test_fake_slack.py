"""The fake Slack refuses what Slack refuses, and sends events of people to the app as Slack does.

These tests call the fake with plain HTTP and WebSocket clients, without paperwire's own client.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.fakes.slack import APP_TOKEN, SECRET, TOKEN, FakeSlack
from tests.fakes.slack_event_delivery import signature
from tests.fakes.slack_methods import JSON_METHODS
from tests.patience import PATIENCE

BEARER = {"Authorization": f"Bearer {TOKEN}"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading all certificates would take longer than a test


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U1", "U2"))
        fake.knows("G1", name="secret", private=True, member=False)
        fake.knows_person("U1", name="Ann Lee", locale="zh-CN")
        fake.grants_all()
        yield fake


def ask(url: str, **said: Any) -> httpx.Response:
    return httpx.post(url, **said, trust_env=False, verify=NO_TLS, timeout=PATIENCE)


def call(fake: FakeSlack, method: str, token: str = TOKEN, **arguments: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    said: dict[str, Any] = {"json": arguments} if method in JSON_METHODS else {"data": arguments}
    answer = ask(fake.url + method, **said, headers=headers)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def respond(url: str, **body: Any) -> int:
    return ask(url, json=body).status_code


def send(fake: FakeSlack, channel: str = "C1", **arguments: Any) -> dict[str, Any]:
    return call(fake, "chat.postMessage", channel=channel, **{"text": "hello", **arguments})


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(text), "action_id": "a", **more}


REFUSED_BLOCKS: list[tuple[str, object, str]] = [
    ("51 blocks", [section()] * 51, "invalid_blocks"),
    ("a section of 3001", [section("x" * 3001)], "invalid_blocks"),
    ("an empty section", [{"type": "section"}], "invalid_blocks"),
    ("a section with an empty text", [section("")], "invalid_blocks"),
    ("a header of 151", [{"type": "header", "text": plain("x" * 151)}], "invalid_blocks"),
    ("a header with markup", [{"type": "header", "text": mrkdwn("x")}], "invalid_blocks"),
    ("eleven fields", [{"type": "section", "fields": [mrkdwn("x")] * 11}], "invalid_blocks"),
    ("a field of 2001", [{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "invalid_blocks"),
    ("eleven elements of context", [{"type": "context", "elements": [mrkdwn("x")] * 11}], "invalid_blocks"),
    ("a context of 3001", [{"type": "context", "elements": [mrkdwn("x" * 3001)]}], "invalid_blocks"),
    ("no element of context", [{"type": "context", "elements": []}], "invalid_blocks"),
    (
        "26 actions",
        [{"type": "actions", "elements": [button(action_id=str(i)) for i in range(26)]}],
        "invalid_blocks",
    ),
    ("the same action twice", [{"type": "actions", "elements": [button(), button()]}], "invalid_blocks"),
    ("a button of 76", [section(accessory=button("x" * 76))], "invalid_blocks"),
    ("a button's value of 2001", [section(accessory=button(value="x" * 2001))], "invalid_blocks"),
    ("a button's url of 3001", [section(accessory=button(url="https://" + "x" * 3001))], "invalid_blocks"),
    ("an action_id of 256", [section(accessory=button(action_id="x" * 256))], "invalid_blocks"),
    ("a button with markup", [section(accessory={"type": "button", "text": mrkdwn("x")})], "invalid_blocks"),
    (
        "six options of an overflow",
        [section(accessory={"type": "overflow", "options": [{"text": plain("x"), "value": "y"}] * 6})],
        "invalid_blocks",
    ),
    ("an unknown accessory", [section(accessory={"type": "lever"})], "invalid_blocks"),
    ("an unknown block", [{"type": "paragraph", "text": mrkdwn("x")}], "invalid_blocks"),
    ("a block_id of 256", [section(block_id="x" * 256)], "invalid_blocks"),
    ("the same block_id twice", [section(block_id="a"), section(block_id="a")], "invalid_blocks"),
    ("an image without alt_text", [{"type": "image", "image_url": "https://x.org/a.png"}], "invalid_blocks"),
    ("13,201 characters in all", [section("x" * 3000)] * 4 + [section("x" * 1201)], "msg_blocks_too_long"),
    ("12,001 of markdown", [{"type": "markdown", "text": "x" * 6001}] * 2, "msg_blocks_too_long"),
    ("no list", {"type": "section"}, "invalid_blocks_format"),
    ("a block that is no object", ["x"], "invalid_blocks_format"),
    ("blocks that are no JSON", "[{", "invalid_blocks_format"),
]


@pytest.mark.parametrize(("why", "blocks", "code"), REFUSED_BLOCKS, ids=[row[0] for row in REFUSED_BLOCKS])
def test_blocks_are_refused(slack: FakeSlack, why: str, blocks: object, code: str) -> None:
    answer = send(slack, blocks=blocks)
    assert (answer["ok"], answer["error"]) == (False, code)
    assert answer["response_metadata"]["messages"]
    assert len(slack.journal) == 0


TAKEN_BLOCKS: list[list[dict[str, Any]]] = [
    [section()] * 50,
    [section("x" * 3000)],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 6}],
    [{"type": "context", "elements": [mrkdwn("x" * 1000)] * 10}],
    [section(accessory=button("x" * 75, value="y" * 2000))],
    [section(accessory={"type": "overflow", "options": [{"text": plain("x"), "value": "y"}] * 5})],
    [section("x" * 3000)] * 4 + [section("x" * 1200)],
    [{"type": "divider"}, {"type": "markdown", "text": "x" * 12_000}],
]


@pytest.mark.parametrize("blocks", TAKEN_BLOCKS, ids=lambda blocks: str(blocks)[:40])
def test_what_is_just_allowed_is_taken(slack: FakeSlack, blocks: list[dict[str, Any]]) -> None:
    assert send(slack, blocks=blocks)["ok"]
    assert send(slack, blocks=json.dumps(blocks))["ok"]


REFUSED_METADATA: list[tuple[object, str]] = [
    ("x", "invalid_metadata_format"),
    ({"event_type": "x"}, "invalid_metadata_format"),
    ({"event_payload": {}}, "invalid_metadata_format"),
    ({"event_type": "", "event_payload": {}}, "invalid_metadata_schema"),
    ({"event_type": "a b", "event_payload": {}}, "invalid_metadata_schema"),
    ({"event_type": "x", "event_payload": {"id": None}}, "invalid_metadata_schema"),
    ({"event_type": "x", "event_payload": {"id": "y" * 9000}}, "metadata_too_large"),
]


@pytest.mark.parametrize(("metadata", "code"), REFUSED_METADATA)
def test_metadata_are_refused(slack: FakeSlack, metadata: object, code: str) -> None:
    assert send(slack, metadata=metadata)["error"] == code
    assert len(slack.journal) == 0


def test_texts_are_refused_when_empty_and_cut_when_too_long(slack: FakeSlack) -> None:
    assert send(slack, text="")["error"] == "no_text"
    assert send(slack, text=" ", blocks=[])["error"] == "no_text"
    assert send(slack, text="", blocks=[section()])["ok"]
    assert send(slack, text="x" * 40_001)["ok"]
    assert [len(entry.text) for entry in slack.journal] == [0, 40_000]


def test_places_are_refused(slack: FakeSlack) -> None:
    slack.knows("C2", member=False)
    slack.knows("C3", member=False, private=True)
    slack.knows("C4")
    slack.archives("C4")
    slack.knows("C5")
    slack.forbids("C5", "restricted_action_read_only_channel")
    slack.knows_person("U1")
    codes = {channel: send(slack, channel)["error"] for channel in ("C9", "C2", "C3", "C4", "C5", "U1", "#general")}
    assert codes == {
        "C9": "channel_not_found",
        "C2": "not_in_channel",
        "C3": "channel_not_found",
        "C4": "is_archived",
        "C5": "restricted_action_read_only_channel",
        "U1": "channel_not_found",
        "#general": "channel_not_found",
    }
    assert len(slack.journal) == 0


def test_tokens_methods_and_scopes_are_refused(slack: FakeSlack) -> None:
    assert call(slack, "auth.test", token="")["error"] == "not_authed"
    assert call(slack, "auth.test", token="xoxb-another")["error"] == "invalid_auth"
    assert call(slack, "chat.postMassage")["error"] == "unknown_method"
    slack.withdraws("chat:write")
    assert send(slack) == {**send(slack), "error": "missing_scope", "needed": "chat:write"}
    slack.revokes()
    assert call(slack, "auth.test")["error"] == "token_revoked"
    slack.restores()
    slack.grants("chat:write")
    assert send(slack)["ok"]


FORMS: dict[str, tuple[str, dict[str, Any], str | None]] = {  # request → (method, how it is sent, error)
    "a token in a form": ("chat.postMessage", {"data": {"token": TOKEN, "channel": "C1", "text": "x"}}, None),
    "broken JSON": (
        "chat.postMessage",
        {"content": b"{", "headers": {**BEARER, "Content-Type": "application/json"}},
        "invalid_json",
    ),
    "JSON for a method that reads": ("users.info", {"json": {"user": "U1"}, "headers": BEARER}, "invalid_arguments"),
}


@pytest.mark.parametrize(("method", "said", "error"), FORMS.values(), ids=FORMS)
def test_a_request_may_be_a_form_and_json_only_for_some_methods(
    slack: FakeSlack, method: str, said: dict[str, Any], error: str | None
) -> None:
    assert ask(slack.url + method, **said).json().get("error") == error


def test_a_reply_needs_a_parent(slack: FakeSlack) -> None:
    assert send(slack, thread_ts="1.000001")["error"] == "thread_not_found"
    parent = send(slack)["ts"]
    reply = send(slack, thread_ts=parent)["ts"]
    assert send(slack, thread_ts=reply)["error"] == "thread_not_found"
    assert [entry.thread for entry in slack.journal] == ["", parent]


def test_ts_grows(slack: FakeSlack) -> None:
    stamps = [send(slack)["ts"] for _ in range(20)]
    assert stamps == sorted(set(stamps), key=float)
    assert all(len(stamp.split(".")[1]) == 6 for stamp in stamps)


def test_an_edit_needs_a_message_of_ours(slack: FakeSlack) -> None:
    ours, theirs = send(slack, blocks=[section()])["ts"], slack.says("C1", "hello")

    def update(ts: str, **more: Any) -> dict[str, Any]:
        return call(slack, "chat.update", channel="C1", ts=ts, **{"text": "new", **more})

    assert update("1.000001")["error"] == "message_not_found"
    assert update(theirs)["error"] == "cant_update_message"
    assert update(ours, blocks=[section("x" * 3001)])["error"] == "invalid_blocks"
    assert update(ours)["ok"]
    assert "blocks" in slack._conversations["C1"].messages[ours]
    assert update(ours, blocks=[])["ok"]
    assert slack._conversations["C1"].messages[ours]["blocks"] == []


def history(slack: FakeSlack, method: str = "conversations.history", **arguments: Any) -> dict[str, Any]:
    return call(slack, method, channel="C1", **arguments)


def test_history_shows_parents_newest_first_in_pages(slack: FakeSlack) -> None:
    stamps = [send(slack)["ts"] for _ in range(5)]
    reply = send(slack, thread_ts=stamps[0])["ts"]
    first = history(slack, limit=3)
    assert [m["ts"] for m in first["messages"]] == stamps[:1:-1]
    assert first["has_more"]
    second = history(slack, limit=3, cursor=first["response_metadata"]["next_cursor"])
    assert [m["ts"] for m in second["messages"]] == [stamps[1], stamps[0]]
    assert not second["has_more"]
    replies = history(slack, "conversations.replies", ts=stamps[0])
    assert [m["ts"] for m in replies["messages"]] == [stamps[0], reply]
    assert history(slack, "conversations.replies", ts="1.000001")["error"] == "thread_not_found"


def test_history_begins_where_it_is_told(slack: FakeSlack) -> None:
    stamps = [send(slack)["ts"] for _ in range(3)]
    assert [m["ts"] for m in history(slack, oldest=stamps[1])["messages"]] == [stamps[2]]
    assert [m["ts"] for m in history(slack, oldest=stamps[1], inclusive=True)["messages"]] == stamps[:0:-1]
    assert [m["ts"] for m in history(slack, latest=stamps[1])["messages"]] == [stamps[0]]
    assert history(slack, oldest="yesterday")["error"] == "invalid_ts_oldest"
    assert history(slack, limit=1000)["error"] == "invalid_limit"
    assert history(slack, cursor="x")["error"] == "invalid_cursor"


def test_history_tells_what_is_in_the_metadata_only_when_asked(slack: FakeSlack) -> None:
    metadata = {"event_type": "paperwire_delivery", "event_payload": {"id": "d1", "n": 1}}
    send(slack, metadata=metadata)
    assert history(slack)["messages"][0]["metadata"] == {"event_type": "paperwire_delivery"}
    assert history(slack, include_all_metadata=True)["messages"][0]["metadata"] == metadata
    assert [(entry.delivery, entry.number) for entry in slack.journal] == [("d1", 1)]


# ── people and places ─────────────────────────────────────────────────────────


def test_the_language_of_a_person_is_told_only_when_asked(slack: FakeSlack) -> None:
    assert "locale" not in call(slack, "users.info", user="U1")["user"]
    assert call(slack, "users.info", user="U1", include_locale="true")["user"]["locale"] == "zh-CN"


def test_a_private_channel_is_told_to_nobody_who_is_not_in_it(slack: FakeSlack) -> None:
    assert call(slack, "conversations.info", channel="C1")["channel"]["name"] == "vision"
    assert call(slack, "conversations.info", channel="G1")["error"] == "channel_not_found"
    assert call(slack, "conversations.members", channel="C1", limit=1)["members"] == ["U1"]
    slack.withdraws("channels:read")
    assert call(slack, "conversations.info", channel="C1")["needed"] == "channels:read"


def test_a_whisper_needs_somebody_who_is_there(slack: FakeSlack) -> None:
    assert call(slack, "chat.postEphemeral", channel="C1", user="U1", text="x")["ok"]
    assert call(slack, "chat.postEphemeral", channel="C1", user="U9", text="x")["error"] == "user_not_found"
    slack.knows_person("U3")
    assert call(slack, "chat.postEphemeral", channel="C1", user="U3", text="x")["error"] == "user_not_in_channel"
    assert call(slack, "chat.postEphemeral", channel="C1", user="U1")["error"] == "no_text"
    ts = slack.ephemerals_to("U1")[0].id
    assert call(slack, "chat.update", channel="C1", ts=ts, text="y")["error"] == "message_not_found"
    assert call(slack, "conversations.history", channel="C1")["messages"] == []


def test_a_workspace_knows_only_its_own_channels(slack: FakeSlack) -> None:
    slack.workspace("T2", "xoxb-other")
    slack.knows("C2", team="T2")
    assert call(slack, "chat.postMessage", "xoxb-other", channel="C1", text="x")["error"] == "channel_not_found"
    assert call(slack, "chat.postMessage", "xoxb-other", channel="C2", text="x")["ok"]
    assert [entry.chat for entry in slack.journal] == ["T2/C2"]
    slack.revokes(team="T2")
    assert call(slack, "auth.test", "xoxb-other")["error"] == "token_revoked"
    assert call(slack, "auth.test")["ok"]


# ── answers ───────────────────────────────────────────────────────────────────


def test_a_response_url_refuses_bad_messages_and_any_token(slack: FakeSlack) -> None:
    url = slack.user_types("/paperwire list").payload["response_url"]
    assert respond(url.rsplit("/", 1)[0] + "/guessed", text="x") == 404
    assert respond(url) == 400
    assert respond(url, text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]) == 400
    assert ask(url, json={"text": "x"}, headers=BEARER).status_code == 404


def test_a_trigger_opens_one_view(slack: FakeSlack) -> None:
    trigger = slack.user_types("/paperwire sub").payload["trigger_id"]
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
    assert call(slack, "views.open", trigger_id=trigger, view={**view, "title": None})["error"] == "invalid_arguments"
    assert call(slack, "views.open", trigger_id=trigger, view=view)["ok"]
    assert call(slack, "views.open", trigger_id=trigger, view=view)["error"] == "exchanged_trigger_id"
    assert len(slack.views()) == 1


# ── Socket Mode ───────────────────────────────────────────────────────────────


def test_only_an_app_token_opens_connections(slack: FakeSlack) -> None:
    assert call(slack, "apps.connections.open")["error"] == "not_allowed_token_type"
    assert call(slack, "apps.connections.open", "xapp-other")["error"] == "invalid_auth"
    assert call(slack, "chat.postMessage", APP_TOKEN, channel="C1", text="x")["error"] == "not_allowed_token_type"


@asynccontextmanager
async def connected(fake: FakeSlack) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = (await asyncio.to_thread(call, fake, "apps.connections.open", APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        yield socket
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)  # a ticket can be used once


async def test_an_envelope_is_acknowledged_only_on_its_own_connection(slack: FakeSlack) -> None:
    async with connected(slack) as first, connected(slack) as second:
        sent = slack.mentions("list")
        mine, other = (first, second) if sent.number % 2 == 0 else (second, first)
        envelope = await mine.receive_json()
        assert (envelope["type"], envelope["payload"]["event"]["text"]) == ("events_api", "<@U0BOT> list")
        await other.send_json({"envelope_id": envelope["envelope_id"]})
        await mine.send_json({"envelope_id": envelope["envelope_id"]})
        await asyncio.to_thread(slack.waits_until_settled)
    assert sent.acknowledged
    assert slack.event_delivery.strays == [envelope["envelope_id"]]


async def test_after_a_lost_connection_only_events_come_again(
    slack: FakeSlack,
) -> None:
    async with connected(slack) as first:
        event, command = slack.mentions("list"), slack.user_types("/paperwire list")
        brought = [await first.receive_json(), await first.receive_json()]
    async with connected(slack) as second:
        again = await second.receive_json()
        assert again["payload"] == brought[0]["payload"]
        assert (again["retry_attempt"], again["envelope_id"] != brought[0]["envelope_id"]) == (1, True)
        await second.send_json({"envelope_id": again["envelope_id"]})
        await asyncio.to_thread(slack.waits_until_settled)
    assert (event.acknowledged, command.failed) == (True, "operation_timeout")


async def test_a_connection_whose_end_is_announced_brings_nothing_new(slack: FakeSlack) -> None:
    async with connected(slack) as first, connected(slack) as second:
        slack.refreshes_connection()
        assert (await first.receive_json())["type"] == "disconnect"
        for _ in range(2):
            slack.mentions("list")
            assert (await second.receive_json())["type"] == "events_api"
        slack.drops_connection()
        assert (await first.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING)


def test_without_a_connection_a_command_fails(
    slack: FakeSlack,
) -> None:
    assert call(slack, "apps.connections.open", APP_TOKEN)["ok"]
    command = slack.user_types("/paperwire list")
    slack.waits_until_settled()
    assert command.failed == "dispatch_failed"
    slack.withdraws("app_mentions:read")
    assert slack.mentions("list").failed == "the app may not see it"


# ── signed requests ───────────────────────────────────────────────────────────


def test_requests_are_signed_as_slacks_own_library_verifies_them() -> None:
    body = json.dumps({"text": "扩散"}).encode()

    class Clock:
        def now(self) -> float:
            return 1000.0

    verifier = SignatureVerifier(SECRET, Clock())  # type: ignore[arg-type]
    assert verifier.is_valid_request(body, signature(SECRET, body, 1000))
    assert verifier.is_valid_request(body, signature(SECRET, body, 1000 - 299))
    assert not verifier.is_valid_request(body, signature(SECRET, body, 1000 - 301))
    assert not verifier.is_valid_request(body + b" ", signature(SECRET, body, 1000))
