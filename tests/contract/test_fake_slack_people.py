"""The fake Slack delivers people's actions as Slack does, and refuses what Slack refuses. Plain clients check this."""

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

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading all certificates would take longer than a test


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U1", "U2"))
        fake.knows("G1", name="secret", private=True, member=False)
        fake.knows_person("U1", name="Ann Lee", locale="zh-CN")
        fake.grants_all()
        yield fake


def call(fake: FakeSlack, method: str, token: str = TOKEN, **arguments: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"json": arguments} if method in JSON_METHODS else {"data": arguments}
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(fake.url + method, **said, headers=headers, trust_env=False, verify=NO_TLS)
    body: dict[str, Any] = answer.json()
    return body


def respond(url: str, **body: Any) -> int:
    return httpx.post(url, json=body, trust_env=False, verify=NO_TLS).status_code


# ── people and places ─────────────────────────────────────────────────────────


def test_people_are_told_to_who_may_read_them(slack: FakeSlack) -> None:
    assert call(slack, "users.info", user="U9")["error"] == "user_not_found"
    assert "locale" not in call(slack, "users.info", user="U1")["user"]
    assert call(slack, "users.info", user="U1", include_locale="true")["user"]["locale"] == "zh-CN"
    slack.withdraws("users:read")
    assert call(slack, "users.info", user="U1")["error"] == "missing_scope"


def test_a_private_channel_is_told_to_nobody_who_is_not_in_it(slack: FakeSlack) -> None:
    assert call(slack, "conversations.info", channel="C1")["channel"]["name"] == "vision"
    assert call(slack, "conversations.info", channel="G1")["error"] == "channel_not_found"
    assert call(slack, "conversations.members", channel="C1", limit=1)["members"] == ["U1"]
    slack.withdraws("channels:read")
    assert call(slack, "conversations.info", channel="C1")["needed"] == "channels:read"


def test_methods_that_read_take_no_json(slack: FakeSlack) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(slack.url + "users.info", json={"user": "U1"}, headers=headers, trust_env=False, verify=NO_TLS)
    assert answer.json()["error"] == "invalid_arguments"


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


def test_an_address_for_answers_takes_five_within_half_an_hour(slack: FakeSlack) -> None:
    slack.sets_time(1000)
    url = slack.user_types("/paperwire list").payload["response_url"]
    assert [respond(url, text="x") for _ in range(6)] == [200] * 5 + [404]
    late = slack.user_types("/paperwire list").payload["response_url"]
    slack.sets_time(1000 + 1801)
    assert respond(late, text="x") == 404
    assert respond(url.rsplit("/", 1)[0] + "/guessed", text="x") == 404


def test_an_address_for_answers_refuses_what_a_message_may_not_hold_and_any_token(slack: FakeSlack) -> None:
    url = slack.user_types("/paperwire list").payload["response_url"]
    assert respond(url) == 400
    assert respond(url, text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]) == 400
    with_token = httpx.post(
        url, json={"text": "x"}, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, verify=NO_TLS
    )
    assert with_token.status_code == 404


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


async def test_an_envelope_is_acknowledged_on_the_connection_that_brought_it_and_nowhere_else(slack: FakeSlack) -> None:
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


async def test_what_a_lost_connection_brought_comes_again_if_it_is_an_event_and_has_failed_if_not(
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


async def test_the_end_of_a_connection_is_announced_and_nothing_new_comes_by_it(slack: FakeSlack) -> None:
    async with connected(slack) as first, connected(slack) as second:
        slack.refreshes_connection()
        assert (await first.receive_json())["type"] == "disconnect"
        for _ in range(2):
            slack.mentions("list")
            assert (await second.receive_json())["type"] == "events_api"
        slack.drops_connection()
        assert (await first.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING)


def test_without_a_connection_a_command_fails_and_an_event_that_the_app_may_not_see_never_comes(
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
