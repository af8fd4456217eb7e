"""A database of PostgreSQL: on a server, which several processes on several machines may use."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

from subscriptions.errors import Sentence, StoreError
from subscriptions.store.database import is_ours, wrong_setting
from subscriptions.store.database.postgres import words
from subscriptions.store.database.postgres.words import SharedSession, translated

_WORKER = "paperwire worker "  # how the name of a side session begins
_SHORT = 12  # how much of a worker's id is in it: PostgreSQL keeps 63 bytes
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
# A worker without a heartbeat is gone unless it has its session. One whose session was cut has its heartbeat.
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
# A slot need not be on the disk before it is used: a crash may forget some, and takes longer than they do.
_UNSYNCED = "set_config('synchronous_commit', 'off', true)"
# The same formula as `rate_limiter.reserve` with a burst of one, by the server's clock. Of a slot that is farther ahead than
# `ahead` nothing is taken, so an answer finds few slots taken.
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
    """An answer to `SideSession.reserve`: a slot, or when to ask again."""

    start_in: float | None  # seconds until the slot; None: nothing was taken
    again_in: float = 0.0  # seconds after which to ask again
    rest_left: float = 0.0  # seconds of a rest that the platform asked of the whole token


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """The side session of a worker, as the server shows it."""

    worker: str  # how its id begins
    process: str  # number and machine, as it said them
    since: datetime  # when the session began


def open_sessions(connection: sa.Connection) -> list[OpenSession]:
    """The side sessions of all workers, those that began first at the top. None where one process has the database."""
    if connection.dialect.name != "postgresql":
        return []
    found = []
    for row in connection.execute(_SESSIONS):
        worker, _, process = row.name.partition(" ")
        found.append(OpenSession(worker=worker, process=process, since=row.since))
    return found


class SideSession:
    """A session of a worker beside its transactions. One thread at a time uses it. Raises errors of the driver.

    One connection, which is made when it is needed, and again after an error.
    """

    def __init__(self, connect: Callable[[], Any], worker: str, called: str, sender: int) -> None:
        """`connect` makes a connection in which each statement is a transaction. Each new one shares the sender lock.

        `called`: the name of the session. `sender`: the key of the sender lock.
        """
        self._connect = connect
        self._worker = worker
        self._called = called
        self._sender = sender
        self._connection: Any = None

    def sends_alone(self) -> str:
        """Shares the sender lock. Returns "", or the name of a process that sends alone, beside which no worker may."""
        if self._row(_SHARE, (self._sender,))[0]:
            return ""
        return name_of_holder(self._row(HOLDER, (self._sender,)))

    def hold(self, name: str, seconds: float | None = None) -> bool:
        """Takes or renews the lease of a name for some seconds; None: for as long as this worker is there, for a lane.

        Returns False if another worker has it. A worker is there as long as it has a heartbeat, or this session.
        """
        return bool(self._row(_HOLD, {"name": name, "worker": self._worker, "seconds": seconds}))

    def release(self, name: str) -> None:
        """Ends the lease of a name, if this worker has it."""
        self._row(_RELEASE, {"name": name, "worker": self._worker})

    def reserve(self, token: str, gap: float, ahead: float) -> Reservation:
        """Takes a slot of a token, `gap` seconds after the one before, if that is at most `ahead` seconds from now."""
        found = self._row(_RESERVE, {"token": token, "gap": gap, "ahead": ahead})
        if found:
            return Reservation(max(0.0, found[0]))
        until, rest = self._row(_STATE, (token,)) or (0.0, 0.0)
        return Reservation(None, max(0.0, until - ahead), rest)

    def rest(self, token: str, seconds: float) -> None:
        """Stores that the platform asked for a rest of the whole token."""
        self._row(_REST, {"token": token, "rest": seconds})

    def close(self) -> None:
        """Ends the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _row(self, statement: str, values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of the driver
        """The first row that a statement returns, () if there is none."""
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
    """Who holds the sender lock, from a row of `HOLDER`; "?" if the server does not tell."""
    return str(row[0]).removeprefix("paperwire ") if row else "?"


# -------------------------------------------------------------------------------------------------------------- server


CONNECTIONS = 3  # of one process for its transactions, at most: more would only wait for the one interpreter
_ENGINE = "procrastinate"  # how the names of the engine's own tables begin
_TABLES = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
_IS_MADE = "SELECT to_regclass('key_value') IS NOT NULL"
_WRITE_NOTHING = """
    WITH added AS (INSERT INTO key_value SELECT * FROM key_value WHERE false),
    changed AS (UPDATE key_value SET value = value WHERE false)
    DELETE FROM key_value WHERE false
"""
_MAKE = "CREATE TABLE key_value ()"
_REVISION = sa.text("SELECT version_num FROM alembic_version")
_SENDER = 7_250_012_023  # a number of ours: whose session holds it, sends
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_TAKE = f"SELECT pg_try_advisory_lock({_SENDER})"
# A plan that was made while a table was small is kept as long as its session, also that of a reference's check: in a morning of
# 100,000 chats each job was checked by reading all of them. No statement of `run` has to read a whole table that grows.
_PLANS = "-c enable_seqscan=off -c jit=off"
# A worker that is stopped within a transaction would hold its rows, and everybody up, for as long as it is stopped.
_STOPPED = "-c idle_in_transaction_session_timeout=60000"
_SESSION = {  # options of each connection; the address may set those of libpq, too
    "application_name": "paperwire",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",
}


class PostgresDatabase:
    """A database on a server.

    It locks row by row, and a statement sees what was committed before the statement began. So a writing transaction
    first holds rows (`conflicts.hold`) and then reads what depends on them. A reading transaction sees one state from
    its first statement to its last.
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
                Sentence("PostgreSQL needs parts of paperwire that are not installed."),
                Sentence("Install them: pip install 'paperwire[cluster]'"),
            ) from error
        self.errors: tuple[type[Exception], ...] = (SharedSession, self._driver_error)

    def engine(self, patience: float) -> Engine:
        """One process has a bounded number of connections: a server has few."""
        self._session = f"{words.OURS} {_PLANS} {_STOPPED} -c timezone=UTC -c lock_timeout={int(patience * 1000)}"
        self._engine = sa.create_engine(
            self.url,
            paramstyle="format",  # so that rows are given as tuples (bulk.py)
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=patience,
            connect_args={**_SESSION, **self.url.query, "options": self._session},
        )
        words.prepare_sessions(self._engine)
        words.copy_rows(self._engine)
        return self._engine

    def prepare(self, connection: Any) -> None:  # noqa: ANN401 - psycopg's
        """Lets the driver begin no transactions."""
        connection.autocommit = True  # we say BEGIN ourselves

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Says whether the transaction may write, so that a server that takes no writes refuses at once."""
        connection.exec_driver_sql(_WRITING if writes else _READ)

    def changes(self, connection: object) -> int:  # noqa: ARG002 - as on SQLite
        """Another number each time: a transaction that was committed has shown that writes are taken."""
        return next(self._changes)

    def exists(self) -> bool:
        """Whether a schema of ours was made."""
        return self.revision() is not None

    def mark(self) -> object | None:
        """Not known without asking the server."""
        return None

    def version(self) -> object | None:
        """Not known, as `mark`."""
        return None

    def revision(self) -> str | None:
        """The schema's revision; None for a database without one. Raises StoreError for a database of another program."""
        with self._engine.connect() as connection:
            tables = connection.execute(_TABLES).scalars()
            if not is_ours((name for name in tables if not name.startswith(_ENGINE)), self.where):
                return None
            found: str | None = connection.execute(_REVISION).scalar()
            return found

    def protect(self) -> None:
        """Does nothing: a server keeps its own files."""

    def make_place(self) -> None:
        """Does nothing: the database was made on its server."""

    def backup(self, target: Path) -> None:  # noqa: ARG002 - as on SQLite
        """Raises StoreError: PostgreSQL has its own way."""
        raise StoreError(
            Sentence("The database {where} is copied by PostgreSQL's own programs.", {"where": self.where}),
            Sentence("pg_dump --format=custom makes a copy, pg_restore puts it back (docs/operating.md)."),
        )

    def try_to_write(self, patience: float) -> None:  # noqa: ARG002 - as on SQLite
        """Begins to write, and takes it back: a server that takes no writes refuses that, and a user may lack the rights."""
        with self._engine.connect() as connection, connection.execution_options(paperwire_write=True).begin() as begun:
            is_made = connection.exec_driver_sql(_IS_MADE).scalar_one()
            connection.exec_driver_sql(_WRITE_NOTHING if is_made else _MAKE)
            begun.rollback()

    def close(self, *, wrote: bool) -> None:
        """Does nothing: the server has its own log."""

    def is_full(self, least_room: int) -> bool:  # noqa: ARG002 - as on SQLite
        """False: the disk is the server's, and a write shows whether it is full."""
        return False

    @contextmanager
    def sending(self, name: str) -> Iterator[str]:
        """Holds the sender lock under a name while the body runs. Yields "", or the name of a process that holds it."""
        with closing(self._connect()) as connection:  # its own session, which ends with the lock
            connection.execute(_CALLED, (f"paperwire {name}",))
            is_taken = connection.execute(_TAKE).fetchone() == (True,)
            yield "" if is_taken else name_of_holder(connection.execute(HOLDER, (_SENDER,)).fetchone())

    def side_session(self, worker: str, process: str) -> SideSession:
        """A session for a worker, by its id and, for those who look, its number and machine.

        It shares the sender lock, also after the server restarts, so no process sends alone meanwhile.
        """
        return SideSession(self._connect, worker, f"{_WORKER}{worker[:_SHORT]} {process}", _SENDER)

    def _connect(self) -> Any:  # noqa: ANN401 - psycopg's
        connection = self._engine.dialect.connect(**self.connect_arguments())
        connection.autocommit = True
        return connection

    def connect_arguments(self) -> dict[str, Any]:
        """By which words the driver connects, with the password."""
        _, named = self._engine.dialect.create_connect_args(self.url)
        return {**named, **_SESSION, **self.url.query, "options": self._session}

    def translated(self, error: Exception, where: str) -> Exception:
        """An error of the driver or of the system as a sentence that calls the database `where`."""
        if isinstance(error, self._driver_error):  # of a connection that is used without SQLAlchemy
            error = DBAPIError.instance(None, None, error, self._driver_error)
        return translated(error, where, password=self.url.password)


def _name(url: URL) -> str:
    """The name of a database in errors: its server and its own name, without who asks."""
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.database or url.username or 'postgres'} on {host if isinstance(host, str) else ', '.join(host)}{port}"


# -------------------------------------------------------- what the schema has on PostgreSQL beside the declared tables


_TEXT = re.compile(r"\bVARCHAR(\(\d+\))?")
_JOBS = (  # of the engine of several workers
    # The schema of procrastinate 3.10.0, as it is (MIT licence, copyright PeopleDoc, Joachim Jablon and others). A later
    # version may need a revision of ours; tests/integration/test_schema_of_jobs.py compares, and says which.
    Path(__file__).with_name("jobs.sql").read_text("utf-8"),
    # Finds the jobs of a lane; without it, or without statistics, each look for a job sorts all that wait.
    """
    CREATE INDEX procrastinate_jobs_of_lock ON procrastinate_jobs (lock, priority DESC, id)
    WHERE status IN ('todo', 'doing') AND lock IS NOT NULL
    """,
    "ANALYZE procrastinate_jobs",
)
BESIDE_TABLES = (*words.PAPER_WORDS, *_JOBS, RATES)


def collated(column: str) -> str:
    """The declaration of a column as SQLAlchemy writes it → as we have it."""
    return _TEXT.sub(r'VARCHAR\1 COLLATE "C"', column)


@compiles(CreateColumn, "postgresql")
def _column(element: CreateColumn, compiler: Any, **named: Any) -> str | None:  # noqa: ANN401 - as SQLAlchemy has them
    found: str | None = compiler.visit_create_column(element, **named)
    return None if found is None else collated(found)
