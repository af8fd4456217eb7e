"""The jobs that wake a worker for a lane, alerts before bulletins. A job is only a wake-up: the outbox says what there is to do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from subscriptions.model import DeliveryKind, Lane
from subscriptions.store.database.store import Transaction, reads, shares

TASK: Final = "deliver_lane"  # the name of the task that delivers a lane
QUEUE: Final = "lanes:"  # the name of a platform's queue begins with this
AT_ONCE, ALERT, BULLETIN = 100, 50, 0  # priorities; replies to people are posted without a job
PRIORITIES: Mapping[DeliveryKind, int] = {
    DeliveryKind.ALERT: ALERT,
    DeliveryKind.NOTICE: ALERT,
    DeliveryKind.BULLETIN: BULLETIN,
}
_CHUNK = 10_000  # lanes in one statement
_SOON = 10.0  # seconds; a lane waits longer only if its platform requested a pause
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
_WAKE_CHATS = sa.text(f"{_DEFER} FROM ({_OF_CHATS}) AS ready").bindparams(
    sa.bindparam("chats", type_=sa.ARRAY(sa.Integer)), sa.bindparam("priorities", type_=sa.ARRAY(sa.Integer))
)
_READY = """
    SELECT platform, address, CAST(:priority AS integer) AS priority, place,
        clock_timestamp() + make_interval(secs => :seconds) AS moment
    FROM unnest(:platforms, :addresses) WITH ORDINALITY AS ready (platform, address, place)
"""
_OF_LANES = (
    sa.bindparam("platforms", type_=sa.ARRAY(sa.Text)),
    sa.bindparam("addresses", type_=sa.ARRAY(sa.Text)),
    sa.bindparam("seconds", type_=sa.Float),
)
_WAKE_LANES = sa.text(f"{_DEFER} FROM ({_READY}) AS ready").bindparams(*_OF_LANES)
_WAKE_IDLE = sa.text(f"""
    {_DEFER} FROM ({_READY}) AS ready WHERE NOT EXISTS (
        SELECT FROM procrastinate_jobs AS job
        WHERE job.lock = 'lane:' || platform || ':' || address AND job.status IN ('todo', 'doing')
    )
""").bindparams(*_OF_LANES)
_LEFT = sa.text(f"""
    SELECT count(*) FROM procrastinate_jobs WHERE task_name = '{TASK}' AND (
        status = 'doing' OR status = 'todo'
        AND coalesce(scheduled_at, '-infinity') <= clock_timestamp() + make_interval(secs => :seconds)
    )
""").bindparams(sa.bindparam("seconds", type_=sa.Float))  # noqa: S608 - as above
_FORGET = sa.text(f"DELETE FROM procrastinate_jobs WHERE task_name = '{TASK}' AND status IN ('todo', 'doing')")  # noqa: S608 - as above

_FORGET_LANE = sa.text(
    "DELETE FROM procrastinate_jobs WHERE lock = 'lane:' || :platform || ':' || :address AND status = 'todo'"
)


def wake_chats(transaction: Transaction, kinds: Mapping[int, DeliveryKind]) -> None:
    """Wakes the lanes of chats. `kinds`: chat id → the kind of its new delivery."""
    if kinds and has_jobs(transaction):
        ids = list(kinds)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            values = {"chats": part, "priorities": [PRIORITIES[kinds[one]] for one in part]}
            transaction.connection().execute(_WAKE_CHATS, values)


@shares
def wake_lanes(
    transaction: Transaction,
    lanes: Sequence[Lane],
    *,
    after: timedelta = timedelta(0),
    priority: int = BULLETIN,
    only_idle: bool = False,
) -> int:
    """Adds jobs that wake lanes when `after` has passed, by the server's clock. Returns how many lanes will be woken.

    With `only_idle`, wakes only lanes that have no job.
    """
    if not lanes or not has_jobs(transaction):
        return 0
    transaction.flush()
    woken = 0
    for start in range(0, len(lanes), _CHUNK):
        part = lanes[start : start + _CHUNK]
        values = {
            "platforms": [lane.platform for lane in part],
            "addresses": [lane.address for lane in part],
            "seconds": max(0.0, after.total_seconds()),
            "priority": priority,
        }
        found = transaction.connection().execute(_WAKE_IDLE if only_idle else _WAKE_LANES, values)
        woken += found.scalar_one() or 0
    return woken


@reads
def count_jobs(transaction: Transaction) -> int:
    """Returns the number of jobs of lanes that run or may run soon."""
    if not has_jobs(transaction):
        return 0
    return int(transaction.connection().execute(_LEFT, {"seconds": _SOON}).scalar_one())


def forget_wakes(transaction: Transaction) -> None:
    """Removes the jobs of all lanes. Call it when no worker runs, in a process that finds lanes without jobs."""
    if has_jobs(transaction):
        transaction.connection().execute(_FORGET)


def forget_lane(transaction: Transaction, lane: Lane) -> None:
    """Removes the waiting jobs of a lane that has no chat any more. A running job ends on its own."""
    if has_jobs(transaction):
        transaction.connection().execute(_FORGET_LANE, asdict(lane))


def has_jobs(transaction: Transaction) -> bool:
    """Whether this database has jobs: SQLite needs none, since one process sends."""
    return transaction.dialect == "postgresql"
