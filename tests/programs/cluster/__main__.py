"""`make test-cluster`: kills and stops workers on one PostgreSQL, and crashes the server, while people send commands.

    python -m tests.programs.cluster [--kills 60] [--stops 12] [--crashes 6] [--lanes 300] [--seed 1] [--page docs/reliability.md]
    python -m tests.programs.cluster --quick      a few of each among fewer chats, in half a minute; writes no page

Papers come in waves, to private chats and to groups, and people send commands in the same chats. Before a worker is
killed, it is stopped for a moment, so that the test can see what it was sending. The checks use the journal of the
fake Telegram (judging.py). Ends with status 1 if a check fails.
"""

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

import bot.platforms.known  # noqa: F401 - declares the platforms
from subscriptions.errors import StoreError
from subscriptions.store.database.store import Store
from tests.fakes.journal import Entry
from tests.postgres.server import OwnServer
from tests.programs.cluster import judging
from tests.programs.cluster import workers as started
from tests.programs.faults.table import write

WORKERS, KILLS = 3, "workers killed"
FIRST_PAPERS, WAVE = 39, 13  # papers at the beginning, and in each later wave; thirteen papers are one message
GROUPS = 10  # every tenth chat is a group
POST_TAKES = 0.1  # seconds, like the answer of a real platform
_IN_HAND = """
    SELECT message.lane, message.payload FROM message JOIN worker ON message.worker = worker.id
    WHERE message.state = 'sending' AND worker.number = %s
"""
_ANSWERING = """
    SELECT update.reply FROM update JOIN worker ON update.worker = worker.id
    WHERE update.state IN ('ready', 'again') AND worker.number = %s
"""
_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done to the workers and the server, and how often."""

    lanes: int = 300
    kills: int = 60
    stops: int = 12
    crashes: int = 6
    cuts: int = 6  # of all connections at the same time
    kill_gap: float = 6.0  # seconds from one kill to the next
    stop_for: float = 20.0  # seconds
    away_for: float = 30.0  # most seconds until a crashed server is started again
    wave_gap: float = 20.0  # seconds
    says_gap: float = 0.5  # seconds from one command to the next
    factor: float = 1.0  # factor for the platform's limits
    looks: str = "usual"  # how often the workers check each other


QUICK = Plan(
    lanes=40, kills=4, stops=1, crashes=1, cuts=1, kill_gap=3.0, stop_for=5.0, away_for=1.0, wave_gap=5.0, says_gap=0.3,
    factor=4.0, looks="quick",
)  # fmt: skip


class NotNow(Exception):
    """An action is not possible now, for example because the server is down. It is tried again soon."""


@dataclass(slots=True)
class Trial:
    """A running trial."""

    plan: Plan
    workers: started.Workers
    server: OwnServer
    store: Store
    dice: random.Random
    incidents: list[judging.Incident] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)  # how often each thing was done
    said: dict[str, tuple[str, float]] = field(default_factory=dict)  # word of a command → (chat, time)
    papers: list[str] = field(default_factory=list)  # papers that were ingested
    _stopped: set[int] = field(default_factory=set)  # process ids of stopped workers
    _events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)  # planned actions

    @property
    def chats(self) -> list[str]:
        """Returns the addresses of all chats."""
        return [f"-{n}" if n % GROUPS == 0 else str(n) for n in range(1, self.plan.lanes + 1)]

    def play(self) -> None:
        """Subscribes the chats, does everything that is planned, and waits until everything is sent and answered."""
        started.subscribe(self.store, self.chats)
        self._bring(FIRST_PAPERS, ago=timedelta(minutes=30))
        plan = self.plan
        self.workers.start(WORKERS)
        self.workers.wait_for(lambda: len(self.workers.posts) > WORKERS, "the first messages are sent")
        for what, gap in ((self._kill, plan.kill_gap), (self._bring, plan.wave_gap), (self._say, plan.says_gap)):
            self._again(what, gap)
        while self._events:
            self._events.sort(key=lambda event: event[0])
            at, what = self._events.pop(0)
            time.sleep(max(0.0, at - time.monotonic()))  # real time, because the workers use the machine's clock
            try:
                what()
            except (NotNow, StoreError):
                self._soon(what)
        with suppress(AssertionError):  # the verdict says what is missing
            self.workers.wait_for(self._is_over, "everything is sent and answered")

    def _is_over(self) -> bool:
        found = self.verdict()
        return not found.lost and not found.unanswered

    def verdict(self) -> judging.Verdict:
        """Returns the judgement of the journal so far."""
        return judging.judged(
            self.workers.posts,
            self.incidents,
            wanted=dict.fromkeys(self.chats, self.papers),
            first=self.papers[:FIRST_PAPERS],
            said=self.said,
            rate=self.plan.factor,
        )

    def _again(self, what: Callable[[], None], gap: float) -> None:
        """Repeats an action as long as workers are killed."""

        def once_more() -> None:
            what()
            self._again(what, gap)

        if self.done[KILLS] < self.plan.kills:
            self._soon(once_more, gap)

    def _soon(self, what: Callable[[], None], seconds: float = 0.5) -> None:
        """Plans an action in about this many seconds, varied by chance."""
        self._after(seconds * self.dice.uniform(0.6, 1.4), what)

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        self._events.append((time.monotonic() + seconds, what))

    def _freeze(self) -> int:
        """Stops a running worker and records what it is sending. Returns its index. Raises NotNow."""
        going = [place for place, one in enumerate(self.workers.alive) if one.pid not in self._stopped]
        if not self.server.is_up or len(going) < WORKERS - 1 or not self.workers.are_ready:
            raise NotNow
        place = self.dice.choice(going)
        self.workers.signal(signal.SIGSTOP, place)
        time.sleep(0.05)  # until the server has finished the worker's last statement
        self.incidents.append(self._in_hand(self.workers.alive[place].pid))
        return place

    def _in_hand(self, number: int) -> judging.Incident:
        with psycopg.connect(self.workers.url) as connection:
            sending = connection.execute(_IN_HAND, (number,)).fetchall()
            answering = connection.execute(_ANSWERING, (number,)).fetchall()
        return judging.Incident(
            frozenset((lane.partition(":")[2], json.loads(payload)["text"]) for lane, payload in sending),
            frozenset(word for (reply,) in answering for word in judging.words_in(reply)),
        )

    def _kill(self) -> None:
        self.workers.kill(self._freeze())
        self.workers.start()
        self._did(KILLS)
        kills, plan = self.done[KILLS], self.plan
        for what, times in ((self._stop, plan.stops), (self._crash, plan.crashes), (self._cut, plan.cuts)):
            if kills * times // plan.kills > (kills - 1) * times // plan.kills:  # in the same proportion as the kills
                self._soon(what, plan.kill_gap / 2)

    def _stop(self) -> None:
        if self._stopped:
            raise NotNow
        number = self.workers.alive[self._freeze()].pid
        self._stopped.add(number)
        self._after(self.plan.stop_for, lambda: self._go_on(number))
        self._did("workers stopped")

    def _go_on(self, number: int) -> None:
        self._stopped.discard(number)
        (place,) = (place for place, one in enumerate(self.workers.alive) if one.pid == number)
        self.workers.signal(signal.SIGCONT, place)

    def _crash(self) -> None:
        if not self.server.is_up:
            raise NotNow
        self.server.goes_down()
        self._after(self.dice.choice((0.0, 0.1, 1.0)) * self.plan.away_for, self.server.comes_back)
        self._did("crashes of the server")

    def _cut(self) -> None:
        if not self.server.is_up:
            raise NotNow
        with psycopg.connect(self.workers.url, autocommit=True) as connection:
            connection.execute(_CUT)
        self._did("all connections cut")

    def _bring(self, papers: int = WAVE, *, ago: timedelta = timedelta()) -> None:
        ids = started.paper_ids(len(self.papers), papers)
        started.bring(self.store, ids, ago=ago)
        self.papers += ids

    def _say(self) -> None:
        word = judging.word_of(len(self.said))
        chat = self.dice.choice([chat for chat in self.chats if not chat.startswith("-")])
        self.said[word] = (chat, time.time())
        self.workers.fake.call("user_writes", self.dice.choice((f"/sub {word}", f"/search {word}")), chat)

    def _did(self, what: str) -> None:
        self.done[what] += 1
        print(f"{what}: {self.done[what]}; {len(self.workers.posts)} posts, {len(self.said)} commands", flush=True)


def most_in_a_second(posts: list[Entry]) -> int:
    """Returns the highest number of posts within any one second."""
    moments, first, most = sorted(entry.at for entry in posts), 0, 0
    for last, at in enumerate(moments):
        while at - moments[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def table(trial: Trial, found: judging.Verdict) -> str:
    """Returns the table for docs/reliability.md."""
    posts, waits = trial.workers.posts, sorted(found.waits) or [0.0]
    return two_columns(
        {
            "chats, messages, commands": f"{trial.plan.lanes:,}, {len(posts) - len(waits):,}, {len(trial.said):,}",
            **{what: str(times) for what, times in sorted(trial.done.items())},
            "sent twice by workers that were killed or stopped with it in hand: messages, answers": (
                f"{found.doubled}, {found.answered_again}"
            ),
            **{what: str(len(cases)) for what, cases in found.wrong.items()},
            f"most posts in any second (limit {30 * trial.plan.factor:.0f})": str(most_in_a_second(posts)),
            "commands are answered after, middle, 95 of 100, and the last": (
                f"{waits[len(waits) // 2]:.1f} s, {waits[len(waits) * 95 // 100]:.1f} s, {waits[-1]:.1f} s"
            ),
        }.items()
    )


def two_columns(rows: Iterable[tuple[str, str]]) -> str:
    """Returns a table of names and values for docs/reliability.md."""
    return "".join(["| | |\n|---|---|\n", *(f"| {name} | {value} |\n" for name, value in rows)])


def report(name: str, text: str, wrong: list[str], page: Path | None) -> int:
    """Prints the table and what is wrong, and writes the table on the page, if any. Returns the exit status."""
    print(text, *(f"wrong: {one}" for one in wrong), sep="\n", flush=True)
    if page:
        write(page, name, f"\nMeasured on {datetime.now(UTC):%Y-%m-%d}.\n\n{text}\n")
    return 1 if wrong else 0


def main() -> int:
    """Runs the trial and judges it. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.cluster")
    for name in ("lanes", "kills", "stops", "crashes"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan(), name))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    plan = Plan(lanes=options.lanes, kills=options.kills, stops=options.stops, crashes=options.crashes)
    plan = QUICK if options.quick else plan
    with started.a_cluster(factor=plan.factor, looks=plan.looks) as (running_workers, server, store):
        running_workers.fake.call("takes", POST_TAKES)
        trial = Trial(plan, running_workers, server, store, random.Random(options.seed))
        trial.play()
        found = trial.verdict()
        wrong = [f"{what}: {case}" for what, cases in found.wrong.items() for case in cases[:10]]
        return report("cluster", table(trial, found), wrong, None if options.quick else options.page)


if __name__ == "__main__":
    sys.exit(main())
