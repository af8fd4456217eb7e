"""Fixtures: a bot over a new database."""

import pytest

from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)
