"""What the stories of conversations share: the fake Telegram, and a bot that lives on it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.make import FakeClock
from tests.story.scenario import Scenario, a_scenario


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42", title="Ada")
        yield fake


@pytest.fixture
async def scenario(tmp_path: Path, telegram: FakeTelegram, clock: FakeClock) -> AsyncIterator[Scenario]:
    """Thursday 22 January 2026, noon UTC; nobody has said a word yet."""
    async with a_scenario(tmp_path, telegram, clock) as begun:
        yield begun
