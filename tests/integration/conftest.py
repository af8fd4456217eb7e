"""Fixtures of the tests of the command line and of sources."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import Terminal
from tests.make import FakeClock
from tests.source_harness import fake_arxiv


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A Terminal in a fresh folder."""
    return Terminal(tmp_path, monkeypatch)


@pytest.fixture
def arxiv(clock: FakeClock) -> Iterator[FakeArxiv]:
    """A fake arXiv that uses the clock of the test."""
    with fake_arxiv(clock) as fake:
        yield fake
