"""A SQLite file: its durability and rights, copies of it while others write, and its errors as sentences.

The file is in WAL mode. A writing transaction begins IMMEDIATE, so it is a writer from its start. Two writers then wait
for each other instead of failing.
"""

import errno
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import disk_usage
from time import monotonic, sleep

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from subscriptions import errors
from subscriptions.database.copies import ID, PART, PLACE, place_of
from subscriptions.database.refusals import (
    LEAST_ROOM,
    LOCKED,
    NOT_OPENED,
    NOT_WRITABLE,
    OWNER_ONLY,
    OWNER_ONLY_FOLDER,
    KnownError,
    full_error,
    is_ours,
    keep_to_owner,
    wrong_setting,
)
from subscriptions.errors import Sentence, StoreError

FIRST_PATIENCE = 2.0  # seconds that a process waits for another one that makes the same database
LOG_PATIENCE = 1.0  # seconds that an ending process waits for others in order to empty the write-ahead log
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"

_RIGHTS = Sentence("Check the rights of the file and of its folder, or name another one in PAPERWIRE_DATABASE_URL.")
_KNOWN = (
    KnownError(
        words=("locked",),
        sentence=Sentence("The database {where} is locked by another program."),
        hint=Sentence("Close what holds it, then try again."),
        cause=LOCKED,
        for_everybody=True,
    ),
    KnownError(
        words=("readonly", "read-only"),
        sentence=Sentence("The database {where} cannot be written to."),
        hint=_RIGHTS,
        cause=NOT_WRITABLE,
        passes=False,
        for_everybody=True,
    ),
    # `for_everybody` is False, since perhaps only this request reads a damaged page or a bad sector.
    KnownError(
        words=("disk i/o",),
        sentence=Sentence("The disk that holds the database {where} does not answer."),
        hint=Sentence("Check the disk, then try again."),
        cause="its disk does not answer",
    ),
    KnownError(
        words=("not a database",),
        sentence=Sentence("The file {where} is not a paperwire database."),
        hint=Sentence("Restore a copy: paperwire restore FILE. Or name another file in PAPERWIRE_DATABASE_URL."),
        passes=False,
    ),
    KnownError(
        words=("malformed",),
        sentence=Sentence("The database {where} is damaged."),
        hint=Sentence("Restore a copy: paperwire restore FILE."),
        cause="it is damaged",
    ),
    KnownError(
        words=("unable to open",),
        sentence=Sentence("The database {where} cannot be opened."),
        hint=_RIGHTS,
        cause=NOT_OPENED,
        passes=False,
        for_everybody=True,
    ),
)


class SqliteFile:
    """A database in a file."""

    def __init__(self, url: URL) -> None:
        """`url` must name a file. Raises StoreError otherwise."""
        if not url.database or url.database == ":memory:":
            raise wrong_setting(
                Sentence("PAPERWIRE_DATABASE_URL names no file."),
                Sentence("Use sqlite:////path/of/paperwire.db"),
            )
        self.url = url
        self.path = Path(url.database)
        self.file: Path | None = self.path
        self.where = str(self.path.absolute())  # the database's name in errors
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def engine(self, patience: float, process: str) -> Engine:  # noqa: ARG002 - as on PostgreSQL
        """Make the engine. Each thread gets a connection.

        The number of connections is not limited, because threads would fail while others wait for a locked database.
        """
        arguments = {"timeout": patience, "check_same_thread": False}
        return sa.create_engine(self.url, max_overflow=-1, connect_args=arguments)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Set up a connection, so that commits survive a power cut and erased data is overwritten."""
        connection.isolation_level = None  # we execute BEGIN ourselves
        # While another process changes the mode of a new file, SQLite refuses this at once, however long the busy timeout is.
        ends = monotonic() + FIRST_PATIENCE
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > ends:
                    raise
            sleep(0.02)
        connection.execute("PRAGMA synchronous=FULL")  # with NORMAL, a power cut would lose the last commits
        connection.execute("PRAGMA foreign_keys=ON")
        # overwrites erased data; not every build of SQLite does this by default
        connection.execute("PRAGMA secure_delete=ON")

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Begin a transaction. If `writes`, the transaction takes the write lock at once."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def exists(self) -> bool:
        """Whether the file exists. Raises OSError if its folder cannot be read or is not a folder."""
        try:
            return self.path.stat() is not None
        except FileNotFoundError:
            return False

    def revision(self) -> str | None:
        """Return the schema's revision; None if there is no database or it has no schema. Change nothing.

        Raise StoreError for a database of another program, and errors of the system and of the driver.
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
        """Remove the permissions of other users from the file and from SQLite's two files next to it."""
        for suffix in ("", "-wal", "-shm"):
            keep_to_owner(self.path.with_name(self.path.name + suffix))

    def make_place(self) -> None:
        """Make the folder and an empty file. SQLite gives the files that it adds the same permissions."""
        self.path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        if not self.exists():
            self.path.touch(mode=OWNER_ONLY)

    def backup(self, target: Path, identity: str) -> None:
        """Write a consistent copy to a file while others read and write, and mark it as a copy of this database.

        The copy of a database that has no id yet gets the id `identity`. It gets its name after it was checked.
        """
        # Several processes may copy at once. In containers they may have the same process id, so a random name is used.
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART}")
        with _copying_to(target):
            target.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            part.touch(mode=OWNER_ONLY)
            try:
                with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(part)) as copy:
                    source.backup(copy)
                    copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is a single file
                    with copy:
                        if identity:
                            copy.execute("INSERT OR IGNORE INTO key_value VALUES (?, ?)", (ID, identity))
                        copy.execute("INSERT OR REPLACE INTO key_value VALUES (?, ?)", (PLACE, place_of(self.path)))
                with closing(sqlite3.connect(part)) as copy:
                    if copy.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                        raise sqlite3.DatabaseError("malformed")
                part.replace(target)
            finally:
                for left in part.parent.glob(f"{part.name}*"):
                    left.unlink(missing_ok=True)

    def try_to_write(self, patience: float) -> None:
        """Begin a write on a separate connection, and rolls it back. Raise an error if writing is not possible."""
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")

    def empty_log(self) -> None:
        """Empty the write-ahead log at the end of a process, so that no file holds what was erased.

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
        """Translate an error of the driver or the system to one with a sentence that calls the database `where`."""
        if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
            return error
        file, message = self.path.absolute(), _text_of(error)
        if _says_full(error, message, file):
            return full_error(file)
        for known in _KNOWN:
            if any(part in message for part in known.words):
                return known.error(where)
        if not isinstance(error, OperationalError | OSError | sqlite3.Error):
            return error
        return wrong_setting(
            Sentence("The database {where} cannot be used: {why}.", {"where": where, "why": message}),
            Sentence("Check PAPERWIRE_DATABASE_URL."),
        )


@contextmanager
def _copying_to(target: Path) -> Iterator[None]:
    """WriteQueue errors of the body into sentences about the copy, unless the copied database itself is damaged."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        message = _text_of(error)
        if _says_full(error, message, target):
            raise StoreError(*errors.disk_full(target)) from error
        if "malformed" in message or "not a database" in message:
            raise
        raise StoreError(
            Sentence("The copy cannot be written to {file}: {why}.", {"file": target, "why": message}),
            Sentence("Check the rights of its folder, or name another file."),
        ) from error


def _text_of(error: Exception) -> str:
    """Return the message of the system or of the driver, without a path, in lower case."""
    return str(error.strerror if isinstance(error, OSError) else getattr(error, "orig", error)).lower()


def _says_full(error: Exception, message: str, file: Path) -> bool:
    """Whether the disk is full. SQLite may say no more than that it could not open or create a file."""
    if isinstance(error, OSError):
        return errors.is_disk_full(error)
    if "disk is full" in message:
        return True
    vague = "disk i/o" in message or "unable to open" in message
    return vague and file.parent.is_dir() and disk_usage(file.parent).free < LEAST_ROOM
