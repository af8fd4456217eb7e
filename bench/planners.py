"""Measures how long the plan of a morning takes on PostgreSQL with one planning process, and with three.

    python -m bench.planners [CHATS]          without a number: 100,000

All chats are due at the same minute, and ten of the day's papers match each. Each process plans until nothing is left.
The time is the wall time until the last process ends. If there are fewer processors than planners and server processes,
they share the processors. So the processor times of the planners and of the server are shown as well: three planners
need at least their sum divided by the number of processors. A planner and its session on the server usually work in
turn. So on two processors, three planners take half the time if they cause no additional work. Twenty times a second,
the benchmark checks which sessions wait for another session, for a row or within the server. A session that does not
wait in this way would continue at once on a machine with more processors.

If each process had its own processor, a morning would take as long as the slowest planner. We have no such machine, so
that time is computed as the processor time of the planner and its sessions, which work in turn. The computation assumes
that no planner waits for another one (the measured share of waiting limits that error) or for a disk, and that more
processors are as fast as these. Aim: half of the time.
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
from bench import planning
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from tests.postgres.cluster import Cluster
from tests.programs.cluster.__main__ import server

CHATS, AIM = 100_000, 0.5
TICKS = os.sysconf("SC_CLK_TCK")  # ticks of the processor time in /proc, per second
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
    """What one planner did, and the processor seconds that it needed."""

    deliveries: int
    own: float
    sessions: float  # processor seconds of its sessions on the server

    @property
    def path(self) -> float:
        """Processor seconds of the planner and its sessions, which work in turn."""
        return self.own + self.sessions


class Taken(NamedTuple):
    """The times of a morning."""

    wall: float  # seconds
    each: Sequence[Planned]
    server: float  # processor seconds
    waiting: float  # share of the checks of a session in which it waited for another session

    @property
    def planners(self) -> float:
        """Processor seconds of all planners."""
        return sum(one.own for one in self.each)

    @property
    def work(self) -> float:
        """Processor seconds of the planners and the server."""
        return self.planners + self.server

    @property
    def longest(self) -> float:
        """Processor seconds of the slowest planner with its sessions."""
        return max(one.path for one in self.each)


def measure(chats: int) -> None:
    """Prints the table."""
    with server() as (cluster, url):
        with closing(Store(url)) as store:
            store.open(now=planning.NOON)
            queries = [f"{one} OR {other}" for one, other in combinations(planning.RARE, 2)]
            planning.fill(
                store,
                chats,
                queries,
                [f"On {planning.RARE[n % len(planning.RARE)]}, part {n}" for n in range(planning.PAPERS)],
            )
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
    """Runs planners on a copy of the database. Returns their times from the moment when all are ready."""
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
    """Checks the planners' sessions while the body runs.

    Yields a list of (sessions that wait for another one, sessions within a statement), one for each check.
    """
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
    """Returns the processor seconds of the server so far, including its processes that have ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = words_of(stat)
        except (FileNotFoundError, ProcessLookupError):  # the process has ended in the meantime
            continue
        if stat.parent.name == str(cluster.pid):
            ticks += sum(map(int, words[11:15]))
        elif words[1] == str(cluster.pid):
            ticks += sum(map(int, words[11:13]))
    return ticks / TICKS


def words_of(stat: Path) -> list[str]:
    """Returns the fields of a process in /proc/PID/stat, from its state on."""
    return stat.read_text().rpartition(")")[2].split()


class Sessions:
    """The processes of the server that work for this process."""

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
        """Their processor seconds so far."""
        return (self._of_ended + sum(map(ticks_of, self._open))) / TICKS


def ticks_of(process: int) -> int:
    """Returns the processor time of a process, in ticks."""
    return sum(map(int, words_of(Path(f"/proc/{process}/stat"))[11:13]))


def begun(url: str) -> "subprocess.Popen[str]":
    """Starts a planner. Returns it when it is ready and waits for a line on its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.planners", "plan", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: "subprocess.Popen[str]") -> Planned:
    """Waits until a planner ends, and returns what it did. Call it after all planners have begun."""
    out, _ = process.communicate()
    deliveries, own, sessions = out.split()
    return Planned(int(deliveries), float(own), float(sessions))


def planned(url: str) -> str:
    """Plans until nothing is left. Returns the fields of a Planned, separated by spaces."""
    with closing(Store(url)) as store:
        sessions = Sessions(store)
        store.open(now=planning.NOON)
        print("ready", flush=True)
        sys.stdin.readline()
        begin, before = time.process_time(), sessions.seconds
        counts: Sequence[int] = [len(plan_due(store, now=planning.NOON + planning.HOUR))]
        while counts[-1]:  # repeated, because chats that another planner left out may still be due
            counts = [*counts, len(plan_due(store, now=planning.NOON + planning.HOUR))]
        return f"{sum(counts)} {time.process_time() - begin} {sessions.seconds - before}"


if __name__ == "__main__":
    sys.exit(main())
