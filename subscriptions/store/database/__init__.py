"""The database: transactions, schema, and its errors as sentences.

Here is what differs between the kinds of database, and their errors in the same words.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from subscriptions.errors import Sentence, StoreError, StoreUnavailable, disk_full


class Sharing(Protocol):
    """How several processes share a database of a kind."""

    def prepare(self, connection: Any) -> None:  # noqa: ANN401 - of the driver
        """Sets a new connection of the driver up."""

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Begins a transaction; with `writes`, one that may write."""

    def changes(self, connection: Any) -> int:  # noqa: ANN401 - of the driver
        """A number that is another one once this connection has changed something."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """An answer to `SideSession.reserve`: a slot, or when to ask again."""

    start_in: float | None  # seconds until the slot; None: nothing was taken
    again_in: float = 0.0  # seconds after which to ask again
    rest_left: float = 0.0  # seconds of a rest that the platform asked of the whole token


class SideSession(Protocol):
    """A session of a worker beside its transactions. One thread at a time uses it. Raises errors of the driver."""

    def sends_alone(self) -> str:
        """Shares the sender lock. Returns "", or the name of a process that sends alone, beside which no worker may."""

    def hold(self, name: str, seconds: float | None = None) -> bool:
        """Takes or renews the lease of a name for some seconds; None: for as long as this worker is there, for a lane.

        Returns False if another worker has it. A worker is there as long as it has a heartbeat, or this session.
        """

    def release(self, name: str) -> None:
        """Ends the lease of a name, if this worker has it."""

    def reserve(self, token: str, gap: float, ahead: float) -> Reservation:
        """Takes a slot of a token, `gap` seconds after the one before, if that is at most `ahead` seconds from now."""

    def rest(self, token: str, seconds: float) -> None:
        """Stores that the platform asked for a rest of the whole token."""

    def close(self) -> None:
        """Ends the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """The side session of a worker, as the server shows it."""

    worker: str  # how its id begins
    process: str  # number and machine, as it said them
    since: datetime  # when the session began


class Kind(Protocol):
    """One database of a kind."""

    url: sa.URL
    where: str  # its name in errors: without a password
    file: Path | None  # that holds it; None: a server does
    sharing: Sharing
    errors: tuple[type[Exception], ...]  # of the driver, where it is used without SQLAlchemy

    def engine(self, patience: float) -> sa.Engine:
        """Returns the maker of connections. A writer waits for others `patience` seconds. Raises StoreError."""

    def exists(self) -> bool:
        """Whether there is a database, or an empty file. Raises errors of the system and of the driver."""

    def mark(self) -> object | None:
        """A value that stays the same while no process writes; None: only the server knows. Does not ask the server."""

    def version(self) -> object | None:
        """A value that changes with each commit of any process; None: not known, so anything may have changed."""

    def revision_in(self, read: Callable[[], AbstractContextManager[sa.Connection]]) -> str | None:
        """The schema's revision; None for a database without one, or none at all. `read` connects. Raises as `exists`, StoreError."""

    def protect(self) -> None:
        """Removes the rights of all other users on the files of the database."""

    def make_place(self) -> None:
        """Makes the place in which a first schema is made."""

    def backup(self, target: Path) -> None:
        """Writes a consistent copy to a file while others work. Raises StoreError, and as `exists`."""

    def try_to_write(self, patience: float) -> None:
        """Begins a write, waiting `patience` seconds for others, and takes it back. Raises as `exists`."""

    def close(self, *, wrote: bool) -> None:
        """Ends what `version` keeps open; of a process that wrote, clears what is left of erased rows. Raises errors of the driver."""

    def is_full(self, least_room: int) -> bool:
        """Whether fewer than `least_room` bytes are free for the database."""

    def sending(self, name: str) -> AbstractContextManager[str]:
        """Holds the sender lock of a database without a file under a name; gives "", or the name of who holds it."""

    def side_session(self, worker: str, process: str) -> SideSession:
        """Returns a session for a worker of a cluster, by its id and, for those who look, its number and machine.

        Raises NotImplementedError where one process has the database.
        """

    def open_sessions(self, connection: sa.Connection) -> Sequence[OpenSession]:
        """The side sessions of all workers. None where one process has the database."""

    def connect_arguments(self) -> dict[str, Any]:
        """Returns by which words the driver connects, with the password. Raises as `side_session`."""

    def translated(self, error: Exception, where: str) -> Exception:
        """An error of the driver or of the system as a sentence that calls the database `where`."""


# ----------------------------------------------------------- what all kinds of database have in common in their errors


LOCKED = "it is locked by another program"  # causes, as the health page names them: without a path
NOT_WRITABLE = "it cannot be written to"
NOT_OPENED = "it cannot be opened"
FULL = "its disk is full"
WRONG_SETTING = 2  # exit code
LEAST_ROOM = 64 * 1024  # bytes; with less the disk is full, even if SQLite reports another error


def full_error(what: object) -> StoreError:
    """The error for a full disk that holds `what`."""
    error = StoreUnavailable(*disk_full(what))
    error.cause = FULL
    return error


def is_full(error: StoreError) -> bool:
    """Whether the error means a full disk."""
    return error.cause == FULL


def is_locked(error: StoreError) -> bool:
    """Whether the error means that another program holds the lock of the database."""
    return error.cause == LOCKED


def wrong_setting(sentence: Sentence, hint: Sentence) -> StoreError:
    """The error for a PAPERWIRE_DATABASE_URL that cannot be used, where trying again does not help."""
    error = StoreError(sentence, hint)
    error.exit_code = WRONG_SETTING
    return error


# ---------------------------------------------------------------- the rights of the database's files and of its copies

# they hold what people follow, and sealed tokens.


OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY = 0o600


def keep_to_owner(file: Path) -> None:
    """Removes the rights of all other users on a file of ours; `check` warns where that is not allowed."""
    with suppress(OSError):
        if (rights := file.stat().st_mode) & 0o077:
            file.chmod(rights & 0o700)
