"""`paperwire deliver` without the sender lock, as on a file system without locks: only the database keeps two senders
apart.

The first argument chooses what the process says about the lock. `honest`: it does not hold the lock. `claims`: it holds
the lock. `careless`: as `honest`, and the statement that claims a message has no conditions.
Plans ten chats at a time, so that two planners run at the same time. Says that it is ready, and begins when it gets a
line.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sqlalchemy import bindparam, update

from bot.cli import run
from bot.delivery import lane_sender, sender
from subscriptions.service import plan
from subscriptions.states import MessageState
from subscriptions.store import claims
from subscriptions.store.database.store import Store
from subscriptions.store.rows import TABLES
from subscriptions.store.workers import begin_worker


@contextmanager
def _no_lock(_store: Store) -> Iterator[None]:
    yield


def _begin_worker(store: Store, **_claims: object) -> int:
    return begin_worker(store, holds_sender_lock=False)


def _takes_without_looking() -> None:
    """Lets a message in any state be marked as sending, as if the update had no condition."""
    m = TABLES.tables["message"].c
    marking = (
        update(TABLES.tables["message"])
        .where(m.delivery == bindparam("of"), m.number == bindparam("which"))
        .values(
            state=MessageState.SENDING,
            attempted_at=bindparam("wall"),
            unclear_since=bindparam("first"),
            worker=bindparam("who"),
        )
    )
    _replaces(claims, _MARK_SENDING=marking)


def _replaces(module: ModuleType, **names: object) -> None:
    """Replaces values of names that the module must already have."""
    assert names.keys() <= vars(module).keys(), f"{module.__name__} has other names now"
    vars(module).update(names)


if __name__ == "__main__":
    _replaces(lane_sender, only_sender=_no_lock)
    if sys.argv[1] == "careless":
        _takes_without_looking()
    if sys.argv[1] != "claims":
        _replaces(sender, begin_worker=_begin_worker)
    plan.SLICE = 10
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.exit(run(["deliver", *sys.argv[2:]]))
