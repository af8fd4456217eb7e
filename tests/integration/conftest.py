"""Fixtures of the integration tests: a terminal, fake platforms, a second process, and a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from subscriptions.database.store import Store
from tests.clock import NOON, FakeClock
from tests.fakes import process
from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import Terminal
from tests.postgres.server import Server
from tests.source_harness import Feeds, fake_arxiv


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a new folder."""
    return Terminal(tmp_path, monkeypatch)


@pytest.fixture
def arxiv(clock: FakeClock) -> Iterator[FakeArxiv]:
    """A fake arXiv that uses the clock of the test."""
    with fake_arxiv(clock) as fake:
        yield fake


@pytest.fixture
def feeds(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> Feeds:
    """Makes and polls harnesses of sources on the store, the clock and the arXiv of the test."""
    return Feeds(store, clock, arxiv)


@pytest.fixture
def slack() -> Iterator[Any]:
    """A FakeSlack with the channels C1 and C2, of which the bot is a member."""
    with import_module("tests.fakes.slack").FakeSlack() as fake:
        fake.knows("C1")
        fake.knows("C2")
        yield fake


@pytest.fixture
def telegram() -> Iterator[Any]:
    """A FakeTelegram that lets the bot write to every chat."""
    with import_module("tests.fakes.telegram").FakeTelegram() as fake:
        fake.opens_to_all()
        yield fake


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[process.Remote]:
    """A fake Telegram in a separate process."""
    with process.running("telegram", journal=tmp_path / "journal") as fake:
        yield fake


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """The store of another process on the same database."""
    opened = Store(str(store.url))
    yield opened
    opened.close()


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """The address of a new PostgreSQL database, which is dropped afterwards."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def new_url(kind_of_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a schema."""
    if kind_of_database == "postgresql":
        with request.getfixturevalue("postgres").database(empty=True) as empty:
            yield empty
    else:
        yield f"sqlite:///{tmp_path}/new.db"


@pytest.fixture
def made(new_url: str) -> Iterator[Store]:
    """A store that has just made its database."""
    with closing(Store(new_url)) as store:
        store.open(now=NOON)
        yield store
