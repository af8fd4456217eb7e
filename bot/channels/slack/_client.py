"""slack-sdk's AsyncWebClient, set up for sends that happen once. It alone of the sender's modules imports the library.

aiohttp's errors carry the request's headers, and so the token, in their repr. Therefore no outcome is chained to them.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack._errors import before_posting, cannot_look, outcome
from bot.channels.slack._payload import Post
from subscriptions import NotDelivered, RetryLater, Unclear

E = TypeVar("E", bound=Exception)

_PAGE = 15  # what apps that are sold outside Slack's marketplace get at most (docs.slack.dev, conversations.history)
_KEEP_ALIVE = 5  # seconds; a connection that Slack closed meanwhile would make a send Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Messages of a conversation, and where the next ones begin; "" at the end."""

    messages: tuple[Mapping[str, object], ...]
    cursor: str


class Client:
    """The calls that a sender needs. Made inside the running loop, to which its connections belong."""

    def __init__(self, token: str, api_url: str, *, connect: float, read: float) -> None:
        self._token = token
        # Without a total: only then does aiohttp tell a timeout while connecting from one while reading.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_refuse_redirect)
        self._session = aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            trace_configs=[trace],
        )
        # Below WARNING the library formats every message into its log, whether or not anybody listens.
        quiet = logging.getLogger(f"{__name__}.sdk")
        quiet.setLevel(logging.WARNING)
        self._web = AsyncWebClient(token, base_url=api_url, session=self._session, retry_handlers=[], logger=quiet)

    async def post(self, channel: str, thread: str, post: Post, identity: Mapping[str, object], once: str) -> str:
        """Posts one message; its ts. `identity` goes into the metadata, `once` is its client_msg_id."""
        try:
            answer = await self._web.chat_postMessage(
                channel=channel,
                text=post.text,
                blocks=post.blocks or None,
                mrkdwn=None if post.markup else False,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": "paperwire_delivery", "event_payload": dict(identity)},
                client_msg_id=once,
            )
            ts = answer["ts"]
        except Exception as error:  # noqa: BLE001 - whatever happened, the message has an outcome
            raise self._blotted(outcome(error)) from None
        if not isinstance(ts, str):
            raise Unclear("Slack took the message and did not say which it is.")
        return ts

    async def update(self, channel: str, ts: str, post: Post) -> None:
        """Replaces a message. Blocks that are not named would stay, so a plain text removes them by name."""
        try:
            await self._web.chat_update(channel=channel, ts=ts, text=post.text, blocks=post.blocks)
        except Exception as error:  # noqa: BLE001 - whatever happened, the edit has an outcome
            raise self._blotted(outcome(error)) from None

    async def page(self, channel: str, thread: str, oldest: str, cursor: str) -> Page:
        """One page of a conversation, or of a thread in it, from `oldest` on. Raises RetryLater or LookupError."""
        look: dict[str, Any] = {
            "inclusive": True,
            "limit": _PAGE,
            "include_all_metadata": True,
            "cursor": cursor or None,
        }
        try:
            if thread:
                answer = await self._web.conversations_replies(channel=channel, ts=thread, oldest=oldest, **look)
            else:
                answer = await self._web.conversations_history(channel=channel, oldest=oldest, **look)
            return _page(answer.data)
        except Exception as error:  # noqa: BLE001 - whatever happened, it is one of two answers
            raise self._blotted(cannot_look(error)) from None

    async def open_direct(self, user: str) -> str:
        """The id of the direct messages with a person."""
        try:
            answer = await self._web.conversations_open(users=user)
        except Exception as error:  # noqa: BLE001 - whatever happened, nothing was sent
            raise self._blotted(before_posting(error)) from None
        match answer.data:
            case {"channel": {"id": str(channel)}}:
                return channel
            case _:
                raise RetryLater("Slack opened direct messages and did not say which.")

    async def me(self) -> tuple[str, str]:
        """(team id, user id) of the token."""
        try:
            answer = await self._web.auth_test()
        except Exception as error:  # noqa: BLE001 - whatever happened, nothing was sent
            raise self._blotted(before_posting(error)) from None
        match answer.data:
            case {"team_id": str(team), "user_id": str(user)}:
                return team, user
            case _:
                raise RetryLater("Slack accepted the token and did not say whose it is.")

    async def granted(self) -> frozenset[str]:
        """The scopes of the token; Slack names them in a header of every answer (docs.slack.dev, auth.test)."""
        try:
            answer = await self._web.auth_test()
        except Exception as error:  # noqa: BLE001 - whatever happened, nothing was sent
            raise self._blotted(before_posting(error)) from None
        names = str(answer.headers.get("x-oauth-scopes", ""))
        return frozenset(name.strip() for name in names.split(",") if name.strip())

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()

    def _blotted(self, error: E) -> E:
        """The error without the token, should an answer have repeated it: its words are stored and shown."""
        error.args = tuple(str(word).replace(self._token, "<token>") for word in error.args)
        if isinstance(error, NotDelivered):
            error.reason = error.reason.replace(self._token, "<token>")
        return error


async def _refuse_redirect(*_: object) -> None:
    """A redirect would turn the post into a GET without a body, whose refusal would say something about no message."""
    raise Unclear("The address of Slack's API sends us elsewhere; it may have the message.")


def _page(data: object) -> Page:
    match data:
        case {"messages": [*messages], **rest}:
            match rest.get("response_metadata"):
                case {"next_cursor": str(cursor)}:
                    pass
                case _:
                    cursor = ""
            return Page(messages=tuple(message for message in messages if isinstance(message, dict)), cursor=cursor)
        case _:
            raise TypeError("a page of messages has messages")
