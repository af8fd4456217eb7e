"""One process sends."""

import os
from pathlib import Path

import pytest

from bot.delivery.sender_lock import sending_role
from bot.errors import RoleTaken


def test_a_second_sender_is_told_who_has_the_role(tmp_path: Path) -> None:
    database = tmp_path / "paperwire.db"
    with sending_role(database):
        with pytest.raises(RoleTaken, match=f"Process {os.getpid()} sends"), sending_role(database):
            pass
        with pytest.raises(RoleTaken, match=f"Process {os.getpid()} sends"), sending_role(database):
            pass
    with sending_role(database):
        assert not database.exists()  # the database itself is never opened for this


def test_another_database_has_a_role_of_its_own(tmp_path: Path) -> None:
    with sending_role(tmp_path / "a.db"), sending_role(tmp_path / "b.db"):
        assert len(list(tmp_path.glob("*.sender"))) == 2
