"""The PostgreSQL of this test run, which all its processes share, with a database for each test.

And servers that a test or a

program has to itself, and may stop, restart and make read-only.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from filelock import FileLock

from subscriptions.database.store import Store
from tests.clock import NOON
from tests.postgres import cluster

_FOLDER = "TESTS_OF_PAPERWIRE_POSTGRES"  # an environment variable of the test processes
_ROOT = Path(__file__).parents[2]
_numbers = count(1)
_EMPTY = """
DO $$
DECLARE
    found RECORD;
    is_filled BOOLEAN;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid() AND backend_type = 'client backend';
    SET LOCAL session_replication_role = replica;  -- no trigger fires
    FOR found IN
        SELECT oid::regclass::text AS name FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname != 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || found.name || ')' INTO is_filled;
        IF is_filled THEN EXECUTE 'DELETE FROM ' || found.name; END IF;
    END LOOP;
    PERFORM setval(seqrelid::regclass, 1, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    DELETE FROM pg_statistic
    USING pg_class WHERE pg_class.oid = starelid AND relnamespace = current_schema()::regnamespace;
END $$
"""
_SHAPE = """
    SELECT (SELECT min(version_num) FROM alembic_version), count(*), sum(relnatts), sum(relchecks),
    (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_db_role_setting)
    FROM pg_class
"""  # the result differs after a test that changed the schema


@contextmanager
def run_of_tests() -> Iterator[None]:
    """Makes the folder of the server.

    Called in the first process of a run; when this process ends, the server ends too.
    """
    folder = cluster.short_folder()
    folder.chmod(0o755)
    os.environ[_FOLDER] = str(folder)
    os.mkfifo(folder / "run")
    held = os.open(folder / "run", os.O_RDWR)  # the server waits at the other end until no process holds this one open
    try:
        yield
    finally:
        os.close(held)
        if not (folder / "cluster").exists():
            shutil.rmtree(folder)


class Server:
    """The server of this run. The first process that needs the server starts it."""

    def __init__(self) -> None:
        self.folder = Path(os.environ[_FOLDER])
        with FileLock(self.folder / "lock"):
            if not (self.folder / "cluster").exists():
                self._start()
                self._make_template()
        self._control = psycopg.connect(self.info("postgres"), autocommit=True)
        self._lendable: list[_Lendable] = []

    def _start(self) -> None:
        started = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "tests.postgres", str(self.folder)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n", "the server did not start"
        started.stdout.close()
        started.returncode = 0  # it outlives this process, which does not wait for it

    def _make_template(self) -> None:
        with psycopg.connect(self.info("postgres"), autocommit=True) as control:
            control.execute("CREATE DATABASE template_of_tests")
        made = Store(self.url("template_of_tests"))
        made.open(now=NOON)
        made.close()

    @property
    def sockets(self) -> Path:
        """Returns the folder of the server's socket."""
        return self.folder / "cluster"

    def info(self, database: str) -> str:
        """Returns the connection string of a database for psycopg."""
        return f"host={self.folder}/cluster user={cluster.SUPERUSER} dbname={database}"

    def url(self, database: str, user: str = cluster.SUPERUSER, password: str = "") -> str:
        """Returns the address of a database in the form of PAPERWIRE_DATABASE_URL."""
        login = f"{user}:{password}" if password else user
        return f"postgresql://{login}@/{database}?host={self.folder}/cluster"

    @contextmanager
    def database(self, *, empty: bool = False, encoding: str = "") -> Iterator[str]:
        """Makes a database with this version's schema (`empty`: without a schema), and drops it at the end.

        With an encoding, it is empty, too.

        Yields the address of the database.
        """
        name = f"t{os.getpid()}_{next(_numbers)}"
        template = "template1" if empty else "template_of_tests"
        made = f"TEMPLATE {template} STRATEGY FILE_COPY"
        if encoding:
            made = f"TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        self._control.execute(f"CREATE DATABASE {name} {made}")
        try:
            yield self.url(name)
        finally:
            self._control.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Like `database`, but faster: the database is emptied after a test and used by the next test."""
        one = self._lendable.pop() if self._lendable else self._new_lendable()
        try:
            yield self.url(one.name)
        finally:
            one.control.execute(_EMPTY)
            with one.control.cursor() as cursor:
                cursor.executemany("INSERT INTO key_value (name, value) VALUES (%s, %s)", one.values)
            if one.control.execute(_SHAPE).fetchone() == one.shape:
                self._lendable.append(one)
            else:
                self._drop(one)

    def _new_lendable(self) -> "_Lendable":
        name = f"l{os.getpid()}_{next(_numbers)}"
        self._control.execute(f"CREATE DATABASE {name} TEMPLATE template_of_tests STRATEGY FILE_COPY")
        control = psycopg.connect(self.info(name), autocommit=True)
        values = control.execute("SELECT name, value FROM key_value").fetchall()
        return _Lendable(name, control, control.execute(_SHAPE).fetchone(), values)

    def _drop(self, one: "_Lendable") -> None:
        one.control.close()
        self._control.execute(f"DROP DATABASE {one.name} WITH (FORCE)")

    def close(self) -> None:
        """Drops the databases that were lent, and closes the connection of this process."""
        for one in self._lendable:
            self._drop(one)
        self._control.close()


@dataclass(frozen=True, slots=True)
class _Lendable:
    """A database that several tests use, one after another."""

    name: str
    control: psycopg.Connection
    shape: tuple[object, ...] | None
    values: list[tuple[object, ...]]  # that each new database has


class OwnServer:
    """The server of one test or program, which is running at first."""

    def __init__(self, own: cluster.Cluster) -> None:
        self._cluster = own
        self.is_up = True

    def database(self) -> str:
        """Returns the address of a new, empty database with this version's schema."""
        url = self.empty_database()
        store = Store(url)
        store.open(now=NOON)
        store.close()
        return url

    def empty_database(self, template: str = "template1") -> str:
        """Returns the address of a new database, a copy of `template`.

        The default template has no schema of paperwire.
        """
        name = f"own{next(_numbers)}"
        with self._control() as control:
            control.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql://{cluster.SUPERUSER}@/{name}?host={self._cluster.folder}"

    def copy(self, url: str) -> str:
        """Returns the address of a copy of a database that has no connections."""
        return self.empty_database(urlsplit(url).path.removeprefix("/"))

    def _control(self) -> psycopg.Connection:
        return psycopg.connect(f"host={self._cluster.folder} user={cluster.SUPERUSER} dbname=postgres", autocommit=True)

    def goes_down(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stops the server: with SIGQUIT as in a crash, with SIGINT properly."""
        self._cluster.stop(how)
        self.is_up = False

    def comes_back(self) -> None:
        """Starts the server unless it is running. Returns when it accepts connections."""
        if not self.is_up:
            self._cluster.start()
        self.is_up = True

    def becomes_standby(self) -> None:
        """Restarts the server as a standby without a primary, so that it is read-only."""
        self.goes_down(signal.SIGINT)
        self._cluster.mark_standby()
        self.comes_back()

    def becomes_primary(self) -> None:
        """Promotes a standby. Returns when it accepts writes."""
        with self._control() as control:
            control.execute("SELECT pg_promote()")


@contextmanager
def own_server(**settings: str) -> Iterator[OwnServer]:
    """Runs a server with these settings until the block ends."""
    folder = cluster.short_folder()
    folder.chmod(0o755)
    own = cluster.Cluster(folder, **settings)
    try:
        own.make()
        own.start()
        yield OwnServer(own)
    finally:
        own.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
