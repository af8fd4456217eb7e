"""A soak of a few seconds: everything that `make soak` does in half an hour."""

import os
import sys

import pytest

from subscriptions.store.database.store import MOST_AT_WORK
from tests.programs.faults.soak.load import Pace
from tests.programs.faults.soak.run import soak

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc"),
    pytest.mark.timeout(1200),  # a busy machine must start three processes, and SETTLES is part of this time
]

BRIEF = Pace(
    seconds=9, chats=20, channels=4, talkers=40, digest=3, talk=0.1, fault=2, lock=6, others=60, sample=0.5, brief=True
)
# A process that has just started is still opening what it keeps, and its pools start a thread whenever no other is free.
# asyncio's own pool has at most this many threads: https://docs.python.org/3/library/concurrent.futures.html
_OF_ASYNCIO = min(32, (os.cpu_count() or 1) + 4)
STARTING = {"descriptors": 15, "threads": MOST_AT_WORK + _OF_ASYNCIO, "children": 0}


def test_nothing_is_lost_left_over_or_doubled() -> None:
    soaked = soak(BRIEF, warm_up=3, most_growth=0.25, spare=STARTING)
    assert soaked.green, [one for one in soaked.verdicts if not one.green]
    assert soaked.account.digests >= 1
    assert soaked.messages > (BRIEF.chats + BRIEF.channels)
    assert {"429", "database locked"} <= set(soaked.account.faults)
