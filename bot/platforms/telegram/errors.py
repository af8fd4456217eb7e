"""Translates errors of python-telegram-bot to outcomes: a table, most specific first.

`BadRequest` and `TimedOut` are `NetworkError`s in this library, and often only `__cause__` tells what went wrong. An error
that is not in the table is Unclear.
"""

import re
from datetime import timedelta
from http import HTTPStatus

import aiohttp
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

from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.states import PauseReason


class UpdatesConflict(RetryLater):
    """Telegram sends the updates elsewhere: to a `webhook`, or to another process with the same token."""

    def __init__(self, reason: str, *, webhook: bool) -> None:
        super().__init__(reason)
        self.webhook = webhook


class PersonNotFound(Rejected):
    """The person does not exist, or is not in the chat."""


class FileTooLarge(Rejected):
    """The file is larger than bots may download."""


_MARGIN = timedelta(seconds=0.5)  # Telegram counts whole seconds
_NO_NUMBER = timedelta(seconds=5)  # the wait for a 429 without a number

# aiohttp raises these before the first byte of a request is written; the last one when a proxy refuses the connection.
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_WRONG_ADDRESS = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)

# Telegram's words, compared without regard to case: the library changes the case of what follows "Bad Request: ".
_CHAT_GONE = (
    "chat not found",
    "peer_id_invalid",
    "need administrator rights in the channel chat",
    "not enough rights to send",
    "have no rights to send a message",
    "chat_write_forbidden",
    "chat_restricted",
)
_TOPIC_CLOSED = ("topic_closed",)
_TOPIC_DELETED = ("message thread not found", "topic_deleted")
_NO_RIGHTS = ("rights", "restricted", "forbidden_", "_forbidden")  # in errors about a chat that the bot may only read
# In errors about a person who is not in the chat; other errors hide whether the person is.
_NOT_THERE = ("user not found", "member not found", "participant_id_invalid", "user_id_invalid", "invalid user_id")
_TOO_LARGE = "file is too big"
_BAD_FORM = (
    "can't parse entities",
    "message is too long",
    "text is too long",
    "message text is empty",
    "entities_too_long",
    "button_data_invalid",
    "button_url_invalid",
)
_REDIRECTS_AND_REFUSALS = range(300, 500)  # HTTP status codes
_TLS = re.compile(r" ssl:(default|True|False|<\S+ object at \w+>)")  # a detail that aiohttp adds to its errors
_STATUS = re.compile(r"[^(]*\((\d{3})\)")  # how the library writes a status without a text in the body
# The library drops the status code of JSON bodies, so a proxy's refusal is also recognised by its phrase. Python renamed some phrases.
_CLIENT_ERRORS = {status.phrase.lower() for status in HTTPStatus if status in _REDIRECTS_AND_REFUSALS} | {
    "request entity too large",
    "payload too large",
    "content too large",
}


def outcome(error: Exception) -> NotDelivered:  # noqa: PLR0911 - a table, one row a return
    """Returns the outcome of a message whose post or edit raised this error."""
    match error:
        case NotDelivered():
            return error
        case RetryAfter():
            return RetryLater("Telegram asks us to slow down.", _duration(error.retry_after) + _MARGIN)
        case ChatMigrated():
            return ChatMoved("The group became a supergroup.", str(error.new_chat_id))
        case InvalidToken():
            return SenderStopped("Telegram does not know this token, or this is not Telegram's server.", "token")
        case Forbidden() | BadRequest() if _is_page(error):
            return RetryLater(f"Something on the way to Telegram refuses us: {_words(error)}")
        case Forbidden():
            return _chat_gone(error)
        case BadRequest():
            return _refused(error)
        case TimedOut() if isinstance(error.__cause__, _NEVER_SENT):
            return RetryLater(f"No connection to Telegram ({type(error.__cause__).__name__}).")
        case NetworkError() if not isinstance(error, TimedOut):
            return _broken_off(error)
        case _:
            return Unclear(f"Telegram gave no usable answer ({_kind(error)}); it may have the message.")


def outcome_of_repeatable(error: Exception) -> NotDelivered:
    """Returns the outcome of a call that may be repeated: like `outcome`, but never Unclear.

    The library takes every 404 for a wrong token, even the page of a proxy; here only Telegram's own answer counts.
    """
    match error:
        case Conflict() if not _is_page(error):
            return UpdatesConflict(
                f"Telegram tells somebody else: {_words(error)}", webhook="webhook" in error.message.lower()
            )
        case InvalidToken() if _is_page(error) or _STATUS.match(error.message):
            return RetryLater(f"Something on the way to Telegram refuses us: {_words(error)}")
    match meaning := outcome(error):
        case Unclear():
            return RetryLater(f"Telegram cannot be asked now ({_kind(error)}).")
        case Rejected():
            return _refused_question(error)
        case _:
            return meaning


def _refused_question(error: Exception) -> Rejected:
    """Returns the refusal of a call that may be repeated, of the class that tells callers the reason."""
    reason, words = f"Telegram refuses: {_words(error)}", str(error).lower()
    if any(text in words for text in _NOT_THERE):
        return PersonNotFound(reason)
    return FileTooLarge(reason) if _TOO_LARGE in words else Rejected(reason)


def not_modified(error: Exception) -> bool:
    """Returns whether an edit was refused because the message has that content already, which is success."""
    return isinstance(error, BadRequest) and "message is not modified" in error.message.lower()


def _refused(error: BadRequest) -> NotDelivered:
    """Returns the outcome of status 400 from Telegram itself: nothing was sent."""
    words = error.message.lower()
    if any(text in words for text in (*_TOPIC_CLOSED, *_TOPIC_DELETED)):
        deleted = any(text in words for text in _TOPIC_DELETED)
        reason = PauseReason.TOPIC_DELETED if deleted else PauseReason.TOPIC_CLOSED
        return ChatGone(f"Telegram does not let the bot write to this topic: {_words(error)}", "topic", reason)
    if any(text in words for text in _CHAT_GONE):
        return _chat_gone(error)
    form = any(text in words for text in _BAD_FORM)
    return Rejected(f"Telegram refuses the message: {_words(error)}", form=form)


def _chat_gone(error: TelegramError) -> ChatGone:
    """Returns the outcome that the bot may not write to the chat: it lacks rights, was blocked or removed, or was never there."""
    words = error.message.lower()
    reason = PauseReason.NO_RIGHTS if any(text in words for text in _NO_RIGHTS) else PauseReason.GONE
    return ChatGone(f"Telegram does not let the bot write to this chat: {_words(error)}", "chat", reason)


def _broken_off(error: NetworkError) -> NotDelivered:  # noqa: PLR0911 - a table, one row a return
    """Returns the outcome of a plain NetworkError: the connection failed, or the status is one that Telegram does not use."""
    cause = error.__cause__
    if isinstance(cause, _NEVER_SENT):
        return RetryLater(f"No connection to Telegram: {_words(cause)}")
    if isinstance(cause, UnicodeEncodeError):
        return Rejected("The message holds a character that cannot be sent.", form=True)
    if isinstance(cause, _WRONG_ADDRESS):
        return SenderStopped("The address of Telegram's server, or the token, cannot be part of a URL.", "token")
    if isinstance(cause, Exception) and not isinstance(cause, TelegramError):
        return Unclear(f"The line to Telegram broke ({type(cause).__name__}); it may have the message.")
    if error.message.lower().startswith("too many requests"):
        return RetryLater("Telegram asks us to slow down.", _NO_NUMBER)
    if _is_client_error(error.message):
        return RetryLater(f"Something on the way to Telegram refuses us: {_words(error)}")
    return Unclear(f"Telegram is in trouble: {_words(error)}; it may have the message.")


def _is_client_error(message: str) -> bool:
    """Returns whether the status was 3xx or 4xx. The library writes "Phrase (code). …", or the text in the body if there is one."""
    code = _STATUS.match(message)
    if code:
        return int(code[1]) in _REDIRECTS_AND_REFUSALS
    return message.split(". ", 1)[0].removesuffix(".").lower() in _CLIENT_ERRORS


def _is_page(error: TelegramError) -> bool:
    """Returns whether the body was no JSON. Then the refusal came from something between Telegram and us."""
    return isinstance(error.__cause__, TelegramError)


def _duration(retry_after: object) -> timedelta:
    """Returns the wait that a 429 asks for. The library returns the value in the body unchecked, even a text."""
    match retry_after:
        case timedelta():
            return retry_after
        case int() | float():
            return timedelta(seconds=retry_after)
        case _:
            return _NO_NUMBER


def _kind(error: Exception) -> str:
    cause = error.__cause__
    return type(cause).__name__ if isinstance(cause, Exception) else type(error).__name__


def _words(error: Exception) -> str:
    """Returns the error's text in one line, without a page in its body, which may be long and hold anything.

    Without the URL of a proxy's error, which holds the token.
    """
    text = f"{error.status} {error.message}" if isinstance(error, aiohttp.ClientResponseError) else str(error)
    text = _TLS.sub("", text)
    words = " ".join(text.split(". Parsing the server response", 1)[0].split())
    return words[:200] or type(error).__name__
