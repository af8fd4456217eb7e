"""A PostgreSQL database: its connections and timeouts, and its errors as sentences."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

from subscriptions import errors
from subscriptions.database.refusals import (
    LOCKED,
    NOT_OPENED,
    NOT_WRITABLE,
    KnownError,
    full_error,
    is_ours,
    wrong_setting,
)
from subscriptions.errors import Sentence, StoreError

CONNECTIONS = 3  # connections of a process for its transactions; more would only wait for Python's interpreter lock
_TABLES = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
_IS_MADE = "SELECT to_regclass('key_value') IS NOT NULL"
_WRITE_NOTHING = """
    WITH added AS (INSERT INTO key_value SELECT * FROM key_value WHERE false),
    changed AS (UPDATE key_value SET value = value WHERE false)
    DELETE FROM key_value WHERE false
"""
_MAKE = "CREATE TABLE key_value ()"
_REVISION = sa.text("SELECT version_num FROM alembic_version")
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# One transaction writes at a time, as on SQLite: no other program changes what it has read. The lock ends after the commit,
# and is the same for all of paperwire's programs.
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(7250012022)"
# A session keeps plans that were made while a table was small, even plans of foreign-key checks. With 100,000 chats in
# one morning, each such check read a whole table. So reading whole tables is off, since no statement of `run` has to read a
# whole growing table.
_PLANS = "-c enable_seqscan=off -c jit=off"
# A process that is stopped (SIGSTOP) within a transaction would keep all others from writing. The limit ends its session.
_STOPPED = "-c idle_in_transaction_session_timeout=30000"
_SESSION = {  # options of each connection; the database URL may override them and add other options of libpq
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",
}
_CLOSELY_WATCHED = {
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
_OURS = "-c paperwire.session=whole"  # if a session lacks this option, a pooler may share it between clients
_ASK = "SELECT current_setting('paperwire.session', true)"
_NUL, _INSTEAD = "\0", "\ufffd"  # NUL, and the replacement character that is stored instead
_TEXT = re.compile(r"\bVARCHAR(\(\d+\))?")
# COPY takes a tenth of the driver's time and two thirds of the server's time that INSERT takes.
_LEAST = 20  # rows for which COPY is used; for fewer, single inserts are as fast
_PLAIN = re.compile(r"INSERT INTO (?P<into>[\w.\"]+ \([^()]+\)) VALUES \((?:%s(?:::[\w ]+)?(?:, )?)+\)")
_AGAIN = Sentence(
    "paperwire run tries again by itself; give any other subcommand again. Look at the server's log if it goes on."
)
_KNOWN = (  # errors while connecting have no SQLSTATE, so the words of their message decide
    KnownError(
        states=("28", "3D000", "3F000", "42501", "42P01", "42703"),
        words=(
            "authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "does not exist",
            "invalid connection option",
            "invalid sslmode value",
            "invalid integer value",
            "bad value for",
        ),
        sentence=Sentence("The database {where} cannot be used: {why}."),
        hint=Sentence("Check PAPERWIRE_DATABASE_URL, and that its user is the owner of the database."),
        cause=NOT_OPENED,
        passes=False,
    ),
    KnownError(
        states=("25006",),
        words=("read-only", "during recovery"),
        sentence=Sentence("The database {where} cannot be written to."),
        hint=Sentence("Name the primary server in PAPERWIRE_DATABASE_URL, or end its read-only mode."),
        cause=NOT_WRITABLE,
        for_everybody=True,
    ),
    KnownError(
        states=("57014",),
        sentence=Sentence("The database {where} breaks off what takes too long: {why}."),
        hint=Sentence(
            "Give paperwire's user a longer statement_timeout, or none: ALTER ROLE … RESET statement_timeout."
        ),
        cause="its statement_timeout is too short",
        for_everybody=True,
    ),
    KnownError(
        states=("55P03", "40P01", "40001"),
        sentence=Sentence("The database {where} is locked by another program."),
        hint=Sentence("Close what holds it, then try again."),
        cause=LOCKED,
        for_everybody=True,
    ),
    KnownError(
        states=("XX001", "XX002"),
        sentence=Sentence("The database {where} is damaged."),
        hint=Sentence("Restore a copy with pg_restore."),
    ),
)
_POOLER = KnownError(
    words=("unsupported startup parameter",),
    sentence=Sentence(
        "A connection pooler is in front of the database {where} and does not pass on what paperwire asks."
    ),
    hint=Sentence("Name PostgreSQL itself in PAPERWIRE_DATABASE_URL, not the pooler."),
    cause=NOT_OPENED,
    passes=False,
)
_ENCODING = KnownError(
    sentence=Sentence("The database {where} has the encoding {encoding}, and not every text fits into it."),
    hint=Sentence(
        "Make one with createdb --encoding=UTF8 --template=template0, and name it in PAPERWIRE_DATABASE_URL."
    ),
    cause=NOT_OPENED,
    passes=False,
)
_GONE = KnownError(
    sentence=Sentence("The server of the database {where} gives no connection: {why}."),
    hint=Sentence(
        "Check PAPERWIRE_DATABASE_URL and the server's log. paperwire run tries again by itself; give any other subcommand again."
    ),
    cause="its server gives no connection",
    for_everybody=True,
    wrong_usage=True,
)
_BUSY = KnownError(
    sentence=Sentence("All connections of this process to the database {where} are in use."),
    hint=_AGAIN,
    cause="its connections are all in use",
    for_everybody=True,
)
_DISK_FULL = "53100"
_VAGUE = "0A000"  # "feature not supported" has many causes; only the message tells which


class SharedSession(Exception):
    """Raised if a pooler did not pass on the options of a session, so that other clients may share the session."""


class WrongEncoding(Exception):
    """Raised if a database cannot hold every text. Its text is the name of the database's encoding."""


class PostgresDatabase:
    """A database on a server.

    Writing transactions take turns, and each statement of one sees all that was committed before. In a reading
    transaction, all statements see the same state.
    """

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self.file: Path | None = None
        self.where = _name(url)
        try:
            driver: Any = self.url.get_dialect().import_dbapi()
        except ModuleNotFoundError as error:
            raise wrong_setting(
                Sentence("PostgreSQL needs parts of paperwire that are not installed."),
                errors.install_extra("postgresql"),
            ) from error
        self._driver_error: type[Exception] = driver.Error
        self._texts = _text_dumper(driver)
        self.errors: tuple[type[Exception], ...] = (SharedSession, WrongEncoding, self._driver_error)

    def engine(self, patience: float, process: str) -> Engine:
        """Make the engine. The number of its connections is limited, because a server allows only a few.

        They have the name of their process (`store.role`).
        """
        own = f"{_OURS} {_PLANS} {_STOPPED} -c timezone=UTC -c lock_timeout={int(patience * 1000)}"
        theirs = self.url.query.get("options") or os.environ.get("PGOPTIONS", "")
        options = f"{theirs if isinstance(theirs, str) else ' '.join(theirs)} {own}"  # of two values the last counts
        ours = {"application_name": f"paperwire {process}", "options": options, "client_encoding": "UTF8"}
        self._arguments = {**_SESSION, **self.url.query, **ours}
        self._engine = sa.create_engine(
            self.url,
            paramstyle="format",  # so that rows are tuples for `_copy_rows`
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=patience,
            connect_args=self._arguments,
        )
        _copy_rows(self._engine)
        return self._engine

    def prepare(self, connection: Any) -> None:  # noqa: ANN401 - psycopg's
        """Check and set up a connection. Raise SharedSession, WrongEncoding.

        In a shared session each process would have the role, so that two processes would send.
        """
        connection.autocommit = True  # we execute BEGIN ourselves
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in {"UTF8", None}:
            connection.close()
            raise WrongEncoding(encoding)
        if connection.execute(_ASK).fetchone() != ("whole",):
            connection.close()
            raise SharedSession
        connection.adapters.register_dumper(str, self._texts)

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Begin a transaction, and tell the server whether it may write.

        A read-only server refuses a writing transaction at once.
        """
        connection.exec_driver_sql(_WRITING if writes else _READ)

    def exists(self) -> bool:
        """Whether the database has paperwire's schema."""
        return self.revision() is not None

    def revision(self) -> str | None:
        """Return the schema's revision; None if the database has no schema.

        Raise StoreError for a database of another program.
        """
        with self._engine.connect() as connection:
            tables = connection.execute(_TABLES).scalars()
            if not is_ours(tables, self.where):
                return None
            found: str | None = connection.execute(_REVISION).scalar()
            return found

    def protect(self) -> None:
        """Do nothing: the server protects its own files."""

    def make_place(self) -> None:
        """Do nothing: the operator has created the database on the server."""

    def backup(self, target: Path, identity: str) -> None:  # noqa: ARG002 - as on SQLite
        """Raise StoreError: PostgreSQL has its own programs for backups."""
        raise StoreError(
            Sentence("The database {where} is copied by PostgreSQL's own programs.", {"where": self.where}),
            Sentence("pg_dump --format=custom makes a copy, pg_restore puts it back (docs/operating.md)."),
        )

    def try_to_write(self, patience: float) -> None:  # noqa: ARG002 - as on SQLite
        """Execute writes that change nothing, and rolls them back.

        Raise an error if the server is read-only or if the database's user may not write.
        """
        with self._engine.connect() as connection, connection.execution_options(paperwire_write=True).begin() as begun:
            is_made = connection.exec_driver_sql(_IS_MADE).scalar_one()
            connection.exec_driver_sql(_WRITE_NOTHING if is_made else _MAKE)
            begun.rollback()

    def empty_log(self) -> None:
        """Do nothing: the server has its own log."""

    def is_full(self, least_room: int) -> bool:  # noqa: ARG002 - as on SQLite
        """Return False: the disk belongs to the server, and only a write shows whether it is full."""
        return False

    def session(self) -> Any:  # noqa: ANN401 - psycopg's
        """Open a connection with autocommit, whose end this server and this process notice within 15 seconds.

        Raise errors of the driver.
        """
        _, named = self._engine.dialect.create_connect_args(self.url)  # with the password
        connection = self._engine.dialect.connect(**{**named, **self._arguments, **_CLOSELY_WATCHED})
        connection.autocommit = True
        return connection

    def translated(self, error: Exception, where: str) -> Exception:
        """Translate an error of the driver or the system to one with a sentence that calls the database `where`."""
        if isinstance(error, self._driver_error):  # the error comes from a connection that is used without SQLAlchemy
            error = DBAPIError.instance(None, None, error, self._driver_error)
        if isinstance(error, PoolTimeout):
            return _BUSY.error(where)
        if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
            return error
        cause = getattr(error, "orig", error)
        state, message = getattr(cause, "sqlstate", None) or "", _message(cause, self.url.password)
        state = "" if state == _VAGUE else state
        if state == _DISK_FULL:
            return full_error(where)
        found = _UNUSABLE.get(type(error)) or _known(state, message)
        if found is not None:
            return found.error(where, encoding=message, why=message)
        if isinstance(error, OperationalError | InterfaceError | OSError):
            return _GONE.error(where, why=message.rpartition("failed: ")[2])
        return error


def _name(url: URL) -> str:
    """Return the name of a database for errors: "DATABASE on SERVER", without user and password."""
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.database or url.username or 'postgres'} on {host if isinstance(host, str) else ', '.join(host)}{port}"


def _text_dumper(driver: Any) -> Any:  # noqa: ANN401 - psycopg, which is imported only if PostgreSQL is used
    """Return the class that converts texts for the server.

    PostgreSQL, unlike SQLite, cannot store the character NUL. So another character replaces it in rows and searches.
    Texts of people and digests never have a NUL; texts of an imported file may.
    """

    class Text(driver.types.string.StrDumper):  # type: ignore[misc]
        """Converts texts for the server, as psycopg does, but without NUL."""

        def dump(self, obj: str) -> bytes | None:
            """Return the bytes of a text, where the replacement character replaces NUL."""
            sent: bytes | None = super().dump(obj.replace(_NUL, _INSTEAD) if _NUL in obj else obj)
            return sent

    return Text


def collated(column: str) -> str:
    """Add the collation "C" to the declaration of a text column that SQLAlchemy wrote."""
    return _TEXT.sub(r'VARCHAR\1 COLLATE "C"', column)


@compiles(CreateColumn, "postgresql")
def _column(element: CreateColumn, compiler: Any, **named: Any) -> str | None:  # noqa: ANN401 - as SQLAlchemy has them
    found: str | None = compiler.visit_create_column(element, **named)
    return None if found is None else collated(found)


def _copy_rows(engine: sa.Engine) -> None:
    """Make an engine use COPY for plain inserts of many rows.

    Inserts with a conflict clause or RETURNING do not change. Triggers, defaults and foreign keys work as with an
    insert. If the database refuses one row, it inserts none.
    """

    @sa.event.listens_for(engine, "do_executemany")
    def _copied(cursor: Any, statement: str, parameters: Sequence[Any], _context: object) -> bool:  # noqa: ANN401 - psycopg's
        found = _PLAIN.fullmatch(statement)
        if found is None or len(parameters) < _LEAST or not isinstance(parameters[0], tuple):
            return False
        with cursor.copy(f"COPY {found['into']} FROM STDIN") as copy:
            for row in parameters:
                copy.write_row(row)
        return True


_UNUSABLE: Mapping[type[Exception], KnownError] = {SharedSession: _POOLER, WrongEncoding: _ENCODING}


def _known(state: str, message: str) -> KnownError | None:
    for known in (*_KNOWN, _POOLER):
        if state.startswith(known.states) if state else any(word in message for word in known.words):
            return known
    return None


def _message(error: object, password: str | None) -> str:
    """Return the server's message, or the last line of the driver's that is not a question, without the password."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.endswith("?")]
    said = (primary or (lines[-1] if lines else type(error).__name__)).rstrip(".")
    if password:
        return said.replace(password, "***")
    return said
