"""Workers, their heartbeats and leases, and the jobs that wake them for lanes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions import model
from subscriptions.states import MessageState
from subscriptions.store.columns import Utc
from subscriptions.store.conversation_rows import LeaseRow, WorkerRow
from subscriptions.store.database import store
from subscriptions.store.database.conflicts import insert_new, put
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import MessageRow

TASK: Final = "deliver_lane"  # the name of the task that delivers a lane
QUEUE: Final = "lanes:"  # the name of a platform's queue begins with this
AT_ONCE, ALERT, BULLETIN = 100, 50, 0  # priorities; replies to people are posted without a job
PRIORITIES: Mapping[model.DeliveryKind, int] = {
    model.DeliveryKind.ALERT: ALERT,
    model.DeliveryKind.NOTICE: ALERT,
    model.DeliveryKind.BULLETIN: BULLETIN,
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
_WAITING = sa.text(f"""
    SELECT count(*) FROM procrastinate_jobs
    WHERE task_name = '{TASK}' AND status = 'todo' AND coalesce(scheduled_at, '-infinity') <= clock_timestamp()
""")  # noqa: S608 - as above
_FORGET = sa.text(f"DELETE FROM procrastinate_jobs WHERE task_name = '{TASK}' AND status IN ('todo', 'doing')")  # noqa: S608 - as above

_FORGET_LANE = sa.text(
    "DELETE FROM procrastinate_jobs WHERE lock = 'lane:' || :platform || ':' || :address AND status = 'todo'"
)


def wake_chats(transaction: Transaction, kinds: Mapping[int, model.DeliveryKind]) -> None:
    """Wakes the lanes of chats. `kinds`: chat id → the kind of its new delivery."""
    if kinds and _has_jobs(transaction):
        ids = list(kinds)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            values = {"chats": part, "priorities": [PRIORITIES[kinds[one]] for one in part]}
            transaction.connection().execute(_WAKE_CHATS, values)


@store.shares
def wake_lanes(
    transaction: Transaction,
    lanes: Sequence[model.Lane],
    *,
    after: timedelta = timedelta(0),
    priority: int = BULLETIN,
    only_idle: bool = False,
) -> int:
    """Adds jobs that wake lanes when `after` has passed, by the server's clock. Returns how many lanes will be woken.

    With `only_idle`, wakes only lanes that have no job.
    """
    if not lanes or not _has_jobs(transaction):
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


@store.reads
def count_jobs(transaction: Transaction) -> int:
    """Returns the number of jobs of lanes that run or may run soon."""
    if not _has_jobs(transaction):
        return 0
    return int(transaction.connection().execute(_LEFT, {"seconds": _SOON}).scalar_one())


def jobs_waiting(transaction: Transaction) -> int | None:
    """Returns the number of jobs of lanes that could run now but wait; None on SQLite, which has no jobs."""
    if not _has_jobs(transaction):
        return None
    return int(transaction.connection().execute(_WAITING).scalar_one())


def _forget_wakes(transaction: Transaction) -> None:
    """Removes the jobs of all lanes. Call it when no worker runs, in a process that finds lanes without jobs."""
    if _has_jobs(transaction):
        transaction.connection().execute(_FORGET)


def forget_lane(transaction: Transaction, lane: model.Lane) -> None:
    """Removes the waiting jobs of a lane that has no chat any more. A running job ends on its own."""
    if _has_jobs(transaction):
        transaction.connection().execute(_FORGET_LANE, {"platform": lane.platform, "address": lane.address})


def _has_jobs(transaction: Transaction) -> bool:
    return transaction.connection().dialect.name == "postgresql"


# --------------------------------------------------------------------------------------------------------- the workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where the process of a worker runs, for people who look for it."""

    host: str = ""  # the name of the machine
    number: int = 0  # the number of the process on that machine
    since: datetime | None = None  # when the process began


NOWHERE = Whereabouts()


def is_not_known(_process: str) -> bool:
    """Returns False. Used if the system cannot tell whether a process runs; then only the lock decides."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorker:
    """A process that begins to send."""

    holds_sender_lock: bool
    process: str = ""
    where: Whereabouts = NOWHERE
    is_running: Callable[[str], bool] = is_not_known  # whether an earlier worker's process still runs


@store.writes
def begin_worker(transaction: Transaction, new: NewWorker) -> int:
    """Registers this process as a worker, and recovers the messages of dead workers. Returns how many messages.

    A worker with the sender lock replaces the workers that had the lock before, except those whose process still runs.
    Two processes can have the lock if the file system has no locks, or if the file was removed. An earlier worker of
    this process is replaced, too, because a process has only one sender at a time. All this is one transaction. If it is
    interrupted, the next start does the same.
    """
    if new.holds_sender_lock:
        before = transaction.exec(select(WorkerRow).where(col(WorkerRow.holds_sender_lock))).all()
        for one in before:
            if one.process == new.process or not new.is_running(one.process):
                transaction.delete(one)
        transaction.exec(sa.delete(LeaseRow))  # while a process has the lock, no worker of a cluster runs
        _forget_wakes(transaction)  # this process finds lanes without jobs, and no other worker takes jobs
    own = {"holds_sender_lock": new.holds_sender_lock, "process": new.process, **asdict(new.where)}
    put(transaction, "worker", ("id",), {"id": transaction.store.worker, "beat": 0, "beat_at": None, **own})
    return recover_left(transaction)


@store.writes
def beat(transaction: Transaction, *, process: str = "", where: Whereabouts = NOWHERE) -> None:
    """Changes the heartbeat of this worker, so that others see that it runs. `process` and `where` describe it.

    If others have removed this worker as dead, registers it again. On PostgreSQL, also stores the moment, for people. On
    SQLite, writes nothing if there are no other workers.
    """
    worker = transaction.store.worker
    values = {"id": worker, "beat": 0, "holds_sender_lock": False, "process": process, **asdict(where)}
    insert_new(transaction, "worker", ("id",), values)
    own = col(WorkerRow.id) == worker
    if _has_jobs(transaction):
        transaction.exec(
            sa.update(WorkerRow).where(own).values(beat=WorkerRow.beat + 1, beat_at=sa.func.clock_timestamp())
        )
        return
    is_alone = ~select(WorkerRow.id).where(WorkerRow.id != worker).exists()
    transaction.exec(sa.update(WorkerRow).where(own, ~is_alone).values(beat=WorkerRow.beat + 1))


@store.reads
def worker_ids(transaction: Transaction) -> list[str]:
    """Returns the ids of all workers."""
    return list(transaction.exec(select(WorkerRow.id)).all())


@store.reads
def other_workers(transaction: Transaction) -> dict[str, int]:
    """Returns id → heartbeat of all other workers."""
    found = select(WorkerRow.id, WorkerRow.beat).where(WorkerRow.id != transaction.store.worker)
    return dict(transaction.exec(found).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorker:
    """A worker as it is stored."""

    id: str
    process: str
    where: Whereabouts
    silent_for: timedelta | None  # time since its last heartbeat, by the server's clock; None: not known
    sending: int  # number of lanes in which it is sending a message


def known_workers(transaction: Transaction) -> list[KnownWorker]:
    """Returns all workers, the oldest first."""
    sending = select(sa.func.count(col(MessageRow.lane).distinct())).where(
        col(MessageRow.worker) == WorkerRow.id, col(MessageRow.state) == MessageState.SENDING
    )
    now = sa.func.clock_timestamp(type_=Utc) if _has_jobs(transaction) else sa.null()
    asked = select(WorkerRow, now, sending.scalar_subquery()).order_by(col(WorkerRow.since), col(WorkerRow.id))
    return [
        KnownWorker(
            id=row.id,
            process=row.process,
            where=Whereabouts(host=row.host, number=row.number, since=row.since),
            silent_for=max(moment - row.beat_at, timedelta(0)) if moment and row.beat_at else None,
            sending=count,
        )
        for row, moment, count in transaction.exec(asked)
    ]


def held_names(transaction: Transaction) -> dict[str, list[str]]:
    """Returns worker → names of its leases that have not ended. Only for PostgreSQL."""
    lasts = or_(col(LeaseRow.ends).is_(None), col(LeaseRow.ends) > sa.func.clock_timestamp())
    found: dict[str, list[str]] = {}
    for worker, name in transaction.exec(select(LeaseRow.worker, LeaseRow.name).where(lasts).order_by(LeaseRow.name)):
        found.setdefault(worker, []).append(name)
    return found


@store.writes
def end_worker(transaction: Transaction) -> int:
    """Removes this worker, and recovers the messages that it had claimed. Returns how many messages."""
    transaction.exec(sa.delete(WorkerRow).where(col(WorkerRow.id) == transaction.store.worker))
    return recover_left(transaction)


@store.writes
def recover_stalled(transaction: Transaction, stalled: Mapping[str, int]) -> int:
    """Removes stalled workers and recovers their messages. Returns the number of messages.

    `stalled`: worker → its last known heartbeat. A worker whose heartbeat has changed since then stays.
    `unfinished_replies` takes over the replies of these workers, and may be called in the same transaction.
    """
    for worker, last in stalled.items():
        transaction.exec(sa.delete(WorkerRow).where(col(WorkerRow.id) == worker, col(WorkerRow.beat) == last))
    return recover_left(transaction)


def recover_left(transaction: Transaction) -> int:
    """Marks messages that removed workers left in the state `sending` as unclear, since they may have been sent.

    Messages that these workers left unclear are tried at once, too. Wakes the lanes of all these messages. Returns how
    many messages it marked. Workers that are still registered keep their messages.
    """
    gone = col(MessageRow.worker).not_in(select(WorkerRow.id))
    found = _make_unclear(transaction, gone)
    again = col(MessageRow.state) == MessageState.UNCLEAR, ~col(MessageRow.found_at_start), gone
    left = transaction.exec(
        sa.update(MessageRow).where(*again).values(found_at_start=True).returning(col(MessageRow.lane))
    )
    _wake(transaction, [*found, *left.scalars()])
    return len(found)


@store.shares
def recover_own(transaction: Transaction, lane: model.Lane | None = None) -> int:
    """Marks messages that this process left in the state `sending` as unclear. Returns how many messages.

    Call it when the process no longer sends. If `lane` is given, marks only messages of this lane.
    """
    own = col(MessageRow.worker) == transaction.store.worker
    if lane is not None:
        own &= col(MessageRow.lane) == f"{lane.platform}:{lane.address}"
    found = _make_unclear(transaction, own)
    _wake(transaction, found)
    return len(found)


def _make_unclear(transaction: Transaction, whose: sa.ColumnElement[bool]) -> list[str | None]:
    """Marks messages that are being sent by the workers of the condition `whose` as unclear. Returns the lane of each."""
    found = transaction.exec(
        sa.update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING, whose)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
        .returning(col(MessageRow.lane))
    )
    return list(found.scalars())


def _wake(transaction: Transaction, names: Sequence[str | None]) -> None:
    """Wakes the lanes with these names ("platform:address"), even those that have a job for a later moment."""
    parts = [name.split(":", 1) for name in dict.fromkeys(names) if name]
    wake_lanes(transaction, [model.Lane(platform, address) for platform, address in parts], priority=AT_ONCE)
