"""Messages → Slack (Web API: chat.postMessage, chat.update, conversations.history and .replies).

Every message carries its delivery's id and its own number in its metadata. So a try whose answer was lost can be looked
up before it is repeated, wherever the bot may read.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import SecretStr

from bot.channels.slack._payload import open_message
from bot.channels.slack.addresses import normalise
from bot.channels.slack.api import SlackApi
from bot.channels.slack.conversations import Conversations
from bot.channels.slack.view_methods import SlackForms
from bot.channels.slack.workspaces import Workspace, Workspaces, WorkspaceTokens
from bot.ports.channel import Limits
from subscriptions.errors import ChatGone, NotDelivered, RetryLater
from subscriptions.model import ChatAddress, Message

DEFAULT_API_URL = "https://slack.com/api/"

POST_SCOPES = frozenset({"chat:write", "im:write"})  # the scopes without which a message does not go out
LOOKUP_SCOPES = frozenset({"channels:history", "groups:history", "im:history"})  # and those to look an unclear one up

_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # ours, for client_msg_id
_LOOKUP_RETRY_AFTER = timedelta(minutes=1)  # how long a workspace that does not let us look is left alone
_CLOCK_SKEW = timedelta(seconds=60)  # how far Slack's clock may be behind the one that noted the try


class SlackChannel:
    """A sender for the workspaces that we have a token of.

    An address is a channel's, direct message's or person's id ("C…", "G…", "D…", "U…"), with the team's id before it
    unless it is of the own workspace, whose token is the first; a topic is a thread's ts. `api_url` ends in "/api/".
    `team` saves asking Slack for the own one. `connect` and `read` are seconds to wait for a connection and for an
    answer; `monotonic` is the clock by which a method is left alone as long as Slack asks. Belongs to the event loop that
    first posts.
    """

    platform = "slack"
    adapter = "bot.channels.slack.adapter"  # the module that makes a platform of this channel
    # All blocks together: refusals of 11,341 and of about 13,200 characters were reported (slackapi/bolt-js#2509, #2867).
    limits = Limits(text=10_000, per_second=0, per_lane=1)

    def __init__(
        self,
        token: str | SecretStr | WorkspaceTokens | None,
        *others: WorkspaceTokens,
        api_url: str = DEFAULT_API_URL,
        team: str = "",
        connect: float = 5,
        read: float = 20,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workspaces = Workspaces(
            _tokens(token),
            others,
            api_url=api_url,
            team=team,
            timeouts=(connect, read),
            monotonic=monotonic,
        )
        self.conversations = Conversations(self.workspaces)
        self._search_cursors: dict[tuple[str, int], str] = {}  # (delivery, number) → where a search broke off
        self._closed = False

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel."""
        post = open_message(message, plain=plain)
        workspace, channel = await self.conversations.resolve(chat.address)
        identity = {"id": delivery, "n": message.number}
        # The same bytes twice are one message to Slack; the same delivery in another form is another message.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.plain if plain else message.payload}")
        return await workspace.client.post(channel, thread or chat.topic, post, identity, str(once))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = open_message(message, plain=plain)
        workspace, channel = await self.conversations.resolve(chat.address)
        await workspace.client.update(channel, message_id, post)

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel. `after` is a moment of the machine's own clock: Slack's messages are dated by Slack's.

        A search that Slack breaks off (RetryLater) goes on where it was when it is asked for again.
        """
        key = (delivery, message.number)
        oldest = f"{(after - _CLOCK_SKEW).timestamp():.6f}"
        cursor = self._search_cursors.pop(key, "")
        workspace, channel = await self._readable(chat.address)
        while True:
            try:
                page = await workspace.client.page(channel, thread or chat.topic, oldest, cursor)
            except RetryLater:
                self._search_cursors[key] = cursor
                raise
            for found in page.messages:
                if _is(found, *key):
                    return str(found["ts"])
            cursor = page.cursor
            if not cursor:
                return None

    async def identity(self) -> str:
        """See Channel. "TEAM:USER" of the own workspace; "" when there is none."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        own = self.workspaces.own
        if own is None:
            return ""
        me = await own.identify()
        return f"{me.team}:{me.user}"

    async def scopes(self) -> frozenset[str]:
        """What the token of the own workspace may do. Raises NotDelivered."""
        return await (await self.workspaces.for_address("")).client.granted_scopes()

    async def normalise(self, address: str) -> str:
        """The one address of a channel; asks Slack for the own team when the address names one. Raises NotDelivered."""
        own = self.workspaces.own
        if "/" not in address or own is None:
            return address
        return normalise(address, own.team or (await own.identify()).team)

    def forms(self) -> SlackForms:
        """The modals and home views of the same workspaces."""
        return SlackForms(self.workspaces)

    def api(self) -> SlackApi:
        """The platform API of the same workspaces."""
        return SlackApi(self, self.conversations)

    async def close(self) -> None:
        """See Channel."""
        self._closed = True
        await self.conversations.close()

    async def _readable(self, address: str) -> tuple[Workspace, str]:
        """As Conversations.resolve, but raises RetryLater or LookupError only."""
        try:
            return await self.conversations.resolve(address)
        except RetryLater:
            raise
        except ChatGone as error:
            raise LookupError(error.reason) from error
        except NotDelivered as error:
            raise RetryLater(error.reason, _LOOKUP_RETRY_AFTER) from error


def _tokens(token: str | SecretStr | WorkspaceTokens | None) -> WorkspaceTokens | None:
    if token is None or isinstance(token, WorkspaceTokens):
        return token
    return WorkspaceTokens(SecretStr(token) if isinstance(token, str) else token)


def _is(found: Mapping[str, object], delivery: str, number: int) -> bool:
    """Whether this is the message: its metadata says so."""
    match found.get("metadata"):
        case {"event_payload": {"id": identity, "n": n}}:
            return identity == delivery and str(n) == str(number)
        case _:
            return False
