"""Messages → Slack (Web API: chat.postMessage, chat.update, conversations.history and .replies).

Every message carries its delivery's id and its own number in its metadata. So a try whose answer was lost can be looked
up before it is repeated, wherever the bot may read.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.channels.slack._payload import Post, read_post
from bot.ports import Limits
from subscriptions import ChatAddress, ChatGone, Message, NotDelivered, Rejected, RetryLater

if TYPE_CHECKING:
    from bot.channels.slack._client import Client

OFFICIAL = "https://slack.com/api/"

POSTS = frozenset({"chat:write", "im:write"})  # the scopes without which a message does not go out
LOOKS = frozenset({"channels:history", "groups:history", "im:history"})  # and those to look an unclear one up

_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # ours, for client_msg_id
_CLOCKS = timedelta(seconds=60)  # how far Slack's clock may be behind the one that noted the try


def normalise(address: str, team: str) -> str:
    """The one address of a channel: "TEAM/CHANNEL" of the own workspace `team` is "CHANNEL" (docs/commands.md)."""
    return address.removeprefix(f"{team}/") if team else address


class SlackChannel:
    """A sender for one bot token, which belongs to one workspace.

    An address is a channel's, direct message's or person's id ("C…", "G…", "D…", "U…"), with or without the team's id
    before it; a topic is a thread's ts. `api_url` ends in "/api/". `team` saves asking Slack for it. `connect` and
    `read` are seconds to wait for a connection and for an answer. Belongs to the event loop that first posts.
    """

    platform = "slack"
    # All blocks together: refusals of 11,341 and of about 13,200 characters were reported (slackapi/bolt-js#2509, #2867).
    limits = Limits(text=10_000, per_second=0, per_lane=1)

    def __init__(
        self,
        token: str | SecretStr,
        *,
        api_url: str = OFFICIAL,
        team: str = "",
        connect: float = 5,
        read: float = 20,
    ) -> None:
        self._token = token if isinstance(token, SecretStr) else SecretStr(token)
        self._api_url = api_url
        self._team = team
        self._timeouts = (connect, read)
        self._connection: Client | None = None
        self._direct: dict[str, str] = {}  # person → direct messages
        self._unread: dict[tuple[str, int], str] = {}  # (delivery, number) → where a search broke off
        self._closed = False

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel."""
        post = _open(message, plain=plain)
        channel = await self._channel(chat.address)
        identity = {"id": delivery, "n": message.number}
        # The same bytes twice are one message to Slack; the same delivery in another form is another message.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.plain if plain else message.payload}")
        return await self._client().post(channel, thread or chat.topic, post, identity, str(once))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = _open(message, plain=plain)
        await self._client().update(await self._channel(chat.address), message_id, post)

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel. `after` is a moment of the machine's own clock: Slack's messages are dated by Slack's.

        A search that Slack breaks off (RetryLater) goes on where it was when it is asked for again.
        """
        key = (delivery, message.number)
        oldest = f"{(after - _CLOCKS).timestamp():.6f}"
        cursor = self._unread.pop(key, "")
        channel = await self._readable(chat.address)
        while True:
            try:
                page = await self._client().page(channel, thread or chat.topic, oldest, cursor)
            except RetryLater:
                self._unread[key] = cursor
                raise
            for found in page.messages:
                if _is(found, *key):
                    return str(found["ts"])
            cursor = page.cursor
            if not cursor:
                return None

    async def identity(self) -> str:
        """See Channel. "TEAM:USER"."""
        team, user = await self._client().me()
        self._team = team
        return f"{team}:{user}"

    async def scopes(self) -> frozenset[str]:
        """What the token may do. Raises NotDelivered."""
        return await self._client().granted()

    async def normalise(self, address: str) -> str:
        """The one address of a channel; asks Slack for the own team when the address names one. Raises NotDelivered."""
        return normalise(address, await self._own_team()) if "/" in address else address

    async def close(self) -> None:
        """See Channel."""
        self._closed = True
        if self._connection:
            await self._connection.close()

    async def _channel(self, address: str) -> str:
        """The id that Slack posts to. Nothing is sent before it is known."""
        place = await self.normalise(address)
        if "/" in place:
            raise ChatGone("The Slack token belongs to another workspace than this channel.", "chat")
        if not place.startswith(("U", "W")):
            return place
        if place not in self._direct:
            self._direct[place] = await self._client().open_direct(place)
        return self._direct[place]

    async def _readable(self, address: str) -> str:
        """As `_channel`, for looking: RetryLater or LookupError."""
        try:
            return await self._channel(address)
        except RetryLater:
            raise
        except ChatGone as error:
            raise LookupError(error.reason) from error
        except NotDelivered as error:
            raise RetryLater(error.reason) from error

    async def _own_team(self) -> str:
        if not self._team:
            await self.identity()
        return self._team

    def _client(self) -> "Client":
        """The connection, made at the first use: aiohttp's session belongs to the loop in which it is made."""
        from bot.channels.slack._client import Client  # noqa: PLC0415 - a fifth of a second, and only for Slack

        if self._closed:
            raise RetryLater("The sender is shut down.")
        if self._connection is None:
            connect, read = self._timeouts
            self._connection = Client(self._token.get_secret_value(), self._api_url, connect=connect, read=read)
        return self._connection


def _open(message: Message, *, plain: bool) -> Post:
    """The message's content, before anything is sent."""
    try:
        return read_post(message, plain=plain)
    except ValueError as error:
        raise Rejected(f"The stored message cannot be read: {error}.", form=True) from error


def _is(found: Mapping[str, object], delivery: str, number: int) -> bool:
    """Whether this is the message: its metadata says so."""
    match found.get("metadata"):
        case {"event_payload": {"id": identity, "n": n}}:
            return identity == delivery and str(n) == str(number)
        case _:
            return False
