"""The gallery of the demo: its channel with its fake platform."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.demo.story import GalleryChannel
from bot.platforms.telegram.adapter import TelegramChannel
from subscriptions.model import ChatAddress
from tests.clock import NOON, FakeClock
from tests.contract.rigs.console import console_message
from tests.contract.rigs.rig import Rig


@asynccontextmanager
async def gallery(_: float) -> AsyncIterator[Rig]:
    channel = GalleryChannel("telegram", TelegramChannel.limits, FakeClock(NOON))
    yield Rig(
        channel=channel,
        chat=ChatAddress("telegram", "42"),
        topic=ChatAddress("telegram", "42", "5"),
        compose=console_message,
        received=lambda: [json.loads(post.payload)["text"] for post in channel.posts],
        disconnect=lambda: setattr(channel, "_closed", True),
    )
    await channel.close()


RIGS = {"gallery": gallery}
