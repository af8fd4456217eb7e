"""Measures how long a morning takes on PostgreSQL when one process plans it, and when three do.

    python -m bench.planners [CHATS]          without a number: 100,000

Every chat is due at the same minute, and ten of the day's papers match. Each process plans until nothing is left, and the time is that
on the wall until the last one ends: with fewer processors than processes and a server, they share these. Aim: half.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import combinations

import psycopg

import bot.channels.known  # noqa: F401 - declares the platforms
from bench.planning import HOUR, NOON, PAPERS, RARE, fill
from subscriptions.service.planner import plan_due
from subscriptions.store import Store
from tests.cluster.__main__ import server

CHATS, AIM = 100_000, 0.5


def main() -> int:
    match sys.argv[1:]:
        case ["plan", url]:
            print(planned(url))
        case [*chats]:
            measure(int(chats[0]) if chats else CHATS)
    return 0


def measure(chats: int) -> None:
    """Prints the table."""
    with server() as (_, url):
        with closing(Store(url)) as store:
            store.open(now=NOON)
            queries = [f"{one} OR {other}" for one, other in combinations(RARE, 2)]
            fill(store, chats, queries, [f"On {RARE[n % len(RARE)]}, part {n}" for n in range(PAPERS)])
        alone = seconds(url, 1, chats)
        together = seconds(url, 3, chats)
    print(f"{chats:,} chats x 10 papers at one minute, on PostgreSQL")
    print(f"one planner: {alone:.1f} s; three: {together:.1f} s; three / one = {together / alone:.2f}  (aim: {AIM})")


def seconds(url: str, planners: int, chats: int) -> float:
    """How long planners take on a copy of the database, on the wall, from the moment that all are ready."""
    name = f"planned_by_{planners}"
    with psycopg.connect(url.replace("/workers?", "/postgres?"), autocommit=True) as control:
        control.execute(f"CREATE DATABASE {name} TEMPLATE workers")
        control.execute("CHECKPOINT")
    copy = url.replace("/workers?", f"/{name}?")
    with psycopg.connect(copy, autocommit=True) as control:
        control.execute("ANALYZE")
    started = [begun(copy) for _ in range(planners)]
    begin = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [ended(process) for process in started]
    taken = time.perf_counter() - begin
    assert sum(counts) == chats, counts
    return taken


def begun(url: str) -> "subprocess.Popen[str]":
    """A planner that is ready, and waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.planners", "plan", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: "subprocess.Popen[str]") -> int:
    """How many deliveries it planned. All have been told to begin."""
    out, _ = process.communicate()
    return int(out)


def planned(url: str) -> int:
    """Plans until nothing is left."""
    with closing(Store(url)) as store:
        store.open(now=NOON)
        print("ready", flush=True)
        sys.stdin.readline()
        counts: Sequence[int] = [len(plan_due(store, now=NOON + HOUR))]
        while counts[-1]:  # what another planner had in hand and gave up
            counts = [*counts, len(plan_due(store, now=NOON + HOUR))]
        return sum(counts)


if __name__ == "__main__":
    sys.exit(main())
