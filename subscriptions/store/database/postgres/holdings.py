"""The advisory locks that the workers of a database hold in their side sessions, by the names of the sessions.

The server releases them with the session, so a worker that is gone never appears here.
"""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Connection, Text, bindparam, text

from subscriptions.store.database.kind import Holder, Holdings

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
