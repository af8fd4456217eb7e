"""A bot to talk with, over a fresh database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from subscriptions.store import Store
from tests.conversation.desk import SlackHarness
from tests.make import NOON
from tests.talking import BotHarness


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of this version with nothing in it: to copy it is quicker than to make it."""
    path = tmp_path_factory.mktemp("empty") / "talk.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    store.close()
    return path


@pytest.fixture
def talk(tmp_path: Path, empty_database: Path) -> Iterator[BotHarness]:
    path = tmp_path / "talk.db"
    shutil.copyfile(empty_database, path)
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    yield BotHarness(store)
    store.close()


@pytest.fixture
def desk(talk: BotHarness) -> SlackHarness:
    """The same, where a workspace of Slack talks with it."""
    return SlackHarness(talk.store)
