"""A session of a worker beside its transactions: it takes leases, and slots of what the workers share of a token's rate.

Each statement is a transaction of its own, so a worker that is stopped locks no row. The server ends the session with the
worker's process: a worker that is stopped still has it, one that was killed has not.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from subscriptions.store.database.kind import OpenSession, Reservation

_WORKER = "paperwire worker "  # how the name of a side session begins
_SHORT = 12  # how much of a worker's id is in it: PostgreSQL keeps 63 bytes
_SESSIONS = text(f"""
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


def session_name(worker: str, process: str) -> str:
    """How the side session of a worker is called; `process`: its number and machine, in words."""
    return f"{_WORKER}{worker[:_SHORT]} {process}"


def open_sessions(connection: Connection) -> list[OpenSession]:
    """The side sessions of all workers, those that began first at the top."""
    found = []
    for row in connection.execute(_SESSIONS):
        worker, _, process = row.name.partition(" ")
        found.append(OpenSession(worker=worker, process=process, since=row.since))
    return found


class PostgresSideSession:
    """See SideSession. One connection, which is made when it is needed, and again after an error."""

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
        """See SideSession."""
        if self._row(_SHARE, (self._sender,))[0]:
            return ""
        return name_of_holder(self._row(HOLDER, (self._sender,)))

    def hold(self, name: str, seconds: float | None = None) -> bool:
        """See SideSession."""
        return bool(self._row(_HOLD, {"name": name, "worker": self._worker, "seconds": seconds}))

    def release(self, name: str) -> None:
        """See SideSession."""
        self._row(_RELEASE, {"name": name, "worker": self._worker})

    def reserve(self, token: str, gap: float, ahead: float) -> Reservation:
        """See SideSession."""
        found = self._row(_RESERVE, {"token": token, "gap": gap, "ahead": ahead})
        if found:
            return Reservation(max(0.0, found[0]))
        until, rest = self._row(_STATE, (token,)) or (0.0, 0.0)
        return Reservation(None, max(0.0, until - ahead), rest)

    def rest(self, token: str, seconds: float) -> None:
        """See SideSession."""
        self._row(_REST, {"token": token, "rest": seconds})

    def close(self) -> None:
        """See SideSession."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _row(self, statement: str, values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of the driver
        """The first row that a statement returns, () if there is none."""
        return next(iter(self._rows(statement, values)), ())

    def _rows(self, statement: str, values: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401 - as above
        """The rows that a statement returns."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._connection.execute(_CALLED, (self._called,))
                self._connection.execute(_SHARE, (self._sender,))
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else ()
        except BaseException:
            self.close()
            raise


def name_of_holder(row: Sequence[Any] | None) -> str:
    """Who holds the sender lock, from a row of `HOLDER`; "?" if the server does not tell."""
    return str(row[0]).removeprefix("paperwire ") if row else "?"
