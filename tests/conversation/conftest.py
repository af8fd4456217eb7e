"""A bot to talk with, over a fresh database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from subscriptions import Store
from tests.conversation.desk import Desk
from tests.make import NOON
from tests.talking import Talk


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of this version with nothing in it: to copy it is quicker than to make it."""
    path = tmp_path_factory.mktemp("empty") / "talk.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    store.close()
    return path


@pytest.fixture
def talk(tmp_path: Path, empty_database: Path) -> Iterator[Talk]:
    path = tmp_path / "talk.db"
    shutil.copyfile(empty_database, path)
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    yield Talk(store)
    store.close()


@pytest.fixture
def desk(talk: Talk) -> Desk:
    """The same, where a workspace of Slack talks with it."""
    return Desk(talk.store)
