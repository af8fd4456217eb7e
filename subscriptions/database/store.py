"""The database and its transactions: how long a write waits for a lock, and how many copies are kept."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import Session, select

from subscriptions.database import copies as files
from subscriptions.database import schema
from subscriptions.database.columns import AnyRow, Row
from subscriptions.database.postgres import PostgresDatabase
from subscriptions.database.refusals import full_error, wrong_setting
from subscriptions.database.sqlite import SqliteFile
from subscriptions.database.tables import TABLES
from subscriptions.database.write_queue import WriteQueue
from subscriptions.errors import LeadershipLost, NotFound, Sentence, StoreError
from subscriptions.schedule.calendar import Schedules
from subscriptions.schedule.zones import zone

Kind = SqliteFile | PostgresDatabase
BUSY_SECONDS = 10.0  # how long a write waits for a lock of another program
PROBE_SECONDS = 0.2  # how long a probe waits for a lock
LEAST_FREE = 16 * 1024 * 1024  # bytes; with less free space, the next plan or digest may not fit on the disk
CHUNK = 500  # most values in one IN (…)
P = ParamSpec("P")
K = TypeVar("K")
V = TypeVar("V")
Work = Callable[Concatenate["Transaction", P], V]  # a function of a transaction
# locks the row that whoever takes the role deletes, but does not hinder a beat of this process (store/role.py)
_HAS_ROLE = sa.text("SELECT 1 FROM role WHERE term = :term FOR KEY SHARE")


class ReadOnlyError(Exception):
    """Raised if code tries to write in a transaction that only reads."""


class Step(NamedTuple, Generic[V]):
    """A part of a longer job, and the transaction that it needs."""

    work: Callable[["Transaction"], V]
    writes: bool = True


class Transaction(Session):
    """One transaction of the database, which functions get to read and write.

    All that is done in it is committed together, and a function sees what earlier ones wrote. An error undoes the whole
    transaction, unless it is raised in a `savepoint`. Only the thread that began a Transaction may use it.
    """

    def __init__(self, store: "Store", bind: Engine | Connection) -> None:
        super().__init__(bind, expire_on_commit=False)
        self.store = store
        self.dialect = bind.dialect.name  # "sqlite" or "postgresql"
        self.changed_chats: set[int] = set()  # ids of chats whose state or subscriptions were changed
        self.confirmed_chats: set[int] = set()  # ids of chats whose new or known subscription was confirmed to a person
        self.begun_changes: dict[int, int] = {}  # chat id → id of the change that this transaction stored, for undo
        self._has_role = False  # whether this is known in this transaction

    @property
    def zone(self) -> str:
        """The operator's time zone, for chats that chose none."""
        return self.store.zone

    def day_of(self, moment: datetime) -> date:
        """Return the day of a moment in the operator's zone."""
        return moment.astimezone(zone(self.zone)).date()

    def finds(self, *where: sa.ColumnElement[bool] | bool) -> bool:
        """Whether any row meets these conditions."""
        return self.exec(select(1).where(*where).limit(1)).first() is not None

    def count(self, *where: sa.ColumnElement[bool] | bool) -> int:
        """Return the number of rows that meet these conditions."""
        return self.exec(select(sa.func.count()).where(*where)).one()

    def remove(self, of: type[Row], /, *where: sa.ColumnElement[bool], **values: object) -> int:
        """Remove the rows of a table that meet these conditions and have these values. Return how many there were.

        The conditions name columns of the class `of`, so that objects that were read before are known to be gone.
        """
        return self.exec(sa.delete(of).filter_by(**values).where(*where)).rowcount

    def insert_new(self, row: Row, *keys: str) -> bool:
        """Insert a row unless a row with the same `keys` exists. Return whether the row was inserted.

        `keys` are the columns of a unique constraint; without them, the columns of the primary key count. Nobody else
        writes meanwhile (docs/architecture.md, rule 15).
        """
        table = TABLES.tables[str(row.__tablename__)]
        names = keys or table.primary_key.columns.keys()
        if self.finds(*(table.c[name] == getattr(row, name) for name in names)):
            return False
        self.add(row)
        self.flush()
        return True

    def execute_rows(self, statement: sa.Insert | sa.Update, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement once for each row: the values of its parameters by their names."""
        if rows:
            execute(self, statement, rows)

    @contextmanager
    def savepoint(self) -> Iterator["Transaction"]:
        """Begin a part of this transaction. An error undoes only this part, so the caller can handle it and continue."""
        before = set(self.changed_chats), dict(self.begun_changes)
        try:
            with self.begin_nested():
                self.connection()  # begins the savepoint also on the connection, which `execute` uses directly
                yield self
        except BaseException:
            self.changed_chats, self.begun_changes = before
            raise

    def refuse_without_role(self) -> None:
        """Raise LeadershipLost if this process had the role on a server and another one has taken it.

        Otherwise, nobody takes it until this transaction ends.
        """
        if self._has_role or self.store.term is None:
            return
        if not self.connection().execute(_HAS_ROLE, {"term": self.store.term}).first():
            raise LeadershipLost(f"Another process works on the database {self.store.where} now.")
        self._has_role = True


class Store:
    """One database. All reading and writing happens in transactions, and the caller says of which kind."""

    def __init__(
        self,
        url: str,
        *,
        zone: str = "UTC",
        schedules: Schedules | None = None,
        encoder: str = "",
        has_model: bool = False,
    ) -> None:
        """`url` is a URL of SQLAlchemy. The database is not opened yet. Raises StoreError.

        Args:
            url: A file of SQLite or a database of PostgreSQL.
            zone: The operator's time zone, for chats that chose none.
            schedules: Reads the stored schedules of sources.
            encoder: The name of this process's encoder; "" if meaning is off.
            has_model: Whether this process has a language model.
        """
        self.zone = zone
        self.schedules = schedules or Schedules()
        self.encoder = encoder
        self.ends_soon = False  # whether this process does one round, so that nothing can be sent later
        self.has_model = has_model
        self.encoding: frozenset[str] = frozenset()  # texts whose vectors this process makes now
        # source that this process reads now → (papers that are ready, papers of the digest; 0: that is not known yet)
        self.being_read: dict[str, tuple[int, int]] = {}
        self.questions: Mapping[str, bytes] = {}  # text → its vector by that encoder (`store.meanings.keep_questions`)
        self.kind = _kind_of(url)
        self.url = self.kind.url
        self.where = self.kind.where  # the database's name in errors: its file or server, not its URL
        self.process = uuid4().hex  # the name of this process in the database
        self.term: int | None = None  # the term of this process on a server, once it has the role (`store.role`)
        self.commits = 0  # number of transactions of this process that could write and were committed
        self._turns = WriteQueue(self.write_group, self.where)
        self._errors: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, *self.kind.errors)
        self._engine = _engine(self.kind, self.process)
        self._writer = self._engine.execution_options(paperwire_write=True)

    @property
    def path(self) -> Path:
        """The file of the database. Raises RuntimeError if it is on a server; check `kind.file` first."""
        if self.kind.file is None:
            raise RuntimeError("This database is not in a file.")
        return self.kind.file

    @property
    def server(self) -> PostgresDatabase:
        """The database on a server. Raises TypeError if it is in a file."""
        if isinstance(self.kind, SqliteFile):
            raise TypeError("This database is in a file: one process has it.")
        return self.kind

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Begin a transaction that reads one state of the database. Raise ReadOnlyError if it writes, and StoreError."""
        with self.translated_errors(), self._begun(self._engine) as transaction:
            yield transaction

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Begin a transaction that may write. Commit it at the end, roll it back on any error.

        Raise StoreError, and LeadershipLost if another process has taken the role.
        """
        with self.write_group() as transaction:
            transaction.refuse_without_role()
            yield transaction

    @contextmanager
    def write_group(self) -> Iterator[Transaction]:
        """Like `writing`, but the caller says for each of its parts whether it needs the role."""
        with self.translated_errors(), self._begun(self._writer) as transaction:
            yield transaction
            transaction.flush()
        self.commits += 1

    def read_now(self, work: Work[P, V], /, *args: P.args, **named: P.kwargs) -> V:
        """Do work in a `reading` transaction, and return its result."""
        with self.reading() as transaction:
            return work(transaction, *args, **named)

    def write_now(self, work: Work[P, V], /, *args: P.args, **named: P.kwargs) -> V:
        """Do work in a `writing` transaction, and return its result."""
        with self.writing() as transaction:
            return work(transaction, *args, **named)

    def step_now(self, step: Step[V]) -> V:
        """Do a step in the transaction that it needs, and return its result."""
        return (self.write_now if step.writes else self.read_now)(step.work)

    async def read(self, work: Work[P, V], /, *args: P.args, **named: P.kwargs) -> V:
        """Do work from the event loop, in a thread and a `reading` transaction. Return its result or raise its error."""
        return await asyncio.to_thread(self.read_now, work, *args, **named)

    async def write(self, work: Work[P, V], /, *args: P.args, **named: P.kwargs) -> V:
        """Do work in a `writing` transaction, when it is its turn (`WriteQueue`). Return its result or raise its error.

        If the caller is cancelled, what has to be written is written nevertheless.
        """
        return await self._in_turn(lambda transaction: work(transaction, *args, **named))

    async def share(self, work: Work[P, V], /, *args: P.args, **named: P.kwargs) -> V:
        """Like `write`, but the commit may be shared with others that wait for their turn.

        So the writes of ten senders take little more time than one write. If another one of the same commit fails, the
        work is done a second time, so it must not do anything except write.
        """
        return await self._in_turn(lambda transaction: work(transaction, *args, **named), shares=True)

    async def confirm(self, work: Work[P, V], /, *args: P.args, **named: P.kwargs) -> V:
        """Like `share`, for work that stores what became of a post.

        A process may do it that has lost the role meanwhile, since nobody else knows what became of the post.
        """
        return await self._in_turn(lambda transaction: work(transaction, *args, **named), shares=True, fenced=False)

    async def step(self, step: Step[V]) -> V:
        """Like `step_now`, from the event loop."""
        return await (self.write if step.writes else self.read)(step.work)

    async def _in_turn(self, work: Callable[[Transaction], V], *, shares: bool = False, fenced: bool = True) -> V:
        def part(transaction: Transaction) -> V:
            if fenced:
                transaction.refuse_without_role()
            with self.translated_errors():
                done = work(transaction)
                transaction.flush()
            return done

        done: V = await asyncio.shield(asyncio.ensure_future(self._turns.write(part, shares=shares)))
        return done

    @contextmanager
    def _begun(self, bind: Engine) -> Iterator[Transaction]:
        with Transaction(self, bind) as transaction, transaction.begin():
            transaction.connection()  # begins the transaction at once, so that a writer waits here for other writers
            yield transaction

    def exists(self) -> bool:
        """Whether the database exists. Raises StoreError if this cannot be found out."""
        with self.translated_errors():
            return self.kind.exists()

    def open(self, *, now: datetime, copies: Path | None = None, make: bool = True, identity: str = "") -> None:
        """Upgrade the schema to the newest one. Before an upgrade, copy the database into the folder `copies`.

        If there is no database, make it and its folder, or raise NotFound if not `make`. A database without an id gets
        `identity`, or a new one. Raises StoreError.
        """
        identity = identity or uuid4().hex
        with self.translated_errors():
            revision = self.known_revision()
            if revision is not None:
                self.kind.protect()
            if revision == schema.HEAD:
                return
            if revision is None and not make:
                raise self.missing()
            if revision is not None and copies is not None and self.kind.file is not None:
                self.copy_into(copies, f"before-{schema.HEAD}", now, identity=identity)
            self.kind.make_place()
            with self._writer.begin() as connection:
                if revision is None and schema.make_schema(connection):
                    schema.put_first_values(connection, identity)
                else:
                    schema.upgrade_schema(connection, identity)

    def missing(self) -> NotFound:
        """Return the error to raise if there is no database, or only an empty file."""
        return NotFound(
            Sentence("There is no database at {path}.", {"path": self.where}),
            Sentence("The first digest or subscription makes it; PAPERWIRE_DATABASE_URL names another one."),
        )

    def revision(self) -> str | None:
        """Return the schema's revision; None if there is no database or it has no schema. Change nothing.

        Raise StoreError, also for a database of another program.
        """
        with self.translated_errors():
            return self.kind.revision()

    def known_revision(self) -> str | None:
        """Like `revision`, but also raises StoreError for a database that this version cannot upgrade."""
        revision = self.revision()
        if revision is not None:
            schema.refuse_unknown(revision, self.where)
        return revision

    def backup(self, target: Path, *, identity: str = "") -> None:
        """Write a consistent copy to a file while others read and write, and check it. Raises StoreError.

        `identity` is the id in the copy of a database that has none.
        """
        with self.translated_errors():
            self.kind.backup(target, identity)

    def copy_into(self, folder: Path, kind: str, now: datetime, *, identity: str = "") -> None:
        """Make one of the program's own copies, of a kind such as "daily".

        Only the newest seven of this kind and database are kept. See `backup` for `identity`.
        """
        identity = files.id_of(self.path) or identity
        self.backup(folder / files.copy_name(kind, self.path, identity, now), identity=identity)
        files.remove_old(folder, kind.partition("-")[0], self.path, now)

    def write_refusal(self) -> StoreError | None:
        """Return why the database accepts no writes now; None if it accepts them.

        Begins a write and rolls it back, which shows locks and missing permissions.
        """
        try:
            with self.translated_errors():
                if self.kind.is_full(LEAST_FREE):
                    return full_error(self.where)
                self.kind.try_to_write(PROBE_SECONDS)
        except StoreError as error:
            return error
        return None

    def close(self) -> None:
        """Wait for what is being written, then close all connections.

        If a transaction is open now or begins later, its connection is closed when it ends.
        """
        self._turns.close()
        sa.event.listen(self._engine.pool, "checkin", lambda _connection, record: record.invalidate())
        self._engine.dispose()  # later transactions use a new pool, which inherits the listener
        if self.commits:
            with suppress(*self._errors):
                self.kind.empty_log()

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """WriteQueue errors of the driver and the system into StoreError, with a sentence for people."""
        try:
            yield
        except self._errors as error:
            raise self.kind.translated(error, self.where) from error


def execute(
    transaction: Session,
    statement: sa.Executable,
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
) -> sa.CursorResult[*tuple[Any, ...]]:
    """Execute a statement, after the transaction has written its pending changes."""
    transaction.flush()
    return transaction.connection().execute(statement, values)


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Return key → its values, in the order of these pairs (key, value)."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def in_chunks(values: Sequence[V]) -> Iterator[Sequence[V]]:
    """Yield parts of the values, each small enough for one IN (…)."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def rows_of(
    transaction: Session,
    rows: sa.Table | sa.Select[Any],
    column: sa.ColumnElement[Any],
    many: Sequence[Any],
    **values: object,
) -> Iterator[AnyRow]:
    """Yield the rows of a table or a SELECT statement whose `column` has one of the values `many`.

    `values` are the parameters of the statement.
    """
    wanted = _among(rows, column)
    return (row for part in in_chunks(many) for row in execute(transaction, wanted, {**values, "among": part}).all())


@lru_cache(maxsize=256)
def _among(rows: sa.Table | sa.Select[Any], column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return the statement of `rows_of`. Cached, since building a statement takes as long as executing it."""
    statement = sa.select(rows) if isinstance(rows, sa.Table) else rows
    return statement.where(column.in_(sa.bindparam("among", expanding=True, type_=column.type)))


def _kind_of(address: str) -> Kind:
    """Return the database that a URL names. Raise StoreError if it is neither SQLite nor PostgreSQL."""
    with suppress(ArgumentError):
        url = make_url(address)
        match url.get_backend_name():
            case "sqlite":
                return SqliteFile(url)
            case "postgresql":
                return PostgresDatabase(url)
    raise wrong_setting(
        Sentence("PAPERWIRE_DATABASE_URL names a database that is neither SQLite nor PostgreSQL."),
        Sentence("Use sqlite:////path/of/paperwire.db or postgresql://user@host/name"),
    )


def _engine(kind: Kind, process: str) -> Engine:
    engine = kind.engine(BUSY_SECONDS, process)
    sa.event.listen(engine, "connect", lambda connection, _record: kind.prepare(connection))

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind.begin(connection, writes=_may_write(connection))

    @sa.event.listens_for(engine, "before_execute")
    def _refuse_writing(connection: Connection, statement: object, *_: object) -> None:
        if isinstance(statement, UpdateBase) and not _may_write(connection):
            raise ReadOnlyError

    return engine


def _may_write(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("paperwire_write"))
