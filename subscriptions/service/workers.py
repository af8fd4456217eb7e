"""The workers of the database, what each holds, and since when work waits: for `paperwire workers` and `/metrics`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions.store import (
    figures,
    workers,
)
from subscriptions.store.database.kind import OpenSession
from subscriptions.store.database.store import Scope, Transaction, reads
from subscriptions.store.workers import Whereabouts

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
        jobs=workers.jobs_waiting(transaction),
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
