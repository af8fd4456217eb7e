"""Faults of the database that two workers share, while they send: it refuses writes, cuts connections, stands still, restarts.

    python -m tests.cluster.storm [--storms 20] [--page docs/reliability.md]
    python -m tests.cluster.storm --quick      one storm of half a minute; writes no page

Between two faults somebody writes a command. No worker is killed or started anew: each must go on by itself. The workers look after each other as often as in `make test-cluster`,
and wait a second only for what is on its way when their queue begins anew. The journal of the fake Telegram is the judge.
Ends with status 1 if a paper was lost, somebody was not answered, a lane was out of order or served twice at once, or more was doubled
than was in hand.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

import bot.channels.known  # noqa: F401 - declares the platforms
from subscriptions.store import Store
from tests.cluster.__main__ import IN_HAND, say, server
from tests.cluster.workers import Workers, fill, judged, workers
from tests.fakes.journal import Entry
from tests.fakes.process import running
from tests.faults.soak.page import write
from tests.postgres.cluster import Cluster

LANES, PAPERS, MESSAGES, WORKERS = 60, 117, 9, 2
FIRST_PERSON = 1_000_000_000  # the chats of people begin there
FACTOR = 1.5  # of the platform's limits
LONGEST = 60.0  # seconds in which faults come; they end earlier when most is sent
_TABLES = ("procrastinate_jobs", "procrastinate_workers", "message", "delivery", "token_rate", "worker")
_REFUSAL = """
    CREATE TABLE refusal (chance float);
    INSERT INTO refusal VALUES (0);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF random() < (SELECT chance FROM refusal) THEN RAISE EXCEPTION 'refused' USING ERRCODE = 'query_canceled'; END IF;
        RETURN coalesce(NEW, OLD);
    END $$;
"""
_REFUSED = "CREATE TRIGGER refused BEFORE INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION refuse();"
_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


@dataclass(slots=True)
class Story:
    """What happened in all storms."""

    storms: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    people: int = 0  # who wrote a command
    found: Counter[str] = field(default_factory=Counter)  # what the judge found wrong, added up
    most_at_once: int = 0
    rests: list[float] = field(
        default_factory=list
    )  # seconds of each storm from the last fault until everything is sent

    @property
    def allowed(self) -> int:
        """How many messages may come twice: those that were in hand when a fault came."""
        return IN_HAND * WORKERS * self.faults.total()

    @property
    def is_whole(self) -> bool:
        return (
            not self.found["lost"] + self.found["disorder"] + self.found["unanswered"]
            and self.most_at_once == 1
            and self.found["duplicates"] <= self.allowed
        )

    def table(self) -> str:
        """The table of docs/reliability.md."""
        rows = {
            "storms, messages": f"{self.storms}, {self.storms * LANES * MESSAGES:,}",
            **{f"faults: {name}": str(self.faults[name]) for name in FAULTS},
            "papers lost": str(self.found["lost"]),
            "commands that people wrote, without an answer": f"{self.people}, {self.found['unanswered']}",
            "lanes out of order": str(self.found["disorder"]),
            "most posts at once to one lane": str(self.most_at_once),
            "messages sent twice (allowed)": f"{self.found['duplicates']} ({self.allowed:,})",
            "all is sent after the last fault, median and longest": f"{median(self.rests):.0f} s, {max(self.rests):.0f} s",
        }
        return "".join(["| | |\n|---|---|\n", *(f"| {name} | {value} |\n" for name, value in rows.items())])


def _executes(url: str, statement: str, *values: object) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement, values or None)


def refuses_writes(_: Cluster, url: str, dice: random.Random) -> None:
    """Refuses some rows, or all, that the workers write, for a while."""
    _executes(url, "UPDATE refusal SET chance = %s", dice.choice((0.2, 0.5, 1.0)))
    time.sleep(dice.uniform(0.3, 3))
    _executes(url, "UPDATE refusal SET chance = 0")


def cuts_connections(_: Cluster, url: str, __: random.Random) -> None:
    """Ends all connections."""
    _executes(url, _CUT)


def stands_still(cluster: Cluster, _: str, dice: random.Random) -> None:
    """Stops the processes of the server, and lets them go on later."""
    processes = [cluster.pid, *_children(cluster.pid)]
    _signal(processes, signal.SIGSTOP)
    time.sleep(dice.uniform(0.5, 5))
    _signal(processes, signal.SIGCONT)


def _signal(processes: Sequence[int], which: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # one that has served its connection is gone
            os.kill(process, which)


def _children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()]


def restarts(cluster: Cluster, _: str, dice: random.Random) -> None:
    """Ends the server, in order or as a crash does, and starts it again."""
    cluster.stop(dice.choice((signal.SIGINT, signal.SIGQUIT)))
    time.sleep(dice.uniform(0, 2))
    cluster.start()


FAULTS: Mapping[str, Callable[[Cluster, str, random.Random], None]] = {
    "writes refused for a while": refuses_writes,
    "all connections cut": cuts_connections,
    "the server stands still": stands_still,
    "the server restarts": restarts,
}


def played(
    started: Workers, cluster: Cluster, url: str, story: Story, *, dice: random.Random, seconds: float
) -> list[str]:
    """Lets one fault follow another while two workers send, and then waits until everything is sent. Returns who wrote a command."""
    people: list[str] = []
    started.start(WORKERS)
    started.wait_for(lambda: len(started.posts) >= LANES // 2, "they begin")
    end = time.monotonic() + seconds
    while len(started.posts) < LANES * MESSAGES * 3 // 4 and time.monotonic() < end:
        name = dice.choice(list(FAULTS))
        FAULTS[name](cluster, url, dice)
        story.faults[name] += 1
        people.append(str(FIRST_PERSON + len(people)))
        started.fake.call("user_writes", "/list", people[-1])
        time.sleep(dice.uniform(0.2, 1.5))
    began = time.monotonic()
    started.wait_for(lambda: judged(_deliveries(started), lanes=LANES, papers=PAPERS).lost == 0, "all is sent")
    story.rests.append(time.monotonic() - began)
    with suppress(AssertionError):  # the judge counts who is not answered
        started.wait_for(lambda: not set(people) - _chats(started), "all are answered")
    return people


def _deliveries(started: Workers) -> list[Entry]:
    return [entry for entry in started.posts if int(entry.chat) < FIRST_PERSON]


def _chats(started: Workers) -> set[str]:
    return {entry.chat for entry in started.posts}


def storm(story: Story, seed: int, *, seconds: float) -> None:
    """Plays one storm on a server of its own, and adds what came of it."""
    with tempfile.TemporaryDirectory() as name, server() as (cluster, url):
        folder = Path(name)
        with (
            running("telegram", journal=folder / "journal") as fake,
            workers(url, fake, folder, factor=FACTOR, looks="hasty") as started,
        ):
            fake.call("opens_to_all")
            with closing(Store(url)) as store:
                store.open(now=datetime.now(UTC))
                fill(store, lanes=LANES, papers=PAPERS)
            _executes(url, _REFUSAL + "".join(_REFUSED.format(table) for table in _TABLES))
            people = played(started, cluster, url, story, dice=random.Random(seed), seconds=seconds)
            found = judged(_deliveries(started), lanes=LANES, papers=PAPERS)
            unanswered = len(set(people) - _chats(started))
    story.storms += 1
    story.people += len(people)
    story.found.update(lost=found.lost, disorder=found.disorder, duplicates=found.duplicates, unanswered=unanswered)
    story.most_at_once = max(story.most_at_once, found.at_once)
    say(
        f"storm {seed}: {story.faults.total()} faults so far, all sent {story.rests[-1]:.0f} s after the last, {unanswered} unanswered, {found}"
    )


def main() -> int:
    """Plays the storms, judges them, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.storm")
    parser.add_argument("--storms", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the seed of the first")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.storms, options.page = 1, None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the workers and the server end with this process
    story = Story()
    for seed in range(options.first, options.first + options.storms):
        storm(story, seed, seconds=LONGEST / 2 if options.quick else LONGEST)
    say(story.table())
    if options.page:
        write(options.page, "storm", f"\nMeasured on {datetime.now(UTC):%Y-%m-%d}.\n\n{story.table()}\n")
    return 0 if story.is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
