"""The sender lock: only the process that has it sends the messages of a database, and others are told which process that is.

Only the process that holds the sender lock sends the messages of a database. On PostgreSQL, a session holds the lock, and
the lock ends with the session. On SQLite, the lock is a separate file next to the database, because opening and closing
the database file itself would release SQLite's own locks.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import SenderLockHeld
from subscriptions import errors
from subscriptions.store.database.store import Store


@contextmanager
def only_sender(store: Store) -> Iterator[Callable[[], None]]:
    """Holds the sender lock of a store while the body runs. Raises SenderLockHeld, StoreError.

    Yields a function that takes the lock again if the server has ended the session that held it; it raises the same.
    """
    if store.kind.file is not None:
        with sender_lock(store.kind.file):
            yield lambda: None
        return
    session = store.server.sender_session(f"{os.getpid()} on {socket.gethostname()}")

    def hold() -> None:
        with store.translated_errors():
            holder = session.hold()
        if holder:
            raise lock_held(holder)

    with closing(session):
        hold()
        yield hold


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
