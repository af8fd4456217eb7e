"""Which process this is, so that another one on this machine can tell whether it still runs."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import SenderLockHeld
from subscriptions.errors import Sentence, StoreError, disk_full, is_disk_full
from subscriptions.store import Store
from subscriptions.store.workers import Whereabouts

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


# ---------------------------------------------------------------------------------------------------------------------
# The sender lock: only the process that holds it sends for a database.
#
# On PostgreSQL a session holds the lock, which ends with the session. On SQLite it is a separate file beside the
# database: to open and close the database file itself would release SQLite's own locks.


@contextmanager
def only_sender(store: Store) -> Iterator[None]:
    """Holds the sender lock of a store while the body runs. Raises as `sender_lock`."""
    with ExitStack() as stack:
        if store.kind.file is not None:
            stack.enter_context(sender_lock(store.kind.file))
        else:
            with store.translated_errors():
                name = f"{os.getpid()} on {socket.gethostname()}"
                holder = stack.enter_context(store.kind.sending(name))
            if holder:
                raise lock_held(holder)
        yield


@contextmanager
def sender_lock(database: Path) -> Iterator[None]:
    """Holds the sender lock while the body runs. Raises SenderLockHeld, which names the holder's process, and StoreError."""
    lock = FileLock(database.with_name(database.name + ".sender.lock"), timeout=0)
    holder = database.with_name(database.name + ".sender")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        holder.write_text(str(os.getpid()))
    except Timeout:
        raise lock_held(_read(holder)) from None
    except OSError as error:
        lock.release()
        raise _unusable(database, error) from error
    try:
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def lock_held(by: str) -> SenderLockHeld:
    """The error that names the sender: the number of a process, or also its machine."""
    return SenderLockHeld(
        Sentence("Process {pid} sends for this database already.", {"pid": by}),
        Sentence("It delivers what is due by itself; stop it first if this one is to send."),
    )


def _unusable(database: Path, error: OSError) -> StoreError:
    if is_disk_full(error):
        return StoreError(*disk_full(database.absolute()))
    return StoreError(
        Sentence(
            "The folder of the database {path} cannot be written to: {why}.",
            {"path": database.absolute(), "why": (error.strerror or "unknown").lower()},
        ),
        Sentence("Check its rights, or name another one in PAPERWIRE_DATABASE_URL."),
    )


def _read(holder: Path) -> str:
    try:
        return holder.read_text() or "?"
    except OSError:
        return "?"
