"""Measures the bytes that a delivered paper takes: in the first days, and after a month, when its delivery is reduced.

    python -m bench.room [CHATS]

It counts the bytes of the rows of delivered papers, deliveries and messages in the file, with their indexes. It does
not count the paper itself, which all chats share. Aim: at most 200 bytes after a month.
"""

import sys
import tempfile
import time
from datetime import timedelta
from itertools import pairwise

from subscriptions.service.retention import clean_up_steps
from subscriptions.store.database.store import Store
from subscriptions.store.work_figures import room
from tests import filling
from tests.clock import NOON
from tests.make import an_open_store

OF_A_DELIVERY = ("papers of chats", "deliveries", "messages")
MOST = 200  # bytes


def main() -> int:
    chats = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as folder, an_open_store(f"sqlite:///{folder}/room.db") as store:
        filling.fill(store, chats)
        delivered = chats * filling.PER_CHAT
        print(f"{delivered:,} papers delivered to {chats:,} chats, five in a delivery")
        taken(store, delivered, "in the first days")
        steps = clean_up_steps(store, now=NOON + timedelta(days=31))
        moments = [time.perf_counter(), *(time.perf_counter() for _ in steps)]
        longest = max(after - before for before, after in pairwise(moments))
        print(f"the clean-up took {moments[-1] - moments[0]:.1f} s, its longest transaction {longest * 1e3:.0f} ms")
        return 0 if taken(store, delivered, "after a month") <= MOST else 1


def taken(store: Store, delivered: int, when: str) -> float:
    """Prints and returns the bytes of a delivered paper."""
    with store.read() as session:
        sizes = {one.what: one.size / delivered for one in room(session, now=NOON)}
    whole = sum(sizes[what] for what in OF_A_DELIVERY)
    print(
        f"{when}: {whole:.0f} bytes a delivered paper"
        f" ({', '.join(f'{what} {sizes[what]:.0f}' for what in OF_A_DELIVERY)})"
    )
    return whole


if __name__ == "__main__":
    sys.exit(main())
