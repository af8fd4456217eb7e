"""The adapter of Slack: its rate limit, how a lost post is found, missing scopes.

Web API: chat.postMessage, chat.update, conversations.history and .replies. The metadata of each message contains the id of
its delivery and its number. So if the response to a post was lost, the message
can be found in every channel that the bot may read.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TextIO

from bot.errors import SettingsError
from bot.platform import CheckResult, OnBotName, Platform, PlatformSurroundings, switched_off
from bot.platforms.slack import FACTS, markup
from bot.platforms.slack.api import SlackApi
from bot.platforms.slack.manifest import missing
from bot.platforms.slack.message_payload import open_message
from bot.platforms.slack.receiving import SocketMode
from bot.platforms.slack.workspace import Workspace
from bot.ports import channel as channels
from bot.ports.conversation import Receiver
from bot.settings import Settings
from subscriptions.errors import ChatGone, NotDelivered, RetryLater, SenderStopped
from subscriptions.model import ChatAddress, Message

log = logging.getLogger("paperwire")

_Page = tuple[list[Mapping[str, Any]], str]  # (messages, cursor of the next page)


_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # for our values of client_msg_id
_LOOKUP_RETRY_AFTER = timedelta(minutes=1)  # until the next look-up of a channel that could not be found
_CLOCK_SKEW = timedelta(seconds=60)  # by how much Slack's clock may be slow compared with ours


class SlackChannel(channels.Channel):
    """The channel of a workspace.

    An address is the id of a channel, of direct messages or of a person ("C…", "G…", "D…", "U…"). A topic is a thread's ts. The
    channel belongs to the event loop in which it first posts.
    """

    platform = "slack"
    adapter = "bot.platforms.slack.adapter"  # the module that builds the platform
    # All blocks together: refusals of 11,341 and of about 13,200 characters were reported (slackapi/bolt-js#2509, #2867).
    limits = channels.Limits(text=10_000, per_second=0, per_lane=1)

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        # (delivery, number) -> (thread, cursor) where a search was interrupted
        self._searches: dict[tuple[str, int], tuple[str, str]] = {}

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel."""
        post = open_message(message, plain=plain)
        channel = await self.workspace.resolve(chat.address)
        identity = {"id": delivery, "n": message.number}
        # Slack posts each client_msg_id once. The plain form counts as another message, so it has another id.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.payload}{' plain' if plain else ''}")
        return await self.workspace.client.post(channel, thread or chat.topic, post, identity, str(once))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = open_message(message, plain=plain)
        channel = await self.workspace.resolve(chat.address)
        await self.workspace.client.update(channel, message_id, post)

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """See Channel. `after` is a time of this machine's clock, which may differ from Slack's.

        Searches `thread`. Then searches the channel or topic, where the message went if its thread was still unknown. After
        RetryLater, the next call continues the search where it was interrupted.
        """
        key = (delivery, message.number)
        oldest = f"{(after - _CLOCK_SKEW).timestamp():.6f}"
        threads = list(dict.fromkeys((thread or chat.topic, chat.topic)))
        where, cursor = self._searches.pop(key, (threads[0], ""))
        if where in threads:
            threads = threads[threads.index(where) :]
        channel = await self._readable(chat.address)
        for place in threads:
            page_at = partial(self.workspace.client.page, channel, place, oldest)
            if found := await self._search(page_at, place, cursor if place == where else "", key):
                return found
        return None

    async def _search(
        self, page_at: Callable[[str], Awaitable[_Page]], thread: str, cursor: str, key: tuple[str, int]
    ) -> str | None:
        """Searches one thread page by page from a cursor. Stores where it was interrupted. Raises what `find` raises."""
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
        """See Channel. Returns "TEAM:USER"."""
        me = await self.workspace.identify()
        return f"{me.team}:{me.user}"

    async def close(self) -> None:
        """See Channel."""
        await self.workspace.close()

    async def _readable(self, address: str) -> str:
        """Like `Workspace.resolve`, but raises only RetryLater, SenderStopped or LookupError."""
        try:
            return await self.workspace.resolve(address)
        except (RetryLater, SenderStopped):
            raise
        except ChatGone as error:
            raise LookupError(error.reason) from error
        except NotDelivered as error:
            raise RetryLater(error.reason, _LOOKUP_RETRY_AFTER) from error


def _is(found: Mapping[str, object], delivery: str, number: int) -> bool:
    """Returns whether the metadata of a message has this delivery and number."""
    match found.get("metadata"):
        case {"event_payload": {"id": identity, "n": n}}:
            return identity == delivery and str(n) == str(number)
        case _:
            return False


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del out
    if settings.slack_bot_token is None:
        raise switched_off(FACTS)
    workspace = Workspace(settings.slack_bot_token, api_url=settings.slack_api_url, monotonic=clock.monotonic)
    return SlackChannel(workspace)


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, SlackChannel)  # noqa: S101 - made by `connect`
    app_token = around.settings.slack_app_token

    def receivers(on_bot_name: OnBotName) -> Sequence[Receiver]:
        if app_token is None:
            return ()
        return (SocketMode(channel.workspace, app_token, around.clock, on_bot_name=on_bot_name),)

    only_sends = "Slack only carries messages: no one can talk to the bot there without PAPERWIRE_SLACK_APP_TOKEN."
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=markup.MEDIUM,
        api=SlackApi(channel, channel.workspace),
        receivers=receivers,
        check_tokens=check_app_token,
        check=partial(_scopes, channel.workspace),
        startup_lines=() if app_token else (only_sends,),
    )


async def check_app_token(receivers: Sequence[Receiver]) -> None:
    """Asks Slack once whether it accepts the app token. Raises SettingsError for a token that it permanently refuses."""
    for receiver in receivers:
        if isinstance(receiver, SocketMode):
            try:
                await receiver.check()
            except RetryLater as error:
                log.warning("Slack cannot be asked about the app token now: %s", error.reason)
            except NotDelivered as error:
                reason = error.reason.rstrip(".")
                raise SettingsError(
                    f"Slack refuses the app token: {reason}.",
                    "Put one with connections:write into PAPERWIRE_SLACK_APP_TOKEN; the app's page on api.slack.com shows it "
                    "under Basic Information.",
                ) from None


async def _scopes(workspace: Workspace) -> list[CheckResult]:
    """Returns findings about the scopes that the workspace granted, and about what does not work without the missing ones."""
    question = "Slack scopes"
    try:
        me = await workspace.identify()
    except NotDelivered as error:
        return [CheckResult.unanswered(question, error)]
    lacking = list(missing(me.scopes))
    if not lacking:
        return [CheckResult(question=question, answer="all are granted")]
    found = [
        CheckResult(
            question=question,
            answer=f"without {scope.name}: {scope.lost or 'nothing works'}",
            mend=scope.needed,
            is_open=True,
        )
        for scope in lacking
    ]
    cure = "What is missed: add it to the app, by paperwire slack manifest, and install it there again."
    return [*found[:-1], replace(found[-1], cure=cure)]
