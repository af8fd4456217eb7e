"""What the tests of the command line share, and those of sources."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import Terminal
from tests.make import FakeClock
from tests.source_harness import fake_arxiv


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A folder to type commands in."""
    return Terminal(tmp_path, monkeypatch)


@pytest.fixture
def arxiv(clock: FakeClock) -> Iterator[FakeArxiv]:
    """An arXiv that goes by the clock of the test."""
    with fake_arxiv(clock) as fake:
        yield fake
