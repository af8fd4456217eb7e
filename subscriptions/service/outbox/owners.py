"""Which worker has claimed which messages and replies, and what becomes of those whose worker is gone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from subscriptions.model import Lane
from subscriptions.store import Scope, Store, key_value, lane_wakes, platforms, updates, workers
from subscriptions.store.outbox import attempts
from subscriptions.store.outbox.backlog import LONG, Trouble, dead_since, waiting_since
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


# ---------------------------------------------------------------------------------------------------------------------
# The jobs by which the workers of a cluster learn which lanes to look at.


_PACED = timedelta(minutes=1)  # no budget of a platform looks further back
_SOON = timedelta(seconds=10)  # a lane that has to wait for longer waits because its platform asked for that


def wake(store: Scope, lanes: Sequence[Lane], *, after: timedelta = timedelta(0)) -> None:
    """Wakes lanes when `after` has passed."""
    with store.write() as transaction:
        lane_wakes.wake_lanes(transaction, lanes, after=after)


def wake_idle(store: Scope, lanes: Sequence[Lane]) -> int:
    """Wakes the lanes without a job; returns how many. Only this finds a lane whose job was lost."""
    with store.write() as transaction:
        return lane_wakes.wake_lanes(transaction, lanes, only_idle=True)


def count_jobs(store: Scope) -> int:
    """How many jobs of lanes run, or may run soon."""
    with store.read() as transaction:
        return lane_wakes.jobs_left(transaction, _SOON)


def sends_of_lane(store: Store, lane: Lane, *, now: datetime, wall: datetime) -> list[timedelta]:
    """How long ago the sending of each message and answer of a lane began, in the last minute, the oldest first.

    By any worker. An answer counts from when its request came; one that another worker must still post counts as
    sent now.
    """
    with store.read() as transaction:
        ago = [wall - at for at in attempts.sends_of_lane(transaction, lane, wall - _PACED)]
        answers = updates.answers_in(transaction, lane, now - _PACED, store.worker)
    ago += [now - at if finished else timedelta(0) for at, finished in answers]
    return sorted((one for one in ago if one >= timedelta(0)), reverse=True)


# ---------------------------------------------------------------------------------------------------------------------
# What of the outbox needs a person's eye: messages that are dead, and deliveries that wait for long.


_DEAD_LOGGED = "logged:dead"  # a key: the moment up to which dead messages are in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTrouble:
    """Dead messages, and by platform the deliveries that have waited for long."""

    dead: Trouble = field(default_factory=lambda: Trouble(count=0))
    waiting: Mapping[str, Trouble] = field(default_factory=dict)


def outbox_trouble(store: Scope, *, now: datetime) -> OutboxTrouble:
    """Returns what is dead and not dismissed, and what has waited for long."""
    with store.read() as transaction:
        return OutboxTrouble(dead=dead_since(transaction, None), waiting=waiting_since(transaction, now - LONG))


def claim_unlogged_trouble(store: Scope, *, now: datetime) -> OutboxTrouble:
    """Returns what the log has not named yet, and counts it as named: each dead message once, a long wait once a day.

    The day is in UTC. Of several processes, or rounds under cron, one gets it. A crash after it loses a line of the
    log; notices to operators, `check` and the health page read the outbox itself.
    """
    with store.read() as transaction:
        known = key_value.get_value(transaction, _DEAD_LOGGED)
        dead = dead_since(transaction, datetime.fromisoformat(known) if known else None)
        logged = platforms.waiting_logged(transaction)
        waiting = waiting_since(transaction, now - LONG)
    new = {platform: one for platform, one in waiting.items() if logged.get(platform) != now.date()}
    if not dead.count and not new:
        return OutboxTrouble()
    with store.write() as transaction:
        if key_value.get_value(transaction, _DEAD_LOGGED) != known:
            dead = replace(dead, count=0)  # another process was faster
        elif dead.count:
            key_value.put_value(transaction, _DEAD_LOGGED, now.isoformat())
        for platform in new:
            platforms.note_waiting_logged(transaction, platform, now.date())
    return OutboxTrouble(dead=dead, waiting=new)
