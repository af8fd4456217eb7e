"""`make test-processes`: kills processes on a PostgreSQL, crashes the server and cuts its connections, while people send commands.

    python -m tests.programs.several_processes [--kills 60] [--crashes 6] [--lanes 300] [--page tests/programs/results.md]
    python -m tests.programs.several_processes --quick      a few of each among fewer chats, in two minutes; writes no page

Three processes are started, of which one works and the others wait. The working one is killed, or stands still for a
minute. Papers come in waves, to private chats and to groups, and people send commands in the same chats. The checks use
the journal of the fake Telegram (judging.py) and what `paperwire subscriptions` tells. Ends with status 1 if a check
fails.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg

from tests.fakes.process import running
from tests.postgres.server import OwnServer, own_server
from tests.product import Process
from tests.programs.faults.table import write
from tests.programs.several_processes import judging
from tests.programs.several_processes.processes import Processes, paper_ids, processes

KILLS = "processes killed"
PROCESSES = 3
FIRST_PAPERS, WAVE = 39, 13  # papers at the beginning, and in each later wave; thirteen papers are one message
GROUPS = 10  # every tenth chat is a group
POST_TAKES = 0.1  # seconds, like the answer of a real platform
_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done to the processes and the server, and how often."""

    lanes: int = 300
    kills: int = 60
    crashes: int = 6
    stops: int = 12  # of the working process, which stands still (SIGSTOP)
    cuts: int = 6  # of all connections at the same time
    kill_gap: float = 8.0  # seconds from one kill to the next
    still_for: float = 60.0  # seconds that a stopped process stands still
    away_for: float = 30.0  # most seconds until a crashed server is started again
    wave_gap: float = 20.0  # seconds
    says_gap: float = 0.5  # seconds from one command to the next


QUICK = Plan(
    lanes=40,
    kills=4,
    crashes=1,
    stops=1,
    cuts=1,
    kill_gap=4.0,
    still_for=25.0,
    away_for=1.0,
    wave_gap=8.0,
    says_gap=0.5,
)


class NotNow(Exception):
    """An action is not possible now, for example because the server is down. It is tried again soon."""


@dataclass(slots=True)
class Trial:
    """A running trial."""

    plan: Plan
    processes: Processes
    server: OwnServer
    dice: random.Random
    incidents: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)  # how often each thing was done
    said: dict[str, tuple[str, float]] = field(default_factory=dict)  # word of a command → (chat, time)
    subscribed: dict[str, str] = field(default_factory=dict)  # word of a /sub → chat
    still: list[Process] = field(default_factory=list)  # processes that stand still
    papers: list[str] = field(default_factory=list)  # papers that were ingested
    _events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)  # planned actions

    @property
    def chats(self) -> list[str]:
        """Returns the addresses of all chats."""
        return [f"-{n}" if n % GROUPS == 0 else str(n) for n in range(1, self.plan.lanes + 1)]

    def play(self) -> None:
        """Subscribes the chats, does everything that is planned, and waits until everything is sent and answered."""
        self.processes.subscribes(self.chats)
        self._bring(FIRST_PAPERS, ago=timedelta(minutes=30))
        plan = self.plan
        for _ in range(PROCESSES):
            self.processes.start()
        self.processes.wait_for(lambda: bool(self.processes.posts), "the first messages are sent")
        for what, gap in ((self._kill, plan.kill_gap), (self._bring, plan.wave_gap), (self._say, plan.says_gap)):
            self._again(what, gap)
        while self._events:
            self._events.sort(key=lambda event: event[0])
            at, what = self._events.pop(0)
            time.sleep(max(0.0, at - time.monotonic()))  # real time, because the processes use the machine's clock
            try:
                what()
            except NotNow:
                self._soon(what)
        with suppress(AssertionError):  # the verdict says what is missing
            self.processes.wait_for(self._is_over, "everything is sent and answered")

    def _is_over(self) -> bool:
        found = self.verdict()
        return not found.lost and not found.unanswered

    def verdict(self) -> judging.Verdict:
        """Returns the judgement of the journal so far."""
        return judging.judged(
            self.processes.posts,
            self.incidents,
            wanted=dict.fromkeys(self.chats, self.papers),
            first=self.papers[:FIRST_PAPERS],
            said=self.said,
        )

    def verdict_of_changes(self) -> list[str]:
        """Returns the subscriptions that people asked for and that are not stored exactly once."""
        stored = Counter((one["chat"], one["text"]) for one in self.processes.product.tells("subscriptions"))
        return [
            f"{word} in {chat}: {stored[f'telegram:{chat}', word]} times"
            for word, chat in self.subscribed.items()
            if stored[f"telegram:{chat}", word] != 1
        ]

    def _again(self, what: Callable[[], None], gap: float) -> None:
        """Repeats an action as long as processes are killed."""

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

    def _kill(self) -> None:
        if not self.server.is_up:
            raise NotNow
        process = self._working()
        self.incidents.append(time.time())
        self.processes.kill(process)
        self.processes.start()
        self._did(KILLS)
        kills, plan = self.done[KILLS], self.plan
        for what, times in ((self._stop, plan.stops), (self._crash, plan.crashes), (self._cut, plan.cuts)):
            if kills * times // plan.kills > (kills - 1) * times // plan.kills:  # in the same proportion as the kills
                self._soon(what, plan.kill_gap / 2)

    def _working(self) -> Process:
        """Returns the process that works. Raises NotNow while none does."""
        for process in self.processes.working:
            if process not in self.still:
                return process
        raise NotNow

    def _stop(self) -> None:
        process = self._working()
        self.incidents.append(time.time())
        process.signals(signal.SIGSTOP)
        self.still.append(process)
        self._after(self.plan.still_for, partial(self._goes_on, process))
        self._did("processes that stood still")

    def _goes_on(self, process: Process) -> None:
        self.incidents.append(time.time())
        process.signals(signal.SIGCONT)
        self.still.remove(process)

    def _crash(self) -> None:
        if not self.server.is_up:
            raise NotNow
        self.incidents.append(time.time())
        self.server.goes_down()
        self._after(self.dice.choice((0.0, 0.1, 1.0)) * self.plan.away_for, self.server.comes_back)
        self._did("crashes of the server")

    def _cut(self) -> None:
        if not self.server.is_up:
            raise NotNow
        self.incidents.append(time.time())
        with psycopg.connect(self.processes.url, autocommit=True) as connection:
            connection.execute(_CUT)
        self._did("all connections cut")

    def _bring(self, papers: int = WAVE, *, ago: timedelta = timedelta()) -> None:
        ids = paper_ids(len(self.papers), papers)
        if not self.processes.brings(ids, ago=ago):
            raise NotNow
        self.papers += ids

    def _say(self) -> None:
        word = judging.word_of(len(self.said))
        chat = self.dice.choice([chat for chat in self.chats if not chat.startswith("-")])
        command = self.dice.choice(("/sub", "/today"))
        if command == "/sub":
            self.subscribed[word] = chat
        self.said[word] = (chat, time.time())
        self.processes.fake.call("user_writes", f"{command} {word}", chat)

    def _did(self, what: str) -> None:
        self.done[what] += 1
        print(f"{what}: {self.done[what]}; {len(self.processes.posts)} posts, {len(self.said)} commands", flush=True)


def table(trial: Trial, found: judging.Verdict) -> str:
    """Returns the table for tests/programs/results.md."""
    posts, waits = trial.processes.posts, sorted(found.waits) or [0.0]
    return two_columns(
        {
            "chats, messages, commands": f"{trial.plan.lanes:,}, {len(posts) - len(waits):,}, {len(trial.said):,}",
            **{what: str(times) for what, times in sorted(trial.done.items())},
            "sent twice by processes that were killed or cut off meanwhile": f"{found.doubled}",
            "answers that were lost with a process, which a line said": f"{found.told}",
            **{what: str(len(cases)) for what, cases in found.wrong.items()},
            "commands are answered after, middle, 95 of 100, and the last": (
                f"{waits[len(waits) // 2]:.1f} s, {waits[len(waits) * 95 // 100]:.1f} s, {waits[-1]:.1f} s"
            ),
        }.items()
    )


def two_columns(rows: Iterable[tuple[str, str]]) -> str:
    """Returns a table of names and values for tests/programs/results.md."""
    return "".join(["| | |\n|---|---|\n", *(f"| {name} | {value} |\n" for name, value in rows)])


def main() -> int:
    """Runs the trial and judges it. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.several_processes")
    for name in ("lanes", "kills", "crashes"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan(), name))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    plan = Plan(lanes=options.lanes, kills=options.kills, crashes=options.crashes)
    plan = QUICK if options.quick else plan
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with (
        tempfile.TemporaryDirectory() as folder,
        own_server() as server,
        running("telegram", journal=Path(folder) / "journal") as fake,
        processes(server.empty_database(), fake, Path(folder)) as started,
    ):
        fake.call("opens_to_all")
        fake.call("takes", POST_TAKES)
        trial = Trial(plan, started, server, random.Random(options.seed))
        trial.play()
        found = trial.verdict()
        found.not_once = trial.verdict_of_changes()
        wrong = [f"{what}: {case}" for what, cases in found.wrong.items() for case in cases[:10]]
        text = table(trial, found)
        print(text, *(f"wrong: {one}" for one in wrong), sep="\n", flush=True)
        if options.page and not options.quick:
            write(options.page, "processes", f"\nMeasured on {datetime.now(UTC):%Y-%m-%d}.\n\n{text}\n")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
