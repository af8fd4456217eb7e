"""Measures how long a morning takes on PostgreSQL when one process plans it, and when three do.

    python -m bench.planners [CHATS]          without a number: 100,000

Every chat is due at the same minute, and ten of the day's papers match. Each process plans until nothing is left. The
time is wall time until the last process ends; where there are fewer processors than planners and servers, they share
the processors. So the processor time of the planners and of the server is shown too: three planners cannot end sooner
than its sum divided by the number of processors. A planner and its session of the server mostly work in turn, so on two
processors three planners take half the time if they add no work. Twenty times a second the benchmark asks which
sessions wait for another one, for a row or within the server: a session that does not wait there would go on at once on
a machine with more processors.

No machine here can show how long a morning takes where each process has its own processor, so that time is computed
from the processor time of each planner and its sessions. These work in turn, so it is their sum, for the planner where
that is largest. It assumes that no planner waits for another (the share of waiting bounds that) or for a disk, and that
more processors are as fast as these. Aim: half.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy import event

import bot.platforms.known  # noqa: F401 - declares the platforms
from bench.planning import HOUR, NOON, PAPERS, RARE, fill
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from tests.postgres.cluster import Cluster
from tests.programs.cluster.__main__ import server

CHATS, AIM = 100_000, 0.5
TICKS = os.sysconf("SC_CLK_TCK")  # of a second
_WAITING = """
    SELECT count(*) FILTER (WHERE wait_event_type IN ('Lock', 'LWLock', 'BufferPin')), count(*) FROM pg_stat_activity
    WHERE application_name = 'paperwire' AND state = 'active' AND datname = current_database()
"""


def main() -> int:
    match sys.argv[1:]:
        case ["plan", url]:
            print(planned(url))
        case [*chats]:
            measure(int(chats[0]) if chats else CHATS)
    return 0


class Planned(NamedTuple):
    """What one planner did, and the seconds of a processor that it took."""

    deliveries: int
    own: float
    sessions: float  # those of the server that work for it

    @property
    def path(self) -> float:
        """Seconds of it and its sessions, which work in turn."""
        return self.own + self.sessions


class Taken(NamedTuple):
    """What a morning took."""

    wall: float  # seconds
    each: Sequence[Planned]
    server: float  # seconds of a processor
    waiting: float  # share of the looks at a session at which it waited for another one

    @property
    def planners(self) -> float:
        """Seconds of a processor of the planners."""
        return sum(one.own for one in self.each)

    @property
    def work(self) -> float:
        """Seconds of a processor of all."""
        return self.planners + self.server

    @property
    def longest(self) -> float:
        """Seconds of the planner that takes most, with its sessions."""
        return max(one.path for one in self.each)


def measure(chats: int) -> None:
    """Prints the table."""
    with server() as (cluster, url):
        with closing(Store(url)) as store:
            store.open(now=NOON)
            queries = [f"{one} OR {other}" for one, other in combinations(RARE, 2)]
            fill(store, chats, queries, [f"On {RARE[n % len(RARE)]}, part {n}" for n in range(PAPERS)])
        alone = morning(cluster, url, 1, chats)
        together = morning(cluster, url, 3, chats)
    print(f"{chats:,} chats x 10 papers at one minute, on PostgreSQL; {os.cpu_count()} processors")
    print("planners   on the wall   processor: planners   server   together   waits for another")
    for count, one in ((1, alone), (3, together)):
        print(
            f"{count:8} {one.wall:11.1f} s {one.planners:19.1f} s {one.server:6.1f} s {one.work:8.1f} s {one.waiting:18.1%}"
        )
    print(f"three / one = {together.wall / alone.wall:.2f}  (aim: {AIM})")
    least = together.work / (os.cpu_count() or 1)
    print(
        f"by the processors' seconds alone: {least / alone.work:.2f} if all are busy to the end,"
        f" {together.work / 3 / alone.work:.2f} with a processor for each planner and its session"
    )
    for planner in together.each:
        print(
            f"one of three: {planner.deliveries:,} deliveries, {planner.own:.1f} s and {planner.sessions:.1f} s of its sessions"
        )
    print(
        f"computed, with a processor for each process and no waiting: {together.longest:.1f} s of {alone.longest:.1f} s"
        f" = {together.longest / alone.longest:.2f}  (aim: {AIM})"
    )


def morning(cluster: Cluster, url: str, planners: int, chats: int) -> Taken:
    """What planners take on a copy of the database, from the moment that all are ready."""
    name = f"planned_by_{planners}"
    with psycopg.connect(url.replace("/workers?", "/postgres?"), autocommit=True) as control:
        control.execute(f"CREATE DATABASE {name} TEMPLATE workers")
        control.execute("CHECKPOINT")
    copy = url.replace("/workers?", f"/{name}?")
    with psycopg.connect(copy, autocommit=True) as control:
        control.execute("ANALYZE")
    started = [begun(copy) for _ in range(planners)]
    with waits(copy) as looks:
        served, begin = of_server(cluster), time.perf_counter()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        found = [ended(process) for process in started]
        taken = time.perf_counter() - begin
    assert sum(one.deliveries for one in found) == chats, found
    waiting = sum(waited for waited, _ in looks) / max(1, sum(sessions for _, sessions in looks))
    return Taken(taken, found, of_server(cluster) - served, waiting)


@contextmanager
def waits(url: str) -> Iterator[list[tuple[int, int]]]:
    """Looks at the planners' sessions meanwhile: how many wait for another one, and how many are within a statement."""
    looks: list[tuple[int, int]] = []
    over = threading.Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(0.05):
                looks.extend(connection.execute(_WAITING).fetchall())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield looks
    finally:
        over.set()
        looking.join()


def of_server(cluster: Cluster) -> float:
    """Seconds of a processor that the server has taken, with its processes that have ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = words_of(stat)
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        if stat.parent.name == str(cluster.pid):
            ticks += sum(map(int, words[11:15]))
        elif words[1] == str(cluster.pid):
            ticks += sum(map(int, words[11:13]))
    return ticks / TICKS


def words_of(stat: Path) -> list[str]:
    """The fields of a process in /proc, from its state on."""
    return stat.read_text().rpartition(")")[2].split()


class Sessions:
    """The processes of the server that work for this one."""

    def __init__(self, store: Store) -> None:
        self._open: set[int] = set()
        self._of_ended = 0  # ticks of a processor
        event.listen(store._engine, "connect", self._begin)  # noqa: SLF001 - the only source
        event.listen(store._engine, "invalidate", self._end)  # noqa: SLF001

    def _begin(self, session: psycopg.Connection, _: object) -> None:
        self._open.add(session.info.backend_pid)

    def _end(self, session: psycopg.Connection, *_: object) -> None:
        self._open.discard(session.info.backend_pid)
        self._of_ended += ticks_of(session.info.backend_pid)

    @property
    def seconds(self) -> float:
        """Seconds of a processor that they have taken."""
        return (self._of_ended + sum(map(ticks_of, self._open))) / TICKS


def ticks_of(process: int) -> int:
    """The processor time of a process, in ticks."""
    return sum(map(int, words_of(Path(f"/proc/{process}/stat"))[11:13]))


def begun(url: str) -> "subprocess.Popen[str]":
    """A planner that is ready, and waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.planners", "plan", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: "subprocess.Popen[str]") -> Planned:
    """What a planner did. All have begun by now."""
    out, _ = process.communicate()
    deliveries, own, sessions = out.split()
    return Planned(int(deliveries), float(own), float(sessions))


def planned(url: str) -> str:
    """Plans until nothing is left; the fields of a Planned."""
    with closing(Store(url)) as store:
        sessions = Sessions(store)
        store.open(now=NOON)
        print("ready", flush=True)
        sys.stdin.readline()
        begin, before = time.process_time(), sessions.seconds
        counts: Sequence[int] = [len(plan_due(store, now=NOON + HOUR))]
        while counts[-1]:  # chats that another planner claimed and gave up
            counts = [*counts, len(plan_due(store, now=NOON + HOUR))]
        return f"{sum(counts)} {time.process_time() - begin} {sessions.seconds - before}"


if __name__ == "__main__":
    sys.exit(main())
