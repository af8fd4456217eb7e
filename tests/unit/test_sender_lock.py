"""Only one process sends, and it can be distinguished from all others of the machine, and from a later one with its number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.delivery import process_identity, sender_lock
from bot.errors import SenderLockHeld

proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell of processes")


def test_a_second_sender_is_told_who_has_the_role(tmp_path: Path) -> None:
    database = tmp_path / "paperwire.db"
    with sender_lock.sender_lock(database), sender_lock.sender_lock(tmp_path / "another.db"):
        for _ in range(2):  # the first refusal releases nothing
            with pytest.raises(SenderLockHeld, match=f"Process {os.getpid()} sends"), sender_lock.sender_lock(database):
                pass
    with sender_lock.sender_lock(database):
        assert not database.exists()  # taking the lock does not open the database


@proc
def test_a_process_runs_until_it_has_ended() -> None:
    assert process_identity.is_running(process_identity.this_process())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        found = process_identity._identity(process.pid)
        assert process_identity.is_running(found)
        assert found != process_identity.this_process()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not process_identity.is_running(found)
    assert not process_identity.is_running(found)


@proc
@pytest.mark.parametrize("place", range(4))
def test_another_boot_number_or_start_is_another_process(place: int) -> None:
    parts = process_identity.this_process().split()
    parts[place] = "1" if parts[place] != "1" else "2"
    assert not process_identity.is_running(" ".join(parts))


@proc
@pytest.mark.parametrize("process", ["", "x", "1 2", "a b c d"])
def test_what_is_no_identity_does_not_run(process: str) -> None:
    assert not process_identity.is_running(process)


@proc
def test_where_the_system_tells_nothing_no_process_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_identity, "_SYSTEM", tmp_path)
    assert process_identity.this_process() == ""
    assert not process_identity.is_running("")
