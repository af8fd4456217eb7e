"""Only one process sends, and others are told which one that is."""

import os
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bot.delivery import sender_lock
from bot.errors import SenderLockHeld
from subscriptions.store.database.store import Store
from tests.postgres.server import Server


def test_a_second_sender_is_told_who_has_the_role(tmp_path: Path) -> None:
    database = tmp_path / "paperwire.db"
    with sender_lock.sender_lock(database), sender_lock.sender_lock(tmp_path / "another.db"):
        for _ in range(2):  # the first refusal releases nothing
            with pytest.raises(SenderLockHeld, match=f"Process {os.getpid()} sends"), sender_lock.sender_lock(database):
                pass
    with sender_lock.sender_lock(database):
        assert not database.exists()  # taking the lock does not open the database


def test_on_a_server_the_lock_is_taken_again_after_its_session_was_cut(postgres: Server) -> None:
    with postgres.database() as url, closing(Store(url)) as store, closing(Store(url)) as other:
        with sender_lock.only_sender(store) as hold:
            with pytest.raises(SenderLockHeld, match=f"Process {os.getpid()} on "), sender_lock.only_sender(other):
                pass
            cut(url)
            hold()
            with pytest.raises(SenderLockHeld), sender_lock.only_sender(other):
                pass
            cut(url)
            with sender_lock.only_sender(other), pytest.raises(SenderLockHeld):
                hold()
        with sender_lock.only_sender(other):
            pass


def cut(url: str) -> None:
    """Ends the sessions that hold a lock of the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND pid != pg_backend_pid()"
        )
