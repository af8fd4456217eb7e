"""The sending role: of all processes on one database file, one sends.

The lock is a file beside the database. The database file itself is never locked or opened for this, since closing it
would drop SQLite's own locks.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import RoleTaken
from subscriptions import Sentence


@contextmanager
def sending_role(database: Path) -> Iterator[None]:
    """Holds the role. Raises RoleTaken, naming the process that has it."""
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(database.with_name(database.name + ".sender.lock"), timeout=0)
    holder = database.with_name(database.name + ".sender")
    try:
        lock.acquire()
    except Timeout:
        raise RoleTaken(
            Sentence("Process {pid} sends for this database already.", {"pid": _read(holder)}),
            Sentence("It delivers what is due by itself; stop it first if this one is to send."),
        ) from None
    try:
        holder.write_text(str(os.getpid()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text() or "?"
    except OSError:
        return "?"
