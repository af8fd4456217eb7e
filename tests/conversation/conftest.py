"""Fixtures: a bot over a new database, and the program as `tests/outside` has it, which answers without rounds."""

import pytest

from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.conversation.talk import Talk
from tests.fakes.telegram import FakeTelegram


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


@pytest.fixture
def door() -> type[Talk]:
    return Talk


@pytest.fixture
def telegram() -> FakeTelegram:
    """A fake Telegram that nobody asks over HTTP, on which Ada has a private chat with the bot."""
    fake = FakeTelegram()
    fake.knows("42", title="Ada")
    return fake
