"""A server that a test or a program has to itself, and may stop, restart and make read-only."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

import psycopg

from subscriptions.store.database.store import Store
from tests.make import NOON
from tests.postgres import cluster as clusters

_numbers = count(1)


class OwnServer:
    """The server of one test or program, which is running at first."""

    def __init__(self, cluster: clusters.Cluster) -> None:
        self._cluster = cluster
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
        return f"postgresql://{clusters.SUPERUSER}@/{name}?host={self._cluster.folder}"

    def copy(self, url: str) -> str:
        """Returns the address of a copy of a database that has no connections."""
        return self.empty_database(urlsplit(url).path.removeprefix("/"))

    def _control(self) -> psycopg.Connection:
        info = f"host={self._cluster.folder} user={clusters.SUPERUSER} dbname=postgres"
        return psycopg.connect(info, autocommit=True)

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
    folder = clusters.short_folder()
    folder.chmod(0o755)
    cluster = clusters.Cluster(folder, **settings)
    try:
        cluster.make()
        cluster.start()
        yield OwnServer(cluster)
    finally:
        cluster.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
