"""Since when work waits, for `/metrics`."""

from dataclasses import dataclass
from datetime import datetime

from subscriptions.store import (
    wakeups,
    work_figures,
)
from subscriptions.store.database.store import Transaction, reads


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


def lease_of(receiver: str) -> str:
    """Returns the name of the lease that a worker holds while it runs a receiver."""
    return f"receiver {receiver}"
