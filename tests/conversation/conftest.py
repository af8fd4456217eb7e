"""Fixtures: a bot over a new database."""

from importlib import import_module

import pytest

from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


@pytest.fixture
def slack(bot: BotHarness) -> BotHarness:
    """A bot in a Slack workspace."""
    harness: BotHarness = import_module("tests.conversation.slack_harness").SlackHarness(bot.store)
    return harness
