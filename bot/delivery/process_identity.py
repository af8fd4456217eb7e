"""The identity of a process, which tells whether an earlier sender still runs."""

import os
import socket
from datetime import datetime
from pathlib import Path

from subscriptions.store.workers import Whereabouts

_SYSTEM = Path("/proc")
_STARTED = 19  # in /proc/PID/stat, the start time is the 19th field after the state that follows the program's name


def this_process() -> str:
    """Returns the identity of this process: boot id, PID namespace, PID, start time; "" if they are unknown.

    A PID alone is not enough: PIDs are reused, also after a restart of the machine, and each container has its own
    PIDs.
    """
    return _identity(os.getpid())


def whereabouts(since: datetime) -> Whereabouts:
    """Returns the machine and the PID of this process; `since` is when it began to work."""
    return Whereabouts(host=socket.gethostname(), number=os.getpid(), since=since)


def is_running(process: str) -> bool:
    """Returns whether the process with this identity runs here; False also if that is unknown, as in another container."""
    number = process.rpartition(" ")[0].rpartition(" ")[2]
    return number.isdecimal() and _identity(int(number)) == process


def _identity(number: int) -> str:
    try:
        boot = (_SYSTEM / "sys/kernel/random/boot_id").read_text().strip()
        numbering = (_SYSTEM / "self/ns/pid").readlink().name
        stat = (_SYSTEM / str(number) / "stat").read_text()
    except OSError:
        return ""
    state, *others = stat.rpartition(")")[2].split()  # the program's name may contain spaces and brackets
    if state in "ZX":
        return ""
    return f"{boot} {numbering} {number} {others[_STARTED - 1]}"
