"""Workers, and the lanes that they are woken for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from subscriptions.model import DeliveryKind, Lane
from subscriptions.states import MessageState
from subscriptions.store.columns import Utc
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import connection_of
from subscriptions.store.operation_rows import LeaseRow, WorkerRow
from subscriptions.store.rows import MessageRow

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


# --------------------------------------------------------------------------------------------------------- the workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Which process a worker is, for those who look for it."""

    host: str = ""  # the name of the machine
    number: int = 0  # of the process there
    since: datetime | None = None  # when it began


NOWHERE = Whereabouts()


def begin_worker(
    session: Session,
    worker: str,
    *,
    holds_sender_lock: bool,
    process: str,
    where: Whereabouts = NOWHERE,
    is_running: Callable[[str], bool],
) -> None:
    """Adds a worker. One that holds the sender lock replaces all that held it before, unless their process still runs.

    A lock proves nothing on a file system without locks, or after its file was removed. An earlier worker of the same
    process is not at work any more: a process has one sender at a time.
    """
    if holds_sender_lock:
        before = session.exec(select(WorkerRow).where(col(WorkerRow.holds_sender_lock))).all()
        for one in before:
            if one.process == process or not is_running(one.process):
                session.delete(one)
        session.exec(sa.delete(LeaseRow))  # no worker of a cluster is there
        session.flush()
    row = WorkerRow(id=worker, holds_sender_lock=holds_sender_lock, process=process)
    row.host, row.number, row.since = where.host, where.number, where.since
    session.merge(row)
    session.flush()


def beat(session: Session, worker: str, process: str, where: Whereabouts) -> None:
    """Changes the heartbeat of a worker, which shows the others that it is at work. One that they took for gone joins them again.

    On a server its moment is written down, for those who look. In a file nothing is written without others.
    """
    values = {"id": worker, "beat": 0, "holds_sender_lock": False, "process": process, **asdict(where)}
    insert_new(session, "worker", ("id",), values)
    own = col(WorkerRow.id) == worker
    if connection_of(session).dialect.name == "postgresql":
        session.exec(sa.update(WorkerRow).where(own).values(beat=WorkerRow.beat + 1, beat_at=sa.func.clock_timestamp()))
        return
    is_alone = ~select(WorkerRow.id).where(WorkerRow.id != worker).exists()
    session.exec(sa.update(WorkerRow).where(own, ~is_alone).values(beat=WorkerRow.beat + 1))


def others(session: Session, worker: str) -> dict[str, int]:
    """The other workers → their heartbeats."""
    return dict(session.exec(select(WorkerRow.id, WorkerRow.beat).where(WorkerRow.id != worker)).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorker:
    """A worker as it is written down."""

    id: str
    process: str
    where: Whereabouts
    silent_for: timedelta | None  # since its last heartbeat, by the server's clock; None: it writes none down
    sending: int  # lanes in which it is sending a message


def known_workers(session: Session) -> list[KnownWorker]:
    """All workers, those that began first at the top."""
    sending = select(sa.func.count(col(MessageRow.lane).distinct())).where(
        col(MessageRow.worker) == WorkerRow.id, col(MessageRow.state) == MessageState.SENDING
    )
    is_server = connection_of(session).dialect.name == "postgresql"
    now = sa.func.clock_timestamp(type_=Utc) if is_server else sa.null()
    asked = select(WorkerRow, now, sending.scalar_subquery()).order_by(col(WorkerRow.since), col(WorkerRow.id))
    return [
        KnownWorker(
            id=row.id,
            process=row.process,
            where=Whereabouts(host=row.host, number=row.number, since=row.since),
            silent_for=max(moment - row.beat_at, timedelta(0)) if moment and row.beat_at else None,
            sending=count,
        )
        for row, moment, count in session.exec(asked)
    ]


def held_names(session: Session) -> dict[str, list[str]]:
    """The worker of each lease that has not ended → the names that it holds. On a server."""
    lasts = or_(col(LeaseRow.ends).is_(None), col(LeaseRow.ends) > sa.func.clock_timestamp())
    found: dict[str, list[str]] = {}
    for worker, name in session.exec(select(LeaseRow.worker, LeaseRow.name).where(lasts).order_by(LeaseRow.name)):
        found.setdefault(worker, []).append(name)
    return found


def end_worker(session: Session, worker: str) -> None:
    """Removes a worker that ends. The next worker that looks recovers what it had claimed."""
    session.exec(sa.delete(WorkerRow).where(col(WorkerRow.id) == worker))


def end_stalled(session: Session, stalled: Mapping[str, int]) -> None:
    """Removes workers whose heartbeat is still the one given; those that have sent one since are at work."""
    for worker, last in stalled.items():
        session.exec(sa.delete(WorkerRow).where(col(WorkerRow.id) == worker, col(WorkerRow.beat) == last))


def recover_left(session: Session) -> int:
    """Marks as unclear what lost workers left in state `sending`: it may have been sent. Returns how many messages.

    Messages that they left unclear are tried at once, too, and their lanes are woken. Workers that exist keep their
    messages.
    """
    gone = col(MessageRow.worker).not_in(select(WorkerRow.id))
    found = _make_unclear(session, gone)
    again = col(MessageRow.state) == MessageState.UNCLEAR, ~col(MessageRow.found_at_start), gone
    left = session.exec(sa.update(MessageRow).where(*again).values(found_at_start=True).returning(col(MessageRow.lane)))
    _wake(session, [*found, *left.scalars()])
    return len(found)


def recover_own(session: Session, worker: str, lane: Lane | None = None) -> int:
    """Marks as unclear what a worker is marked as sending, when it sends nothing any more. Returns how many messages.

    `lane`: only what it is sending there.
    """
    own = col(MessageRow.worker) == worker
    if lane is not None:
        own &= col(MessageRow.lane) == f"{lane.platform}:{lane.address}"
    found = _make_unclear(session, own)
    _wake(session, found)
    return len(found)


def _make_unclear(session: Session, whose: sa.ColumnElement[bool]) -> list[str | None]:
    """Marks what is being sent as unclear. Returns the lane of each message."""
    found = session.exec(
        sa.update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING, whose)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
        .returning(col(MessageRow.lane))
    )
    return list(found.scalars())


def _wake(session: Session, names: Sequence[str | None]) -> None:
    """Wakes lanes by the names that their messages have, also where a job of the lane waits for a later moment."""
    parts = [name.split(":", 1) for name in dict.fromkeys(names) if name]
    wake_lanes(session, [Lane(platform, address) for platform, address in parts], priority=AT_ONCE)
