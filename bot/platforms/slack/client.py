"""The calls to Slack, by slack-sdk without retries, so that nothing is sent twice; what each of its errors means, and waits it demands.

An answer that is not "ok" is a definite no: it refuses the message, unless its code is one of a few that mean a wait, the
token or the channel (docs.slack.dev, chat.postMessage). After an error while connecting, nothing was sent;
`ClientConnectorError` is a `ClientOSError`, and `ConnectionTimeoutError` is a `ServerTimeoutError` like `SocketTimeoutError`.
After other errors, and without an answer that can be read, it is unknown whether something was sent. The repr of aiohttp's errors contains the headers of the request, and so the token. Therefore no
outcome is chained to such an error.
"""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.message_payload import MessageArguments
from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.states import PauseReason


class Declined(Rejected):
    """Slack understood the call and refused it. `code` is Slack's own code for the reason."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


_NO_NUMBER = timedelta(seconds=30)  # the wait after a 429 without Retry-After
_DIGITS = 6  # a Retry-After with more digits is ignored; six digits are up to eleven days
_LONG = timedelta(hours=1)
_TOO_MANY = 429
_SERVER_ERRORS = range(500, 600)

_SLOW_DOWN = ("ratelimited", "rate_limited")
# Slack itself says that it may have done what was asked, or that it knows a message with this client_msg_id.
_PERHAPS_DONE = ("internal_error", "fatal_error", "request_timeout", "service_unavailable", "duplicate_*_not_found")
_NO_RIGHTS = partial(ChatGone, pause_reason=PauseReason.NO_RIGHTS)
_NO_THREAD = partial(ChatGone, scope="topic")
# Slack's codes for what is not the message's fault → their meaning. The first row that contains the code counts.
_MEANINGS: tuple[tuple[Collection[str], str, Callable[[str], NotDelivered]], ...] = (
    (_PERHAPS_DONE, "Slack is in trouble, and may have the message", Unclear),
    (("message_limit_exceeded",), "The Slack workspace is over its message limit", partial(RetryLater, after=_LONG)),
    (("*_migrating",), "Slack moves the channel to another workspace", partial(RetryLater, after=_LONG)),
    (
        (
            *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
            *("missing_scope", "not_allowed_token_type", "access_denied", "*_deprecated", "deprecated_endpoint"),
            *("team_added_to_org", "team_access_not_granted", "team_not_found", "org_login_required"),
            *("ekm_access_denied", "accesslimited", "enterprise_is_restricted", "two_factor_setup_required"),
        ),
        "Slack does not accept the token",
        SenderStopped,
    ),
    (("channel_not_found",), "Slack: there is no such channel, or the bot is not in it", ChatGone),
    (
        ("not_in_channel",),
        "Slack: the bot is not in the channel; /invite it",
        partial(ChatGone, pause_reason=PauseReason.NOT_A_MEMBER),
    ),
    (
        ("is_archived", "is_inactive"),
        "Slack: the channel is archived",
        partial(ChatGone, pause_reason=PauseReason.ARCHIVED),
    ),
    (("no_permission", "channel_type_not_supported"), "Slack: the bot may not write there", ChatGone),
    (("user_not_found", "users_not_found"), "Slack: there is no such person", ChatGone),
    (("cannot_dm_bot",), "Slack: bots get no direct messages", ChatGone),
    (("user_disabled",), "Slack: the person's account is closed", ChatGone),
    (
        ("thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"),
        "Slack: the thread is not there any more",
        _NO_THREAD,
    ),
    (
        ("restricted_action*thread_locked",),
        "Slack: the bot may not write there",
        partial(_NO_THREAD, pause_reason=PauseReason.TOPIC_CLOSED),
    ),
    (("restricted_action*",), "Slack: the bot may not write there", _NO_RIGHTS),
    # no other form of an edit helps
    (
        ("message_not_found", "cant_update_message", "edit_window_closed"),
        "Slack: the message cannot be changed any more",
        Rejected,
    ),
)
_NOT_ALLOWED = {"missing_scope", "not_allowed_token_type"}  # errors of one method, not of the whole token
# errors of a look-up of messages: the bot is not allowed to read there, but may still be able to post there
_NOT_READ = {*_NOT_ALLOWED, "access_denied", "ekm_access_denied"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Slack's response, as far as it can be read."""

    status: int
    code: str = ""  # Slack's error code; "" if the body was no JSON object
    detail: str = ""  # Slack's explanation of the error
    headers: Mapping[str, str] = field(default_factory=dict)


def outcome(error: Exception) -> NotDelivered:
    """Returns the outcome of a message whose post or edit raised this error."""
    match error:
        case NotDelivered():
            return error
        case SlackApiError():
            return _refused(_read(error))
        case aiohttp.NonHttpUrlClientError() | aiohttp.InvalidURL():
            return SenderStopped("The address of Slack's API is not a web address.")
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return RetryLater(f"No connection to Slack ({type(error).__name__}).")
        case _:
            return Unclear(f"Slack gave no usable answer ({type(error).__name__}); it may have the message.")


def outcome_before_post(error: Exception) -> NotDelivered:
    """Returns the outcome of a message that was not posted, because an earlier call that it needs raised this error.

    Never Unclear, since nothing was sent.

    A missing scope here is the one for direct messages, so it concerns only this chat.
    """
    if isinstance(error, SlackApiError) and _read(error).code == "missing_scope":
        return ChatGone("The Slack app may not open direct messages (missing_scope: needs im:write).", "chat")
    return _not_unclear(error)


def outcome_of_repeatable(error: Exception) -> NotDelivered:
    """Returns the outcome of a call that may be repeated: Declined, RetryLater or SenderStopped, never Unclear."""
    meaning = outcome(error)
    if isinstance(error, SlackApiError):
        answer = _read(error)
        if isinstance(meaning, Rejected | ChatGone) or answer.code in _NOT_ALLOWED:
            return Declined(f"Slack declines ({answer.code}{answer.detail}).", answer.code)
    return _not_unclear(error)


def _not_unclear(error: Exception) -> NotDelivered:
    meaning = outcome(error)
    if isinstance(meaning, Unclear):
        return RetryLater(f"Slack cannot be asked now ({_kind(error)}).")
    return meaning


def outcome_of_lookup(error: Exception) -> RetryLater | SenderStopped | LookupError:
    """Returns the outcome of a look-up: RetryLater, SenderStopped, or LookupError if the bot may not read there."""
    meaning = outcome(error)
    if isinstance(error, SlackApiError) and not isinstance(meaning, RetryLater | Unclear):
        answer = _read(error)
        if isinstance(meaning, SenderStopped) and answer.code not in _NOT_READ:
            return meaning
        return LookupError(f"Slack does not let the bot look for its message ({answer.code}{answer.detail}).")
    if isinstance(meaning, RetryLater):
        return meaning
    return RetryLater(f"Slack cannot be asked now ({_kind(error)}).")


def _refused(answer: _Answer) -> NotDelivered:
    """Returns the outcome for a response that is not "ok". A code that no row contains refuses the message."""
    code, words = answer.code, f"{answer.code}{answer.detail}"
    if answer.status == _TOO_MANY or code in _SLOW_DOWN:
        return RetryLater("Slack asks us to slow down.", _retry_after(answer.headers))
    if not code or answer.status in _SERVER_ERRORS:
        words = f"HTTP {answer.status} {words}".rstrip()
        return Unclear(f"Slack gave no usable answer ({words}); it may have the message.")
    for codes, sentence, kind in _MEANINGS:
        if any(fnmatchcase(code, one) for one in codes):
            return kind(f"{sentence} ({words}).")
    return Rejected(f"Slack refuses the message ({words}).", form=True)


def _kind(error: Exception) -> str:
    """Returns a name of the error for the log: Slack's code, or else the error's class."""
    return (_read(error).code if isinstance(error, SlackApiError) else "") or type(error).__name__


def _read(error: SlackApiError) -> _Answer:
    """Reads `error.response`.

    This response is an AsyncSlackResponse for JSON, and aiohttp's own response for broken JSON. Its `data` is {} for HTML
    pages, and may be a list or a text.
    """
    response: object = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data = response
    if not isinstance(response, Mapping):
        data = getattr(response, "data", None)
    body: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    headers = getattr(response, "headers", None)
    return _Answer(
        status=int(status),
        code=str(body.get("error") or ""),
        detail=_detail(body),
        headers=headers if isinstance(headers, Mapping) else {},
    )


def _detail(body: Mapping[str, object]) -> str:
    """Returns the explanation in a response: the scope that is needed, or which block has which error."""
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


E = TypeVar("E", bound=Exception)

_PAGE = 15  # messages; the most for apps outside Slack's marketplace (docs.slack.dev, conversations.history)
_KEEP_ALIVE = 5  # seconds to keep an idle connection; if Slack had closed it, the next send would be Unclear
_OK, _USED_UP = 200, range(400, 500)  # statuses of a response url: it accepted the response; it accepts no more
_CHUNK = 65_536  # bytes
_HEARTBEAT = 10.0  # seconds between two pings of a WebSocket
_LONGEST_ENVELOPE = 4 * 1024 * 1024  # bytes; usual messages have some thousands


@dataclass(frozen=True, slots=True, kw_only=True)
class BotIdentity:
    """The bot of a token."""

    team: str
    user: str
    name: str = ""  # the name of the bot's user, without the @
    scopes: frozenset[str] = frozenset()  # what the workspace granted to the token


class Client:
    """The calls with one token. Create it in the running event loop, to which its connections belong.

    `connect` and `read` are seconds to wait for a connection and for a response.
    """

    def __init__(
        self, token: str, api_url: str, *, connect: float, read: float, monotonic: Callable[[], float]
    ) -> None:
        self._token = token
        self._home = urlsplit(api_url)
        # With `total`, aiohttp would raise the same error for a timeout while connecting and one while reading.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_refuse_redirect)
        self._session = aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            trace_configs=[trace],
        )
        # At log levels below WARNING, the library formats every message for its log, even if no handler needs it.
        quiet = logging.getLogger(f"{__name__}.sdk")
        quiet.setLevel(logging.WARNING)
        self._web = AsyncWebClient(token, base_url=api_url, session=self._session, retry_handlers=[], logger=quiet)
        self._monotonic = monotonic
        # the waits that Slack requested: method, and channel if Slack limits the method by channel -> second of their end
        self._not_before: dict[tuple[str, str], float] = {}

    async def post(
        self, channel: str, thread: str, post: MessageArguments, identity: Mapping[str, object], client_msg_id: str
    ) -> str:
        """Posts a message and returns its ts. `identity` goes into the metadata. Slack posts each `client_msg_id` only once."""
        message: dict[str, object] = {
            "channel": channel,
            **_shown(post, thread),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "paperwire_delivery", "event_payload": dict(identity)},
            "client_msg_id": client_msg_id,
        }
        if not post.markup:
            message["mrkdwn"] = False
        answer = await self._call("chat.postMessage", outcome, channel=channel, json=message)
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise Unclear("Slack took the message and did not say which it is.")
        return ts

    async def update(self, channel: str, ts: str, post: MessageArguments) -> None:
        """Replaces a message. With a plain text it sends an empty list of blocks, since Slack would else keep the old blocks."""
        message = {"channel": channel, "ts": ts, "text": post.text, "blocks": post.blocks}
        await self._call("chat.update", outcome, json=message)

    async def post_ephemeral(self, channel: str, thread: str, user: str, post: MessageArguments) -> None:
        """Posts a message that only one person sees. It disappears when their client reloads."""
        message = {"channel": channel, "user": user, **_shown(post, thread)}
        await self._call("chat.postEphemeral", outcome, channel=channel, json=message)

    async def respond(self, url: str, body: Mapping[str, object]) -> None:
        """Posts to the response url of a request, without the token.

        Raises Declined if the url accepts no more responses (docs.slack.dev, Handling user interaction).
        """
        status, _ = await self._request("POST", url, outcome, json=body)
        if status in _USED_UP:
            raise Declined(f"Slack takes no more answers to this request (HTTP {status}).", "used_url")
        if status != _OK:
            raise Unclear(f"Slack gave no usable answer (HTTP {status}); it may have the message.")

    async def call_get(self, method: str, **arguments: str | int | bool) -> Mapping[str, Any]:
        """Returns the response of a method that only reads. Raises Declined, RetryLater, SenderStopped."""
        return await self._call(method, outcome_of_repeatable, http_verb="GET", params=arguments)

    async def pages(self, method: str, **arguments: str | int) -> AsyncIterator[Mapping[str, Any]]:
        """Yields the responses of a method that reads a list page by page. Raises what `call_get` raises."""
        cursor = ""
        while True:
            page = await self.call_get(method, cursor=cursor, **arguments)
            yield page
            if not (cursor := next_cursor(page)):
                return

    async def call_json(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """Returns the response of a method that may be called twice. Sends arguments as JSON. Raises what `call_get` raises."""
        return await self._call(method, outcome_of_repeatable, json=arguments)

    async def page(self, channel: str, thread: str, oldest: str, cursor: str) -> tuple[list[Mapping[str, Any]], str]:
        """Returns (messages since `oldest`, next cursor): one page of a conversation, or of a thread in it.

        Raises RetryLater, SenderStopped, LookupError.
        """
        look = {
            "channel": channel,
            "ts": thread or None,
            "oldest": oldest,
            "inclusive": True,
            "limit": _PAGE,
            "include_all_metadata": True,
            "cursor": cursor or None,
        }
        method = "conversations.replies" if thread else "conversations.history"
        answer = await self._call(method, outcome_of_lookup, http_verb="GET", params=look)
        messages = answer.get("messages")
        if not isinstance(messages, list):
            raise RetryLater("Slack's answer holds no messages.")
        return [message for message in messages if isinstance(message, dict)], next_cursor(answer)

    async def open_direct(self, user: str) -> str:
        """Returns the id of the direct messages with a person. Raises NotDelivered.

        Sends the arguments as JSON, because the library's own method puts them into the URL.
        """
        match await self._call("conversations.open", outcome_before_post, json={"users": user}):
            case {"channel": {"id": str(channel)}}:
                return channel
            case _:
                raise RetryLater("Slack opened direct messages and did not say which.")

    async def auth_test(self) -> BotIdentity:
        """Returns the bot of the token. Its scopes are in a response header (docs.slack.dev, auth.test).

        Raises NotDelivered, but never Unclear.
        """
        body, headers = await self._answer("auth.test", outcome_before_post)
        scopes = map(str.strip, str(headers.get("x-oauth-scopes", "")).split(","))
        match body:
            case {"team_id": str(team), "user_id": str(user), **rest}:
                name = str(rest.get("user") or "")
                return BotIdentity(team=team, user=user, name=name, scopes=frozenset(filter(None, scopes)))
            case _:
                raise RetryLater("Slack accepted the token and did not say whose it is.")

    async def upload(self, url: str, data: bytes) -> None:
        """Uploads the content of a file to the address that files.getUploadURLExternal returned, without the token."""
        status, _ = await self._request("POST", url, outcome_of_repeatable, data=data)
        if status != _OK:
            raise RetryLater(f"Slack did not take the file (HTTP {status}).")

    async def download(self, url: str, most: int) -> bytes:
        """Returns the content of a file at an address from files.info; of a file larger than `most`, only `most` + 1 bytes.

        Sends the token, so it requests only addresses of Slack. Raises Rejected if the file is on another server or gone.
        """
        if not self._is_slack(url):
            raise Rejected("Slack keeps this file elsewhere.")
        known = {"Authorization": f"Bearer {self._token}"}
        status, data = await self._request("GET", url, outcome_of_repeatable, most=most + 1, headers=known)
        if status != _OK:
            raise Rejected("Slack does not hand out this file.")
        return data

    async def _request(
        self,
        verb: str,
        url: str,
        meaning: Callable[[Exception], Exception],
        *,
        most: int = _CHUNK,
        **content: Any,  # noqa: ANN401 - arguments of aiohttp
    ) -> tuple[int, bytes]:
        """Returns (status of a response, its first `most` bytes). `meaning` converts errors."""
        data = bytearray()
        try:
            async with self._session.request(verb, url, **content) as answer:
                async for part in answer.content.iter_chunked(_CHUNK):
                    data += part
                    if len(data) >= most:
                        break
                return answer.status, bytes(data[:most])
        except Exception as error:  # noqa: BLE001 - `meaning` converts every error
            raise self._redacted(meaning(error)) from None

    def _is_slack(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts[:2] == self._home[:2]:
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))

    async def socket(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """Returns a WebSocket to the address that apps.connections.open returned. Raises RetryLater."""
        try:
            return await self._session.ws_connect(url, heartbeat=_HEARTBEAT, max_msg_size=_LONGEST_ENVELOPE)
        except Exception as error:  # noqa: BLE001 - the error's text contains the address, which is a secret
            raise RetryLater(f"No connection to Slack ({type(error).__name__}).") from None

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()

    async def _call(
        self,
        method: str,
        meaning: Callable[[Exception], Exception],
        *,
        channel: str = "",
        **request: Any,  # noqa: ANN401 - arguments of the library
    ) -> Mapping[str, Any]:
        """Returns the JSON object in the response of a method. See `_answer`."""
        body, _ = await self._answer(method, meaning, channel=channel, **request)
        return body

    async def _answer(
        self,
        method: str,
        meaning: Callable[[Exception], Exception],
        *,
        channel: str = "",
        **request: Any,  # noqa: ANN401 - arguments of the library
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Returns (the response of a method, a JSON object; its headers). `meaning` converts errors.

        If Slack requests a wait, later calls are refused until the wait is over: of the method, or only those for this
        `channel` if Slack limits the method by channel (docs.slack.dev, rate limits).
        """
        left = self._not_before.get((method, channel), 0.0) - self._monotonic()
        if left > 0:
            raise RetryLater("Slack asked us to wait before we ask again.", timedelta(seconds=left))
        try:
            answer = await self._web.api_call(method, **request)
            body = answer.data
            if not isinstance(body, Mapping):
                raise TypeError("an answer of Slack is an object")  # noqa: TRY301 - `meaning` converts this error, too
        except Exception as error:  # noqa: BLE001 - `meaning` converts every error
            what = self._redacted(meaning(error))
            if isinstance(what, RetryLater) and what.after:
                self._not_before[method, channel] = self._monotonic() + what.after.total_seconds()
            raise what from None
        return body, answer.headers

    def _redacted(self, error: E) -> E:
        """Returns the error with the token replaced in its text, since the text is stored and shown, and may quote a response."""
        error.args = tuple(str(word).replace(self._token, "<token>") for word in error.args)
        if isinstance(error, NotDelivered):
            error.reason = error.reason.replace(self._token, "<token>")
        return error


async def _refuse_redirect(*_: object) -> None:
    """Raises an error for a redirect: the post would become a GET, whose response says nothing about the message."""
    raise Unclear("The address of Slack's API sends us elsewhere; it may have the message.")


def _shown(post: MessageArguments, thread: str) -> dict[str, object]:
    """Returns the arguments for a new message that say what it shows, and in which thread. Leaves out empty ones."""
    shown = {"text": post.text, "blocks": post.blocks, "thread_ts": thread}
    return {name: value for name, value in shown.items() if value}


def next_cursor(answer: Mapping[str, Any]) -> str:
    """Returns the cursor of the page after this one; "" at the end."""
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")
