"""Wakes lanes for the workers of a cluster: one job for each lane, in the transaction that makes the lane ready.

A job names only the lane to look at, so an extra job does no harm: it finds nothing to do. The lane is its lock, so no
two jobs of a lane run at once. It has no queueing lock: a job that waits may be taken before this transaction is
committed, find nothing, and be gone when it is needed. A rollback leaves neither rows nor jobs. The sweep finds
lanes whose job was lost.

A file of SQLite has one process, which looks on its own: nothing is stored there.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import ARRAY, Float, Integer, Text, bindparam, text
from sqlmodel import Session

from subscriptions.model import DeliveryKind, Lane
from subscriptions.store.database.store import connection_of

TASK: Final = "deliver_lane"  # the name of the task that delivers a lane
QUEUE: Final = "lanes:"  # how the name of a platform's queue begins
AT_ONCE, ALERT, BULLETIN = 100, 50, 0  # priorities; the answers to people are posted without a job
PRIORITIES: Mapping[DeliveryKind, int] = {
    DeliveryKind.ALERT: ALERT,
    DeliveryKind.NOTICE: ALERT,
    DeliveryKind.BULLETIN: BULLETIN,
}
_CHUNK = 10_000  # lanes in one statement
_JOB = f"""
    ROW(
        '{QUEUE}' || platform, '{TASK}', priority, 'lane:' || platform || ':' || address, NULL,
        jsonb_build_object('platform', platform, 'address', address), moment
    )::procrastinate_job_to_defer_v1
"""
_DEFER = f"SELECT cardinality(procrastinate_defer_jobs_v1(array_agg({_JOB} ORDER BY place)))"
_OF_CHATS = """
    SELECT platform, address, max(priority) AS priority, min(place) AS place, CAST(NULL AS timestamptz) AS moment
    FROM unnest(:chats, :priorities) WITH ORDINALITY AS woken (id, priority, place) JOIN chat USING (id)
    GROUP BY platform, address
"""
_WAKE_CHATS = text(f"{_DEFER} FROM ({_OF_CHATS}) AS ready").bindparams(
    bindparam("chats", type_=ARRAY(Integer)), bindparam("priorities", type_=ARRAY(Integer))
)
_READY = """
    SELECT platform, address, CAST(:priority AS integer) AS priority, place,
        clock_timestamp() + make_interval(secs => :seconds) AS moment
    FROM unnest(:platforms, :addresses) WITH ORDINALITY AS ready (platform, address, place)
"""
_OF_LANES = (
    bindparam("platforms", type_=ARRAY(Text)),
    bindparam("addresses", type_=ARRAY(Text)),
    bindparam("seconds", type_=Float),
)
_WAKE_LANES = text(f"{_DEFER} FROM ({_READY}) AS ready").bindparams(*_OF_LANES)
_WAKE_IDLE = text(f"""
    {_DEFER} FROM ({_READY}) AS ready WHERE NOT EXISTS (
        SELECT FROM procrastinate_jobs AS job
        WHERE job.lock = 'lane:' || platform || ':' || address AND job.status IN ('todo', 'doing')
    )
""").bindparams(*_OF_LANES)
_LEFT = text(f"""
    SELECT count(*) FROM procrastinate_jobs WHERE task_name = '{TASK}' AND (
        status = 'doing' OR status = 'todo'
        AND coalesce(scheduled_at, '-infinity') <= clock_timestamp() + make_interval(secs => :seconds)
    )
""").bindparams(bindparam("seconds", type_=Float))  # noqa: S608 - as above
_WAITING = text(f"""
    SELECT count(*) FROM procrastinate_jobs
    WHERE task_name = '{TASK}' AND status = 'todo' AND coalesce(scheduled_at, '-infinity') <= clock_timestamp()
""")  # noqa: S608 - as above
_FORGET = text(f"DELETE FROM procrastinate_jobs WHERE task_name = '{TASK}' AND status IN ('todo', 'doing')")  # noqa: S608 - as above

_FORGET_LANE = text(
    "DELETE FROM procrastinate_jobs WHERE lock = 'lane:' || :platform || ':' || :address AND status = 'todo'"
)


def wake_chats(session: Session, kinds: Mapping[int, DeliveryKind]) -> None:
    """Wakes the lanes of chats, given by id, each with the kind of delivery that it got."""
    if kinds and _has_jobs(session):
        ids = list(kinds)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            values = {"chats": part, "priorities": [PRIORITIES[kinds[one]] for one in part]}
            connection_of(session).execute(_WAKE_CHATS, values)


def wake_lanes(
    session: Session,
    lanes: Sequence[Lane],
    *,
    after: timedelta = timedelta(0),
    priority: int = BULLETIN,
    only_idle: bool = False,
) -> int:
    """Wakes lanes when `after` has passed, by the server's clock; `only_idle`: those without a job. Returns how many."""
    if not lanes or not _has_jobs(session):
        return 0
    session.flush()
    woken = 0
    for start in range(0, len(lanes), _CHUNK):
        part = lanes[start : start + _CHUNK]
        values = {
            "platforms": [lane.platform for lane in part],
            "addresses": [lane.address for lane in part],
            "seconds": max(0.0, after.total_seconds()),
            "priority": priority,
        }
        found = connection_of(session).execute(_WAKE_IDLE if only_idle else _WAKE_LANES, values)
        woken += found.scalar_one() or 0
    return woken


def jobs_left(session: Session, within: timedelta) -> int:
    """How many jobs of lanes run, or may run within a time from now."""
    if not _has_jobs(session):
        return 0
    return int(connection_of(session).execute(_LEFT, {"seconds": within.total_seconds()}).scalar_one())


def jobs_waiting(session: Session) -> int | None:
    """How many jobs of lanes may run now and do not; None where there are no jobs."""
    if not _has_jobs(session):
        return None
    return int(connection_of(session).execute(_WAITING).scalar_one())


def forget_wakes(session: Session) -> None:
    """Removes the jobs of all lanes. For a process that looks on its own, while there is no worker."""
    if _has_jobs(session):
        connection_of(session).execute(_FORGET)


def forget_lane(session: Session, lane: Lane) -> None:
    """Removes the jobs of a lane that has no chat any more; a running one ends on its own."""
    if _has_jobs(session):
        connection_of(session).execute(_FORGET_LANE, {"platform": lane.platform, "address": lane.address})


def _has_jobs(session: Session) -> bool:
    return connection_of(session).dialect.name == "postgresql"
