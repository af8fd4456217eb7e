"""Measures how long the plan of a morning takes on PostgreSQL with one planning process, and with three.

    python -m bench.planners [CHATS]          without a number: 100,000

All chats are due at the same minute, and ten of the day's papers match each. Each process plans until nothing is left.
The time is the wall time until the last process ends. The processor time of the planners is shown as well: it grows if
they do each other's work. Aim: three planners take half of the time of one.
"""

import os
import subprocess
import sys
import time

import psycopg

import bot.platforms.known  # noqa: F401 - declares the platforms
from bench import planning
from subscriptions.service.plan import plan_due
from tests.make import an_open_store
from tests.postgres import server as servers

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
    with servers.own_server() as server:
        with an_open_store(url := server.database(), now=planning.NOON) as store:
            planning.fill_morning(store, chats)
        mornings = {planners: morning(server, url, planners, chats) for planners in (1, 3)}
    print(f"{chats:,} chats x 10 papers at one minute, on PostgreSQL; {os.cpu_count()} processors")
    print("planners   on the wall   processor")
    for planners, (wall, own_time) in mornings.items():
        print(f"{planners:8} {wall:11.1f} s {own_time:9.1f} s")
    print(f"three / one = {mornings[3][0] / mornings[1][0]:.2f}  (aim: {AIM})")


def morning(server: servers.OwnServer, url: str, planners: int, chats: int) -> tuple[float, float]:
    """Runs planners on a copy of the database, and times them from the moment when all are ready.

    Returns the seconds until the last one ended, and the processor seconds of all.
    """
    copy = server.copy(url)
    with psycopg.connect(copy, autocommit=True) as control:
        control.execute("CHECKPOINT")
        control.execute("ANALYZE")
    started = [begun(copy) for _ in range(planners)]
    begin = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate()[0].split() for process in started]
    taken = time.perf_counter() - begin
    assert sum(int(deliveries) for deliveries, _ in found) == chats, found
    return taken, sum(float(seconds) for _, seconds in found)


def begun(url: str) -> "subprocess.Popen[str]":
    """Starts a planner. Returns it when it is ready and waits for a line on its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.planners", "plan", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def planned(url: str) -> str:
    """Plans until nothing is left. Returns the deliveries and the processor seconds, separated by a space."""
    with an_open_store(url, now=planning.NOON) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        begin = time.process_time()
        counts: list[int] = [len(plan_due(store, now=planning.NOON + planning.HOUR))]
        while counts[-1]:  # repeated, because chats that another planner left out may still be due
            counts = [*counts, len(plan_due(store, now=planning.NOON + planning.HOUR))]
        return f"{sum(counts)} {time.process_time() - begin}"


if __name__ == "__main__":
    sys.exit(main())
