"""Runs a bot in this process with the fake Telegram or Slack. The bot listens as `run` does, or a test calls its steps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from bot.app import App, build_app
from bot.delivery.lane_sender import MAX_INLINE_WAIT
from bot.operation import worker
from bot.platforms.telegram.adapter import TelegramChannel
from bot.settings import Settings, SlackSettings, SlackWorkspace, TelegramSettings
from tests import make
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.patience import PATIENCE
from tests.source_harness import NoSources

LONG_REST = 45.0  # seconds. Shorter waits end at once, longer waits when a test calls `rings`


class RestingClock(make.FakeClock):
    """A clock whose short waits end at once. A long wait ends when a test calls `rings`."""

    def __init__(self) -> None:
        super().__init__(make.NOON)
        self.rests: list[float] = []  # the seconds of all waits that have begun, except the pauses between sends
        self._bell = asyncio.Event()
        self._begun = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds > MAX_INLINE_WAIT:
            self.rests.append(seconds)
            self._begun.set()
        if seconds >= LONG_REST:
            self._bell.clear()
            await self._bell.wait()
        await super().sleep(seconds)
        await asyncio.sleep(0)

    def rings(self) -> None:
        self._bell.set()

    async def rested(self, times: int) -> None:
        """Returns once `times` waits have begun."""
        while len(self.rests) < times:
            self._begun.clear()
            await self._begun.wait()


def telegram_settings(tmp_path: Path, fake: FakeTelegram, *, database: str = "", **telegram: object) -> Settings:
    return Settings(
        database_url=SecretStr(database or f"sqlite:///{tmp_path}/paperwire.db"),
        telegram=TelegramSettings(token=SecretStr(TOKEN), api_url=fake.url, **telegram),  # type: ignore[arg-type]
        web_port=0,
        access="open",
    )


@asynccontextmanager
async def opened(app: App) -> AsyncIterator[App]:
    """Opens the database of an app, and closes the app at the end of the block."""
    app.open()
    try:
        yield app
    finally:
        await app.close()


@asynccontextmanager
async def a_bot(
    tmp_path: Path, fake: FakeTelegram, clock: make.FakeClock, read: float = PATIENCE, database: str = ""
) -> AsyncIterator[App]:
    """Yields an app that has opened its database but does not listen.

    `database` is the address of the database; by default, it is a file in `tmp_path`.
    """
    fake.sets_time(clock.now().timestamp())
    settings = telegram_settings(tmp_path, fake, database=database)
    channel = TelegramChannel(TOKEN, api_url=fake.url, connect=2, read=read)
    async with opened(build_app(settings, clock=clock, channels={"telegram": channel})) as app:
        yield app


@asynccontextmanager
async def a_listening_bot(
    tmp_path: Path, fake: FakeTelegram, clock: make.FakeClock, database: str = ""
) -> AsyncIterator[App]:
    """Yields a bot that listens as `paperwire run` does. At the end of the block, the bot answers all requests and stops."""
    async with (
        a_bot(tmp_path, fake, clock, database=database) as app,
        worker.listening(app, [worker.Supervised(receiver, clock) for receiver in app.receivers()]),
    ):
        yield app


async def confirmed(fake: FakeTelegram) -> None:
    """Waits until the bot has confirmed every update to Telegram, which it does after the update took effect."""
    await asyncio.to_thread(fake.waits_until_confirmed)


async def posts(fake: FakeTelegram, count: int, chat: str = "") -> None:
    """Waits until the bot has posted `count` messages since the start of the fake (in this chat, if it is given)."""
    await asyncio.to_thread(fake.waits_for, "sendMessage", count, chat=chat)


class Quiet(NoSources):
    """A source scheduler without sources, for tests of `run`: it reads nothing."""

    lookup = None
    descriptions: list[str] = []  # noqa: RUF012 - stays empty

    async def drain(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def unreadable_if_all(self) -> dict[str, str]:
        return {}


@asynccontextmanager
async def running(
    tmp_path: Path,
    clock: make.FakeClock,
    *,
    telegram: FakeTelegram | None = None,
    slack: FakeSlack | None = None,
    token: str = "",
    **more: object,
) -> AsyncIterator[App]:
    """Yields an app with these platforms, a database file, and `more` settings. It does not listen; a test calls its steps."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        telegram=TelegramSettings(token=SecretStr(token or telegram.token), api_url=telegram.url)
        if telegram
        else TelegramSettings(),
        slack=SlackSettings(workspaces=(SlackWorkspace(bot_token=SecretStr(slack.token)),), api_url=slack.url)
        if slack
        else SlackSettings(),
        **more,  # type: ignore[arg-type]
    )
    async with opened(build_app(settings, clock=clock)) as app:
        yield app
