"""A bot to talk with, over a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from subscriptions import Store
from tests.make import NOON
from tests.talking import Talk


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    store = Store(f"sqlite:///{tmp_path / 'talk.db'}")
    store.open(now=NOON)
    yield Talk(store)
    store.close()
