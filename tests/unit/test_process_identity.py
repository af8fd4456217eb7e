"""A process can be distinguished from all others of the machine, and from a later one with the same number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.delivery import lane_sender

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell of processes")


def identity_of(number: int) -> str:
    return lane_sender._identity(number)


def test_this_process_runs() -> None:
    assert lane_sender.is_running(lane_sender.this_process())


def test_a_process_runs_until_it_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        found = identity_of(process.pid)
        assert lane_sender.is_running(found)
        assert found != lane_sender.this_process()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not lane_sender.is_running(found)
    assert not lane_sender.is_running(found)


@pytest.mark.parametrize("place", range(4))
def test_another_boot_number_or_start_is_another_process(place: int) -> None:
    parts = lane_sender.this_process().split()
    parts[place] = "1" if parts[place] != "1" else "2"
    assert not lane_sender.is_running(" ".join(parts))


@pytest.mark.parametrize("process", ["", "x", "1 2", "a b c d"])
def test_what_is_no_identity_does_not_run(process: str) -> None:
    assert not lane_sender.is_running(process)


def test_where_the_system_tells_nothing_no_process_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_sender, "_SYSTEM", tmp_path)
    assert lane_sender.this_process() == ""
    assert not lane_sender.is_running("")
