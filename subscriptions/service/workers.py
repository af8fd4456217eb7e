"""The workers of the database: heartbeats, what the dead left, wake-ups, what each holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions.model import Lane
from subscriptions.store import (
    figures,
    workers,
)
from subscriptions.store import workers as stored_workers
from subscriptions.store.database.kind import OpenSession
from subscriptions.store.database.store import Scope, Transaction, reads
from subscriptions.store.workers import NOWHERE, Whereabouts


def is_not_known(_process: str) -> bool:
    """Whether a process runs, where the system does not tell: then the lock alone decides."""
    return False


def begin_worker(
    store: Scope,
    *,
    holds_sender_lock: bool,
    process: str = "",
    where: Whereabouts = NOWHERE,
    is_running: Callable[[str], bool] = is_not_known,
) -> int:
    """Begins the work of this process, and recovers what workers that are gone left. Returns how many messages.

    `process` is this one, as `is_running` knows it: whether the process of another worker runs here. A worker whose
    process runs is not gone, even if another one holds the lock. One transaction: a crash before its commit leaves
    everything to the next start.
    """
    with store.write() as transaction:
        workers.begin_worker(
            transaction,
            transaction.store.worker,
            holds_sender_lock=holds_sender_lock,
            process=process,
            where=where,
            is_running=is_running,
        )
        if holds_sender_lock:
            stored_workers.forget_wakes(transaction)  # it looks for lanes on its own, and no worker takes jobs
        return workers.recover_left(transaction)


def recover_own(store: Scope, lane: Lane | None = None) -> int:
    """Recovers what this process marked as sending, when it sends nothing any more. Returns how many messages.

    `lane`: only what it marked there.
    """
    with store.write() as transaction:
        return workers.recover_own(transaction, transaction.store.worker, lane)


def other_workers(store: Scope) -> dict[str, int]:
    """The other workers → their heartbeats."""
    with store.read() as transaction:
        return workers.others(transaction, transaction.store.worker)


def end_worker(store: Scope) -> int:
    """Ends this worker in an orderly way, and recovers what it had claimed. Returns how many messages."""
    with store.write() as transaction:
        workers.end_worker(transaction, transaction.store.worker)
        return workers.recover_left(transaction)


def beat(store: Scope, *, process: str = "", where: Whereabouts = NOWHERE) -> None:
    """Shows the others that this process is at work; `process` and `where` say which one, if they took it for gone."""
    with store.write() as transaction:
        workers.beat(transaction, transaction.store.worker, process, where)


def recover_stalled(store: Scope, stalled: Mapping[str, int]) -> int:
    """Recovers what these workers left, unless their heartbeats have changed. Returns how many messages.

    Their replies are left to who posts replies (`unfinished_replies`), which may take part in this transaction.
    """
    with store.write() as transaction:
        workers.end_stalled(transaction, stalled)
        return workers.recover_left(transaction)


def wake(store: Scope, lanes: Sequence[Lane], *, after: timedelta = timedelta(0)) -> None:
    """Wakes lanes when `after` has passed."""
    with store.write() as transaction:
        stored_workers.wake_lanes(transaction, lanes, after=after)


def wake_idle(store: Scope, lanes: Sequence[Lane]) -> int:
    """Wakes the lanes without a job; returns how many. Only this finds a lane whose job was lost."""
    with store.write() as transaction:
        return stored_workers.wake_lanes(transaction, lanes, only_idle=True)


def count_jobs(store: Scope) -> int:
    """How many jobs of lanes run, or may run soon."""
    with store.read() as transaction:
        return stored_workers.jobs_left(transaction, _SOON)


SILENT_AFTER = timedelta(seconds=20)  # without a heartbeat, after which others take over what a worker had


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerAtWork:
    """A worker. One that others took for gone, and whose session is still there, may hold lanes: it was stopped."""

    id: str
    host: str  # "" if it is not known
    number: int  # of the process; 0 if it is not known
    since: datetime | None
    silent_for: timedelta | None  # since its last heartbeat; None: none is known
    is_alive: bool
    lanes: int  # that it has claimed
    receives: tuple[str, ...]  # names of receivers


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Since when the oldest work waits that could be done now; None: none waits."""

    planning_since: datetime | None
    sending_since: datetime | None
    jobs: int | None  # wake-ups that wait for a worker; None: one process works without them


@reads
def backlog(transaction: Transaction, *, now: datetime, wall: datetime) -> Backlog:
    """Returns since when work waits. `wall` is the machine's clock. Raises StoreError."""
    return Backlog(
        planning_since=figures.to_be_planned_since(transaction, now=now),
        sending_since=figures.to_be_sent_since(transaction, now=now, wall=wall),
        jobs=stored_workers.jobs_waiting(transaction),
    )


def workers_at_work(store: Scope, *, is_running: Callable[[str], bool]) -> tuple[WorkerAtWork, ...]:
    """Returns the workers of a database. Raises StoreError.

    A file has one process, which writes no heartbeats down: there `is_running` tells whether that process runs.
    """
    with store.read() as transaction:
        known, kind = workers.known_workers(transaction), transaction.store.kind
        if kind.file is not None:
            return tuple(_at_work(one, one.sending, (), is_alive=True) for one in known if is_running(one.process))
        held, sessions = workers.held_names(transaction), kind.open_sessions(transaction.connection())
    left = [_left(one, held) for one in sessions if not any(other.id.startswith(one.worker) for other in known)]
    return tuple(_one_of_several(one, held.get(one.id, ())) for one in (*known, *left))


def lease_of(receiver: str) -> str:
    """The name of the lease of a receiver."""
    return f"receiver {receiver}"


def _one_of_several(known: workers.KnownWorker, names: Sequence[str]) -> WorkerAtWork:
    receives = tuple(name.removeprefix(lease_of("")) for name in names if name.startswith(lease_of("")))
    is_alive = known.silent_for is not None and known.silent_for < SILENT_AFTER
    return _at_work(known, len(names) - len(receives), receives, is_alive=is_alive)


def _at_work(known: workers.KnownWorker, lanes: int, receives: tuple[str, ...], *, is_alive: bool) -> WorkerAtWork:
    where = known.where
    return WorkerAtWork(
        id=known.id,
        host=where.host,
        number=where.number,
        since=where.since,
        silent_for=known.silent_for,
        is_alive=is_alive,
        lanes=lanes,
        receives=receives,
    )


def _left(session: OpenSession, held: Iterable[str]) -> workers.KnownWorker:
    """A worker that has only its session, and perhaps leases, left."""
    number, _, host = session.process.partition(" on ")
    where = Whereabouts(host=host, number=int(number) if number.isdecimal() else 0, since=session.since)
    name = next((worker for worker in held if worker.startswith(session.worker)), session.worker)
    return workers.KnownWorker(id=name, process="", where=where, silent_for=None, sending=0)


_SOON = timedelta(seconds=10)  # a lane that has to wait for longer waits because its platform asked for that
