"""The fixture of stories with real processes: a fake Telegram in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.process import Remote, running


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Remote]:
    """A fake Telegram in its own process. Every chat is open to the bot."""
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("opens_to_all")
        yield fake
