"""The calls to Slack, by slack-sdk without retries, so that nothing is sent twice; and what each of its errors means.

An answer that is not "ok" is a definite no: it refuses the message, unless its code is one of a few that mean a wait,
the token or the channel (docs.slack.dev, chat.postMessage). After an error while connecting, nothing was sent;
`ClientConnectorError` is a `ClientOSError`, and `ConnectionTimeoutError` is a `ServerTimeoutError` like
`SocketTimeoutError`. After other errors, and without an answer that can be read, it is unknown whether something was
sent. The repr of aiohttp's errors contains the headers of the request, and so the token. Therefore no outcome is
chained to such an error.
"""

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.http import certificate_problem
from bot.messages import File
from bot.platforms.slack import PEOPLE
from subscriptions.model import PauseReason
from subscriptions.outcomes import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear

# The log of the library: at DEBUG it shows messages, and it logs errors that repeat addresses, which are secrets.
SILENT = logging.getLogger(f"{__name__}.sdk")
SILENT.setLevel(logging.CRITICAL)
for _library in ("slack_sdk", "aiohttp"):
    logging.getLogger(_library).setLevel(logging.WARNING)

_NO_NUMBER = timedelta(seconds=30)  # the wait after a 429 without Retry-After
_DIGITS = 6  # a Retry-After with more digits is ignored; six digits are up to eleven days
_USED_UP, _SERVER_ERRORS = range(400, 500), range(500, 600)
_KEEP_ALIVE = 5  # seconds to keep an idle connection; if Slack had closed it, the next send would be Unclear
_PAGE = 200  # entries of a list that are asked for at once, as Slack recommends

# errors of one method, not of the whole token: the app may not read there, but may still be able to post
_OF_ONE_METHOD = "missing_scope|not_allowed_token_type|(ekm_)?access_denied"
_SENDER = "Slack does not accept the token ({})."
_IN_THREAD = "Slack does not let the bot write in this thread ({})."
_THERE = "Slack does not let the bot write there ({})."
# Slack's codes → their meaning. The first row with a matching pattern counts. Any other code refuses the message.
_MEANINGS: tuple[tuple[str, str, Callable[[str], NotDelivered]], ...] = (
    # Slack itself says that it may have done what was asked, or that it knows a message with this client_msg_id
    (
        r"internal_error|fatal_error|request_timeout|service_unavailable|duplicate_\w+_not_found",
        "Slack is in trouble ({}); it may have the message.",
        Unclear,
    ),
    (
        r"message_limit_exceeded|\w+_migrating",
        "Slack takes no messages there for now ({}).",
        partial(RetryLater, after=timedelta(hours=1)),
    ),
    (rf"invalid_auth|not_authed|account_inactive|token_\w+|{_OF_ONE_METHOD}|\w*deprecated\w*", _SENDER, SenderStopped),
    (r"team_\w+|org_login_required|accesslimited|enterprise_is_restricted|two_factor_\w+", _SENDER, SenderStopped),
    (
        r"thread_not_found|invalid_thread_ts|cannot_reply_to_message|(restricted_action\w*)?(thread_locked|non_threadable\w*)",
        _IN_THREAD,
        partial(ChatGone, scope="topic"),
    ),
    (
        "not_in_channel",
        "Slack does not let the bot write there ({}): type /invite @paperwire in the channel.",
        partial(ChatGone, pause_reason=PauseReason.NOT_A_MEMBER),
    ),
    ("is_archived|is_inactive", _THERE, partial(ChatGone, pause_reason=PauseReason.ARCHIVED)),
    (r"restricted_action\w*", _THERE, partial(ChatGone, pause_reason=PauseReason.NO_RIGHTS, in_doubt=True)),
    (
        "channel_not_found",
        _THERE,
        partial(ChatGone, in_doubt=True),
    ),  # also of channels that are there, for half a minute
    ("no_permission|channel_type_not_supported|cannot_dm_bot", _THERE, ChatGone),
    ("users?_not_found|user_not_visible|user_disabled", _THERE, ChatGone),
    # no other form of an edit helps
    ("message_not_found|cant_update_message|edit_window_closed", "Slack refuses the message ({}).", Rejected),
)


def outcome(error: Exception) -> NotDelivered:
    """Return the outcome of a message whose post or edit raised this error."""
    match error:
        case NotDelivered():
            return error
        case SlackApiError():
            return _refused(*_read(error))
        case aiohttp.NonHttpUrlClientError() | aiohttp.InvalidURL():
            return SenderStopped("The address of Slack's API is not a web address.")
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            why = certificate_problem(error)
            return RetryLater(f"No connection to Slack ({f'its certificate: {why}' if why else type(error).__name__}).")
        case _:
            return Unclear(f"Slack gave no usable answer ({type(error).__name__}); it may have the message.")


def outcome_of_question(error: Exception) -> NotDelivered:
    """Return the outcome of a call that may be repeated: like `outcome`, but never Unclear.

    Rejected if only this method is not allowed.
    """
    code, words = _read(error)[1:3] if isinstance(error, SlackApiError) else ("", "")
    if re.fullmatch(_OF_ONE_METHOD, code):
        return Rejected(f"Slack does not let the app do this ({words}).")
    meaning = outcome(error)
    if isinstance(meaning, Unclear):
        return RetryLater(f"Slack cannot be asked now ({code or type(error).__name__}).")
    return meaning


def _refused(status: int, code: str, words: str, retry_after: str) -> NotDelivered:
    """Return the outcome for a response that is not "ok"."""
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in ("ratelimited", "rate_limited"):
        return RetryLater("Slack asks us to slow down.", _wait(retry_after))
    if not code or status in _SERVER_ERRORS:
        return Unclear(f"Slack gave no usable answer ({f'HTTP {status} {words}'.rstrip()}); it may have the message.")
    for pattern, sentence, kind in _MEANINGS:
        if re.fullmatch(pattern, code):
            return kind(sentence.format(words))
    return Rejected(f"Slack refuses the message ({words}).", form=True)


def _read(error: SlackApiError) -> tuple[int, str, str, str]:
    """Return (status, Slack's code, the code with its explanation, Retry-After) of a refusal; "" for what is missing.

    `error.response` is an AsyncSlackResponse for JSON, and aiohttp's own response for broken JSON. Its `data` is {} for
    HTML pages, and may be a list or a text.
    """
    response: object = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data, headers = getattr(response, "data", None), getattr(response, "headers", None)
    body: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    code, wait = str(body.get("error") or ""), headers.get("Retry-After") if isinstance(headers, Mapping) else ""
    return int(status), code, f"{code}{_detail(body)}", str(wait or "")


def _detail(body: Mapping[str, object]) -> str:
    """Return the explanation in a response: the scope that is needed, or which block has which error."""
    if needed := body.get("needed"):
        return f": needs {needed}"
    match body.get("response_metadata"):
        case {"messages": [*messages]}:
            words = " ".join(" ".join(map(str, messages)).split())
            return f": {words[:200]}"
        case _:
            return ""


def _wait(retry_after: str) -> timedelta:
    if not retry_after.isdecimal() or len(retry_after) > _DIGITS:
        return _NO_NUMBER
    return timedelta(seconds=max(1, int(retry_after)))


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The bot of a token."""

    team: str
    user: str
    name: str = ""  # the name of the bot's user, without the @
    scopes: frozenset[str] = frozenset()  # what the workspace granted to the token


class Workspace:
    """The calls to the workspace of a bot's token. Each raises only NotDelivered.

    `api_url` ends in "/api/". `timeouts`: the seconds to wait for a connection, and for a response. The connections
    belong to the event loop of the first call.
    """

    def __init__(
        self,
        token: SecretStr,
        *,
        api_url: str,
        app_token: SecretStr | None = None,
        timeouts: tuple[float, float] = (5, 20),
    ) -> None:
        self._token = token.get_secret_value()
        self._app_token = app_token.get_secret_value() if app_token else ""
        self._api_url = api_url
        self._timeouts = timeouts
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False
        self._identity: BotIdentity | None = None
        self._direct: dict[str, str] = {}  # id of a person -> id of the direct messages with them

    @property
    def has_app_token(self) -> bool:
        """Whether events can be received."""
        return bool(self._app_token)

    def socket_client(self, ping_interval: float) -> SocketModeClient:
        """Return the library's client of Socket Mode, which does not reconnect by itself.

        Raise RetryLater after `close`.
        """
        return SocketModeClient(
            self._app_token,
            logger=SILENT,
            web_client=self._web_client(self._app_token),
            auto_reconnect_enabled=False,
            ping_interval=ping_interval,
        )

    def _web_client(self, token: str) -> AsyncWebClient:
        """Return the library's client with a token, on our connections. Raise RetryLater after `close`."""
        return AsyncWebClient(
            token, base_url=self._api_url, session=self._connections(), retry_handlers=[], logger=SILENT
        )

    def _connections(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise RetryLater("The sender is shut down.")
        if self._session is None:
            connect, read = self._timeouts
            trace = aiohttp.TraceConfig()
            trace.on_request_redirect.append(_refuse_redirect)
            self._session = aiohttp.ClientSession(
                # With `total`, aiohttp would raise the same error for a timeout while connecting and one while reading.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
                trace_configs=[trace],
            )
        return self._session

    async def identify(self) -> BotIdentity:
        """Ask Slack for the bot of the token. Its scopes are in a response header (docs.slack.dev, auth.test)."""
        answer = await self._call("auth.test", outcome_of_question)
        scopes = map(str.strip, str(answer.headers.get("x-oauth-scopes", "")).split(","))
        match answer.data:
            case {"team_id": str(team), "user_id": str(user), **rest}:
                name, granted = str(rest.get("user") or ""), frozenset(filter(None, scopes))
                self._identity = BotIdentity(team=team, user=user, name=name, scopes=granted)
                return self._identity
            case _:
                raise RetryLater("Slack accepted the token and did not say whose it is.")

    async def team(self) -> str:
        """Return the id of the workspace."""
        return (self._identity or await self.identify()).team

    async def resolve(self, address: str) -> str:
        """Return the id of the channel that Slack posts to. Never raise Unclear."""
        if not address.startswith(PEOPLE):
            return address
        if address not in self._direct:
            try:
                # as JSON, because the library's own method puts the arguments into the URL
                answer = await self._call("conversations.open", outcome_of_question, json={"users": address})
            except Rejected as error:
                raise ChatGone(error.reason) from None
            self._direct[address] = str(part_of(answer, "channel").get("id"))
        return self._direct[address]

    async def post(self, method: str, address: str, **message: object) -> AsyncSlackResponse:
        """Return the response of a method that shows something to people there, and so is never repeated."""
        shown = {"channel": await self.resolve(address), **message}
        return await self._call(method, outcome, json={name: value for name, value in shown.items() if value != ""})

    async def ask(self, method: str, **arguments: object) -> AsyncSlackResponse:
        """Return the response of a method that only reads. Never raise Unclear."""
        return await self._call(method, outcome_of_question, http_verb="GET", params=arguments)

    async def pages(self, method: str, **arguments: object) -> AsyncIterator[AsyncSlackResponse]:
        """Yield the responses of a method that reads a list, page by page."""
        cursor = None
        while True:
            page = await self.ask(method, cursor=cursor, limit=_PAGE, **arguments)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def socket_address(self) -> str:
        """Return the address of a new connection of Socket Mode, which works once. Never raise Unclear."""
        answer = await self._call("apps.connections.open", outcome_of_question, token=self._app_token)
        if not isinstance(address := answer.get("url"), str):
            raise RetryLater("Slack gave no address for a connection.")
        return address

    async def respond(self, url: str, body: Mapping[str, object]) -> None:
        """Post to the response url of a request, without the token.

        Raise Rejected if the url accepts no more responses (docs.slack.dev, Handling user interaction).
        """
        client = AsyncWebhookClient(url, session=self._connections(), retry_handlers=[], logger=SILENT)
        try:
            status = (await client.send_dict(dict(body))).status_code
        except Exception as error:  # noqa: BLE001 - `outcome` converts every error
            raise outcome(error) from None
        if status in _USED_UP:
            raise Rejected(f"Slack takes no more answers to this request (HTTP {status}).")
        if status != HTTPStatus.OK:
            raise Unclear(f"Slack gave no usable answer (HTTP {status}); it may have the message.")

    async def send_file(self, address: str, thread: str, file: File) -> str:
        """Upload a document to a channel or a person. Return its id. Never raise Unclear."""
        channel = await self.resolve(address)
        try:
            sent = await self._web_client(self._token).files_upload_v2(
                channel=channel, thread_ts=thread or None, filename=file.name, title=file.name, content=file.text
            )
        except Exception as error:  # noqa: BLE001 - as in `respond`
            raise outcome_of_question(error) from None
        return str((sent.get("file") or {}).get("id", ""))

    async def download(self, url: str, most: int) -> bytes:
        """Return the content of a file at an address from files.info.

        Of a file larger than `most`, only `most` + 1 bytes.

        Sends the token, so it requests only addresses of Slack. Raise Rejected if the file is on another server or
        gone.
        """
        if not self._is_slack(url):
            raise Rejected("Slack keeps this file elsewhere.")
        known, data = {"Authorization": f"Bearer {self._token}"}, bytearray()
        try:
            async with self._connections().get(url, headers=known) as answer:
                if answer.status == HTTPStatus.OK:
                    async for piece in answer.content.iter_any():
                        data += piece
                        if len(data) > most:
                            break
                    return bytes(data[: most + 1])
        except Exception as error:  # noqa: BLE001 - as in `respond`
            raise outcome_of_question(error) from None
        raise Rejected("Slack does not hand out this file.")

    def _is_slack(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts[:2] == urlsplit(self._api_url)[:2]:
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))

    async def close(self) -> None:
        """Close the connections. After that nothing can be sent."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    async def _call(
        self,
        method: str,
        meaning: Callable[[Exception], NotDelivered],
        *,
        token: str = "",
        **request: Any,  # noqa: ANN401 - arguments of the library
    ) -> AsyncSlackResponse:
        """Return the response of a method, a JSON object. `meaning` converts errors.

        `token`: another one than the bot's.
        """
        client = self._web_client(token or self._token)
        try:
            answer = await client.api_call(method, **request)
            if not isinstance(answer.data, Mapping):
                raise TypeError("an answer of Slack is an object")  # noqa: TRY301 - `meaning` converts this error, too
        except Exception as error:  # noqa: BLE001 - `meaning` converts every error
            raise meaning(error) from None
        return answer


def part_of(answer: AsyncSlackResponse, name: str) -> Mapping[str, Any]:
    """Return a part of a response that must be an object. Raise RetryLater if it is not."""
    found = answer.get(name)
    if not isinstance(found, Mapping):
        raise RetryLater("Slack gave no answer that can be read.")
    return found


async def _refuse_redirect(*_: object) -> None:
    """Raise an error for a redirect: the post would become a GET, whose response says nothing about the message."""
    raise Unclear("The address of Slack's API sends us elsewhere; it may have the message.")
