"""The sender lock: only one process sends."""

import os
from pathlib import Path

import pytest

from bot.delivery.lane_sender import sender_lock
from bot.errors import SenderLockHeld


def test_a_second_sender_is_told_who_has_the_role(tmp_path: Path) -> None:
    database = tmp_path / "paperwire.db"
    with sender_lock(database):
        with pytest.raises(SenderLockHeld, match=f"Process {os.getpid()} sends"), sender_lock(database):
            pass
        with pytest.raises(SenderLockHeld, match=f"Process {os.getpid()} sends"), sender_lock(database):
            pass
    with sender_lock(database):
        assert not database.exists()  # taking the lock does not open the database


def test_another_database_has_a_role_of_its_own(tmp_path: Path) -> None:
    with sender_lock(tmp_path / "a.db"), sender_lock(tmp_path / "b.db"):
        assert len(list(tmp_path.glob("*.sender"))) == 2
