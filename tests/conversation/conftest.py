"""Fixtures: a bot over a new database, and the program as `tests/outside` has it, which answers without rounds."""

import pytest

from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.conversation.talk import Talk


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


@pytest.fixture
def door() -> type[Talk]:
    return Talk
