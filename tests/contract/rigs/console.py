"""The console: its channel with its fake platform."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.platforms.console.adapter import ConsolePlatform
from subscriptions.model import ChatAddress, Message
from tests.contract.rigs.rig import Rig


def console_message(text: str, number: int = 1) -> Message:
    return Message(number=number, payload=json.dumps({"text": text}))


@asynccontextmanager
async def console(_: float) -> AsyncIterator[Rig]:
    screen = io.StringIO()
    channel = ConsolePlatform(screen)
    yield Rig(
        channel=channel,
        chat=ChatAddress("console", "me"),
        topic=ChatAddress("console", "me", "thesis"),
        compose=console_message,
        received=lambda: [line for line in screen.getvalue().splitlines() if line and not line.startswith("─")],
        disconnect=screen.close,
        edits=False,
        has_identity=False,
    )
    await channel.close()


RIGS = {"console": console}
