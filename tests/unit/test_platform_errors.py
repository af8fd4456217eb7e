"""The tables of Telegram's and Slack's errors, row by row, with the exceptions that their libraries raise."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import multidict
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from telegram import error as theirs
from yarl import URL

from bot.platforms.slack import client as slack
from bot.platforms.telegram import client as telegram
from subscriptions import errors as ours

# ------------------------------------------------------------------------------------------------------------ Telegram


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def page(error: Exception) -> Exception:
    """Returns the library's error for a body that is not JSON."""
    return caused(error, theirs.TelegramError("Invalid server response"))


def network(cause: BaseException) -> Exception:
    return caused(theirs.NetworkError(type(cause).__name__), cause)


KEY = cast("Any", SimpleNamespace(host="example.org", port=443, is_ssl=True, ssl=True))
REQUEST = aiohttp.RequestInfo(
    URL("https://api.telegram.org/bot4242:made-up/sendMessage"),
    "POST",
    multidict.CIMultiDictProxy(multidict.CIMultiDict()),
)
UNCLEAR_AT_TELEGRAM = [
    caused(theirs.TimedOut(), aiohttp.SocketTimeoutError("Timeout on reading data from socket")),
    caused(theirs.TimedOut(), TimeoutError()),
    theirs.TimedOut(),
    network(aiohttp.ServerDisconnectedError()),
    network(aiohttp.ClientOSError(104, "Connection reset by peer")),
    network(aiohttp.ClientConnectionResetError("Cannot write to closing transport")),
    network(aiohttp.ClientPayloadError("Response payload is not completed")),
    caused(theirs.NetworkError("Unknown error in HTTP implementation: RuntimeError()"), RuntimeError()),
    caused(theirs.TelegramError("Invalid server response"), ValueError("Expecting value")),
    theirs.TelegramError("something new"),
    KeyError("result"),
    KeyError("date"),
    TypeError("list indices must be integers"),
    AttributeError("'str' object has no attribute 'total_seconds'"),
    theirs.NetworkError("Internal Server Error"),
    theirs.NetworkError("Bad Gateway"),
    page(theirs.NetworkError("Bad Gateway (502). Parsing the server response b'<html>' failed")),
    page(theirs.NetworkError("Service Unavailable (503). Parsing the server response b'' failed")),
    theirs.NetworkError("Unknown HTTPError (599)"),
    theirs.Conflict("terminated by other getUpdates request"),
    Exception("something that nobody foresaw"),
]

AT_TELEGRAM: list[tuple[type[ours.NotDelivered], Mapping[str, object], list[Exception]]] = [
    (
        ours.RetryLater,
        {},
        [
            network(aiohttp.ClientConnectorError(KEY, OSError(111, "Connection refused"))),
            network(aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known"))),
            network(aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))),
            network(aiohttp.ClientProxyConnectionError(KEY, OSError(111, "Connection refused"))),
            network(aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="Proxy Authentication Required")),
            caused(theirs.TimedOut(), aiohttp.ConnectionTimeoutError("Connection timeout to host")),
            page(theirs.NetworkError("Request Entity Too Large (413). Parsing the server response b'<html>' failed")),
            page(theirs.NetworkError("Found (302). Parsing the server response b'' failed")),
            page(theirs.NetworkError("Method Not Allowed (405). Parsing the server response b'' failed")),
            theirs.NetworkError("Request Entity Too Large"),
            theirs.NetworkError("Proxy Authentication Required"),
            page(theirs.Forbidden("Forbidden (403). Parsing the server response b'<html>' failed")),
            page(theirs.BadRequest("Bad Request (400). Parsing the server response b'<html>' failed")),
        ],
    ),
    (ours.Unclear, {}, UNCLEAR_AT_TELEGRAM),
    *(
        (ours.RetryLater, {"after": timedelta(seconds=seconds)}, [error])
        for error, seconds in {
            theirs.RetryAfter(3): 3.5,
            theirs.RetryAfter(timedelta(seconds=3)): 3.5,
            theirs.RetryAfter(1): 1.5,
            theirs.RetryAfter(2.25): 2.75,  # type: ignore[arg-type]
            theirs.RetryAfter(86_400): 86_400.5,
            theirs.RetryAfter("soon"): 5.5,  # type: ignore[arg-type]
            theirs.NetworkError(
                "Too Many Requests: retry after 0. The server response contained unknown parameters: {}"
            ): 5,
            theirs.NetworkError("Too Many Requests"): 5,
            page(theirs.NetworkError("Too Many Requests (429). Parsing the server response b'' failed")): 5,
        }.items()
    ),
    (
        ours.ChatGone,
        {"scope": "chat"},
        [
            theirs.Forbidden("Forbidden: bot was blocked by the user"),
            theirs.Forbidden("Forbidden: user is deactivated"),
            theirs.Forbidden("Forbidden: bot was kicked from the group chat"),
            theirs.Forbidden("Forbidden: bot was kicked from the supergroup chat"),
            theirs.Forbidden("Forbidden: bot was kicked from the channel chat"),
            theirs.Forbidden("Forbidden: bot is not a member of the channel chat"),
            theirs.Forbidden("Forbidden: the group chat was deleted"),
            theirs.Forbidden("Forbidden: bot can't initiate conversation with a user"),
            theirs.Forbidden("Forbidden: bot can't send messages to bots"),
            theirs.Forbidden("Forbidden: bot can't send messages to the bot"),
            theirs.BadRequest("Bad Request: chat not found"),
            theirs.BadRequest("Bad Request: private chat not found"),
            theirs.BadRequest("Bad Request: PEER_ID_INVALID"),
            theirs.BadRequest("Bad Request: need administrator rights in the channel chat"),
            theirs.BadRequest("Bad Request: not enough rights to send text messages to the chat"),
            theirs.BadRequest("Bad Request: have no rights to send a message"),
            theirs.BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"),
            theirs.BadRequest("Bad Request: CHAT_RESTRICTED"),
        ],
    ),
    (
        ours.ChatGone,
        {"scope": "topic"},
        [
            theirs.BadRequest("Bad Request: message thread not found"),
            theirs.BadRequest("Bad Request: TOPIC_CLOSED"),
            theirs.BadRequest("Bad Request: TOPIC_DELETED"),
        ],
    ),
    (
        ours.Rejected,
        {"form": True},
        [
            theirs.BadRequest('Bad Request: can\'t parse entities: Unsupported start tag "p" at byte offset 0'),
            theirs.BadRequest("Bad Request: message is too long"),
            theirs.BadRequest("Bad Request: text is too long"),
            theirs.BadRequest("Bad Request: message text is empty"),
            theirs.BadRequest("Bad Request: ENTITIES_TOO_LONG"),
            theirs.BadRequest("Bad Request: BUTTON_DATA_INVALID"),
            theirs.BadRequest("Bad Request: BUTTON_URL_INVALID"),
            caused(
                theirs.NetworkError("Unknown error in HTTP implementation"),
                UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"),
            ),
        ],
    ),
    (
        ours.Rejected,
        {"form": False},
        [
            theirs.BadRequest("Bad Request: chat_id is empty"),
            theirs.BadRequest("Bad Request: message to edit not found"),
            theirs.BadRequest("Bad Request: something that Telegram will invent next year"),
        ],
    ),
    (
        ours.SenderStopped,
        {"scope": "token"},
        [
            theirs.InvalidToken("Unauthorized"),
            theirs.InvalidToken("Not Found"),
            page(theirs.InvalidToken("Not Found (404). Parsing the server response b'<html>' failed")),
            network(aiohttp.NonHttpUrlClientError("ftp://127.0.0.1")),
            network(aiohttp.InvalidUrlClientError("127.0.0.1:80", "no host")),
        ],
    ),
    (ours.ChatMoved, {"address": "-1001234567890"}, [theirs.ChatMigrated(-1001234567890)]),
]


# --------------------------------------------------------------------------------------------------------------- Slack


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


NOT_SENT_TO_SLACK: list[Exception] = [
    aiohttp.ClientConnectorError(KEY, OSError(111, "Connection refused")),
    aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
    aiohttp.ClientConnectorSSLError(KEY, OSError(1, "wrong version number")),
    aiohttp.ClientConnectorCertificateError(KEY, OSError(1, "self-signed certificate")),
    aiohttp.ClientProxyConnectionError(KEY, OSError(111, "Connection refused")),
    aiohttp.ConnectionTimeoutError("Connection timeout to host"),
]
UNCLEAR_AT_SLACK = [
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
REFUSED_TOKEN = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "not_allowed_token_type",
    "access_denied",
]
REFUSED_WORKSPACE = ["team_added_to_org", "org_login_required", "ekm_access_denied", "accesslimited"]

AT_SLACK: list[tuple[type[ours.NotDelivered], Mapping[str, object], str, Sequence[Exception]]] = [
    (ours.RetryLater, {}, "", NOT_SENT_TO_SLACK),
    (ours.Unclear, {}, "", UNCLEAR_AT_SLACK),
    *(
        (ours.RetryLater, {"after": timedelta(seconds=seconds)}, "", [error])
        for error, seconds in [
            (said("ratelimited", status=429, headers={"Retry-After": "7"}), 7),
            (said("rate_limited", headers={"Retry-After": "7"}), 7),
            (said("ratelimited", status=429), 30),
            (said("ratelimited", status=429, headers={"Retry-After": "soon"}), 30),
            (said("ratelimited", status=429, headers={"Retry-After": "0"}), 1),
            (said("ratelimited", status=429, headers={"Retry-After": "9" * 5000}), 30),
            (answered({}, 429), 30),
            (broken_json(429), 30),
        ]
    ),
    (ours.RetryLater, {"after": timedelta(hours=1)}, "", [said("message_limit_exceeded")]),
    *(
        (ours.ChatGone, {"scope": "chat"}, code, [said(code, secret="the whole body")])
        for code in [
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
    ),
    (ours.ChatGone, {"scope": "topic"}, "", [said("restricted_action_thread_locked")]),
    *(
        (
            ours.Rejected,
            {"form": True},
            "no more than 50 items",
            [said(code, response_metadata={"messages": ["[ERROR] no more than 50 items allowed"]})],
        )
        for code in [
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
    ),
    (
        ours.Rejected,
        {"form": False},
        "",
        [said(code) for code in ["message_not_found", "cant_update_message", "edit_window_closed"]],
    ),
    (ours.SenderStopped, {"scope": "token"}, "", [said(code) for code in REFUSED_TOKEN]),
    (ours.SenderStopped, {"scope": "token"}, "needs chat:write", [said("missing_scope", needed="chat:write")]),
    (ours.SenderStopped, {"scope": "workspace"}, "", [said(code) for code in REFUSED_WORKSPACE]),
    (ours.SenderStopped, {}, "", [aiohttp.NonHttpUrlClientError("ftp://x"), aiohttp.InvalidURL(URL("http:"))]),
]


# ----------------------------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize(
    ("error", "kind", "facts", "words", "client"),
    [
        *(
            pytest.param(error, kind, facts, "", telegram, id=repr(error))
            for kind, facts, errors in AT_TELEGRAM
            for error in errors
        ),
        *(
            pytest.param(error, kind, facts, words, slack, id=f"{type(error).__name__}: {error}"[:90])
            for kind, facts, words, errors in AT_SLACK
            for error in errors
        ),
    ],
)
def test_what_an_error_means(
    error: Exception, kind: type[ours.NotDelivered], facts: Mapping[str, object], words: str, client: Any
) -> None:
    result = client.outcome(error)
    assert type(result) is kind
    assert {name: getattr(result, name) for name in facts} == facts
    assert words in result.reason
    assert 0 < len(result.reason) < 300
    assert not any(unwanted in result.reason for unwanted in ("\n", "<html>", "the whole body"))
    assert client.outcome(result) is result, "an outcome stays what it is"


def test_a_refusing_proxy_is_named_without_the_token() -> None:
    refused = aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="Proxy Authentication Required")
    assert telegram.outcome(network(refused)).reason == "No connection to Telegram: 407 Proxy Authentication Required"


MAY_NOT_READ = {"missing_scope", "not_allowed_token_type", "access_denied", "ekm_access_denied"}


@pytest.mark.parametrize(
    ("outcome", "error", "kind"),
    [
        *((telegram.outcome_of_repeatable, error, ours.RetryLater) for error in UNCLEAR_AT_TELEGRAM),
        (telegram.outcome_of_repeatable, theirs.InvalidToken(), ours.SenderStopped),
        *((slack.outcome_before_post, error, ours.RetryLater) for error in UNCLEAR_AT_SLACK),
        (slack.outcome_before_post, said("missing_scope", needed="im:write"), ours.ChatGone),  # only of this chat
        (slack.outcome_before_post, said("invalid_auth"), ours.SenderStopped),
        # who may not read cannot tell, and others ask again
        *(
            (slack.outcome_of_lookup, error, kind)
            for error, kind in [
                *(
                    (said(code), LookupError)
                    for code in (
                        *sorted(MAY_NOT_READ),
                        "not_in_channel",
                        "channel_not_found",
                        "no_permission",
                        "unknown",
                    )
                ),
                *(
                    (said(code), ours.SenderStopped)
                    for code in sorted({*REFUSED_TOKEN, *REFUSED_WORKSPACE} - MAY_NOT_READ)
                ),
                *((error, ours.RetryLater) for error in NOT_SENT_TO_SLACK),
                (aiohttp.ServerDisconnectedError(), ours.RetryLater),
                (answered({}, 502), ours.RetryLater),
                (said("internal_error"), ours.RetryLater),
            ]
        ),
    ],
)
def test_where_nothing_was_posted_nothing_is_unclear(
    outcome: Callable[[Exception], Exception], error: Exception, kind: type[Exception]
) -> None:
    assert isinstance(outcome(error), kind)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (theirs.BadRequest("Bad Request: message is not modified: specified new message content and …"), True),
        (theirs.BadRequest("Bad Request: message to edit not found"), False),
        (theirs.NetworkError("message is not modified"), False),
    ],
)
def test_only_a_400_that_says_so_means_not_modified(error: Exception, *, expected: bool) -> None:
    assert telegram.not_modified(error) is expected
