"""Fixtures: a bot over a fresh database."""

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
    """A database of this version without rows. Copying it is quicker than creating one."""
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
    """A bot in a workspace of Slack."""
    return SlackHarness(bot.store)
