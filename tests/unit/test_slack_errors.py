"""The table of Slack errors, row by row, with the exceptions that slack-sdk and aiohttp raise."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.platforms.slack import client
from subscriptions import errors as ours

KEY = cast("Any", SimpleNamespace(host="slack.com", port=443, is_ssl=True, ssl=True))


def said(code: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: object) -> SlackApiError:
    """Returns the error for a JSON answer that is not ok."""
    return answered({"ok": False, "error": code, **more}, status, headers)


def answered(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> SlackApiError:
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data=cast("Any", data),
        headers=dict(headers or {}),
        status_code=status,
    )
    return SlackApiError("The request to the Slack API failed.", response)  # type: ignore[no-untyped-call]


def broken_json(status: int) -> SlackApiError:
    """Returns the error for invalid JSON, whose response comes from aiohttp."""
    return SlackApiError("broken", SimpleNamespace(status=status, headers={}))  # type: ignore[no-untyped-call]


NOTHING_SENT: list[Exception] = [
    aiohttp.ClientConnectorError(KEY, OSError(111, "Connection refused")),
    aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
    aiohttp.ClientConnectorSSLError(KEY, OSError(1, "wrong version number")),
    aiohttp.ClientConnectorCertificateError(KEY, OSError(1, "self-signed certificate")),
    aiohttp.ClientProxyConnectionError(KEY, OSError(111, "Connection refused")),
    aiohttp.ConnectionTimeoutError("Connection timeout to host"),
]

NOBODY_KNOWS = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "Connection reset by peer"),
    aiohttp.ClientConnectionResetError("Cannot write to closing transport"),
    aiohttp.SocketTimeoutError("Timeout on reading data from socket"),
    aiohttp.ClientPayloadError("Response payload is not completed"),
    TimeoutError(),
    AttributeError("'str' object has no attribute 'get'"),
    TypeError("'ClientResponse' object is not subscriptable"),
    Exception("something that nobody foresaw"),
    answered({}, 500),
    answered({}, 502),
    answered({}, 200),
    answered({}, 404),
    answered([], 200),
    answered(None, 200),
    answered("ok", 200),
    broken_json(200),
    broken_json(502),
    said("channel_not_found", status=503),
    said("internal_error"),
    said("fatal_error"),
    said("request_timeout"),
    said("service_unavailable", status=503),
    said("duplicate_message_not_found"),
    said("duplicate_channel_not_found"),
    said("an_error_that_slack_will_invent_next_year"),
]

SLOW_DOWN: list[tuple[Exception, int]] = [
    (said("ratelimited", status=429, headers={"Retry-After": "7"}), 7),
    (said("rate_limited", headers={"Retry-After": "7"}), 7),
    (said("ratelimited", status=429), 30),
    (said("ratelimited", status=429, headers={"Retry-After": "soon"}), 30),
    (said("ratelimited", status=429, headers={"Retry-After": "0"}), 1),
    (said("ratelimited", status=429, headers={"Retry-After": "9" * 5000}), 30),
    (answered({}, 429), 30),
    (broken_json(429), 30),
]

CHAT_GONE = [
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
    "no_permission",
    "user_not_found",
    "users_not_found",
    "cannot_dm_bot",
    "user_disabled",
]
BAD_FORM = [
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_too_large",
    "too_many_attachments",
    "invalid_arguments",
    "invalid_json",
]
TOKEN = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "not_allowed_token_type",
    "access_denied",
]
WORKSPACE = ["team_added_to_org", "org_login_required", "ekm_access_denied", "accesslimited"]
MESSAGE_GONE = ["message_not_found", "cant_update_message", "edit_window_closed"]


TOO_LONG = {"messages": ["[ERROR] no more than 50 items allowed"]}

MEANINGS: list[tuple[Iterable[Exception], type[ours.NotDelivered], Mapping[str, object], str]] = [
    (NOTHING_SENT, ours.RetryLater, {}, ""),
    (NOBODY_KNOWS, ours.Unclear, {}, ""),
    *(([error], ours.RetryLater, {"after": timedelta(seconds=seconds)}, "") for error, seconds in SLOW_DOWN),
    ([said("message_limit_exceeded")], ours.RetryLater, {"after": timedelta(hours=1)}, ""),
    *(([said(code, secret="the whole body")], ours.ChatGone, {"scope": "chat"}, code) for code in CHAT_GONE),
    ([said("restricted_action_thread_locked")], ours.ChatGone, {"scope": "topic"}, ""),
    (
        [said(code, response_metadata=TOO_LONG) for code in BAD_FORM],
        ours.Rejected,
        {"form": True},
        "no more than 50 items",
    ),
    (map(said, MESSAGE_GONE), ours.Rejected, {"form": False}, ""),
    (map(said, TOKEN), ours.SenderStopped, {"scope": "token"}, ""),
    ([said("missing_scope", needed="chat:write")], ours.SenderStopped, {"scope": "token"}, "needs chat:write"),
    (map(said, WORKSPACE), ours.SenderStopped, {"scope": "workspace"}, ""),
    ([aiohttp.NonHttpUrlClientError("ftp://x"), aiohttp.InvalidURL(URL("http:"))], ours.SenderStopped, {}, ""),
]
ROWS = [
    pytest.param(error, kind, facts, words, id=f"{type(error).__name__}: {error}"[:90])
    for errors, kind, facts, words in MEANINGS
    for error in errors
]


@pytest.mark.parametrize(("error", "kind", "facts", "words"), ROWS)
def test_what_an_error_means(
    error: Exception, kind: type[ours.NotDelivered], facts: Mapping[str, object], words: str
) -> None:
    result = client.outcome(error)
    assert type(result) is kind
    assert {name: getattr(result, name) for name in facts} == facts
    assert words in result.reason
    assert 0 < len(result.reason) < 300
    assert not any(unwanted in result.reason for unwanted in ("\n", "the whole body"))
    assert client.outcome(result) is result, "an outcome stays what it is"


@pytest.mark.parametrize("error", NOBODY_KNOWS, ids=lambda error: f"{type(error).__name__}: {error}"[:60])
def test_before_the_post_nothing_is_unclear(error: Exception) -> None:
    assert isinstance(client.outcome_before_post(error), ours.RetryLater)


def test_a_missing_scope_for_dms_concerns_that_chat_only() -> None:
    assert isinstance(client.outcome_before_post(said("missing_scope", needed="im:write")), ours.ChatGone)
    assert isinstance(client.outcome_before_post(said("invalid_auth")), ours.SenderStopped)


_NOT_READ = {"missing_scope", "not_allowed_token_type", "access_denied", "ekm_access_denied"}


@pytest.mark.parametrize(
    "code", [*sorted(_NOT_READ), "not_in_channel", "channel_not_found", "no_permission", "unknown"]
)
def test_who_may_not_read_cannot_tell(code: str) -> None:
    assert isinstance(client.outcome_of_lookup(said(code)), LookupError)


@pytest.mark.parametrize("code", sorted({*TOKEN, *WORKSPACE} - _NOT_READ))
def test_a_lookup_with_a_refused_token_waits_for_another(code: str) -> None:
    assert isinstance(client.outcome_of_lookup(said(code)), ours.SenderStopped)


@pytest.mark.parametrize(
    "error", [*NOTHING_SENT, aiohttp.ServerDisconnectedError(), answered({}, 502), said("internal_error")]
)
def test_a_look_that_got_no_answer_is_repeated(error: Exception) -> None:
    assert isinstance(client.outcome_of_lookup(error), ours.RetryLater)
