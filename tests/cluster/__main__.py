"""`make test-cluster`: three workers on a PostgreSQL of their own, killed again and again, and the server restarted once.

    python -m tests.cluster [--lanes 2000] [--kills 7] [--page docs/reliability.md]
    python -m tests.cluster --quick      as often killed among fewer lanes, in a minute; writes no page

Ends with status 1 if a paper was lost, a lane out of order or served twice at once, or more was doubled than was in hand.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

import bot.channels.known  # noqa: F401 - declares the platforms
from subscriptions.store import Store
from tests.cluster.worker import QUICK
from tests.cluster.workers import Verdict, Workers, fill, judged, workers
from tests.fakes.journal import Entry
from tests.fakes.process import running
from tests.faults.soak.page import write
from tests.postgres.cluster import SUPERUSER, Cluster, short_folder

PAPERS, MESSAGES = 65, 5
QUICK_LANES = 150
FACTOR = 8.0  # of the platform's limits, so that ten thousand messages take a minute
IN_HAND = 10  # messages that a worker sends at once
RECOVERED_WITHIN = (
    QUICK.stalled + 1 + QUICK.poll + 2 + 2 * QUICK.beat + 4
)  # seconds: stalled, rescue, poll, a busy machine


@dataclass(slots=True)
class Story:
    """What happened to the workers."""

    kills: int = 0
    restarts: int = 0
    recoveries: list[float] = field(
        default_factory=list
    )  # seconds until a lane went on that a killed worker had in hand


@contextmanager
def server() -> Iterator[tuple[Cluster, str]]:
    """A PostgreSQL of its own, and the address of a database on it."""
    folder = short_folder()
    cluster = Cluster(folder)
    cluster.make()
    cluster.start()
    try:
        with psycopg.connect(f"host={folder} user={SUPERUSER} dbname=postgres", autocommit=True) as control:
            control.execute("CREATE DATABASE workers")
        yield cluster, f"postgresql://{SUPERUSER}@/workers?host={folder}"
    finally:
        cluster.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def in_hand(url: str, number: int) -> list[str]:
    """The chats in which the process with this number is sending a message."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT lane FROM message JOIN worker ON message.worker = worker.id"
            " WHERE message.state = 'sending' AND split_part(process, ' ', 3) = %s",
            (str(number),),
        )
        return [lane.partition(":")[2] for (lane,) in found]


def played(started: Workers, cluster: Cluster, url: str, *, lanes: int, kills: int) -> Story:
    """Kills workers, each after a share of the messages, restarts the server once, and waits until everything is sent."""
    story, chance = Story(), random.Random(16)
    left: list[tuple[float, list[str]]] = []
    started.start(3)
    started.wait_for(lambda: bool(started.posts), "the first message is sent")
    share = lanes * MESSAGES // (kills + 2)  # of the messages, after which the next one is killed
    for number in range(kills):
        _wait_for_posts(started, (number + 1) * share)
        if number == kills // 2:
            cluster.stop()
            cluster.start()
            story.restarts += 1
            _wait_for_posts(started, (number + 1) * share + share // 2)
        victim = chance.randrange(3)
        chats = in_hand(url, started.alive[victim].pid)
        started.kill(victim)
        left.append((time.time(), chats))
        started.start()
        story.kills += 1
        say(f"{len(started.posts)} sent, {story.kills} killed, the last with {len(chats)} messages in hand")
    started.wait_for(
        lambda: len(started.posts) >= lanes * MESSAGES and judged(started.posts, lanes=lanes, papers=PAPERS).lost == 0,
        "everything is sent",
    )
    posts = started.posts
    story.recoveries = [
        after for at, chats in left for chat in chats if (after := _goes_on(posts, chat, at)) is not None
    ]
    return story


def _wait_for_posts(started: Workers, count: int) -> None:
    started.wait_for(lambda: len(started.posts) >= count, f"{count} are sent")


def _goes_on(posts: Sequence[Entry], chat: str, at: float) -> float | None:
    """Seconds from a moment until the next message of a chat; None if there was none more to send."""
    return next((entry.at - at for entry in posts if entry.chat == chat and entry.at > at + 0.05), None)


def most_in_a_second(posts: Sequence[Entry]) -> int:
    """The most posts within one second, wherever that begins."""
    moments, first, most = sorted(entry.at for entry in posts), 0, 0
    for last, at in enumerate(moments):
        while at - moments[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def table(story: Story, found: Verdict, posts: Sequence[Entry], lanes: int) -> str:
    """The table of docs/reliability.md."""
    seconds = posts[-1].at - posts[0].at
    recoveries = sorted(story.recoveries) or [0.0]
    rows = {
        "lanes, messages": f"{lanes:,}, {lanes * MESSAGES:,}",
        "workers killed, servers restarted": f"{story.kills}, {story.restarts}",
        "papers lost": str(found.lost),
        "lanes out of order": str(found.disorder),
        "most posts at once to one lane": str(found.at_once),
        "messages sent twice (at most ten for each kill)": str(found.duplicates),
        f"most posts in any second (limit {28 * FACTOR:.0f})": str(most_in_a_second(posts)),
        "messages per second": f"{len(posts) / seconds:.0f}",
        "a killed worker's lanes go on after, median and longest": f"{median(recoveries):.1f} s, {recoveries[-1]:.1f} s",
    }
    return "".join(["| | |\n|---|---|\n", *(f"| {name} | {value} |\n" for name, value in rows.items())])


def say(line: str) -> None:
    """Prints a line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Plays the story, judges it, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster")
    parser.add_argument("--lanes", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=7)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.lanes, options.page = QUICK_LANES, None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the workers and the server end with this process
    with tempfile.TemporaryDirectory() as name, server() as (cluster, url):
        folder = Path(name)
        with running("telegram", journal=folder / "journal") as fake, workers(url, fake, folder, factor=FACTOR) as all_:
            fake.call("opens_to_all")
            store = Store(url)
            store.open(now=datetime.now(UTC))
            fill(store, lanes=options.lanes, papers=PAPERS)
            store.close()
            story = played(all_, cluster, url, lanes=options.lanes, kills=options.kills)
            posts = all_.posts
    found = judged(posts, lanes=options.lanes, papers=PAPERS)
    text = table(story, found, posts, options.lanes)
    say(text)
    if options.page:
        write(options.page, "cluster", f"\nMeasured on {datetime.now(UTC):%Y-%m-%d}.\n\n{text}\n")
    whole = (found.lost, found.disorder, found.at_once) == (0, 0, 1)
    return 0 if whole and found.duplicates <= IN_HAND * story.kills else 1


if __name__ == "__main__":
    sys.exit(main())
