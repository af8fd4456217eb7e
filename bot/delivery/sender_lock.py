"""The sender lock of a database, and the identity of a process, which tells whether an earlier sender still runs.

Only the process that holds the sender lock sends the messages of a database. On PostgreSQL, a session holds the lock, and
the lock ends with the session. On SQLite, the lock is a separate file next to the database, because opening and closing
the database file itself would release SQLite's own locks.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import SenderLockHeld
from subscriptions import errors
from subscriptions.store.database.store import Store
from subscriptions.store.workers import Whereabouts

_SYSTEM = Path("/proc")
_STARTED = 19  # in /proc/PID/stat, the start time is the 19th field after the state that follows the program's name


@contextmanager
def only_sender(store: Store) -> Iterator[None]:
    """Holds the sender lock of a store while the body runs. Raises SenderLockHeld, StoreError."""
    with ExitStack() as stack:
        if store.kind.file is not None:
            stack.enter_context(sender_lock(store.kind.file))
        else:
            with store.translated_errors():
                name = f"{os.getpid()} on {socket.gethostname()}"
                holder = stack.enter_context(store.server.sending(name))
            if holder:
                raise lock_held(holder)
        yield


@contextmanager
def sender_lock(database: Path) -> Iterator[None]:
    """Holds the sender lock of an SQLite database while the body runs. Raises SenderLockHeld, StoreError."""
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
    """Returns the error that names the process that sends: its PID, or PID and machine."""
    return SenderLockHeld(
        errors.Sentence("Process {pid} sends for this database already.", {"pid": by}),
        errors.Sentence("It delivers what is due by itself; stop it first if this one is to send."),
    )


def _unusable(database: Path, error: OSError) -> errors.StoreError:
    if errors.is_disk_full(error):
        return errors.StoreError(*errors.disk_full(database.absolute()))
    return errors.StoreError(
        errors.Sentence(
            "The folder of the database {path} cannot be written to: {why}.",
            {"path": database.absolute(), "why": (error.strerror or "unknown").lower()},
        ),
        errors.Sentence("Check its rights, or name another one in PAPERWIRE_DATABASE_URL."),
    )


def _read(holder: Path) -> str:
    try:
        return holder.read_text() or "?"
    except OSError:
        return "?"


# ----------------------------------------------------------------------------------------------- which process this is


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
    return "" if state in "ZX" else f"{boot} {numbering} {number} {others[_STARTED - 1]}"
