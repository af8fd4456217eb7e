"""The workers: what messages and replies each has claimed, and whether it works (docs/architecture.md, rule 14)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, null
from sqlmodel import Session, col, delete, or_, select, update

from subscriptions.model import Lane
from subscriptions.states import MessageState
from subscriptions.store.columns import Utc
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import connection_of
from subscriptions.store.lane_wakes import AT_ONCE, wake_lanes
from subscriptions.store.operation_rows import LeaseRow, WorkerRow
from subscriptions.store.rows import MessageRow


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
        session.exec(delete(LeaseRow))  # no worker of a cluster is there
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
        session.exec(update(WorkerRow).where(own).values(beat=WorkerRow.beat + 1, beat_at=func.clock_timestamp()))
        return
    is_alone = ~select(WorkerRow.id).where(WorkerRow.id != worker).exists()
    session.exec(update(WorkerRow).where(own, ~is_alone).values(beat=WorkerRow.beat + 1))


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
    sending = select(func.count(col(MessageRow.lane).distinct())).where(
        col(MessageRow.worker) == WorkerRow.id, col(MessageRow.state) == MessageState.SENDING
    )
    is_server = connection_of(session).dialect.name == "postgresql"
    now = func.clock_timestamp(type_=Utc) if is_server else null()
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
    lasts = or_(col(LeaseRow.ends).is_(None), col(LeaseRow.ends) > func.clock_timestamp())
    found: dict[str, list[str]] = {}
    for worker, name in session.exec(select(LeaseRow.worker, LeaseRow.name).where(lasts).order_by(LeaseRow.name)):
        found.setdefault(worker, []).append(name)
    return found


def end_worker(session: Session, worker: str) -> None:
    """Removes a worker that ends. The next worker that looks recovers what it had claimed."""
    session.exec(delete(WorkerRow).where(col(WorkerRow.id) == worker))


def end_stalled(session: Session, stalled: Mapping[str, int]) -> None:
    """Removes workers whose heartbeat is still the one given; those that have sent one since are at work."""
    for worker, last in stalled.items():
        session.exec(delete(WorkerRow).where(col(WorkerRow.id) == worker, col(WorkerRow.beat) == last))


def recover_left(session: Session) -> int:
    """Marks as unclear what lost workers left in state `sending`: it may have been sent. Returns how many messages.

    Messages that they left unclear are tried at once, too, and their lanes are woken. Workers that exist keep their
    messages.
    """
    gone = col(MessageRow.worker).not_in(select(WorkerRow.id))
    found = _make_unclear(session, gone)
    again = col(MessageRow.state) == MessageState.UNCLEAR, ~col(MessageRow.found_at_start), gone
    left = session.exec(update(MessageRow).where(*again).values(found_at_start=True).returning(col(MessageRow.lane)))
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


def _make_unclear(session: Session, whose: ColumnElement[bool]) -> list[str | None]:
    """Marks what is being sent as unclear. Returns the lane of each message."""
    found = session.exec(
        update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING, whose)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
        .returning(col(MessageRow.lane))
    )
    return list(found.scalars())


def _wake(session: Session, names: Sequence[str | None]) -> None:
    """Wakes lanes by the names that their messages have, also where a job of the lane waits for a later moment."""
    parts = [name.split(":", 1) for name in dict.fromkeys(names) if name]
    wake_lanes(session, [Lane(platform, address) for platform, address in parts], priority=AT_ONCE)
