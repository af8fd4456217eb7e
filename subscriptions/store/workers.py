"""The workers: their heartbeats, their leases, and the work of dead ones (rule 14)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import Lane
from subscriptions.states import MessageState
from subscriptions.store.database.conflicts import insert_new, put
from subscriptions.store.database.store import Transaction, reads, shares, writes
from subscriptions.store.rows import MessageRow
from subscriptions.store.wakeups import AT_ONCE, forget_wakes, has_jobs, wake_lanes
from subscriptions.store.work_rows import LeaseRow, WorkerRow


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


@writes
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
        transaction.remove(LeaseRow)  # while a process has the lock, no worker of a cluster runs
        forget_wakes(transaction)  # this process finds lanes without jobs, and no other worker takes jobs
    own = {"holds_sender_lock": new.holds_sender_lock, "process": new.process, **asdict(new.where)}
    put(transaction, WorkerRow(id=transaction.store.worker, **own))
    return recover_left(transaction)


@writes
def beat(transaction: Transaction, *, process: str = "", where: Whereabouts = NOWHERE) -> None:
    """Changes the heartbeat of this worker, so that others see that it runs. `process` and `where` describe it.

    If others have removed this worker as dead, registers it again. On PostgreSQL, also stores the moment, for people. On
    SQLite, writes nothing if there are no other workers.
    """
    worker = transaction.store.worker
    insert_new(transaction, WorkerRow(id=worker, holds_sender_lock=False, process=process, **asdict(where)))
    own = sa.update(WorkerRow).filter_by(id=worker).values(beat=WorkerRow.beat + 1)
    if has_jobs(transaction):
        transaction.exec(own.values(beat_at=sa.func.clock_timestamp()))
    else:
        transaction.exec(own.where(select(WorkerRow.id).where(WorkerRow.id != worker).exists()))


@reads
def worker_ids(transaction: Transaction) -> list[str]:
    """Returns the ids of all workers."""
    return list(transaction.exec(select(WorkerRow.id)).all())


@reads
def other_workers(transaction: Transaction) -> dict[str, int]:
    """Returns id → heartbeat of all other workers."""
    found = select(WorkerRow.id, WorkerRow.beat).where(WorkerRow.id != transaction.store.worker)
    return dict(transaction.exec(found).all())


@writes
def end_worker(transaction: Transaction) -> int:
    """Removes this worker, and recovers the messages that it had claimed. Returns how many messages."""
    transaction.remove(WorkerRow, id=transaction.store.worker)
    return recover_left(transaction)


@writes
def recover_stalled(transaction: Transaction, stalled: Mapping[str, int]) -> int:
    """Removes stalled workers and recovers their messages. Returns the number of messages.

    `stalled`: worker → its last known heartbeat. A worker whose heartbeat has changed since then stays.
    `unfinished_replies` takes over the replies of these workers, and may be called in the same transaction.
    """
    for worker, last in stalled.items():
        transaction.remove(WorkerRow, id=worker, beat=last)
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


@shares
def recover_own(transaction: Transaction, lane: Lane | None = None) -> int:
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
    wake_lanes(transaction, [Lane(platform, address) for platform, address in parts], priority=AT_ONCE)
