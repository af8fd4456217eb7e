"""Slack: its channel with its fake platform."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.client import Workspace
from subscriptions.model import ChatAddress, Message
from tests.contract.rigs.rig import Rig
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.slack import FakeSlack


def slack_message(text: str, number: int = 1) -> Message:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}}]
    payload = json.dumps({"text": text, "blocks": blocks})
    return Message(number=number, payload=payload)


def slack_channel(url: str, token: str, *, read: float = 20, connect: float = 5) -> SlackPlatform:
    return SlackPlatform(Workspace(SecretStr(token), api_url=url, timeouts=(connect, read)))


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


RIGS = {"slack": slack}
