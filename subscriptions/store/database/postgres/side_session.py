"""A session of a worker beside its transactions: it holds lanes, and reserves what the workers share of a token's rate.

It holds advisory locks, which the server releases when the session ends, even if the worker crashes. One session holds
all lanes of a worker, so no sender waits for a connection that another one holds.
"""

from collections.abc import Callable, Sequence
from typing import Any

from subscriptions.store.database.kind import Holder, Reservation
from subscriptions.store.database.postgres.holdings import HOLDERS, NAMES

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
