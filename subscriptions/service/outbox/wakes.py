"""The jobs by which the workers of a cluster learn which lanes to look at."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from subscriptions.model import Lane
from subscriptions.store import Scope, Store, lane_wakes, updates
from subscriptions.store.outbox import attempts

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
