"""What the bot does in Slack: its channel, modals and home views.

Web API: chat.postMessage, chat.update, conversations.history and .replies, views.open, views.update, views.publish. The
metadata of each message has the id of its delivery and its number. So if the answer to a post was lost, the message can be
looked up in every channel that the bot may read.
"""

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import SecretStr

from bot.platforms.slack import joined, normalise, split
from bot.platforms.slack.api import SlackApi
from bot.platforms.slack.client import open_message
from bot.platforms.slack.errors import Declined
from bot.platforms.slack.markup import home_view, modal_view
from bot.platforms.slack.workspaces import Workspace, Workspaces, WorkspaceTokens
from bot.ports.channel import Channel, HomeView, Limits, Modal
from subscriptions.errors import ChatGone, NotDelivered, RetryLater, SenderStopped
from subscriptions.model import ChatAddress, Message

_PAGE = 200  # conversations in one answer
_MOST_PAGES = 10  # pages, so that the home view appears soon
_KINDS = "public_channel,private_channel,mpim"
_STALE_VIEW = frozenset({"hash_conflict", "not_found", "view_not_found"})  # the view was changed or closed meanwhile


_Page = tuple[list[Mapping[str, Any]], str]  # messages, and the cursor of the next page


class SlackForms:
    """See Forms. It shares the connections of the channel of the same tokens."""

    platform = "slack"

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """See Forms."""
        return modal_view(modal, callback_token)

    def render_home_view(self, home: HomeView) -> str:
        """See Forms."""
        return home_view(home)

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """See Forms."""
        workspace = await self._workspaces.for_address(chat.address)
        await workspace.client.call_json("views.open", trigger_id=trigger_id, view=json.loads(view))

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """See Forms. `view_ref` is the view's id, a space, and its hash."""
        workspace = await self._workspaces.for_address(chat.address)
        view_id, _, as_it_was = view_ref.partition(" ")
        state = {"hash": as_it_was} if as_it_was else {}
        try:
            await workspace.client.call_json("views.update", view_id=view_id, view=json.loads(view), **state)
        except Declined as no:
            if no.code not in _STALE_VIEW:
                raise

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """See Forms."""
        workspace = await self._workspaces.for_address(person.address)
        await workspace.client.call_json("views.publish", user_id=split(person.address)[1], view=json.loads(view))

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """See Forms. Returns no chats for guests, who manage only their own."""
        team, user = split(person.address)
        workspace = await self._workspaces.for_address(person.address)
        if not await _is_member(workspace, user):
            return frozenset()
        found: set[str] = set()
        read = 0
        try:
            async for page in workspace.client.pages("users.conversations", user=user, types=_KINDS, limit=_PAGE):
                found.update(joined(team, str(channel["id"])) for channel in page.get("channels") or ())
                read += 1
                if read == _MOST_PAGES:
                    break
        except Declined:
            return None
        return frozenset(found)


async def _is_member(workspace: Workspace, user: str) -> bool:
    """Returns whether a person is a member of the workspace. True for everybody if the app may not read people."""
    try:
        return (await workspace.person(user)).member
    except Declined:
        return True


DEFAULT_API_URL = "https://slack.com/api/"

_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # of our values of client_msg_id
_LOOKUP_RETRY_AFTER = timedelta(minutes=1)  # until a channel that cannot be found is looked up again
_CLOCK_SKEW = timedelta(seconds=60)  # by which Slack's clock may lag ours


class SlackChannel(Channel):
    """The channel of all workspaces with a token.

    An address is the id of a channel, direct messages or a person ("C…", "G…", "D…", "U…"), after the team's id unless it
    is in the own workspace, which is the first; a topic is a thread's ts. `api_url` ends in "/api/". With `team`, Slack
    need not be asked for the own team. `connect` and `read` are seconds to wait for a connection and for an answer;
    `monotonic` measures the waits that Slack asks for. The channel belongs to the event loop in which it first posts.
    """

    platform = "slack"
    adapter = "bot.platforms.slack.adapter"  # the module that builds the platform
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
        # (delivery, number) -> (thread, cursor) at which a search was interrupted
        self._searches: dict[tuple[str, int], tuple[str, str]] = {}

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel."""
        post = open_message(message, plain=plain)
        workspace, channel = await self.workspaces.resolve(chat.address)
        identity = {"id": delivery, "n": message.number}
        # Slack posts one client_msg_id once. The plain form of a message is another message.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.plain if plain else message.payload}")
        return await workspace.client.post(channel, thread or chat.topic, post, identity, str(once))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = open_message(message, plain=plain)
        workspace, channel = await self.workspaces.resolve(chat.address)
        await workspace.client.update(channel, message_id, post)

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel. `after` is a time of this machine's clock, which may differ from Slack's.

        Searches `thread`, then where the message was posted if the one that began the thread was not known then. After
        RetryLater, the next call continues the search where it was interrupted.
        """
        key = (delivery, message.number)
        oldest = f"{(after - _CLOCK_SKEW).timestamp():.6f}"
        threads = list(dict.fromkeys((thread or chat.topic, chat.topic)))
        where, cursor = self._searches.pop(key, (threads[0], ""))
        workspace, channel = await self._readable(chat.address)
        for place in threads[threads.index(where) :] if where in threads else threads:
            page_at = partial(workspace.client.page, channel, place, oldest)
            if found := await self._search(page_at, place, cursor if place == where else "", key):
                return found
        return None

    async def _search(
        self, page_at: Callable[[str], Awaitable[_Page]], thread: str, cursor: str, key: tuple[str, int]
    ) -> str | None:
        """Searches one thread, page by page from a cursor, and keeps where it was interrupted. Raises as `find`."""
        while True:
            try:
                messages, following = await page_at(cursor)
            except RetryLater:
                self._searches[key] = (thread, cursor)
                raise
            for message in messages:
                if _is(message, *key):
                    return str(message["ts"])
            if not following:
                return None
            cursor = following

    async def identity(self) -> str:
        """See Channel. Returns "TEAM:USER" of the own workspace; "" if there is none."""
        own = self.workspaces.own
        if own is None:
            return ""
        me = await own.identify()
        return f"{me.team}:{me.user}"

    async def normalise(self, address: str) -> str:
        """Returns the canonical address of a channel. Asks Slack for the own team if the address names a team. Raises NotDelivered."""
        own = self.workspaces.own
        if "/" not in address or own is None:
            return address
        return normalise(address, await own.known_team())

    def forms(self) -> SlackForms:
        """Returns the modals and home views of the same workspaces."""
        return SlackForms(self.workspaces)

    def api(self) -> SlackApi:
        """Returns the platform API of the same workspaces."""
        return SlackApi(self, self.workspaces)

    async def close(self) -> None:
        """See Channel."""
        await self.workspaces.close()

    async def _readable(self, address: str) -> tuple[Workspace, str]:
        """As Conversations.resolve, but raises RetryLater, SenderStopped or LookupError only."""
        try:
            return await self.workspaces.resolve(address)
        except (RetryLater, SenderStopped):
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
    """Returns whether a message is the one with this delivery and number, by its metadata."""
    match found.get("metadata"):
        case {"event_payload": {"id": identity, "n": n}}:
            return identity == delivery and str(n) == str(number)
        case _:
            return False
