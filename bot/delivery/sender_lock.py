"""The sender lock: only the process that holds it sends for a database.

On PostgreSQL a session holds the lock, which ends with the session. On SQLite it is a separate file beside the
database: to open and close the database file itself would release SQLite's own locks.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import SenderLockHeld
from subscriptions.errors import Sentence, StoreError, disk_full, is_disk_full
from subscriptions.store import Store


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
