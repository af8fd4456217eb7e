"""What the tests of the command line share."""

from pathlib import Path

import pytest

from tests.integration.cli import Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A folder to type commands in."""
    return Terminal(tmp_path, monkeypatch)
