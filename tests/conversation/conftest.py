"""A bot to talk with, over a fresh database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from subscriptions.store import Store
from tests.bot_harness import BotHarness
from tests.conversation.slack_harness import SlackHarness
from tests.make import NOON


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of this version with nothing in it: to copy it is quicker than to make it."""
    path = tmp_path_factory.mktemp("empty") / "talk.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    store.close()
    return path


@pytest.fixture
def bot(tmp_path: Path, empty_database: Path) -> Iterator[BotHarness]:
    path = tmp_path / "talk.db"
    shutil.copyfile(empty_database, path)
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    yield BotHarness(store)
    store.close()


@pytest.fixture
def slack(bot: BotHarness) -> SlackHarness:
    """The same, where a workspace of Slack talks with it."""
    return SlackHarness(bot.store)
