"""The sender lock: only one process sends."""

import os
from pathlib import Path

import pytest

from bot.delivery.sender_lock import sender_lock
from bot.errors import SenderLockHeld


def test_a_second_sender_is_told_who_has_the_role(tmp_path: Path) -> None:
    database = tmp_path / "paperwire.db"
    with sender_lock(database), sender_lock(tmp_path / "another.db"):
        for _ in range(2):  # the first refusal releases nothing
            with pytest.raises(SenderLockHeld, match=f"Process {os.getpid()} sends"), sender_lock(database):
                pass
    with sender_lock(database):
        assert not database.exists()  # taking the lock does not open the database
