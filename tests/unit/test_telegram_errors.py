"""The table of Telegram errors, row by row, with the exceptions that python-telegram-bot raises."""

import ssl
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from yarl import URL

from bot.platforms.telegram.errors import not_modified, outcome, outcome_of_repeatable
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def page(error: Exception) -> Exception:
    """Returns the library's error if the body is no JSON."""
    return caused(error, TelegramError("Invalid server response"))


def network(cause: BaseException) -> Exception:
    return caused(NetworkError(type(cause).__name__), cause)


SERVER = ConnectionKey(
    "api.telegram.org", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)
REQUEST = aiohttp.RequestInfo(
    URL("https://api.telegram.org/bot4242:made-up/sendMessage"), "POST", CIMultiDictProxy(CIMultiDict())
)


NOTHING_SENT = [
    network(aiohttp.ClientConnectorError(SERVER, OSError(111, "Connection refused"))),
    network(aiohttp.ClientConnectorDNSError(SERVER, OSError(-2, "Name or service not known"))),
    network(aiohttp.ClientConnectorCertificateError(SERVER, ssl.SSLCertVerificationError("self-signed"))),
    network(aiohttp.ClientProxyConnectionError(SERVER, OSError(111, "Connection refused"))),
    network(aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="Proxy Authentication Required")),
    caused(TimedOut(), aiohttp.ConnectionTimeoutError("Connection timeout to host")),
    page(NetworkError("Request Entity Too Large (413). Parsing the server response b'<html>' failed")),
    page(NetworkError("Found (302). Parsing the server response b'' failed")),
    page(NetworkError("Method Not Allowed (405). Parsing the server response b'' failed")),
    NetworkError("Request Entity Too Large"),
    NetworkError("Proxy Authentication Required"),
    page(Forbidden("Forbidden (403). Parsing the server response b'<html>' failed")),
    page(BadRequest("Bad Request (400). Parsing the server response b'<html>' failed")),
]

NOBODY_KNOWS = [
    caused(TimedOut(), aiohttp.SocketTimeoutError("Timeout on reading data from socket")),
    caused(TimedOut(), TimeoutError()),
    TimedOut(),
    network(aiohttp.ServerDisconnectedError()),
    network(aiohttp.ClientOSError(104, "Connection reset by peer")),
    network(aiohttp.ClientConnectionResetError("Cannot write to closing transport")),
    network(aiohttp.ClientPayloadError("Response payload is not completed")),
    caused(NetworkError("Unknown error in HTTP implementation: RuntimeError()"), RuntimeError()),
    caused(TelegramError("Invalid server response"), ValueError("Expecting value")),
    TelegramError("something new"),
    KeyError("result"),
    KeyError("date"),
    TypeError("list indices must be integers"),
    AttributeError("'str' object has no attribute 'total_seconds'"),
    NetworkError("Internal Server Error"),
    NetworkError("Bad Gateway"),
    page(NetworkError("Bad Gateway (502). Parsing the server response b'<html>' failed")),
    page(NetworkError("Service Unavailable (503). Parsing the server response b'' failed")),
    NetworkError("Unknown HTTPError (599)"),
    Conflict("terminated by other getUpdates request"),
    Exception("something that nobody foresaw"),
]

CHAT_GONE = [
    Forbidden("Forbidden: bot was blocked by the user"),
    Forbidden("Forbidden: user is deactivated"),
    Forbidden("Forbidden: bot was kicked from the group chat"),
    Forbidden("Forbidden: bot was kicked from the supergroup chat"),
    Forbidden("Forbidden: bot was kicked from the channel chat"),
    Forbidden("Forbidden: bot is not a member of the channel chat"),
    Forbidden("Forbidden: the group chat was deleted"),
    Forbidden("Forbidden: bot can't initiate conversation with a user"),
    Forbidden("Forbidden: bot can't send messages to bots"),
    Forbidden("Forbidden: bot can't send messages to the bot"),
    BadRequest("Bad Request: chat not found"),
    BadRequest("Bad Request: private chat not found"),
    BadRequest("Bad Request: PEER_ID_INVALID"),
    BadRequest("Bad Request: need administrator rights in the channel chat"),
    BadRequest("Bad Request: not enough rights to send text messages to the chat"),
    BadRequest("Bad Request: have no rights to send a message"),
    BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"),
    BadRequest("Bad Request: CHAT_RESTRICTED"),
]

TOPIC_GONE = [
    BadRequest("Bad Request: message thread not found"),
    BadRequest("Bad Request: TOPIC_CLOSED"),
    BadRequest("Bad Request: TOPIC_DELETED"),
]

BAD_FORM = [
    BadRequest('Bad Request: can\'t parse entities: Unsupported start tag "p" at byte offset 0'),
    BadRequest("Bad Request: message is too long"),
    BadRequest("Bad Request: text is too long"),
    BadRequest("Bad Request: message text is empty"),
    BadRequest("Bad Request: ENTITIES_TOO_LONG"),
    BadRequest("Bad Request: BUTTON_DATA_INVALID"),
    BadRequest("Bad Request: BUTTON_URL_INVALID"),
    caused(NetworkError("Unknown error in HTTP implementation"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")),
]

OTHERWISE_REFUSED = [
    BadRequest("Bad Request: chat_id is empty"),
    BadRequest("Bad Request: message to edit not found"),
    BadRequest("Bad Request: something that Telegram will invent next year"),
]

STOPPED = [
    InvalidToken("Unauthorized"),
    InvalidToken("Not Found"),
    page(InvalidToken("Not Found (404). Parsing the server response b'<html>' failed")),
    network(aiohttp.NonHttpUrlClientError("ftp://127.0.0.1")),
    network(aiohttp.InvalidUrlClientError("127.0.0.1:80", "no host")),
]


def test_a_refusing_proxy_is_named_without_the_token() -> None:
    refused = aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="Proxy Authentication Required")
    said = outcome(network(refused)).reason
    assert said == "No connection to Telegram: 407 Proxy Authentication Required"


@pytest.mark.parametrize("error", NOTHING_SENT, ids=repr)
def test_what_was_never_sent_waits(error: Exception) -> None:
    assert isinstance(outcome(error), RetryLater)


@pytest.mark.parametrize("error", NOBODY_KNOWS, ids=repr)
def test_what_nobody_knows_is_unclear(error: Exception) -> None:
    assert isinstance(outcome(error), Unclear)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(3, 3.5), (timedelta(seconds=3), 3.5), (1, 1.5), (2.25, 2.75), (86_400, 86_400.5), ("soon", 5.5)],
)
def test_the_platforms_wish_to_wait_is_kept_with_a_margin(retry_after: Any, seconds: float) -> None:
    result = outcome(RetryAfter(retry_after))
    assert isinstance(result, RetryLater)
    assert result.after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "error",
    [
        NetworkError("Too Many Requests: retry after 0. The server response contained unknown parameters: {}"),
        NetworkError("Too Many Requests"),
        page(NetworkError("Too Many Requests (429). Parsing the server response b'' failed")),
    ],
    ids=repr,
)
def test_a_429_without_a_number_waits_a_few_seconds(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, RetryLater)
    assert timedelta(seconds=1) <= result.after <= timedelta(seconds=5)


@pytest.mark.parametrize("error", CHAT_GONE, ids=repr)
def test_a_chat_that_does_not_take_it_is_gone(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, ChatGone)
    assert result.scope == "chat"


@pytest.mark.parametrize("error", TOPIC_GONE, ids=repr)
def test_a_closed_topic_is_gone_its_chat_is_not(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, ChatGone)
    assert result.scope == "topic"


@pytest.mark.parametrize("error", BAD_FORM, ids=repr)
def test_what_is_wrong_with_the_form_may_go_as_plain_text(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, Rejected)
    assert result.form


@pytest.mark.parametrize("error", OTHERWISE_REFUSED, ids=repr)
def test_any_other_refusal_is_final(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, Rejected)
    assert not result.form


@pytest.mark.parametrize("error", STOPPED, ids=repr)
def test_a_token_or_address_that_does_not_work_stops_the_sender(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, SenderStopped)
    assert result.scope == "token"


def test_a_group_that_became_a_supergroup_has_moved() -> None:
    result = outcome(ChatMigrated(-1001234567890))
    assert isinstance(result, ChatMoved)
    assert result.address == "-1001234567890"


def test_an_outcome_stays_what_it_is() -> None:
    gone = ChatGone("gone")
    assert outcome(gone) is gone


@pytest.mark.parametrize("error", NOBODY_KNOWS, ids=repr)
def test_a_question_that_got_no_answer_is_asked_again(error: Exception) -> None:
    assert isinstance(outcome_of_repeatable(error), RetryLater)


def test_a_question_that_was_refused_is_refused() -> None:
    assert isinstance(outcome_of_repeatable(InvalidToken()), SenderStopped)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BadRequest("Bad Request: message is not modified: specified new message content and …"), True),
        (BadRequest("Bad Request: message to edit not found"), False),
        (NetworkError("message is not modified"), False),
    ],
)
def test_only_a_400_that_says_so_means_not_modified(error: Exception, *, expected: bool) -> None:
    assert not_modified(error) is expected


@pytest.mark.parametrize(
    "error", [*NOTHING_SENT, *NOBODY_KNOWS, *CHAT_GONE, *TOPIC_GONE, *BAD_FORM, *OTHERWISE_REFUSED, *STOPPED], ids=repr
)
def test_every_reason_is_one_short_line(error: Exception) -> None:
    result = outcome(error)
    assert isinstance(result, NotDelivered)
    assert result.reason
    assert "\n" not in result.reason
    assert "<html>" not in result.reason
    assert len(result.reason) < 300
