"""A PostgreSQL database: connections and timeouts of a process, the sender lock, leases, and slots of bot tokens for all workers."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

from subscriptions import errors
from subscriptions.store.database import is_ours, wrong_setting
from subscriptions.store.database.postgres import copy_rows, session_setup, words
from subscriptions.store.database.postgres.error_sentences import translated
from subscriptions.store.database.postgres.session_setup import SharedSession, WrongEncoding

_WORKER = "paperwire worker "  # the name of each side session begins with this
_SHORT = 12  # characters of a worker's id in this name, since PostgreSQL cuts names to 63 bytes
_SESSIONS = sa.text(f"""
    SELECT substr(application_name, {len(_WORKER) + 1}) AS name, backend_start AS since FROM pg_stat_activity
    WHERE datname = current_database() AND starts_with(application_name, '{_WORKER}') ORDER BY backend_start
""")  # noqa: S608 - constants
RATES = """
    CREATE TABLE token_rate (
        token VARCHAR COLLATE "C" PRIMARY KEY,
        full_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
        rests_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
    ) WITH (fillfactor = 10)  -- a row is written many times each second, and stays in its page
"""
# A worker is gone only if it has neither a heartbeat (a row) nor a side session. So a worker whose session was cut still
# counts as long as its heartbeat is stored.
_HOLD = f"""
    INSERT INTO lease (name, worker, ends)
    VALUES (%(name)s, %(worker)s, clock_timestamp() + %(seconds)s::float * interval '1 second')
    ON CONFLICT (name) DO UPDATE SET worker = excluded.worker, ends = excluded.ends
    WHERE lease.worker = excluded.worker OR lease.ends <= clock_timestamp() OR lease.ends IS NULL AND NOT EXISTS (
        SELECT FROM worker WHERE id = lease.worker
    ) AND NOT EXISTS (
        SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND starts_with(application_name, '{_WORKER}' || left(lease.worker, {_SHORT}) || ' ')
    )
    RETURNING true
"""  # noqa: S608 - constants
_RELEASE = "DELETE FROM lease WHERE name = %(name)s AND worker = %(worker)s"
_CALLED = "SELECT set_config('application_name', %s, false)"
_SHARE = "SELECT pg_try_advisory_lock_shared(%s)"  # the sender lock
HOLDER = """
    SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND (classid::bigint << 32) + objid::bigint = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# Slots need not be on the disk before they are used. A crash of the server may lose some, but when it has restarted, their
# time is over.
_UNSYNCED = "set_config('synchronous_commit', 'off', true)"
# The same formula as in `rate_limiter.reserve` with a burst of one, by the server's clock. A slot more than `ahead`
# seconds away is not reserved, so that a reply never has to wait for many reserved slots.
_RESERVE = f"""
    INSERT INTO token_rate AS rate (token, full_at)
    SELECT %(token)s, clock_timestamp() + %(gap)s * interval '1 second' FROM {_UNSYNCED}
    ON CONFLICT (token) DO UPDATE
    SET full_at = greatest(rate.full_at, rate.rests_until, clock_timestamp()) + %(gap)s * interval '1 second'
    WHERE greatest(rate.full_at, rate.rests_until) <= clock_timestamp() + %(ahead)s * interval '1 second'
    RETURNING extract(epoch FROM full_at - clock_timestamp())::float - %(gap)s
"""  # noqa: S608 - constants
_STATE = """
    SELECT extract(epoch FROM greatest(full_at, rests_until) - clock_timestamp())::float,
        greatest(0, extract(epoch FROM greatest(rests_until, clock_timestamp()) - clock_timestamp())::float)
    FROM token_rate WHERE token = %s
"""
_REST = """
    INSERT INTO token_rate AS rate (token, rests_until) VALUES (%(token)s, clock_timestamp() + %(rest)s * interval '1 second')
    ON CONFLICT (token) DO UPDATE SET rests_until = greatest(rate.rests_until, excluded.rests_until)
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The result of `SideSession.reserve`: a slot, or when to call again."""

    start_in: float | None  # seconds until the slot; None: no slot was reserved
    again_in: float = 0.0  # seconds until the caller should try again
    rest_left: float = 0.0  # seconds that remain of a pause that the platform requested for the whole token


class SideSession:
    """A session that a worker has besides its transactions, for leases and rate limits. One thread at a time may use it.

    Its methods raise errors of the driver. The session opens its only connection on first use, and reopens it after an
    error.
    """

    def __init__(self, connect: Callable[[], Any], worker: str, called: str, sender: int) -> None:
        """`connect` opens a connection with autocommit. Each new connection takes a shared sender lock.

        `called` is the name of the session, `sender` the key of the sender lock.
        """
        self._connect = connect
        self._worker = worker
        self._called = called
        self._sender = sender
        self._connection: Any = None

    def sends_alone(self) -> str:
        """Takes a shared sender lock and returns "".

        If a process holds the sender lock alone, returns its name instead. No worker may send then.
        """
        if self._row(_SHARE, (self._sender,))[0]:
            return ""
        return name_of_holder(self._row(HOLDER, (self._sender,)))

    def hold(self, name: str, seconds: float | None = None) -> bool:
        """Takes or renews a lease for some seconds; without `seconds` (for a lane), for as long as this worker lasts.

        Returns False if another worker has the lease. A worker lasts as long as it has a heartbeat or a side session.
        """
        return bool(self._row(_HOLD, {"name": name, "worker": self._worker, "seconds": seconds}))

    def release(self, name: str) -> None:
        """Ends a lease, if this worker has it."""
        self._row(_RELEASE, {"name": name, "worker": self._worker})

    def reserve(self, token: str, gap: float, ahead: float) -> Reservation:
        """Reserves the next slot of a bot token if it is at most `ahead` seconds away. Slots are `gap` seconds apart."""
        found = self._row(_RESERVE, {"token": token, "gap": gap, "ahead": ahead})
        if found:
            return Reservation(max(0.0, found[0]))
        until, rest = self._row(_STATE, (token,)) or (0.0, 0.0)
        return Reservation(None, max(0.0, until - ahead), rest)

    def rest(self, token: str, seconds: float) -> None:
        """Stores that the platform requested a pause of the whole token for some seconds."""
        self._row(_REST, {"token": token, "rest": seconds})

    def close(self) -> None:
        """Ends the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _row(self, statement: str, values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of the driver
        """Executes a statement. Returns the first row of its result; () if there is none."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._connection.execute(_CALLED, (self._called,))
                self._connection.execute(_SHARE, (self._sender,))
            cursor = self._connection.execute(statement, values)
            return (cursor.fetchone() if cursor.description else None) or ()
        except BaseException:
            self.close()
            raise


def name_of_holder(row: Sequence[Any] | None) -> str:
    """Returns the name of the process that holds the sender lock. `row` is a row of `HOLDER`; "?" if it is None."""
    if row:
        return str(row[0]).removeprefix("paperwire ")
    return "?"


CONNECTIONS = 3  # connections of a process for its transactions; more would only wait for Python's interpreter lock
_ENGINE = "procrastinate"  # the names of the job queue's own tables begin with this
_TABLES = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
_IS_MADE = "SELECT to_regclass('key_value') IS NOT NULL"
_WRITE_NOTHING = """
    WITH added AS (INSERT INTO key_value SELECT * FROM key_value WHERE false),
    changed AS (UPDATE key_value SET value = value WHERE false)
    DELETE FROM key_value WHERE false
"""
_MAKE = "CREATE TABLE key_value ()"
_REVISION = sa.text("SELECT version_num FROM alembic_version")
_SENDER = 7_250_012_023  # key of the sender lock; only a session that holds this lock may send
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_TAKE, _GIVE_BACK = f"SELECT pg_try_advisory_lock({_SENDER})", f"SELECT pg_advisory_unlock({_SENDER})"
# A session keeps plans that were made while a table was small, even plans of foreign-key checks. With 100,000 chats in
# one morning, each such check read all jobs. So reading whole tables is off, since no statement of `run` has to read a
# whole growing table.
_PLANS = "-c enable_seqscan=off -c jit=off"
# A worker that is stopped (SIGSTOP) within a transaction keeps its row locks. The limit ends its session, so that others
# need not wait for it.
_STOPPED = "-c idle_in_transaction_session_timeout=60000"
_SESSION = {  # options of each connection; the database URL may override them and add other options of libpq
    "application_name": "paperwire",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",
}


class PostgresDatabase:
    """A database on a server.

    PostgreSQL locks single rows, and each statement sees everything that was committed before it began. So a writing
    transaction first locks rows (`conflicts.hold`), and then reads the data that depends on them. In a reading
    transaction, all statements see the same state.
    """

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self.file: Path | None = None
        self.where = _name(url)
        self._changes = count()
        try:
            self._driver_error: type[Exception] = self.url.get_dialect().import_dbapi().Error
        except ModuleNotFoundError as error:
            raise wrong_setting(
                errors.Sentence("PostgreSQL needs parts of paperwire that are not installed."),
                errors.install_extra("cluster"),
            ) from error
        self.errors: tuple[type[Exception], ...] = (SharedSession, WrongEncoding, self._driver_error)

    def engine(self, patience: float) -> Engine:
        """Makes the engine. The number of its connections is limited, because a server allows only a few."""
        options = f"{session_setup.OURS} {_PLANS} {_STOPPED} -c timezone=UTC -c lock_timeout={int(patience * 1000)}"
        self._arguments = {**_SESSION, **self.url.query, "options": options, "client_encoding": "UTF8"}
        self._engine = sa.create_engine(
            self.url,
            paramstyle="format",  # so that rows can be given as tuples (`conflicts.execute_rows`)
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=patience,
            connect_args=self._arguments,
        )
        session_setup.prepare_sessions(self._engine)
        copy_rows.copy_rows(self._engine)
        return self._engine

    def prepare(self, connection: Any) -> None:  # noqa: ANN401 - psycopg's
        """Turns off the transactions that the driver would begin on its own."""
        connection.autocommit = True  # we execute BEGIN ourselves

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Begins a transaction, and tells the server whether it may write.

        A read-only server refuses a writing transaction at once.
        """
        connection.exec_driver_sql(_WRITING if writes else _READ)

    def changes(self, connection: object) -> int:  # noqa: ARG002 - as on SQLite
        """Returns another number at each call. So each committed transaction counts as one that changed something."""
        return next(self._changes)

    def exists(self) -> bool:
        """Whether the database has paperwire's schema."""
        return self.revision() is not None

    def version(self) -> object | None:
        """Returns None: only a request to the server could tell whether others have written."""
        return None

    def revision(self) -> str | None:
        """Returns the schema's revision; None if the database has no schema.

        Raises StoreError for a database of another program.
        """
        with self._engine.connect() as connection:
            tables = connection.execute(_TABLES).scalars()
            if not is_ours((name for name in tables if not name.startswith(_ENGINE)), self.where):
                return None
            found: str | None = connection.execute(_REVISION).scalar()
            return found

    def protect(self) -> None:
        """Does nothing: the server protects its own files."""

    def make_place(self) -> None:
        """Does nothing: the operator has created the database on the server."""

    def backup(self, target: Path) -> None:  # noqa: ARG002 - as on SQLite
        """Raises StoreError: PostgreSQL has its own programs for backups."""
        raise errors.StoreError(
            errors.Sentence("The database {where} is copied by PostgreSQL's own programs.", {"where": self.where}),
            errors.Sentence("pg_dump --format=custom makes a copy, pg_restore puts it back (docs/operating.md)."),
        )

    def try_to_write(self, patience: float) -> None:  # noqa: ARG002 - as on SQLite
        """Executes writes that change nothing, and rolls them back.

        Raises an error if the server is read-only or if the database's user may not write.
        """
        with self._engine.connect() as connection, connection.execution_options(paperwire_write=True).begin() as begun:
            is_made = connection.exec_driver_sql(_IS_MADE).scalar_one()
            connection.exec_driver_sql(_WRITE_NOTHING if is_made else _MAKE)
            begun.rollback()

    def close(self, *, wrote: bool) -> None:
        """Does nothing: the server has its own log."""

    def is_full(self, least_room: int) -> bool:  # noqa: ARG002 - as on SQLite
        """Returns False: the disk belongs to the server, and only a write shows whether it is full."""
        return False

    @contextmanager
    def sending(self, name: str) -> Iterator[str]:
        """Holds the sender lock alone while the body runs, and yields "".

        If another process holds the lock, yields the name of that process. Other processes see this process as `name`.
        """
        with closing(self._connect()) as connection:  # a separate session: the lock ends with it
            connection.execute(_CALLED, (f"paperwire {name}",))
            if connection.execute(_TAKE).fetchone() != (True,):
                yield name_of_holder(connection.execute(HOLDER, (_SENDER,)).fetchone())
                return
            try:
                yield ""
            finally:
                with suppress(self._driver_error):  # the server may notice the session's end after the next command
                    connection.execute(_GIVE_BACK)

    def side_session(self, worker: str, process: str) -> SideSession:
        """Returns the side session of a worker. Its name has the beginning of the worker's id and, for people, `process`.

        The session takes a shared sender lock, and takes it again after a restart of the server. So no process can send
        alone while the session is open.
        """
        return SideSession(self._connect, worker, f"{_WORKER}{worker[:_SHORT]} {process}", _SENDER)

    def _connect(self) -> Any:  # noqa: ANN401 - psycopg's
        connection = self._engine.dialect.connect(**self.connect_arguments())
        connection.autocommit = True
        return connection

    def connect_arguments(self) -> dict[str, Any]:
        """Returns the arguments with which the driver connects, including the password."""
        _, named = self._engine.dialect.create_connect_args(self.url)
        return {**named, **self._arguments}

    def translated(self, error: Exception, where: str) -> Exception:
        """Translates an error of the driver or the system to one with a sentence that calls the database `where`."""
        if isinstance(error, self._driver_error):  # the error comes from a connection that is used without SQLAlchemy
            error = DBAPIError.instance(None, None, error, self._driver_error)
        return translated(error, where, password=self.url.password)


def _name(url: URL) -> str:
    """Returns the name of a database for errors: "DATABASE on SERVER", without user and password."""
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.database or url.username or 'postgres'} on {host if isinstance(host, str) else ', '.join(host)}{port}"


_TEXT = re.compile(r"\bVARCHAR(\(\d+\))?")
_JOBS = (  # tables of the job queue, for several workers
    # The unchanged schema of procrastinate 3.10.0 (MIT licence, copyright PeopleDoc, Joachim Jablon and others). A
    # later version may need another revision here; tests/integration/test_database.py compares the schemas.
    Path(__file__).with_name("jobs.sql").read_text("utf-8"),
    # Finds the jobs of a lane. Without this index and statistics, each search for a job would sort all waiting jobs.
    """
    CREATE INDEX procrastinate_jobs_of_lock ON procrastinate_jobs (lock, priority DESC, id)
    WHERE status IN ('todo', 'doing') AND lock IS NOT NULL
    """,
    "ANALYZE procrastinate_jobs",
)
# Texts that must be unique, of any length. PostgreSQL allows at most 2,704 bytes in a unique index; a hash index contains
# only their hashes.
LONG_KEYS = (
    "ALTER TABLE query ADD EXCLUDE USING hash (canonical WITH =)",
    "ALTER TABLE question ADD EXCLUDE USING hash (text WITH =)",
)
BESIDE_TABLES = (*LONG_KEYS, *words.PAPER_WORDS, *_JOBS, RATES)


def collated(column: str) -> str:
    """Adds the collation "C" to the declaration of a text column that SQLAlchemy wrote."""
    return _TEXT.sub(r'VARCHAR\1 COLLATE "C"', column)


@compiles(CreateColumn, "postgresql")
def _column(element: CreateColumn, compiler: Any, **named: Any) -> str | None:  # noqa: ANN401 - as SQLAlchemy has them
    found: str | None = compiler.visit_create_column(element, **named)
    return None if found is None else collated(found)
