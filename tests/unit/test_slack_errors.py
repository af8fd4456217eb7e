"""The table of Slack errors, row by row, with the exceptions that slack-sdk and aiohttp raise."""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.platforms.slack.errors import outcome, outcome_before_post, outcome_of_lookup
from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear

KEY = cast("Any", SimpleNamespace(host="slack.com", port=443, is_ssl=True, ssl=True))


def said(code: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: object) -> SlackApiError:
    """Returns an answer in JSON that is not ok."""
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
    """Returns the error for broken JSON, whose response is aiohttp's."""
    return SlackApiError("broken", SimpleNamespace(status=status, headers={}))  # type: ignore[no-untyped-call]


NOTHING_SENT = [
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

SLOW_DOWN = [
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


@pytest.mark.parametrize("error", NOTHING_SENT, ids=lambda error: type(error).__name__)
def test_what_was_never_sent_waits(error: Exception) -> None:
    assert isinstance(outcome(error), RetryLater)


@pytest.mark.parametrize("error", NOBODY_KNOWS, ids=lambda error: f"{type(error).__name__}: {error}"[:60])
def test_what_nobody_knows_is_unclear(error: Exception) -> None:
    assert isinstance(outcome(error), Unclear)


@pytest.mark.parametrize(("error", "seconds"), SLOW_DOWN)
def test_the_platforms_wish_to_wait_is_kept(error: Exception, seconds: int) -> None:
    result = outcome(error)
    assert isinstance(result, RetryLater)
    assert result.after == timedelta(seconds=seconds)


def test_a_workspace_over_its_limit_waits_long() -> None:
    result = outcome(said("message_limit_exceeded"))
    assert isinstance(result, RetryLater)
    assert result.after >= timedelta(minutes=15)


@pytest.mark.parametrize("code", CHAT_GONE)
def test_a_chat_that_does_not_take_it_is_gone(code: str) -> None:
    result = outcome(said(code))
    assert isinstance(result, ChatGone)
    assert result.scope == "chat"
    assert code in result.reason


def test_a_locked_thread_is_gone_and_its_channel_is_not() -> None:
    result = outcome(said("restricted_action_thread_locked"))
    assert isinstance(result, ChatGone)
    assert result.scope == "topic"


@pytest.mark.parametrize("code", BAD_FORM)
def test_what_is_wrong_with_the_form_may_go_as_plain_text(code: str) -> None:
    result = outcome(said(code, response_metadata={"messages": ["[ERROR] no more than 50 items allowed"]}))
    assert isinstance(result, Rejected)
    assert result.form
    assert "no more than 50 items" in result.reason


@pytest.mark.parametrize("code", TOKEN)
def test_a_token_that_does_not_work_stops_the_sender(code: str) -> None:
    result = outcome(said(code))
    assert isinstance(result, SenderStopped)
    assert result.scope == "token"


def test_a_missing_scope_is_named() -> None:
    assert "needs chat:write" in outcome(said("missing_scope", needed="chat:write")).reason


@pytest.mark.parametrize("code", WORKSPACE)
def test_a_workspace_that_does_not_let_us_in_stops(code: str) -> None:
    result = outcome(said(code))
    assert isinstance(result, SenderStopped)
    assert result.scope == "workspace"


@pytest.mark.parametrize("error", [aiohttp.NonHttpUrlClientError("ftp://x"), aiohttp.InvalidURL(URL("http:"))])
def test_a_wrong_address_of_the_api_stops_the_sender(error: Exception) -> None:
    assert isinstance(outcome(error), SenderStopped)


@pytest.mark.parametrize("code", MESSAGE_GONE)
def test_a_message_that_cannot_be_changed_is_final(code: str) -> None:
    result = outcome(said(code))
    assert isinstance(result, Rejected)
    assert not result.form


def test_an_outcome_stays_what_it_is() -> None:
    gone = ChatGone("gone")
    assert outcome(gone) is gone


@pytest.mark.parametrize("error", NOBODY_KNOWS, ids=lambda error: f"{type(error).__name__}: {error}"[:60])
def test_before_the_post_nothing_is_unclear(error: Exception) -> None:
    assert isinstance(outcome_before_post(error), RetryLater)


def test_a_missing_scope_for_dms_concerns_that_chat_only() -> None:
    assert isinstance(outcome_before_post(said("missing_scope", needed="im:write")), ChatGone)
    assert isinstance(outcome_before_post(said("invalid_auth")), SenderStopped)


_NOT_READ = {"missing_scope", "not_allowed_token_type", "access_denied", "ekm_access_denied"}


@pytest.mark.parametrize(
    "code", [*sorted(_NOT_READ), "not_in_channel", "channel_not_found", "no_permission", "unknown"]
)
def test_who_may_not_read_cannot_tell(code: str) -> None:
    assert isinstance(outcome_of_lookup(said(code)), LookupError)


@pytest.mark.parametrize("code", sorted({*TOKEN, *WORKSPACE} - _NOT_READ))
def test_a_lookup_with_a_refused_token_waits_for_another(code: str) -> None:
    assert isinstance(outcome_of_lookup(said(code)), SenderStopped)


@pytest.mark.parametrize(
    "error", [*NOTHING_SENT, aiohttp.ServerDisconnectedError(), answered({}, 502), said("internal_error")]
)
def test_a_look_that_got_no_answer_is_repeated(error: Exception) -> None:
    assert isinstance(outcome_of_lookup(error), RetryLater)


def test_a_look_that_came_too_soon_waits_as_long_as_slack_says() -> None:
    result = outcome_of_lookup(said("ratelimited", status=429, headers={"Retry-After": "60"}))
    assert isinstance(result, RetryLater)
    assert result.after == timedelta(seconds=60)


@pytest.mark.parametrize(
    "error", [*NOTHING_SENT, *NOBODY_KNOWS, *(said(code) for code in (*CHAT_GONE, *BAD_FORM, *TOKEN, *WORKSPACE))]
)
def test_every_reason_is_one_short_line(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, NotDelivered)
    assert result.reason
    assert "\n" not in result.reason
    assert len(result.reason) < 300


def test_the_json_of_an_answer_is_not_repeated_in_the_reason() -> None:
    error = said("channel_not_found", secret="the whole body")
    assert "the whole body" in json.dumps(error.response.data)
    assert "the whole body" not in outcome(error).reason
