"""Runs a bot in this process that does not listen: a test calls its steps."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import App
from bot.build import build_app
from bot.delivery.chat_queue import LONGEST_WAIT
from bot.settings import Settings
from tests.clock import NOON, FakeClock
from tests.source_harness import NoSources

LONG_REST = 45.0  # seconds. Shorter waits end at once, longer waits when a test calls `rings`


class RestingClock(FakeClock):
    """A clock whose short waits end at once. A long wait ends when a test calls `rings`."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self.rests: list[float] = []  # the seconds of all waits that have begun, except the pauses between sends
        self._bell = asyncio.Event()
        self._begun = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds > LONGEST_WAIT:
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


@asynccontextmanager
async def opened(app: App) -> AsyncIterator[App]:
    """Opens the database of an app, and closes the app at the end of the block."""
    app.open()
    try:
        yield app
    finally:
        await app.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


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
    clock: FakeClock,
    *,
    telegram: Any = None,
    slack: Any = None,
    token: str = "",
    **more: object,
) -> AsyncIterator[App]:
    """Yields an app with these platforms, a database file, and `more` settings.

    It does not listen; a test calls its steps.
    """
    if telegram:
        more |= {"telegram_token": SecretStr(token or telegram.token), "telegram_api_url": telegram.url}
    if slack:
        more |= {"slack_bot_token": SecretStr(slack.token), "slack_api_url": slack.url}
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"), **more)
    async with opened(build_app(settings, clock=clock)) as app:
        yield app
