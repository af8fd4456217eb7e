"""Fixtures of the stories: the fake Telegram, in this process or in its own, and a bot that uses it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.process import Remote, running
from tests.fakes.telegram import FakeTelegram
from tests.make import FakeClock
from tests.story.scenario import Scenario, a_scenario


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42", title="Ada")
        yield fake


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Remote]:
    """A fake Telegram for workers: it runs in its own process, and every chat is open to the bot."""
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("opens_to_all")
        yield fake


@pytest.fixture
async def scenario(tmp_path: Path, telegram: FakeTelegram, clock: FakeClock) -> AsyncIterator[Scenario]:
    """A bot at noon UTC on Thursday 22 January 2026, before its first message."""
    async with a_scenario(tmp_path, telegram, clock) as begun:
        yield begun
