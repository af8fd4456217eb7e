"""The PostgreSQL of this run of the tests, which its processes share, and databases on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from filelock import FileLock

from subscriptions.store import Store
from tests.make import NOON
from tests.postgres.cluster import SUPERUSER, short_folder

_FOLDER = "TESTS_OF_PAPERWIRE_POSTGRES"  # a variable of the processes of the tests
_ROOT = Path(__file__).parents[2]
_numbers = count(1)


@contextmanager
def run_of_tests() -> Iterator[None]:
    """In the first process of a run: makes the folder of the server, which ends with this process, however that ends."""
    folder = short_folder()
    folder.chmod(0o755)
    os.environ[_FOLDER] = str(folder)
    os.mkfifo(folder / "run")
    held = os.open(folder / "run", os.O_RDWR)  # the server reads at the other end until nobody holds this one
    try:
        yield
    finally:
        os.close(held)
        if not (folder / "cluster").exists():
            shutil.rmtree(folder)


class Server:
    """The server of this run. The first process that needs it starts it."""

    def __init__(self) -> None:
        self.folder = Path(os.environ[_FOLDER])
        with FileLock(self.folder / "lock"):
            if not (self.folder / "cluster").exists():
                self._start()
                self._make_template()
        self._control = psycopg.connect(self.info("postgres"), autocommit=True)

    def _start(self) -> None:
        command = [sys.executable, "-m", "tests.postgres", str(self.folder)]
        started = subprocess.Popen(  # noqa: S603 - this interpreter
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n", "the server did not start"
        started.stdout.close()
        started.returncode = 0  # it outlives this process, and nobody waits for it

    def _make_template(self) -> None:
        with psycopg.connect(self.info("postgres"), autocommit=True) as control:
            control.execute("CREATE DATABASE template_of_tests")
        made = Store(self.url("template_of_tests"))
        made.open(now=NOON)
        made.close()

    def info(self, database: str) -> str:
        """The words by which psycopg connects to a database."""
        return f"host={self.folder}/cluster user={SUPERUSER} dbname={database}"

    def url(self, database: str, user: str = SUPERUSER, password: str = "") -> str:
        """The address of a database, as PAPERWIRE_DATABASE_URL has it."""
        login = f"{user}:{password}" if password else user
        return f"postgresql://{login}@/{database}?host={self.folder}/cluster"

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a new database with this version's schema; `empty`: without one. It is dropped afterwards."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        template = "template1" if empty else "template_of_tests"
        self._control.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.url(name)
        finally:
            self._control.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Ends the connection of this process."""
        self._control.close()
