"""A server that a test may stop, restart and make read-only. No other test uses it."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg

from subscriptions.store.database.store import Store
from tests.make import NOON
from tests.postgres.cluster import SUPERUSER, Cluster, short_folder

_numbers = count(1)


class OwnServer:
    """The server of one test. It is running at first."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.is_up = True

    def database(self) -> str:
        """Returns the address of a new, empty database with this version's schema."""
        name = f"own{next(_numbers)}"
        with psycopg.connect(self._info("postgres"), autocommit=True) as control:
            control.execute(f"CREATE DATABASE {name}")
        store = Store(self.url(name))
        store.open(now=NOON)
        store.close()
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://{SUPERUSER}@/{name}?host={self._cluster.folder}"

    def _info(self, name: str) -> str:
        return f"host={self._cluster.folder} user={SUPERUSER} dbname={name}"

    def goes_down(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stops the server: SIGQUIT like a crash, SIGINT properly."""
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
        with psycopg.connect(self._info("postgres"), autocommit=True) as control:
            control.execute("SELECT pg_promote()")


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Makes a server that ends with the block."""
    folder = short_folder()
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.make()
        cluster.start()
        yield OwnServer(cluster)
    finally:
        cluster.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
