"""Runs a bot in this process with the fake Telegram. The bot listens as `run` does, or a test calls its steps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from bot.app import App
from bot.build import build_app
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.client import Client
from bot.run import listeners as worker
from bot.settings import Settings
from tests.clock import FakeClock
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.program import opened
from tests.patience import PATIENCE


def telegram_settings(tmp_path: Path, fake: FakeTelegram, *, database: str = "") -> Settings:
    return Settings(
        database_url=SecretStr(database or f"sqlite:///{tmp_path}/paperwire.db"),
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=fake.url,
        web_port=0,
        access="open",
    )


@asynccontextmanager
async def a_bot(
    tmp_path: Path, fake: FakeTelegram, clock: FakeClock, read: float = PATIENCE, database: str = ""
) -> AsyncIterator[App]:
    """Yields an app that has opened its database but does not listen.

    `database` is the address of the database; by default, it is a file in `tmp_path`.
    """
    fake.sets_time(clock.now().timestamp())
    settings = telegram_settings(tmp_path, fake, database=database)
    channel = TelegramPlatform(Client(TOKEN, fake.url, connect=2, read=read))
    async with opened(build_app(settings, clock=clock, platforms={"telegram": channel})) as app:
        yield app


@asynccontextmanager
async def a_listening_bot(
    tmp_path: Path, fake: FakeTelegram, clock: FakeClock, database: str = ""
) -> AsyncIterator[App]:
    """Yields a bot that listens as `paperwire run` does.

    At the end of the block, the bot answers all requests and stops.
    """
    async with (
        a_bot(tmp_path, fake, clock, database=database) as app,
        worker.listening(app, app.receivers()),
    ):
        yield app


async def confirmed(fake: FakeTelegram) -> None:
    """Waits until the bot has confirmed every update to Telegram, which it does after the update took effect."""
    await asyncio.to_thread(fake.waits_until_confirmed)


async def posts(fake: FakeTelegram, count: int, chat: str = "") -> None:
    """Waits until the bot has posted `count` messages since the start of the fake (in this chat, if it is given)."""
    await asyncio.to_thread(fake.waits_for, "sendMessage", count, chat=chat)
