"""The calls to Slack, through slack-sdk's AsyncWebClient set up so that nothing is sent twice.

The repr of aiohttp's errors holds the request's headers, and so the token. Therefore no outcome is chained to them.
"""

import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.slack import errors
from bot.platforms.slack.errors import Declined
from bot.ports.channel import read_message
from subscriptions.errors import NotDelivered, Rejected, RetryLater, Unclear
from subscriptions.model import Message

# ---------------------------------------------------- reads the payload of a Slack message, which rendering has stored

# {"text": "titles, for notifications and old clients", "blocks": [{"type": "section", …}, …]}  The plain form is
# {"text": "…"}, without blocks and without markup.


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of chat.postMessage and chat.update."""

    text: str
    blocks: tuple[dict[str, object], ...] = ()
    markup: bool = True


def open_message(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the message's content, or its plain form, read before anything is sent. Raises Rejected."""

    def read(payload: object) -> MessageArguments:
        match payload:
            case {"text": str(text), **rest} if text.strip():
                blocks = [] if plain else rest.get("blocks")
                if isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks):
                    return MessageArguments(text=text, blocks=tuple(blocks), markup=not plain)
        raise ValueError("a payload for Slack is an object with a text and a list of blocks")

    return read_message(message, read, plain=plain)


E = TypeVar("E", bound=Exception)

_PAGE = 15  # the most for apps distributed outside Slack's marketplace (docs.slack.dev, conversations.history)
_KEEP_ALIVE = 5  # seconds that an idle connection is kept; a send on one that Slack has closed would be Unclear
_OK, _USED_UP = 200, range(400, 500)  # statuses of a response url: accepted; accepts no more
_CHUNK = 65_536  # bytes
_HEARTBEAT = 10.0  # seconds between two pings of a WebSocket
_LONGEST_ENVELOPE = 4 * 1024 * 1024  # bytes; usual messages have some thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class BotIdentity:
    """The bot of a token."""

    team: str
    user: str
    name: str = ""  # of the bot's user, without the @


class MethodBackoff:
    """The waits that Slack has asked for, by method, and by channel for methods that Slack limits by channel."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: dict[str, float] = {}

    def check(self, name: str) -> None:
        """Raises RetryLater while the wait of a method lasts."""
        if name not in self._until:
            return
        left = self._until[name] - self._monotonic()
        if left > 0:
            raise RetryLater("Slack asked us to wait before we ask again.", timedelta(seconds=left))
        del self._until[name]

    def record(self, name: str, error: Exception) -> None:
        """Records the wait that an outcome asks for."""
        if isinstance(error, RetryLater) and error.after:
            self._until[name] = self._monotonic() + error.after.total_seconds()


class Client:
    """The calls of one token. It must be made inside the running event loop, to which its connections belong.

    `connect` and `read` are seconds to wait for a connection and for an answer.
    """

    def __init__(
        self, token: str, api_url: str, *, connect: float, read: float, monotonic: Callable[[], float]
    ) -> None:
        self._token = token
        self._home = urlsplit(api_url)
        # Without `total`, aiohttp has different errors for a timeout while connecting and one while reading.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_refuse_redirect)
        self._session = aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            trace_configs=[trace],
        )
        # Below WARNING the library formats every message for its log, even if no handler takes it.
        quiet = logging.getLogger(f"{__name__}.sdk")
        quiet.setLevel(logging.WARNING)
        self._web = AsyncWebClient(token, base_url=api_url, session=self._session, retry_handlers=[], logger=quiet)
        self._backoff = MethodBackoff(monotonic)

    # ------------------------------------------------------------------------------------------------------- messages

    async def post(
        self, channel: str, thread: str, post: MessageArguments, identity: Mapping[str, object], client_msg_id: str
    ) -> str:
        """Posts one message and returns its ts. `identity` goes into the metadata. Slack posts a `client_msg_id` only once."""
        answer = await self._try(
            f"chat.postMessage {channel}",  # Slack limits posts by channel (docs.slack.dev, rate limits)
            lambda: self._web.chat_postMessage(
                channel=channel,
                text=post.text,
                blocks=post.blocks or None,
                mrkdwn=None if post.markup else False,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": "paperwire_delivery", "event_payload": dict(identity)},
                client_msg_id=client_msg_id,
            ),
            errors.outcome,
        )
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise Unclear("Slack took the message and did not say which it is.")
        return ts

    async def update(self, channel: str, ts: str, post: MessageArguments) -> None:
        """Replaces a message. A plain text names empty blocks, since Slack keeps blocks that are not named."""
        await self._try(
            "chat.update",
            lambda: self._web.chat_update(channel=channel, ts=ts, text=post.text, blocks=post.blocks),
            errors.outcome,
        )

    async def post_ephemeral(self, channel: str, thread: str, user: str, post: MessageArguments) -> None:
        """Posts a message that only one person sees. It disappears when their client reloads."""
        await self._try(
            f"chat.postEphemeral {channel}",
            lambda: self._web.chat_postEphemeral(
                channel=channel, user=user, text=post.text, blocks=post.blocks or None, thread_ts=thread or None
            ),
            errors.outcome,
        )

    async def respond(self, url: str, body: Mapping[str, object]) -> None:
        """Posts an answer to the response url of a request, without the token.

        Raises Declined if the url accepts no more answers (docs.slack.dev, Handling user interaction).
        """
        status, _ = await self._request("POST", url, errors.outcome, json=body)
        if status in _USED_UP:
            raise Declined(f"Slack takes no more answers to this request (HTTP {status}).", "used_url")
        if status != _OK:
            raise Unclear(f"Slack gave no usable answer (HTTP {status}); it may have the message.")

    # ------------------------------------------------------------------------------------------------------ questions

    async def call_get(self, method: str, **arguments: str | int | bool) -> Mapping[str, Any]:
        """Returns the answer of a method that only reads. Raises Declined, RetryLater, SenderStopped."""
        return await self._try(
            method,
            lambda: self._web.api_call(method, http_verb="GET", params=dict(arguments)),
            errors.outcome_of_repeatable,
        )

    async def pages(self, method: str, **arguments: str | int) -> AsyncIterator[Mapping[str, Any]]:
        """Yields the answers of a method that reads a list page by page. Raises as `call_get`."""
        cursor = ""
        while True:
            page = await self.call_get(method, cursor=cursor, **arguments)
            yield page
            if not (cursor := next_cursor(page)):
                return

    async def call_json(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """Returns the answer of a method that may be called twice, with arguments in JSON. Raises as `call_get`."""
        return await self._try(
            method, lambda: self._web.api_call(method, json=dict(arguments)), errors.outcome_of_repeatable
        )

    async def page(self, channel: str, thread: str, oldest: str, cursor: str) -> tuple[list[Mapping[str, Any]], str]:
        """Returns one page of the messages of a conversation or of a thread in it, from `oldest` on, and the next cursor.

        Raises RetryLater, SenderStopped, LookupError.
        """
        method = "conversations.replies" if thread else "conversations.history"
        look = {
            "channel": channel,
            **({"ts": thread} if thread else {}),
            "oldest": oldest,
            "inclusive": True,
            "limit": _PAGE,
            "include_all_metadata": True,
            **({"cursor": cursor} if cursor else {}),
        }
        answer = await self._try(
            method, lambda: self._web.api_call(method, http_verb="GET", params=look), errors.outcome_of_lookup
        )
        messages = answer.get("messages")
        if not isinstance(messages, list):
            raise RetryLater("Slack's answer holds no messages.")
        return [message for message in messages if isinstance(message, dict)], next_cursor(answer)

    async def open_direct(self, user: str) -> str:
        """Returns the id of the direct messages with a person. Raises NotDelivered.

        Sends the arguments as JSON, since the library's own method puts them into the URL.
        """
        opened = {"users": user}
        answer = await self._try(
            "conversations.open",
            lambda: self._web.api_call("conversations.open", json=opened),
            errors.outcome_before_post,
        )
        match answer:
            case {"channel": {"id": str(channel)}}:
                return channel
            case _:
                raise RetryLater("Slack opened direct messages and did not say which.")

    async def oauth_access(self, client_id: str, client_secret: str, **grant: str) -> Mapping[str, Any]:
        """Returns the tokens for a code or a refresh token (oauth.v2.access). Raises as `call_get`.

        The library's own method uses a deprecated part of aiohttp.
        """
        known = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {known}"}
        return await self._try(
            "oauth.v2.access",
            lambda: self._web.api_call("oauth.v2.access", data=dict(grant), headers=headers),
            errors.outcome_of_repeatable,
        )

    async def auth_test(self) -> BotIdentity:
        """Returns the bot of the token. Raises as `call_get`."""
        match await self._try("auth.test", self._web.auth_test, errors.outcome_before_post):
            case {"team_id": str(team), "user_id": str(user), **rest}:
                return BotIdentity(team=team, user=user, name=str(rest.get("user") or ""))
            case _:
                raise RetryLater("Slack accepted the token and did not say whose it is.")

    async def granted_scopes(self) -> frozenset[str]:
        """Returns the scopes of the token, from a header of every answer (docs.slack.dev, auth.test)."""
        try:
            answer = await self._web.auth_test()
        except Exception as error:  # noqa: BLE001 - after any error nothing was sent
            raise self._redacted(errors.outcome_before_post(error)) from None
        names = str(answer.headers.get("x-oauth-scopes", ""))
        return frozenset(name.strip() for name in names.split(",") if name.strip())

    # ---------------------------------------------------------------------------------------------------------- files

    async def upload(self, url: str, data: bytes) -> None:
        """Uploads the content of a file to the address from files.getUploadURLExternal, without the token."""
        status, _ = await self._request("POST", url, errors.outcome_of_repeatable, data=data)
        if status != _OK:
            raise RetryLater(f"Slack did not take the file (HTTP {status}).")

    async def download(self, url: str, most: int) -> bytes:
        """Returns the content of a file from the address in files.info, at most `most` bytes and one more.

        Sends the token, so only addresses of Slack are requested. Raises Rejected if the file is elsewhere or gone.
        """
        if not self._is_slack(url):
            raise Rejected("Slack keeps this file elsewhere.")
        known = {"Authorization": f"Bearer {self._token}"}
        status, data = await self._request("GET", url, errors.outcome_of_repeatable, most=most + 1, headers=known)
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
        **content: Any,  # noqa: ANN401 - as aiohttp takes it
    ) -> tuple[int, bytes]:
        """Returns the status of an answer and its first `most` bytes. `meaning` translates errors."""
        data = bytearray()
        try:
            async with self._session.request(verb, url, **content) as answer:
                async for part in answer.content.iter_chunked(_CHUNK):
                    data += part
                    if len(data) >= most:
                        break
                return answer.status, bytes(data[:most])
        except Exception as error:  # noqa: BLE001 - every error has a meaning
            raise self._redacted(meaning(error)) from None

    def _is_slack(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts[:2] == self._home[:2]:
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))

    # ------------------------------------------------------------------------------------------------------ Socket Mode

    async def socket(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """Returns a WebSocket to the address from apps.connections.open. Raises RetryLater."""
        try:
            return await self._session.ws_connect(url, heartbeat=_HEARTBEAT, max_msg_size=_LONGEST_ENVELOPE)
        except Exception as error:  # noqa: BLE001 - its text holds the address, which is a secret
            raise RetryLater(f"No connection to Slack ({type(error).__name__}).") from None

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()

    # ------------------------------------------------------------------------------------------------------------ all

    async def _try(
        self,
        name: str,
        call: Callable[[], Awaitable[AsyncSlackResponse]],
        meaning: Callable[[Exception], Exception],
    ) -> Mapping[str, Any]:
        """Returns the answer of a call. `name` is what Slack limits; `meaning` translates errors."""
        self._backoff.check(name)
        try:
            return _object((await call()).data)
        except Exception as error:  # noqa: BLE001 - every error has a meaning
            what = self._redacted(meaning(error))
            self._backoff.record(name, what)
            raise what from None

    def _redacted(self, error: E) -> E:
        """Returns the error without the token, which an answer may have repeated, since the text is stored and shown."""
        error.args = tuple(str(word).replace(self._token, "<token>") for word in error.args)
        if isinstance(error, NotDelivered):
            error.reason = error.reason.replace(self._token, "<token>")
        return error


async def _refuse_redirect(*_: object) -> None:
    """Raises an error for a redirect, which would turn the post into a GET whose answer says nothing about the message."""
    raise Unclear("The address of Slack's API sends us elsewhere; it may have the message.")


def _object(data: object) -> Mapping[str, Any]:
    """Returns the answer as a JSON object. Raises TypeError for anything else."""
    if not isinstance(data, Mapping):
        raise TypeError("an answer of Slack is an object")
    return data


def next_cursor(answer: Mapping[str, Any]) -> str:
    """Returns the cursor of the page after this one; "" at the end."""
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")
