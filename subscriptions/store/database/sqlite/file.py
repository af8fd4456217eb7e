"""How several processes share a database of SQLite.

It has one writer at a time, so what a writing transaction has read stays true until it ends.
"""

import errno
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, Engine

from subscriptions.errors import Sentence
from subscriptions.store.database.errors import OWNER_ONLY, OWNER_ONLY_FOLDER, keep_to_owner, wrong_setting
from subscriptions.store.database.kind import OpenSession, Sharing, SideSession
from subscriptions.store.database.sqlite.errors import copying_to, translated


class SqliteSharing:
    """SQLite: readers see one state beside the one writer (WAL), and writers wait for each other before they read."""

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Makes commits outlast a power cut."""
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # in WAL mode NORMAL loses the last commits when power fails
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(
            "PRAGMA secure_delete=ON"
        )  # what is erased is overwritten; not every build of SQLite begins so

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Takes the writer's lock at once, so that a reader never becomes a writer halfway."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def changes(self, connection: sqlite3.Connection) -> int:
        """SQLite's own counter of the rows that the connection has changed."""
        return connection.total_changes


# ---------------------------------------------------------------------------------------------------------------------
# A database of SQLite: a file.
#
# SQLite runs in WAL mode; writers begin IMMEDIATE, so that a reader never becomes a writer halfway and two writers wait
# for each other instead of failing (busy timeout 10 s).


LOG_PATIENCE = 1.0  # seconds that the end of a process waits for others to let it empty the log
PART = ".part"  # how the name of a copy ends that is still being written
_OURS = frozenset({"alembic_version", "paper"})  # tables of every database of ours
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


class SqliteFile:
    """A database in a file. See Kind."""

    def __init__(self, url: URL) -> None:
        """`url` names a file. Raises StoreError if it names none."""
        if not url.database or url.database == ":memory:":
            raise wrong_setting(
                Sentence("PAPERWIRE_DATABASE_URL names no file."), Sentence("Use sqlite:////path/of/paperwire.db")
            )
        self.url = url
        self.path = Path(url.database)
        self.file: Path | None = self.path
        self.where = str(self.path.absolute())  # the file, never the address
        self.sharing: Sharing = SqliteSharing()
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error,)
        self._watcher: sqlite3.Connection | None = None  # which never writes
        self._watching = Lock()

    def engine(self, patience: float) -> Engine:
        """Threads have a connection each. A limit would fail those that wait for one while the database is locked."""
        arguments = {"timeout": patience, "check_same_thread": False}
        return create_engine(self.url, max_overflow=-1, connect_args=arguments)

    def exists(self) -> bool:
        """Whether the file exists. Raises OSError when its folder cannot be looked into, or is none."""
        try:
            return self.path.stat() is not None
        except FileNotFoundError:
            return False

    def mark(self) -> object | None:
        """See Kind. Each commit writes to the write-ahead log; two in one tick of the file clock may share a mark."""
        try:
            found = self.path.with_name(f"{self.path.name}-wal").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def version(self) -> object | None:
        """SQLite's counter of the commits of all other connections, asked by one that does nothing else."""
        with self._watching:
            if self._watcher is None:
                self._watcher = sqlite3.connect(self.path, check_same_thread=False)
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def revision_in(self, read: Callable[[], AbstractContextManager[Connection]]) -> str | None:  # noqa: ARG002 - a reader of ours would write
        """See Kind. Looking changes nothing. Raises StoreError for a database of another program."""
        if not self.exists():
            return None
        if not self.path.is_file():
            raise OSError(errno.EINVAL, "it is no file")
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute(_TABLES)}
            if not tables:
                return None
            if not tables >= _OURS:
                raise wrong_setting(
                    Sentence("The database {where} holds tables that are not paperwire's.", {"where": self.where}),
                    Sentence("Name another database in PAPERWIRE_DATABASE_URL."),
                )
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if row is None else str(row[0])

    def protect(self) -> None:
        """Removes the rights of all other users on the file and on those beside it."""
        for suffix in ("", "-wal", "-shm"):
            keep_to_owner(self.path.with_name(self.path.name + suffix))

    def make_place(self) -> None:
        """Makes an empty file in its folder: SQLite gives its own files beside it the same rights."""
        self.path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        if not self.exists():
            self.path.touch(mode=OWNER_ONLY)

    def backup(self, target: Path) -> None:
        """Writes a consistent copy to a file while others work, and checks it before it counts."""
        # Several processes may copy at once, also from containers, where each has the same number.
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART}")
        with copying_to(target):
            target.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            part.touch(mode=OWNER_ONLY)
            try:
                with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(part)) as copy:
                    source.backup(copy)
                    copy.execute("PRAGMA journal_mode=DELETE")  # a copy is one file
                with closing(sqlite3.connect(part)) as copy:
                    if copy.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                        raise sqlite3.DatabaseError("malformed")
                part.replace(target)
            finally:
                for left in part.parent.glob(f"{part.name}*"):
                    left.unlink(missing_ok=True)

    def try_to_write(self, patience: float) -> None:
        """Begins a write beside those of the process. That finds locks and missing rights."""
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")

    def close(self, *, wrote: bool) -> None:
        """See Kind. Empties the write-ahead log: SQLite does so itself only if no other process has the file open.

        What others are reading or writing just now stays in it.
        """
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
        if not wrote:
            return
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=LOG_PATIENCE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def is_full(self, least_room: int) -> bool:
        """Whether fewer than `least_room` bytes are free in the folder."""
        return disk_usage(self.path.absolute().parent).free < least_room

    def sending(self, name: str) -> AbstractContextManager[str]:
        """Raises NotImplementedError: a file beside the database is the lock."""
        raise NotImplementedError(name)

    def side_session(self, worker: str, process: str) -> SideSession:
        """Raises NotImplementedError: one process has the file."""
        raise NotImplementedError(worker, process)

    def open_sessions(self, connection: Connection) -> Sequence[OpenSession]:  # noqa: ARG002 - as on PostgreSQL
        """See Kind."""
        return ()

    def connect_arguments(self) -> dict[str, Any]:
        """Raises NotImplementedError, as above."""
        raise NotImplementedError

    def translated(self, error: Exception, where: str) -> Exception:
        """See Kind."""
        return translated(error, self.path.absolute(), where)
