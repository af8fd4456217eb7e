"""The advisory locks that the workers of a database hold in their side sessions, by the names of the sessions.

The server releases them with the session, so a worker that is gone never appears here.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Connection, Text, bindparam, text

from subscriptions.store.database.kind import Holder, Holdings, Reservation

NAMES = 7_250_012_025  # a number of ours: names have keys of their own beside other locks
_WORKER = "paperwire worker "  # how the name of a side session begins
SHORT = 12  # how much of a worker's id is in it: PostgreSQL keeps 63 bytes
_KEY = "((lock.classid::bigint << 32) | lock.objid::bigint)"
_OF_OURS = """
    lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HELD = text(f"""
    SELECT substr(activity.application_name, {len(_WORKER) + 1}) AS session, activity.backend_start AS since,
        coalesce(array_agg(named.name ORDER BY named.name) FILTER (WHERE named.name IS NOT NULL), '{{}}') AS names,
        count(lock.pid) FILTER (WHERE named.name IS NULL AND {_KEY} != :sender) AS lanes
    FROM pg_stat_activity AS activity
    LEFT JOIN pg_locks AS lock ON lock.pid = activity.pid AND {_OF_OURS}
    LEFT JOIN unnest(:names) AS named (name) ON hashtextextended(named.name, {NAMES}) = {_KEY}
    WHERE activity.datname = current_database() AND activity.application_name LIKE '{_WORKER}%'
    GROUP BY activity.pid, activity.application_name, activity.backend_start
    ORDER BY activity.backend_start
""").bindparams(bindparam("names", type_=ARRAY(Text)))  # noqa: S608 - constants
# Of a role that may not look at the others' sessions nothing is known, and then a holder is taken to be at work.
HOLDERS = f"""
    SELECT named.name, CASE
        WHEN lock.pid = pg_backend_pid() THEN '{Holder.MINE}'
        WHEN coalesce(activity.application_name, '') = '' OR EXISTS (
            SELECT FROM worker
            WHERE starts_with(activity.application_name, '{_WORKER}' || left(worker.id, {SHORT}) || ' ')
        ) THEN '{Holder.AT_WORK}'
        ELSE '{Holder.SILENT}'
    END
    FROM unnest(%s::text[]) AS named (name)
    JOIN pg_locks AS lock ON hashtextextended(named.name, {NAMES}) = {_KEY} AND {_OF_OURS}
    JOIN pg_stat_activity AS activity USING (pid)
"""  # noqa: S608 - constants


def session_name(worker: str, process: str) -> str:
    """How the side session of a worker is called; `process`: its number and machine, in words."""
    return f"{_WORKER}{worker[:SHORT]} {process}"


def holdings(connection: Connection, names: Sequence[str], sender: int) -> list[Holdings]:
    """What each side session holds; `names`: those to be told from lanes; `sender`: the key of the sender lock."""
    found = []
    for row in connection.execute(_HELD, {"names": list(names), "sender": sender}):
        worker, _, process = row.session.partition(" ")
        found.append(Holdings(worker=worker, process=process, since=row.since, names=tuple(row.names), lanes=row.lanes))
    return found


# ---------------------------------------------------------------------------------------------------------------------
# A session of a worker beside its transactions: it holds lanes, and reserves what the workers share of a token's rate.
#
# It holds advisory locks, which the server releases when the session ends, even if the worker crashes. One session holds
# all lanes of a worker, so no sender waits for a connection that another one holds.


RATES = """
    CREATE TABLE token_rate (
        token VARCHAR COLLATE "C" PRIMARY KEY,
        full_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
        rests_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
    ) WITH (fillfactor = 10)  -- a row is written many times each second, and stays in its page
"""
_HOLD = "SELECT pg_try_advisory_lock(hashtextextended(%s, %s))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended(%s, %s))"
_CALLED = "SELECT set_config('application_name', %s, false)"
_SHARE = "SELECT pg_try_advisory_lock_shared(%s)"  # the sender lock
HOLDER = """
    SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND (classid::bigint << 32) + objid::bigint = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SETUP = "SET synchronous_commit = off"  # a crash of the server may forget some slots, and takes longer than they do
# The same formula as `rate_limiter.reserve` with a burst of one, by the server's clock. Of a slot that is farther ahead than
# `ahead` nothing is taken, so an answer finds few slots taken.
_RESERVE = """
    INSERT INTO token_rate AS rate (token, full_at) VALUES (%(token)s, clock_timestamp() + %(gap)s * interval '1 second')
    ON CONFLICT (token) DO UPDATE
    SET full_at = greatest(rate.full_at, rate.rests_until, clock_timestamp()) + %(gap)s * interval '1 second'
    WHERE greatest(rate.full_at, rate.rests_until) <= clock_timestamp() + %(ahead)s * interval '1 second'
    RETURNING extract(epoch FROM full_at - clock_timestamp())::float - %(gap)s
"""
_STATE = """
    SELECT extract(epoch FROM greatest(full_at, rests_until) - clock_timestamp())::float,
        greatest(0, extract(epoch FROM greatest(rests_until, clock_timestamp()) - clock_timestamp())::float)
    FROM token_rate WHERE token = %s
"""
_REST = """
    INSERT INTO token_rate AS rate (token, rests_until) VALUES (%(token)s, clock_timestamp() + %(rest)s * interval '1 second')
    ON CONFLICT (token) DO UPDATE SET rests_until = greatest(rate.rests_until, excluded.rests_until)
"""


class PostgresSideSession:
    """See SideSession. One connection, which is made when it is needed, and again after an error."""

    def __init__(self, connect: Callable[[], Any], called: str, sender: int) -> None:
        """`connect` makes a connection in which each statement is a transaction. Each new one shares the sender lock.

        `called`: the name of the session. `sender`: the key of the sender lock.
        """
        self._connect = connect
        self._called = called
        self._sender = sender
        self._connection: Any = None
        self._held: set[str] = set()

    def sends_alone(self) -> str:
        """See SideSession."""
        if self._row(_SHARE, (self._sender,))[0]:
            return ""
        return name_of_holder(self._row(HOLDER, (self._sender,)))

    def hold(self, name: str) -> bool:
        """See SideSession."""
        if name in self._held or not self._row(_HOLD, (name, NAMES))[0]:
            return False
        self._held.add(name)
        return True

    def release(self, name: str) -> None:
        """See SideSession."""
        if name in self._held:
            self._held.discard(name)
            self._row(_RELEASE, (name, NAMES))

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

    def holders(self, names: Sequence[str]) -> dict[str, Holder]:
        """See SideSession."""
        return {name: Holder(who) for name, who in self._rows(HOLDERS, (list(names),))}

    def close(self) -> None:
        """See SideSession."""
        self._held.clear()
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
                self._connection.execute(_SETUP)
                self._connection.execute(_SHARE, (self._sender,))
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else ()
        except BaseException:
            self.close()
            raise


def name_of_holder(row: Sequence[Any] | None) -> str:
    """Who holds the sender lock, from a row of `HOLDER`; "?" if the server does not tell."""
    return str(row[0]).removeprefix("paperwire ") if row else "?"
