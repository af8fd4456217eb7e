"""The workers of the database, what each holds, and since when work waits: for `paperwire workers` and `/metrics`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from subscriptions.store import Scope, Transaction, figures, lane_wakes, reads, workers
from subscriptions.store.database.kind import Holdings

TERMS = 5  # of an election: as many workers can be stopped, one after the other, while still holding their names
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
        jobs=lane_wakes.jobs_waiting(transaction),
    )


def workers_at_work(
    store: Scope, receivers: Sequence[str], *, is_running: Callable[[str], bool]
) -> tuple[WorkerAtWork, ...]:
    """Returns the workers of a database, and which of `receivers` each holds. Raises StoreError.

    A file has one process, which writes no heartbeats down: there `is_running` tells whether that process runs.
    """
    with store.read() as transaction:
        known = workers.known_workers(transaction)
        if transaction.store.kind.file is not None:
            return tuple(_alone(one) for one in known if is_running(one.process))
        kind, connection = transaction.store.kind, transaction.connection()
        names = [term for name in receivers for term in terms(election(name))]
        held = {one.worker: one for one in _highest(kind.holdings(connection, names))}
    found = [_one_of_several(one, held) for one in known]
    return (*found, *(_left(one) for one in held.values()))


def election(receiver: str) -> str:
    """The name under which the receiving by a receiver is held."""
    return f"receiver {receiver}"


def terms(name: str) -> tuple[str, ...]:
    """The names under which an election is held, one after the other.

    The worker that holds the last of the held names is elected. A worker that others took for gone may only be
    stopped, and its session still holds its name. Then another worker takes the next name, and the stopped one, when it
    goes on, sees that it is not elected any more.
    """
    return (name, *(f"{name}, term {number}" for number in range(2, TERMS + 1)))


def _highest(held: Sequence[Holdings]) -> Iterator[Holdings]:
    """What each session holds. Of the terms of an election only the last held one counts, under the election's name."""
    last: dict[str, str] = {}
    for name in sorted(name for one in held for name in one.names):
        last[name.partition(", term ")[0]] = name
    for one in held:
        names = tuple(election for election, name in last.items() if name in one.names)
        yield replace(one, names=names)


def _alone(known: workers.KnownWorker) -> WorkerAtWork:
    where = known.where
    return WorkerAtWork(
        id=known.id,
        host=where.host,
        number=where.number,
        since=where.since,
        silent_for=None,
        is_alive=True,
        lanes=known.sending,
        receives=(),
    )


def _one_of_several(known: workers.KnownWorker, held: dict[str, Holdings]) -> WorkerAtWork:
    """A worker with what its session holds, which is taken from `held`."""
    mine = next((begin for begin in held if known.id.startswith(begin)), "")
    holds, where = held.pop(mine, None), known.where
    return WorkerAtWork(
        id=known.id,
        host=where.host,
        number=where.number,
        since=where.since,
        silent_for=known.silent_for,
        is_alive=known.silent_for is not None and known.silent_for < SILENT_AFTER,
        lanes=holds.lanes if holds else 0,
        receives=_receivers(holds) if holds else (),
    )


def _left(held: Holdings) -> WorkerAtWork:
    """A worker that has only its session left."""
    number, _, host = held.process.partition(" on ")
    return WorkerAtWork(
        id=held.worker,
        host=host,
        number=int(number) if number.isdecimal() else 0,
        since=held.since,
        silent_for=None,
        is_alive=False,
        lanes=held.lanes,
        receives=_receivers(held),
    )


def _receivers(held: Holdings) -> tuple[str, ...]:
    return tuple(name.removeprefix(election("")) for name in held.names)
