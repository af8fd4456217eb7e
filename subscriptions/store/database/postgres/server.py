"""A database of PostgreSQL: on a server, which several processes on several machines may use."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError

from subscriptions.errors import Sentence, StoreError
from subscriptions.store.database.kind import OpenSession, Sharing, SideSession, wrong_setting
from subscriptions.store.database.postgres.side_session import (
    HOLDER,
    PostgresSideSession,
    name_of_holder,
    open_sessions,
    session_name,
)
from subscriptions.store.database.postgres.words import (
    OURS,
    PostgresSharing,
    SharedSession,
    copy_rows,
    prepare_sessions,
    translated,
)

CONNECTIONS = 3  # of one process for its transactions, at most: more would only wait for the one interpreter
_OURS = frozenset({"alembic_version", "paper"})  # tables of every database of ours
_ENGINE = "procrastinate"  # how the names of the engine's own tables begin
_TABLES = text("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
_IS_MADE = "SELECT to_regclass('key_value') IS NOT NULL"
_WRITE_NOTHING = """
    WITH added AS (INSERT INTO key_value SELECT * FROM key_value WHERE false),
    changed AS (UPDATE key_value SET value = value WHERE false)
    DELETE FROM key_value WHERE false
"""
_MAKE = "CREATE TABLE key_value ()"
_REVISION = text("SELECT version_num FROM alembic_version")
_SENDER = 7_250_012_023  # a number of ours: whose session holds it, sends
_TAKE = f"SELECT pg_try_advisory_lock({_SENDER})"
_CALLED = "SELECT set_config('application_name', %s, false)"
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
    """A database on a server. See Kind."""

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self.file: Path | None = None
        self.where = _name(url)
        self.sharing: Sharing = PostgresSharing()
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
        self._session = f"{OURS} {_PLANS} {_STOPPED} -c timezone=UTC -c lock_timeout={int(patience * 1000)}"
        self._engine = create_engine(
            self.url,
            paramstyle="format",  # so that rows are given as tuples (bulk.py)
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=patience,
            connect_args={**_SESSION, **self.url.query, "options": self._session},
        )
        prepare_sessions(self._engine)
        copy_rows(self._engine)
        return self._engine

    def exists(self) -> bool:
        """Whether a schema of ours was made."""
        return self.revision_in(self._engine.connect) is not None

    def mark(self) -> object | None:
        """Not known without asking the server."""
        return None

    def version(self) -> object | None:
        """Not known, as `mark`."""
        return None

    def revision_in(self, read: Callable[[], AbstractContextManager[Connection]]) -> str | None:
        """See Kind. Raises StoreError for a database of another program."""
        with read() as connection:
            tables = {name for (name,) in connection.execute(_TABLES) if not name.startswith(_ENGINE)}
            if not tables:
                return None
            if not tables >= _OURS:
                raise wrong_setting(
                    Sentence("The database {where} holds tables that are not paperwire's.", {"where": self.where}),
                    Sentence("Name another database in PAPERWIRE_DATABASE_URL."),
                )
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
        """See Kind. Does nothing: the server has its own log."""

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
        """See Kind. It shares the sender lock, also after the server restarts, so no process sends alone meanwhile."""
        return PostgresSideSession(self._connect, worker, session_name(worker, process), _SENDER)

    def open_sessions(self, connection: Connection) -> Sequence[OpenSession]:
        """See Kind."""
        return open_sessions(connection)

    def _connect(self) -> Any:  # noqa: ANN401 - psycopg's
        connection = self._engine.dialect.connect(**self.connect_arguments())
        connection.autocommit = True
        return connection

    def connect_arguments(self) -> dict[str, Any]:
        """See Kind."""
        _, named = self._engine.dialect.create_connect_args(self.url)
        return {**named, **_SESSION, **self.url.query, "options": self._session}

    def translated(self, error: Exception, where: str) -> Exception:
        """See Kind."""
        if isinstance(error, self._driver_error):  # of a connection that is used without SQLAlchemy
            error = DBAPIError.instance(None, None, error, self._driver_error)
        return translated(error, where, password=self.url.password)


def _name(url: URL) -> str:
    """The name of a database in errors: its server and its own name, without who asks."""
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.database or url.username or 'postgres'} on {host if isinstance(host, str) else ', '.join(host)}{port}"
