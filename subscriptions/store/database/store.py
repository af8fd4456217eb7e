"""The database: transactions, schema, and the sentences for what a database can answer.

SQLite runs in WAL mode; writers begin IMMEDIATE, so that a reader never becomes a writer halfway and two writers wait
for each other instead of failing (busy timeout 10 s).
"""

import errno
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import CursorResult, Executable, create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from subscriptions.errors import NotFound, Sentence
from subscriptions.planning.source_calendar import Schedules
from subscriptions.store.database.errors import copying_to, translated, wrong_setting
from subscriptions.store.database.rights import OWNER_ONLY, OWNER_ONLY_FOLDER, keep_to_owner
from subscriptions.store.database.sharing import Sharing, SqliteSharing
from subscriptions.store.database.turns import Turns, Writes
from subscriptions.store.database.writer import Writer

HEAD = "0020"  # the newest revision in migrations/versions; a test compares it with Alembic's own answer
BUSY_SECONDS = 10.0
KEPT_COPIES = 7
CHUNK = 500  # values in one IN (…)
_OURS = frozenset({"alembic_version", "paper"})  # tables of every database of ours
PART = ".part"  # how the name of a copy ends that is still being written
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_CONNECTION = "connection"  # where a session keeps it


class WouldWrite(Exception):
    """A use case that was given a reading transaction tried to write."""


class Transaction(Session):
    """One transaction of the database: the unit of work of every use case that it is given to.

    A use case takes a Store or a Transaction (`Scope`). Given a Store, it is a transaction by itself. Given a
    Transaction, it is a part of that one: it is committed with it, and sees what earlier parts wrote. An error in a
    part undoes the whole transaction, unless the part stands in a `savepoint`. A Transaction belongs to the thread
    that began it.
    """

    def __init__(self, store: "Store", bind: Engine | Connection, *, writes: bool) -> None:
        super().__init__(bind, expire_on_commit=False)
        self.store = store
        self.changed_chats: set[int] = set()  # ids of chats whose subscriptions, or whose state, use cases changed
        self._writes = writes
        self._part_failed = False  # what the failed part wrote is still there: it must not be committed

    @property
    def zone(self) -> str:
        """The operator's time zone, for chats that chose none."""
        return self.store.zone

    @property
    def schedules(self) -> Schedules:
        """The reader of the sources' stored schedules."""
        return self.store.schedules

    @contextmanager
    def write(self) -> Iterator["Transaction"]:
        """Begins a part that may write. Raises WouldWrite if this transaction only reads."""
        if not self._writes:
            raise WouldWrite
        try:
            with self.store.translated_errors():
                yield self
        except BaseException:
            self._part_failed = True
            raise

    @contextmanager
    def savepoint(self) -> Iterator["Transaction"]:
        """Begins a part that may write and that an error undoes alone, for callers that handle the error and go on.

        Raises WouldWrite if this transaction only reads.
        """
        changed_before, failed_before = set(self.changed_chats), self._part_failed
        try:
            with self.write(), self.begin_nested():
                yield self
        except BaseException:
            self.changed_chats, self._part_failed = changed_before, failed_before
            raise

    def refuse_failed_part(self) -> None:
        """Raises RuntimeError if a part failed outside of a savepoint and its error was handled: half of it would be committed."""
        if self._part_failed:
            raise RuntimeError("A part of this transaction failed, and its error was handled without a savepoint.")

    @contextmanager
    def read(self) -> Iterator["Transaction"]:
        """A part that only reads."""
        yield self


class Store:
    """One database. Everything that reads or writes it goes through `read` and `write`, one transaction each."""

    def __init__(self, url: str, *, zone: str = "UTC", schedules: Schedules | None = None) -> None:
        """`url` as SQLAlchemy writes them; only SQLite for now. `zone` is the operator's, for chats that chose none.

        `schedules` read what is stored of the sources' schedules. Opens nothing yet.
        """
        self.zone = zone
        self.schedules = schedules or Schedules()
        self.url: URL = make_url(url)
        self.path = _sqlite_path(self.url)
        self.where = str(self.path.absolute())  # its name in errors: the file, never the address
        self.worker = uuid4().hex  # the name under which this process has messages and replies in hand
        self._turns = Turns()
        self.writes = Writes()
        self.writer = Writer(self.write, self.where)
        self.sharing: Sharing = SqliteSharing()
        self._engine = _engine(self.url, self.sharing)
        self._writer = self._engine.execution_options(paperwire_write=True)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begins a transaction that may write: committed at the end, rolled back on any error. Raises StoreError.

        Writers of one process take turns in the order in which they came: SQLite alone lets waiting writers ask again
        at intervals, so that one busy writer could keep all others out.
        """
        self._refuse_second_transaction()
        with self._written(self._writer) as transaction:
            yield transaction

    @contextmanager
    def savepoint(self) -> Iterator[Transaction]:
        """As `write`: an error undoes the whole transaction. See Transaction.savepoint."""
        with self.write() as transaction:
            yield transaction

    @contextmanager
    def _written(self, bind: Engine | Connection) -> Iterator[Transaction]:
        with self._turns, self.writes.recorded():
            with self.translated_errors(), self._begun(bind, writes=True) as transaction:
                self.writes.begun()
                driver: Any = connection_of(transaction).connection.dbapi_connection
                before = driver.total_changes
                yield transaction
            if driver.total_changes != before:
                self.writes.written()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begins a transaction that sees one state of the database; a part that writes raises WouldWrite.

        Raises StoreError.
        """
        self._refuse_second_transaction()
        with self.translated_errors(), self._begun(self._engine, writes=False) as transaction:
            yield transaction

    @contextmanager
    def read_then_write(self) -> Iterator["ReadThenWrite"]:
        """Work that reads first and writes afterwards, so that others can write meanwhile. Raises StoreError."""
        self._refuse_second_transaction()
        with self.translated_errors(), self._engine.connect() as connection:
            yield ReadThenWrite(self, connection)

    @contextmanager
    def _begun(self, bind: Engine | Connection, *, writes: bool) -> Iterator[Transaction]:
        with Transaction(self, bind, writes=writes) as transaction, transaction.begin():
            transaction.info[_CONNECTION] = transaction.connection()
            yield transaction
            transaction.refuse_failed_part()

    def _refuse_second_transaction(self) -> None:
        """Raises RuntimeError where this thread writes already: it would wait for itself, or read an older state."""
        if self._turns.is_mine():
            raise RuntimeError("This thread is writing: pass its Transaction on, not the Store.")

    def exists(self) -> bool:
        """Whether the database file exists. Raises StoreError when its folder cannot be looked into, or is none."""
        with self.translated_errors():
            try:
                return self.path.stat() is not None
            except FileNotFoundError:
                return False

    def open(self, *, now: datetime, copies: Path | None = None, make: bool = True) -> None:
        """Makes the schema the newest one. An older database is copied into `copies` first.

        Where there is none, it is made, with its folder; without `make` nothing is. Raises StoreError, NotFound.
        """
        with self.translated_errors():
            revision = self.revision()
            if revision is not None:
                for suffix in ("", "-wal", "-shm"):
                    keep_to_owner(self.path.with_name(self.path.name + suffix))
            if revision == HEAD:
                return
            if revision is None and not make:
                raise self.missing()
            if revision is not None and not _is_known(revision):
                raise wrong_setting(
                    Sentence("The database {where} was written by a newer paperwire.", {"where": self.where}),
                    Sentence("Install that version again, or name another database in PAPERWIRE_DATABASE_URL."),
                )
            if revision is not None and copies is not None:
                self.copy_into(copies, f"before-{HEAD}", now)
            self.path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            if not self.exists():
                self.path.touch(mode=OWNER_ONLY)  # SQLite gives its own files beside it the same rights
            self.upgrade()

    def missing(self) -> NotFound:
        """What to raise where there is no database, or an empty file."""
        return NotFound(
            Sentence("There is no database at {path}.", {"path": self.where}),
            Sentence("The first digest or subscription makes it; PAPERWIRE_DATABASE_URL names another one."),
        )

    def revision(self) -> str | None:
        """The schema's revision; None for a database without one, or none at all. Looking changes nothing.

        Raises StoreError, also for a database of another program.
        """
        with self.translated_errors():
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

    def upgrade(self) -> None:
        """Runs the migrations, in one transaction."""
        from subscriptions.store.database.schema_upgrade import upgrade_schema  # noqa: PLC0415 - Alembic takes 300 ms; only a new schema needs it

        with self.translated_errors(), self._writer.begin() as connection:
            upgrade_schema(connection)

    def backup(self, target: Path) -> None:
        """Writes a consistent copy to a file while others work, and checks it before it counts. Raises StoreError."""
        # Several processes may copy at once, also from containers, where each has the same number.
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART}")
        with self.translated_errors(), copying_to(target):
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

    def copy_into(self, folder: Path, kind: str, now: datetime) -> None:
        """Makes one of the program's own copies, such as "daily", and keeps the newest seven of its kind."""
        self.backup(folder / f"{kind}-{now:%Y%m%dT%H%M%SZ}.db")
        family = kind.partition("-")[0]
        kept = sorted(folder.glob(f"{family}-*.db"))
        for old in kept[:-KEPT_COPIES]:
            old.unlink(missing_ok=True)
        begun = f"{kind}-{now - timedelta(days=1):%Y%m%dT%H%M%SZ}"
        for left in folder.glob(f"{kind}-*{PART}*"):  # by a process that was killed
            if left.name < begun:
                left.unlink(missing_ok=True)
        for copy in kept[-KEPT_COPIES:]:
            keep_to_owner(copy)

    def close(self) -> None:
        """Waits for what the writer was asked for, and closes all connections."""
        self.writer.close()
        self._engine.dispose()

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raises what SQLite and the system raise as StoreError, with a sentence for people."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise translated(error, self.path.absolute(), self.where) from error


class ReadThenWrite:
    """A reading transaction and a writing one after it, and whether the database changed in between."""

    def __init__(self, store: Store, connection: Connection) -> None:
        """`connection` is in no transaction."""
        self._store = store
        self._connection = connection
        self._version: int | None = None  # of the database when `read` began; see sharing.py
        self.is_stale = True  # in `write`: whether another transaction may have been committed since `read` began

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begins the reading transaction. Raises StoreError."""
        self._connection.execution_options(paperwire_write=False)
        with self._store.translated_errors(), self._store._begun(self._connection, writes=False) as transaction:  # noqa: SLF001 - a part of Store
            self._version = self._store.sharing.version(self._connection)
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begins the writing transaction, in turn with other writers. Raises StoreError."""
        self._connection.execution_options(paperwire_write=True)
        with self._store._written(self._connection) as transaction:  # noqa: SLF001 - as above
            self.is_stale = self._version is None or self._store.sharing.version(self._connection) != self._version
            yield transaction


Scope = Store | Transaction  # where a use case does its work: in a transaction of its own, or as a part of one


def execute(
    session: Session, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Executes a statement that was made once, of tables and columns, after what the session still holds back."""
    session.flush()
    return connection_of(session).execute(statement, values)


def in_chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """Parts of the values, each small enough for one IN (…)."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def session_on(connection: Connection) -> Session:
    """A session within a transaction that the caller begins and ends."""
    session = Session(connection, expire_on_commit=False)
    session.info[_CONNECTION] = connection
    return session


def connection_of(session: Session) -> Connection:
    """The connection of a transaction; the session itself would look for it each time that it is asked."""
    connection: Connection = session.info[_CONNECTION]
    return connection


def _is_known(revision: str) -> bool:
    versions = Path(__file__).parents[1] / "migrations" / "versions"
    return any(path.name.startswith(f"{revision}_") for path in versions.glob("*.py"))


def _sqlite_path(url: URL) -> Path:
    if url.get_backend_name() != "sqlite":
        raise wrong_setting(
            Sentence("PAPERWIRE_DATABASE_URL names a database other than SQLite, which this version cannot use."),
            Sentence("Use sqlite:////path/of/paperwire.db"),
        )
    if not url.database or url.database == ":memory:":
        raise wrong_setting(
            Sentence("PAPERWIRE_DATABASE_URL names no file."), Sentence("Use sqlite:////path/of/paperwire.db")
        )
    return Path(url.database)


def _engine(url: URL, sharing: Sharing) -> Engine:
    # Threads have a connection each. A limit would fail those that wait for one while the database is locked.
    engine = create_engine(url, max_overflow=-1, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        sharing.prepare(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        sharing.begin(connection, writes=bool(connection.get_execution_options().get("paperwire_write")))

    return engine
