"""The role of the one process that works on a database, and how others take it over.

Whoever has the role receives, plans and sends. On SQLite, a lock of a file beside the database elects the process,
since opening and closing the database file itself would release SQLite's own locks. On PostgreSQL, a session's advisory
lock elects, and the term in the table `role` fences: whoever takes the role writes a new term, and a transaction of the
process before it is refused when it begins to write (`Store.term`). What became of a post is written without the fence.
"""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from subscriptions import errors
from subscriptions.database.store import Store
from subscriptions.errors import LeaderExists, Sentence, StoreError, StoreUnavailable

BEAT_SECONDS = 5.0  # between two beats of the process that has the role
LEASE_SECONDS = 15  # without a beat, until others take the role
# key of the advisory lock, which belongs to the whole database: another schema has another installation of paperwire
_LOCK = "7250012023 + CASE current_schema() WHEN 'public' THEN 0 ELSE hashtext(current_schema()) END"

_LOCK_TIMEOUT = "SET lock_timeout = '2s'"  # the session of a process that was killed may last some moments longer
_TAKE = f"SELECT pg_advisory_lock({_LOCK})"
_HELD = "55P03"  # the SQLSTATE of a lock that is not free within this time
_GIVE_BACK = f"SELECT pg_advisory_unlock({_LOCK})"
_WHO = "SELECT holder FROM role"
# a process that is stopped (SIGSTOP) may hold the lock, or the row of its term
_END_SESSIONS = """
    SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity JOIN role ON application_name = 'paperwire ' || process
    WHERE datname = current_database() AND process != %s
"""
_STANDS_STILL = f"AND seen < clock_timestamp() - interval '{LEASE_SECONDS} seconds'"
_LEAVE = "DELETE FROM role"
_ENTER = "INSERT INTO role (term, process, holder) VALUES (%s, %s, %s)"
_BEAT = "UPDATE role SET seen = clock_timestamp() WHERE term = %s"


class FileRole:
    """The role of a database in a file. Who has it is written into a second file; nobody else can take it."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._lock = FileLock(database.with_name(database.name + ".sender.lock"), timeout=0)
        self._holder = database.with_name(database.name + ".sender")

    def take(self, *, beats: bool) -> str:  # noqa: ARG002 - the lock ends with the process
        """Take the role. Return "", or who has it. Raise StoreError."""
        try:
            self._database.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._holder.write_text(str(os.getpid()))
        except Timeout:
            with suppress(OSError):
                return self._holder.read_text() or "?"
            return "?"
        except OSError as error:
            self._lock.release()
            raise _unusable(self._database, error) from error
        return ""

    def beat(self) -> bool:
        """Return True: this process has the role until it ends."""
        return True

    def release(self) -> None:
        """Give the role back."""
        if self._lock.is_locked:  # else the file says which other process has it
            self._holder.unlink(missing_ok=True)
        self._lock.release()


class ServerRole:
    """The role of a database on PostgreSQL. It has a session of its own, whose end gives the lock back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: Any = None  # psycopg's connection, with autocommit
        self._has_lock = False
        self._is_released = False

    def take(self, *, beats: bool) -> str:
        """Take the role. Return "", or who has it. `beats`: the caller will call `beat` every BEAT_SECONDS.

        Ends the sessions of a process that stands still, and of the one that had the role before. Raise StoreError.
        """
        process, term = self._store.process, secrets.randbits(62)
        with self._connected() as session:
            if not self._is_elected(session):
                session.execute(f"{_END_SESSIONS} {_STANDS_STILL}", (process,))
                (holder,) = session.execute(_WHO).fetchone() or ("?",)
                return str(holder)
            session.execute(_END_SESSIONS, (process,))
            with session.transaction():
                session.execute(_LEAVE)
                session.execute(_ENTER, (term, process, f"{os.getpid()} on {socket.gethostname()}"))
                if beats:
                    session.execute(_BEAT, (term,))
        self._store.term = term
        return ""

    def beat(self) -> bool:
        """Say that this process works. Return whether it still has the role. Raise StoreError.

        Takes the lock again if the server has ended the session that had it.
        """
        try:
            return self._beats()
        except StoreError:  # the session has ended; if the database cannot be reached at all, this raises the same
            return self._beats()

    def _beats(self) -> bool:
        with self._connected() as session:
            self._is_elected(session)  # as long as the term is ours, nobody else was
            return bool(session.execute(_BEAT, (self._store.term,)).rowcount)

    def _is_elected(self, session: Any) -> bool:  # noqa: ANN401 - psycopg's
        if not self._has_lock:
            try:
                session.execute(_LOCK_TIMEOUT)
                session.execute(_TAKE)
            except Exception as error:
                if getattr(error, "sqlstate", None) != _HELD:
                    raise
                return False
            self._has_lock = True
        return True

    def release(self) -> None:
        """Give the role back. A beat that is on its way in another thread takes nothing any more."""
        self._is_released = True
        if self._session is not None:
            with suppress(StoreError), self._connected() as session:
                session.execute(_GIVE_BACK)  # the server may notice the session's end after the next command
                session.close()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Yield the session. After an error, the next call begins another one. Raise StoreError."""
        try:
            with self._store.translated_errors():
                self._session = self._session or self._store.server.session()
                if self._is_released and not self._has_lock:
                    raise StoreUnavailable("The role was given back.")
                yield self._session
        except StoreError:
            if self._session is not None:
                self._session.close()
            self._session, self._has_lock = None, False
            raise


Role = FileRole | ServerRole  # the role of one store


def role_of(store: Store) -> Role:
    """Return the role of a store. This process does not have it yet."""
    return ServerRole(store) if store.kind.file is None else FileRole(store.kind.file)


@contextmanager
def held(store: Store, refusal: Callable[[str], LeaderExists] | None = None) -> Iterator[None]:
    """Has the role while the body runs, without a beat. Raises LeaderExists if another process has it, and StoreError.

    `refusal` makes this error of the process that has it; the default is `taken_by`.
    """
    role = role_of(store)
    if holder := role.take(beats=False):
        raise (refusal or taken_by)(holder)
    try:
        yield
    finally:
        role.release()
        store.term = None  # this process may write on as others do that never had the role


def taken_by(holder: str) -> LeaderExists:
    """Return the error that names the process that has the role."""
    return LeaderExists(
        Sentence("Process {pid} sends for this database already.", {"pid": holder}),
        Sentence("It delivers what is due by itself; stop it first."),
    )


def words_are_renewed_by(holder: str) -> LeaderExists:
    """Return the error for a command that needs words of this version, which only the process with the role makes."""
    return LeaderExists(
        Sentence("The papers have to be indexed again first, and process {pid} has the database.", {"pid": holder}),
        Sentence(
            "If it is of this version, wait: paperwire status says how far it is. If it is of an earlier one, stop it."
        ),
    )


def _unusable(database: Path, error: OSError) -> StoreError:
    if errors.is_disk_full(error):
        return StoreError(*errors.disk_full(database.absolute()))
    return StoreError(
        Sentence(
            "The folder of the database {path} cannot be written to: {why}.",
            {"path": database.absolute(), "why": (error.strerror or "unknown").lower()},
        ),
        Sentence("Check its rights, or name another one in PAPERWIRE_DATABASE_URL."),
    )
