"""SQLite: the database file, its durability and rights, its log, and copies of it while others write."""

import errno
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import disk_usage

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from subscriptions import errors
from subscriptions.store.database import (
    OWNER_ONLY,
    OWNER_ONLY_FOLDER,
    full_error,
    is_ours,
    keep_to_owner,
    wrong_setting,
)
from subscriptions.store.database.sqlite_errors import KNOWN, copying_to, says_full, text_of

# The database is a file, in WAL mode. A writing transaction begins IMMEDIATE, so it is a writer from its start. Two
# writers then wait for each other instead of failing (busy timeout 10 s).


FIRST_PATIENCE = 2.0  # seconds that a process waits for another one that makes the same database
LOG_PATIENCE = 1.0  # seconds that an ending process waits for others in order to empty the write-ahead log
PART = ".part"  # the name of an incomplete copy ends with this
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


class SqliteFile:
    """A database in a file."""

    def __init__(self, url: URL) -> None:
        """`url` must name a file. Raises StoreError otherwise."""
        if not url.database or url.database == ":memory:":
            raise wrong_setting(
                errors.Sentence("PAPERWIRE_DATABASE_URL names no file."),
                errors.Sentence("Use sqlite:////path/of/paperwire.db"),
            )
        self.url = url
        self.path = Path(url.database)
        self.file: Path | None = self.path
        self.where = str(self.path.absolute())  # the database's name in errors
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def engine(self, patience: float, process: str) -> Engine:  # noqa: ARG002 - as on PostgreSQL
        """Makes the engine. Each thread gets a connection.

        The number of connections is not limited, because threads would fail while others wait for a locked database.
        """
        arguments = {"timeout": patience, "check_same_thread": False}
        return sa.create_engine(self.url, max_overflow=-1, connect_args=arguments)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Sets up a connection, so that commits survive a power cut and erased data is overwritten."""
        connection.isolation_level = None  # we execute BEGIN ourselves
        # While another process changes the mode of a new file, SQLite refuses this at once, whatever the busy timeout.
        waiting = Retrying(
            retry=retry_if_exception(_is_busy),
            stop=stop_after_delay(FIRST_PATIENCE),
            wait=wait_fixed(0.02),
            reraise=True,
        )
        waiting(connection.execute, "PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # with NORMAL, a power cut would lose the last commits
        connection.execute("PRAGMA foreign_keys=ON")
        # overwrites erased data; not every build of SQLite does this by default
        connection.execute("PRAGMA secure_delete=ON")

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Begins a transaction. If `writes`, the transaction takes the write lock at once."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def exists(self) -> bool:
        """Whether the file exists. Raises OSError if its folder cannot be read or is not a folder."""
        try:
            return self.path.stat() is not None
        except FileNotFoundError:
            return False

    def revision(self) -> str | None:
        """Returns the schema's revision; None if there is no database or it has no schema. Changes nothing.

        Raises StoreError for a database of another program, and errors of the system and of the driver.
        """
        if not self.exists():
            return None
        if not self.path.is_file():
            raise OSError(errno.EINVAL, "it is no file")
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if not is_ours((name for (name,) in connection.execute(_TABLES)), self.where):
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if row is None else str(row[0])

    def protect(self) -> None:
        """Removes the permissions of other users from the file and from SQLite's two files next to it."""
        for suffix in ("", "-wal", "-shm"):
            keep_to_owner(self.path.with_name(self.path.name + suffix))

    def make_place(self) -> None:
        """Makes the folder and an empty file. SQLite gives the files that it adds the same permissions."""
        self.path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        if not self.exists():
            self.path.touch(mode=OWNER_ONLY)

    def backup(self, target: Path) -> None:
        """Writes a consistent copy to a file while others read and write. The copy gets its name after it was checked."""
        # Several processes may copy at once. In containers they may have the same process id, so a random name is used.
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART}")
        with copying_to(target):
            target.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            part.touch(mode=OWNER_ONLY)
            try:
                with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(part)) as copy:
                    source.backup(copy)
                    copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is a single file
                with closing(sqlite3.connect(part)) as copy:
                    if copy.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                        raise sqlite3.DatabaseError("malformed")
                part.replace(target)
            finally:
                for left in part.parent.glob(f"{part.name}*"):
                    left.unlink(missing_ok=True)

    def try_to_write(self, patience: float) -> None:
        """Begins a write on a separate connection, and rolls it back. Raises an error if writing is not possible."""
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")

    def empty_log(self) -> None:
        """Empties the write-ahead log at the end of a process.

        SQLite does this on its own only if no other process has the file open. Parts of the log that others are reading
        or writing stay.
        """
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=LOG_PATIENCE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def is_full(self, least_room: int) -> bool:
        """Whether the disk of the folder has fewer than `least_room` free bytes."""
        return disk_usage(self.path.absolute().parent).free < least_room

    def translated(self, error: Exception, where: str) -> Exception:
        """Translates an error of the driver or the system to one with a sentence that calls the database `where`."""
        if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
            return error
        file, message = self.path.absolute(), text_of(error)
        if says_full(error, message, file):
            return full_error(file)
        for known in KNOWN:
            if any(part in message for part in known.words):
                return known.error(where)
        if not isinstance(error, OperationalError | OSError | sqlite3.Error):
            return error
        return wrong_setting(
            errors.Sentence("The database {where} cannot be used: {why}.", {"where": where, "why": message}),
            errors.Sentence("Check PAPERWIRE_DATABASE_URL."),
        )
