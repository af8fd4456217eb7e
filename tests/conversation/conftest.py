"""Fixtures: a bot over a new database."""

import pytest

from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.conversation.slack_harness import SlackHarness


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


@pytest.fixture
def slack(bot: BotHarness) -> SlackHarness:
    """A bot in a Slack workspace."""
    return SlackHarness(bot.store)
