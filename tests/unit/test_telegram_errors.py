"""The table of Telegram errors, row by row, with the exceptions that python-telegram-bot raises."""

import ssl
from collections.abc import Iterable, Mapping
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from telegram import error as theirs
from yarl import URL

from bot.platforms.telegram import client
from subscriptions import errors as ours


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def page(error: Exception) -> Exception:
    """Returns the library's error for a body that is not JSON."""
    return caused(error, theirs.TelegramError("Invalid server response"))


def network(cause: BaseException) -> Exception:
    return caused(theirs.NetworkError(type(cause).__name__), cause)


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
    caused(theirs.TimedOut(), aiohttp.ConnectionTimeoutError("Connection timeout to host")),
    page(theirs.NetworkError("Request Entity Too Large (413). Parsing the server response b'<html>' failed")),
    page(theirs.NetworkError("Found (302). Parsing the server response b'' failed")),
    page(theirs.NetworkError("Method Not Allowed (405). Parsing the server response b'' failed")),
    theirs.NetworkError("Request Entity Too Large"),
    theirs.NetworkError("Proxy Authentication Required"),
    page(theirs.Forbidden("Forbidden (403). Parsing the server response b'<html>' failed")),
    page(theirs.BadRequest("Bad Request (400). Parsing the server response b'<html>' failed")),
]

NOBODY_KNOWS = [
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

CHAT_GONE = [
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
]

TOPIC_GONE = [
    theirs.BadRequest("Bad Request: message thread not found"),
    theirs.BadRequest("Bad Request: TOPIC_CLOSED"),
    theirs.BadRequest("Bad Request: TOPIC_DELETED"),
]

BAD_FORM = [
    theirs.BadRequest('Bad Request: can\'t parse entities: Unsupported start tag "p" at byte offset 0'),
    theirs.BadRequest("Bad Request: message is too long"),
    theirs.BadRequest("Bad Request: text is too long"),
    theirs.BadRequest("Bad Request: message text is empty"),
    theirs.BadRequest("Bad Request: ENTITIES_TOO_LONG"),
    theirs.BadRequest("Bad Request: BUTTON_DATA_INVALID"),
    theirs.BadRequest("Bad Request: BUTTON_URL_INVALID"),
    caused(
        theirs.NetworkError("Unknown error in HTTP implementation"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")
    ),
]

OTHERWISE_REFUSED = [
    theirs.BadRequest("Bad Request: chat_id is empty"),
    theirs.BadRequest("Bad Request: message to edit not found"),
    theirs.BadRequest("Bad Request: something that Telegram will invent next year"),
]

STOPPED = [
    theirs.InvalidToken("Unauthorized"),
    theirs.InvalidToken("Not Found"),
    page(theirs.InvalidToken("Not Found (404). Parsing the server response b'<html>' failed")),
    network(aiohttp.NonHttpUrlClientError("ftp://127.0.0.1")),
    network(aiohttp.InvalidUrlClientError("127.0.0.1:80", "no host")),
]


WAITS = {
    theirs.RetryAfter(3): 3.5,
    theirs.RetryAfter(timedelta(seconds=3)): 3.5,
    theirs.RetryAfter(1): 1.5,
    theirs.RetryAfter(2.25): 2.75,  # type: ignore[arg-type]
    theirs.RetryAfter(86_400): 86_400.5,
    theirs.RetryAfter("soon"): 5.5,  # type: ignore[arg-type]
    theirs.NetworkError("Too Many Requests: retry after 0. The server response contained unknown parameters: {}"): 5,
    theirs.NetworkError("Too Many Requests"): 5,
    page(theirs.NetworkError("Too Many Requests (429). Parsing the server response b'' failed")): 5,
}

MEANINGS: list[tuple[Iterable[Exception], type[ours.NotDelivered], Mapping[str, object]]] = [
    (NOTHING_SENT, ours.RetryLater, {}),
    (NOBODY_KNOWS, ours.Unclear, {}),
    *(([error], ours.RetryLater, {"after": timedelta(seconds=seconds)}) for error, seconds in WAITS.items()),
    (CHAT_GONE, ours.ChatGone, {"scope": "chat"}),
    (TOPIC_GONE, ours.ChatGone, {"scope": "topic"}),
    (BAD_FORM, ours.Rejected, {"form": True}),
    (OTHERWISE_REFUSED, ours.Rejected, {"form": False}),
    (STOPPED, ours.SenderStopped, {"scope": "token"}),
    ([theirs.ChatMigrated(-1001234567890)], ours.ChatMoved, {"address": "-1001234567890"}),
]
ROWS = [pytest.param(error, kind, facts, id=repr(error)) for errors, kind, facts in MEANINGS for error in errors]


@pytest.mark.parametrize(("error", "kind", "facts"), ROWS)
def test_what_an_error_means(error: Exception, kind: type[ours.NotDelivered], facts: Mapping[str, object]) -> None:
    result = client.outcome(error)
    assert type(result) is kind
    assert {name: getattr(result, name) for name in facts} == facts
    assert 0 < len(result.reason) < 300
    assert not any(unwanted in result.reason for unwanted in ("\n", "<html>"))
    assert client.outcome(result) is result, "an outcome stays what it is"


def test_a_refusing_proxy_is_named_without_the_token() -> None:
    refused = aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="Proxy Authentication Required")
    said = client.outcome(network(refused)).reason
    assert said == "No connection to Telegram: 407 Proxy Authentication Required"


@pytest.mark.parametrize("error", NOBODY_KNOWS, ids=repr)
def test_a_question_that_got_no_answer_is_asked_again(error: Exception) -> None:
    assert isinstance(client.outcome_of_repeatable(error), ours.RetryLater)


def test_a_question_that_was_refused_is_refused() -> None:
    assert isinstance(client.outcome_of_repeatable(theirs.InvalidToken()), ours.SenderStopped)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (theirs.BadRequest("Bad Request: message is not modified: specified new message content and …"), True),
        (theirs.BadRequest("Bad Request: message to edit not found"), False),
        (theirs.NetworkError("message is not modified"), False),
    ],
)
def test_only_a_400_that_says_so_means_not_modified(error: Exception, *, expected: bool) -> None:
    assert client.not_modified(error) is expected
