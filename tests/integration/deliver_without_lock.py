"""`paperwire deliver` without the sender lock, as where a file system knows no locks: the database alone keeps two apart.

The first argument says what it tells of the lock: `honest`, that it does not hold it; `claims`, that it does.
Plans ten chats at a time, so that two planners meet. Says that it is ready, and begins when it gets a line.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.cli import run
from bot.delivery import sender
from subscriptions.service.outbox import begin_worker
from subscriptions.service.planner import plan
from subscriptions.store import Store


@contextmanager
def _no_lock(_database: Path) -> Iterator[None]:
    yield


def _begin_worker(store: Store, **_claims: object) -> int:
    return begin_worker(store, holds_sender_lock=False)


if __name__ == "__main__":
    vars(sender).update(sender_lock=_no_lock)
    if sys.argv[1] == "honest":
        vars(sender).update(begin_worker=_begin_worker)
    plan.SLICE = 10
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.exit(run(["deliver", *sys.argv[2:]]))
