"""Which lanes each worker holds, and since when work waits, for `paperwire workers` and `/metrics`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from subscriptions.service.sending import SILENT_AFTER
from subscriptions.store import (
    wakeups,
    work_figures,
    workers,
)
from subscriptions.store.database.postgres import OpenSession, open_sessions
from subscriptions.store.database.store import Transaction, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerAtWork:
    """A worker, and what it holds. A worker that others removed as dead may still have a session, and so hold lanes."""

    known: workers.KnownWorker
    is_alive: bool
    lanes: int  # number of lanes that it has claimed
    receives: tuple[str, ...] = ()  # names of its receivers


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Since when work waits that could be done now. A moment is None if no such work waits."""

    planning_since: datetime | None
    sending_since: datetime | None
    jobs: int | None  # jobs that wait for a worker; None on SQLite, which has no jobs


@reads
def backlog(transaction: Transaction, *, now: datetime, wall: datetime) -> Backlog:
    """Returns since when work waits. `wall` is the time of the machine's clock. Raises StoreError."""
    return Backlog(
        planning_since=work_figures.to_be_planned_since(transaction, now=now),
        sending_since=work_figures.to_be_sent_since(transaction, now=now, wall=wall),
        jobs=wakeups.jobs_waiting(transaction),
    )


@reads
def workers_at_work(transaction: Transaction, *, is_running: Callable[[str], bool]) -> tuple[WorkerAtWork, ...]:
    """Returns the workers of a database. Raises StoreError.

    On SQLite there is one process, which stores no heartbeats. `is_running` tells whether it runs.
    """
    known, kind = workers.known_workers(transaction), transaction.store.kind
    if kind.file is not None:
        return tuple(
            WorkerAtWork(known=one, is_alive=True, lanes=one.sending) for one in known if is_running(one.process)
        )
    held, sessions = workers.held_names(transaction), open_sessions(transaction.connection())
    left = [_left(one, held) for one in sessions if not any(other.id.startswith(one.worker) for other in known)]
    return tuple(_one_of_several(one, held.get(one.id, ())) for one in (*known, *left))


def lease_of(receiver: str) -> str:
    """Returns the name of the lease that a worker holds while it runs a receiver."""
    return f"receiver {receiver}"


def _one_of_several(known: workers.KnownWorker, names: Sequence[str]) -> WorkerAtWork:
    receives = tuple(name.removeprefix(lease_of("")) for name in names if name.startswith(lease_of("")))
    is_alive = known.silent_for is not None and known.silent_for < SILENT_AFTER
    return WorkerAtWork(known=known, is_alive=is_alive, lanes=len(names) - len(receives), receives=receives)


def _left(session: OpenSession, held: Iterable[str]) -> workers.KnownWorker:
    """Returns a worker that is no longer stored, from what is left of it: its session and perhaps leases."""
    number, _, host = session.process.partition(" on ")
    where = workers.Whereabouts(host=host, number=int(number) if number.isdecimal() else 0, since=session.since)
    name = next((worker for worker in held if worker.startswith(session.worker)), session.worker)
    return workers.KnownWorker(id=name, process="", where=where, silent_for=None, sending=0)
