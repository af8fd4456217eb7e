"""The adapter of Slack: its channel and rate limit, how a lost post is found, missing scopes.

Web API: chat.postMessage, chat.update, conversations.history and .replies. The metadata of each message contains the id of
its delivery and its number. So if the response to a post was lost, the message
can be found in every channel that the bot may read.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TextIO

from bot.errors import SettingsError
from bot.platform import CheckResult, OnBotName, Platform, PlatformSurroundings, switched_off
from bot.platforms.slack import FACTS, markup
from bot.platforms.slack.api import SlackApi
from bot.platforms.slack.client import Workspace
from bot.platforms.slack.manifest import missing
from bot.platforms.slack.receiving import SocketMode
from bot.ports import channel as channels
from bot.ports.conversation import Receiver
from bot.settings import Settings
from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, Unclear
from subscriptions.model import ChatAddress, Message

log = logging.getLogger("paperwire")

_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # for our values of client_msg_id
_CLOCK_SKEW = timedelta(seconds=60)  # by how much Slack's clock may be slow compared with ours


class SlackChannel(channels.Channel):
    """The channel of a workspace.

    An address is the id of a channel, of direct messages or of a person ("C…", "G…", "D…", "U…"). A topic is a thread's ts. The
    channel belongs to the event loop in which it first posts.
    """

    platform = "slack"
    adapter = __name__  # the module that makes a platform of this channel
    # All blocks together: refusals of 11,341 and of about 13,200 characters were reported (slackapi/bolt-js#2509, #2867).
    limits = channels.Limits(text=10_000, per_second=0, per_lane=1)

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

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
        shown = markup.message_arguments(message, plain=plain)
        # Slack posts each client_msg_id once. The plain form counts as another message, so it has another id.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.payload}{' plain' if plain else ''}")
        sent = await self.workspace.post(
            "chat.postMessage",
            channel=await self.workspace.resolve(chat.address),
            thread_ts=thread or chat.topic,
            **shown,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": "paperwire_delivery", "event_payload": {"id": delivery, "n": message.number}},
            client_msg_id=str(once),
        )
        if not isinstance(ts := sent.get("ts"), str):
            raise Unclear("Slack took the message and did not say which it is.")
        return ts

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel. With a plain text it sends an empty list of blocks, since Slack would else keep the old blocks."""
        shown = {"blocks": [], **markup.message_arguments(message, plain=plain)}
        await self.workspace.post(
            "chat.update", channel=await self.workspace.resolve(chat.address), ts=message_id, **shown
        )

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

        Searches `thread`. Then searches the channel or topic, where the message went if its thread was still unknown.
        """
        try:
            channel = await self.workspace.resolve(chat.address)
            for place in dict.fromkeys((thread or chat.topic, chat.topic)):
                found = self.workspace.pages(
                    "conversations.replies" if place else "conversations.history",
                    channel=channel,
                    ts=place or None,
                    oldest=f"{(after - _CLOCK_SKEW).timestamp():.6f}",
                    inclusive=True,
                    include_all_metadata=True,
                )
                async for page in found:
                    if ts := _ts_of(page, delivery, message.number):
                        return ts
        except (ChatGone, Rejected) as error:
            raise LookupError(f"Slack does not let the bot look for its message: {error.reason}") from None
        return None

    async def identity(self) -> str:
        """See Channel. Returns "TEAM:USER"."""
        me = await self.workspace.identify()
        return f"{me.team}:{me.user}"

    async def close(self) -> None:
        """See Channel."""
        await self.workspace.close()


def _ts_of(page: Mapping[str, Any], delivery: str, number: int) -> str:
    """Returns the ts of the message whose metadata has this delivery and number; "" if the page has none."""
    messages = page.get("messages")
    if not isinstance(messages, list):
        raise RetryLater("Slack's answer holds no messages.")
    for message in messages:
        match message:
            case {"ts": str(ts), "metadata": {"event_payload": {"id": identity, "n": n}}}:
                if identity == delivery and str(n) == str(number):
                    return ts
    return ""


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del clock, out
    if settings.slack_bot_token is None:
        raise switched_off(FACTS)
    return SlackChannel(Workspace(settings.slack_bot_token, api_url=settings.slack_api_url))


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
