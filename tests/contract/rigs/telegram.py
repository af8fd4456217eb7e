"""Telegram: its channel with its fake platform."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.client import Client
from subscriptions.model import ChatAddress, Message
from tests.contract.rigs.rig import Rig
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.fakes.telegram import FakeTelegram


def telegram_message(text: str, number: int = 1) -> Message:
    return Message(
        number=number,
        payload=json.dumps({"text": f"<b>{text}</b>", "silent": True, "buttons": [[{"text": "1", "data": "id1"}]]}),
    )


@asynccontextmanager
async def telegram(read: float) -> AsyncIterator[Rig]:
    with FakeTelegram() as fake:
        fake.knows("-1001", topics=(5,))
        channel = TelegramPlatform(Client(TELEGRAM_TOKEN, fake.url, connect=1, read=read))
        yield Rig(
            channel=channel,
            chat=ChatAddress("telegram", "-1001"),
            topic=ChatAddress("telegram", "-1001", "5"),
            compose=telegram_message,
            received=lambda: [entry.text for entry in fake.journal],
            disconnect=fake.goes_down,
            fake=fake,
            secret=TELEGRAM_TOKEN.split(":")[1],
        )
        await channel.close()


RIGS = {"telegram": telegram}
