"""Slack, with one workspace and with another: its channel with its fake platform."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pydantic import SecretStr

from bot.platforms.slack.adapter import SlackChannel
from bot.platforms.slack.settings import WorkspaceTokens
from bot.platforms.slack.workspaces import Workspaces
from subscriptions.model import ChatAddress, Message
from tests.contract.rigs.rig import Rig
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.slack import FakeSlack

OTHER_SLACK_TOKEN = "xoxb-made-up-token-of-another-workspace"


def slack_message(text: str, number: int = 1) -> Message:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}}]
    payload = json.dumps({"text": text, "blocks": blocks})
    return Message(number=number, payload=payload, plain=json.dumps({"text": f"plain {text}"}))


def slack_channel(
    url: str, *tokens: str, read: float = 20, connect: float = 5, monotonic: Callable[[], float] = time.monotonic
) -> SlackChannel:
    """Returns a channel of the workspaces with these tokens, the own one first."""
    own, *others = (WorkspaceTokens(SecretStr(token)) for token in tokens)
    return SlackChannel(Workspaces(own, others, api_url=url, timeouts=(connect, read), monotonic=monotonic))


@asynccontextmanager
async def slack(read: float) -> AsyncIterator[Rig]:
    with FakeSlack() as fake:
        fake.knows("C1")
        thread = fake.says("C1", "a thread")
        channel = slack_channel(fake.url, SLACK_TOKEN, connect=1, read=read)
        yield Rig(
            channel=channel,
            chat=ChatAddress("slack", "C1"),
            topic=ChatAddress("slack", "C1", thread),
            compose=slack_message,
            received=lambda: [entry.text for entry in fake.journal],
            disconnect=fake.goes_down,
            fake=fake,
            secret=SLACK_TOKEN,
        )
        await channel.close()


@asynccontextmanager
async def another_workspace(read: float) -> AsyncIterator[Rig]:
    """A chat in a second Slack workspace, to which the channel writes with that workspace's own token."""
    with FakeSlack() as fake:
        other = fake.workspace("T2", OTHER_SLACK_TOKEN)
        fake.knows("C1", team="T2")
        fake.knows("C1")
        thread = other.next_ts()
        other.conversations["C1"].messages[thread] = {"type": "message", "user": "U1", "text": "x", "ts": thread}
        channel = slack_channel(fake.url, SLACK_TOKEN, OTHER_SLACK_TOKEN, connect=1, read=read)
        yield Rig(
            channel=channel,
            chat=ChatAddress("slack", "T2/C1"),
            topic=ChatAddress("slack", "T2/C1", thread),
            compose=slack_message,
            received=lambda: [entry.text for entry in fake.journal if entry.chat == "T2/C1"],
            disconnect=fake.goes_down,
            secret=OTHER_SLACK_TOKEN,
        )
        await channel.close()


RIGS = {"slack": slack, "another workspace of slack": another_workspace}
