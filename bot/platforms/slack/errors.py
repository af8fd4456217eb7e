"""Translates errors of slack-sdk and aiohttp to outcomes: a table, most specific first (docs.slack.dev, chat.postMessage).

`ClientConnectorError` is a `ClientOSError`, and `ConnectionTimeoutError` is a `ServerTimeoutError` like
`SocketTimeoutError`. After a connector or connection error nothing was sent; after the other errors it is unknown whether
something was. An error that is not in the table is Unclear.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError

from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.states import PauseReason


class Declined(Rejected):
    """Slack understood the call and refused it. `code` is Slack's own code for the reason."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


_NO_NUMBER = timedelta(seconds=30)  # the wait for a 429 without Retry-After
_DIGITS = 6  # most digits of a Retry-After that is used: up to eleven days
_LONG = timedelta(hours=1)
_TOO_MANY = 429
_SERVER_ERRORS = range(500, 600)

_SLOW_DOWN = {"ratelimited", "rate_limited"}
_WORKSPACE = {"team_added_to_org", "org_login_required", "ekm_access_denied", "accesslimited"}
_TOKEN = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "not_allowed_token_type",
    "access_denied",
}
_CHAT_GONE = {
    "channel_not_found": "there is no such channel, or the bot is not in it",
    "not_in_channel": "the bot is not in the channel; /invite it",
    "is_archived": "the channel is archived",
    "no_permission": "the bot may not write there",
    "user_not_found": "there is no such person",
    "users_not_found": "there is no such person",
    "cannot_dm_bot": "bots get no direct messages",
    "user_disabled": "the person's account is closed",
}
_PAUSE_REASONS = {"is_archived": PauseReason.ARCHIVED, "not_in_channel": PauseReason.NOT_A_MEMBER}  # other codes: GONE
_THREAD_GONE = {"thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"}
_BAD_FORM = {
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "metadata_too_large",
    "too_many_attachments",
    "invalid_arguments",
    "invalid_json",
}
_MESSAGE_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}
_TROUBLE = {
    "internal_error",
    "fatal_error",
    "request_timeout",
    "service_unavailable",
    "duplicate_message_not_found",
    "duplicate_channel_not_found",
}
_NOT_ALLOWED = {"missing_scope", "not_allowed_token_type"}  # errors of one method, not of the whole token
_NOT_READ = {*_NOT_ALLOWED, "access_denied", "ekm_access_denied"}  # by a lookup; the bot may perhaps write
_EPHEMERAL_REFUSED = {"user_not_in_channel", "messages_tab_disabled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Slack's answer, as far as it can be read."""

    status: int
    code: str = ""  # Slack's code of the error; "" if the body was no JSON object
    detail: str = ""  # Slack's details
    headers: Mapping[str, str] = field(default_factory=dict)


def outcome(error: Exception) -> NotDelivered:
    """Returns the outcome of a message whose post or edit raised this error."""
    match error:
        case NotDelivered():
            return error
        case SlackApiError():
            return _refused(_read(error))
        case aiohttp.NonHttpUrlClientError() | aiohttp.InvalidURL():
            return SenderStopped("The address of Slack's API is not a web address.", "token")
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return RetryLater(f"No connection to Slack ({type(error).__name__}).")
        case _:
            return Unclear(f"Slack gave no usable answer ({type(error).__name__}); it may have the message.")


def outcome_before_post(error: Exception) -> NotDelivered:
    """Returns the outcome of a message if a call before its post raised this error. Never Unclear, since nothing was sent.

    A missing scope is that for direct messages, so it concerns only this chat.
    """
    if isinstance(error, SlackApiError) and _read(error).code == "missing_scope":
        return ChatGone("The Slack app may not open direct messages (missing_scope: needs im:write).", "chat")
    return _not_unclear(error)


def outcome_of_repeatable(error: Exception) -> NotDelivered:
    """Returns the outcome of a call that may be repeated: Declined, RetryLater or SenderStopped, never Unclear."""
    if isinstance(error, SlackApiError):
        answer = _read(error)
        known = answer.code and answer.code not in _TROUBLE | _SLOW_DOWN and answer.status not in _SERVER_ERRORS
        if known and (answer.code in _NOT_ALLOWED or answer.code not in _TOKEN | _WORKSPACE):
            return Declined(f"Slack declines ({answer.code}{answer.detail}).", answer.code)
    return _not_unclear(error)


def _not_unclear(error: Exception) -> NotDelivered:
    meaning = outcome(error)
    return RetryLater(f"Slack cannot be asked now ({_kind(error)}).") if isinstance(meaning, Unclear) else meaning


def outcome_of_lookup(error: Exception) -> RetryLater | SenderStopped | LookupError:
    """Returns the error of a lookup: RetryLater, SenderStopped, or LookupError if Slack does not let the bot read there."""
    meaning = outcome(error)
    if isinstance(meaning, RetryLater):
        return meaning
    if isinstance(error, SlackApiError):
        answer = _read(error)
        if isinstance(meaning, SenderStopped) and answer.code not in _NOT_READ:
            return meaning
        if answer.code and answer.code not in _TROUBLE and answer.status not in _SERVER_ERRORS:
            return LookupError(f"Slack does not let the bot look for its message ({answer.code}{answer.detail}).")
    return RetryLater(f"Slack cannot be asked now ({_kind(error)}).")


def _refused(answer: _Answer) -> NotDelivered:  # noqa: C901, PLR0911 - a table, one row a return
    """Returns the outcome of an answer that is not "ok"."""
    code, words = answer.code, f"{answer.code}{answer.detail}"
    if answer.status == _TOO_MANY or code in _SLOW_DOWN:
        return RetryLater("Slack asks us to slow down.", _retry_after(answer.headers))
    if code == "message_limit_exceeded":
        return RetryLater("The Slack workspace is over its message limit.", _LONG)
    if not code or answer.status in _SERVER_ERRORS:
        words = f"HTTP {answer.status} {words}".rstrip()
        return Unclear(f"Slack gave no usable answer ({words}); it may have the message.")
    if code in _WORKSPACE:
        return SenderStopped(f"The Slack workspace does not let the app in ({words}).", "workspace")
    if code in _TOKEN:
        return SenderStopped(f"Slack does not accept the token ({words}).", "token")
    if code in _CHAT_GONE:
        return ChatGone(f"Slack: {_CHAT_GONE[code]} ({words}).", "chat", _PAUSE_REASONS.get(code))
    if code in _THREAD_GONE:
        return ChatGone(f"Slack: the thread is not there any more ({words}).", "topic")
    if code.startswith("restricted_action"):
        if code.endswith("thread_locked"):
            return ChatGone(f"Slack: the bot may not write there ({words}).", "topic", PauseReason.TOPIC_CLOSED)
        return ChatGone(f"Slack: the bot may not write there ({words}).", "chat", PauseReason.NO_RIGHTS)
    if code in _BAD_FORM or code.startswith("invalid_metadata_"):
        return Rejected(f"Slack refuses the message ({words}).", form=True)
    if code in _EPHEMERAL_REFUSED:
        return Rejected(f"Slack: the person cannot be shown anything there ({words}).")
    if code in _MESSAGE_GONE:
        return Rejected(f"Slack: the message cannot be changed any more ({words}).")
    return Unclear(f"Slack is in trouble ({words}); it may have the message.")


def _kind(error: Exception) -> str:
    """Returns the code of an error for the log: Slack's, else the error's class."""
    return (_read(error).code if isinstance(error, SlackApiError) else "") or type(error).__name__


def _read(error: SlackApiError) -> _Answer:
    """Reads `error.response`.

    That is an AsyncSlackResponse for JSON, and aiohttp's own response for broken JSON. `data` is {} for pages, and may be a
    list or a text.
    """
    response: object = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data = response if isinstance(response, Mapping) else getattr(response, "data", None)
    body: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    headers = getattr(response, "headers", None)
    return _Answer(
        status=int(status),
        code=str(body.get("error") or ""),
        detail=_detail(body),
        headers=headers if isinstance(headers, Mapping) else {},
    )


def _detail(body: Mapping[str, object]) -> str:
    """Returns the details in an answer: the scope that is needed, or what is wrong with which block."""
    if needed := body.get("needed"):
        return f": needs {needed}"
    match body.get("response_metadata"):
        case {"messages": [*messages]}:
            words = " ".join(" ".join(map(str, messages)).split())
            return f": {words[:200]}"
        case _:
            return ""


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    value = str(headers.get("Retry-After") or "")
    if not value.isdecimal() or len(value) > _DIGITS:
        return _NO_NUMBER
    return timedelta(seconds=max(1, int(value)))
