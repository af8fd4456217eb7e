"""Which worker has claimed which messages and replies, and what becomes of those whose worker is gone."""

from collections.abc import Callable, Mapping

from subscriptions.model import Lane
from subscriptions.store import Scope, lane_wakes, workers
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
            lane_wakes.forget_wakes(transaction)  # it looks for lanes on its own, and no worker takes jobs
        return workers.recover_left(transaction)


def recover_own(store: Scope, lane: Lane | None = None) -> int:
    """Recovers what this process marked as sending, when it sends nothing any more. Returns how many messages.

    `lane`: only what it marked there.
    """
    with store.write() as transaction:
        return workers.recover_own(transaction, transaction.store.worker, lane)


def others_in_hand(store: Scope) -> dict[str, int]:
    """The other workers that have claimed something → their heartbeats."""
    with store.read() as transaction:
        return workers.others_in_hand(transaction, transaction.store.worker)


def other_workers(store: Scope) -> dict[str, int]:
    """All other workers → their heartbeats."""
    with store.read() as transaction:
        return workers.others(transaction, transaction.store.worker)


def end_worker(store: Scope) -> int:
    """Ends this worker in an orderly way, and recovers what it had claimed. Returns how many messages."""
    with store.write() as transaction:
        workers.end_worker(transaction, transaction.store.worker)
        return workers.recover_left(transaction)


def beat(store: Scope, *, rejoins: str | None = None, where: Whereabouts = NOWHERE) -> None:
    """Shows the others that this process is at work.

    `rejoins`: which process it is, and `where`, if others may have taken it for gone.
    """
    with store.write() as transaction:
        if rejoins is not None:
            workers.rejoin(transaction, transaction.store.worker, rejoins, where)
        workers.beat(transaction, transaction.store.worker)


def recover_stalled(store: Scope, stalled: Mapping[str, int]) -> int:
    """Recovers what these workers left, unless their heartbeats have changed. Returns how many messages.

    Their replies are left to who posts replies (`unfinished_replies`), which may take part in this transaction.
    """
    with store.write() as transaction:
        workers.end_stalled(transaction, stalled)
        return workers.recover_left(transaction)
