"""Which process this is, so that another one on this machine can tell whether it still runs."""

import os
import socket
from datetime import datetime
from pathlib import Path

from subscriptions.service.outbox import Whereabouts

_SYSTEM = Path("/proc")
_STARTED = 19  # the place of the start time after the name of the program in /proc/PID/stat


def this_process() -> str:
    """The boot id of this machine, and PID namespace, PID and start time of this process; "" if they are unknown.

    PIDs are reused, also after a restart of the machine, and each container counts its own processes.
    """
    return _identity(os.getpid())


def whereabouts(since: datetime) -> Whereabouts:
    """Machine and number of this process, which began its work at a moment."""
    return Whereabouts(host=socket.gethostname(), number=os.getpid(), since=since)


def is_running(process: str) -> bool:
    """Whether the process with this identity runs here. False also where that cannot be told: "", another container's."""
    number = process.rpartition(" ")[0].rpartition(" ")[2]
    return number.isdecimal() and _identity(int(number)) == process


def _identity(number: int) -> str:
    try:
        boot = (_SYSTEM / "sys/kernel/random/boot_id").read_text().strip()
        numbering = (_SYSTEM / "self/ns/pid").readlink().name
        stat = (_SYSTEM / str(number) / "stat").read_text()
    except OSError:
        return ""
    state, *others = stat.rpartition(")")[2].split()  # the name may have spaces and brackets
    return "" if state in "ZX" else f"{boot} {numbering} {number} {others[_STARTED - 1]}"
