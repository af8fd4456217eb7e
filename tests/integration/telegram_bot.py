"""Runs a bot on the fake Telegram, or Slack, in this process: step by step, or listening as `run` does."""

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

LONG_REST = 45.0  # seconds; shorter waits end at once, longer ones when a test `rings`


class RestingClock(make.FakeClock):
    """Ends short waits at once. A long wait lasts until a test `rings`."""

    def __init__(self) -> None:
        super().__init__(make.NOON)
        self.rests: list[float] = []  # the seconds of every wait that has begun, except the pauses between sends
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
    """Yields an app with an open database, and closes it afterwards."""
    app.open()
    try:
        yield app
    finally:
        await app.close()


@asynccontextmanager
async def a_bot(
    tmp_path: Path, fake: FakeTelegram, clock: make.FakeClock, read: float = PATIENCE, database: str = ""
) -> AsyncIterator[App]:
    """Yields an app with an open database, before it listens. `database` is an address; by default a file in the
    folder.
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
    """Yields a bot that listens as `paperwire run` does; on leaving, it first answers all requests."""
    async with a_bot(tmp_path, fake, clock, database=database) as app:
        receivers = [worker.Supervised(receiver, clock) for receiver in app.receivers()]
        async with worker.listening(app, receivers):
            yield app


async def confirmed(fake: FakeTelegram) -> None:
    """Waits until every update took effect and was confirmed to Telegram."""
    await asyncio.to_thread(fake.waits_until_confirmed)


async def posts(fake: FakeTelegram, count: int, chat: str = "") -> None:
    """Waits until `count` messages were posted since the start (in one chat, if given)."""
    await asyncio.to_thread(fake.waits_for, "sendMessage", count, chat=chat)


class Quiet(NoSources):
    """A process without sources: it reads nothing from start to end."""

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
    on_unclear: str = "resend",
    token: str = "",
) -> AsyncIterator[App]:
    """Yields an app on a database file, with the platforms that are given. It does not listen; a test calls its steps."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        telegram=TelegramSettings(token=SecretStr(token or telegram.token), api_url=telegram.url)
        if telegram
        else TelegramSettings(),
        slack=SlackSettings(workspaces=(SlackWorkspace(bot_token=SecretStr(slack.token)),), api_url=slack.url)
        if slack
        else SlackSettings(),
        on_unclear=on_unclear,  # type: ignore[arg-type]
    )
    async with opened(build_app(settings, clock=clock)) as app:
        yield app
