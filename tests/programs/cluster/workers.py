"""Starts, kills, stops and continues workers, and reads in the fake's journal what they did."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from subscriptions.store.database.store import Store
from tests import forked
from tests.fakes.journal import Entry
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.make import an_open_store, ingested, paper
from tests.patience import PATIENCE
from tests.postgres.server import OwnServer, own_server
from tests.programs.cluster import judging
from tests.programs.faults import filled


@dataclass(slots=True)
class Workers:
    """The workers of one database."""

    url: str
    fake: Remote
    folder: Path
    factor: float = 1.0  # factor for the platform's limits
    looks: str = "quick"  # how often they check each other
    alive: list[subprocess.Popen[bytes]] = field(default_factory=list)
    log_of: dict[int, Path] = field(default_factory=dict)  # process id → log of the worker

    def start(self, count: int = 1, *, pauses: str = "") -> None:
        """Starts workers. Returns at once. `pauses`: where they pause, one of PAUSES of `worker`."""
        environment = forked.clean_environment(
            PAPERWIRE_DATABASE_URL=self.url,
            PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
            PAPERWIRE_TELEGRAM_API_URL=self.fake.url,
            PAPERWIRE_WEB_PORT="0",
        )
        for _ in range(count):
            path = self.folder / f"worker{len(self.log_of)}.log"
            with path.open("wb") as log:
                worker = forked.Forked(
                    ["tests.programs.cluster.worker", str(self.factor), self.looks, pauses],
                    cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
            self.alive.append(worker)
            self.log_of[worker.pid] = path

    @property
    def logs_of_alive(self) -> list[str]:
        """Returns the logs of the running workers, in their order."""
        return [self.log_of[worker.pid].read_text() for worker in self.alive]

    @property
    def are_ready(self) -> bool:
        """Tells whether all running workers have started completely."""
        return all("Watching" in log for log in self.logs_of_alive)

    def kill(self, number: int = 0) -> None:
        """Kills a worker, which cannot finish anything."""
        worker = self.alive.pop(number)
        worker.kill()
        worker.wait()

    def terminate(self, number: int = 0) -> int:
        """Ends a worker properly. Returns its exit status."""
        worker = self.alive.pop(number)
        worker.terminate()
        return worker.wait(timeout=PATIENCE)

    def signal(self, which: signal.Signals, number: int = 0) -> None:
        """Sends a signal to a worker."""
        self.alive[number].send_signal(which)

    @property
    def posts(self) -> list[Entry]:
        """Returns the posts that the platform accepted."""
        return [entry for entry in self.fake.journal if entry.kind == "post"]

    def wait_for(self, what: Callable[[], bool], why: str) -> None:
        """Waits until a condition is true. This may take long on a busy machine. Fails if nothing is posted for some time."""
        known, end = 0, time.monotonic() + PATIENCE
        while not what():
            if (found := len(self.posts)) > known:
                known, end = found, time.monotonic() + PATIENCE
            assert time.monotonic() < end, f"{why}: {found} posts\n{self.said()}"
            time.sleep(0.2)  # real time, because the workers use the machine's clock

    def said(self) -> str:
        """Returns the ends of the logs."""
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in self.log_of.values())


@contextmanager
def workers(url: str, fake: Remote, folder: Path, *, factor: float = 1.0, looks: str = "quick") -> Iterator[Workers]:
    """Workers of a database. There are none at first. Those that still run afterwards are killed."""
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    (folder / "inbox").mkdir(exist_ok=True)
    all_of_them = Workers(url, fake, folder, factor, looks)
    try:
        yield all_of_them
    finally:
        while all_of_them.alive:
            all_of_them.kill()


@contextmanager
def a_cluster(*, factor: float = 1.0, looks: str = "usual") -> Iterator[tuple[Workers, OwnServer, Store]]:
    """Workers of an empty database on a server of its own, with a fake Telegram on which the bot may write to all.

    Everything ends with the block, or when this process gets SIGTERM.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with (
        tempfile.TemporaryDirectory() as folder,
        own_server() as server,
        an_open_store(url := server.empty_database(), now=datetime.now(UTC)) as store,
        running("telegram", journal=Path(folder) / "journal") as fake,
        workers(url, fake, Path(folder), factor=factor, looks=looks) as started,
    ):
        fake.call("opens_to_all")
        yield started, server, store


def paper_ids(first: int, count: int) -> list[str]:
    """Returns the ids of invented papers, beginning with the one that has the number `first`."""
    return [f"2601.{number:05d}" for number in range(first, first + count)]


def subscribe(store: Store, chats: Iterable[str]) -> None:
    """Subscribes Telegram chats to all invented papers, which they get at once."""
    filled.subscribe(store, (f"telegram:{chat}" for chat in chats), now=datetime.now(UTC), limit="all", quiet="off")


def bring(store: Store, ids: Iterable[str], *, ago: timedelta = timedelta()) -> None:
    """Ingests papers. Thirteen of them fill a message."""
    found = [paper(f"A graph of kind {one}", arxiv_id=one, abstract="Text. " * 60) for one in ids]
    ingested(store, *found, now=datetime.now(UTC) - ago)


def fill(store: Store, *, lanes: int, papers: int) -> None:
    """Subscribes private chats that are due now, and stores papers that each of them gets."""
    subscribe(store, map(str, range(1, lanes + 1)))
    bring(store, paper_ids(0, papers), ago=timedelta(minutes=30))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of a fake's journal."""

    lost: int  # papers that a chat did not get
    duplicates: int  # repeated posts of the same text in a chat
    disorder: int  # chats whose messages came in a different order
    at_once: int  # highest number of open posts in one lane


def judged(posts: list[Entry], *, lanes: int, papers: int) -> Verdict:
    """Returns the judgement of what every chat of `fill` got: it must be all papers, in the same order, each once."""
    found, wanted = judging.Verdict(), paper_ids(0, papers)
    of_chat = judging.posts_by_chat(posts)
    judging.judge_papers(found, of_chat, dict.fromkeys(map(str, range(1, lanes + 1)), wanted), frozenset(wanted))
    return Verdict(
        lost=len(found.lost),
        duplicates=len(posts) - len({(entry.chat, entry.text) for entry in posts}),
        disorder=len(found.out_of_order),
        at_once=max((entry.concurrent for entry in posts), default=0),
    )
