"""Starts, kills, stops and continues workers, and reads from the journal of the fake what they did."""

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from subscriptions.service.amendments import set_settings
from subscriptions.store.database.store import Store
from tests.fakes.journal import Entry
from tests.fakes.process import Remote
from tests.fakes.telegram import TOKEN
from tests.forked import Forked, clean_environment
from tests.make import address, ingested, paper, subscribes
from tests.patience import PATIENCE

LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")


@dataclass(slots=True)
class Workers:
    """The workers of one database."""

    url: str
    fake: Remote
    folder: Path
    factor: float = 1.0  # of the platform's limits
    looks: str = "quick"  # how often they look after each other
    alive: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    log_of: dict[int, Path] = field(default_factory=dict)  # number of a process → its log
    _posts: list[Entry] = field(default_factory=list)
    _read: int = 0  # bytes of the journal

    def start(self, count: int = 1) -> None:
        """Starts workers; returns at once."""
        environment = clean_environment(
            PAPERWIRE_DATABASE_URL=self.url,
            PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
            PAPERWIRE_TELEGRAM_API_URL=self.fake.url,
            PAPERWIRE_WEB_PORT="0",
        )
        for _ in range(count):
            path = self.folder / f"worker{len(self.logs)}.log"
            self.logs.append(path)
            with path.open("wb") as log:
                command = ["tests.programs.cluster.worker", str(self.factor), self.looks]
                self.alive.append(
                    Forked(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                )
            self.log_of[self.alive[-1].pid] = path

    @property
    def logs_of_alive(self) -> list[str]:
        """What the workers that are alive have logged, in their order."""
        return [self.log_of[worker.pid].read_text() for worker in self.alive]

    @property
    def are_ready(self) -> bool:
        """Whether all workers that are alive have started."""
        return all("Watching" in log for log in self.logs_of_alive)

    def kill(self, number: int = 0) -> None:
        """Ends a worker without a word."""
        worker = self.alive.pop(number)
        worker.kill()
        worker.wait()

    def terminate(self, number: int = 0) -> int:
        """Ends a worker in order. Returns its exit status."""
        worker = self.alive.pop(number)
        worker.terminate()
        return worker.wait(timeout=PATIENCE)

    def signal(self, which: signal.Signals, number: int = 0) -> None:
        """Sends a signal to a worker."""
        self.alive[number].send_signal(which)

    @property
    def posts(self) -> list[Entry]:
        """What the platform was asked to post, and took. The fake may be writing the last line of its journal."""
        with self.fake.path.open("rb") as journal:
            journal.seek(self._read)
            whole, end, _ = journal.read().rpartition(b"\n")
        self._read += len(whole + end)
        entries = (Entry(**json.loads(line)) for line in whole.splitlines())
        self._posts += [entry for entry in entries if entry.kind == "post"]
        return self._posts

    def wait_for(self, what: Callable[[], bool], why: str) -> None:
        """Waits until something is so. On a busy machine that may take long; it fails when nothing is posted meanwhile."""
        known, end = 0, time.monotonic() + PATIENCE
        while not what():
            if (found := len(self.posts)) > known:
                known, end = found, time.monotonic() + PATIENCE
            assert time.monotonic() < end, f"{why}: {found} posts\n{self.said()}"
            time.sleep(0.2)  # the workers run by the clock of the machine

    def said(self) -> str:
        """The ends of the logs."""
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in self.logs)


@contextmanager
def workers(url: str, fake: Remote, folder: Path, *, factor: float = 1.0, looks: str = "quick") -> Iterator[Workers]:
    """Workers of a database, none at first; those that are left are ended."""
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    (folder / "inbox").mkdir(exist_ok=True)
    all_of_them = Workers(url, fake, folder, factor, looks)
    try:
        yield all_of_them
    finally:
        for worker in all_of_them.alive:
            worker.kill()
            worker.wait()


def fill(store: Store, *, lanes: int, papers: int) -> None:
    """Subscribes chats that are due now, and stores papers that each of them gets: thirteen in a message."""
    now = datetime.now(UTC)
    with store.write() as transaction:
        for number in range(1, lanes + 1):
            chat = f"telegram:{number}"
            subscribes(transaction, chat, "graph", every="now", since="1d", now=now - timedelta(hours=1))
            for name, value in (("limit", "all"), ("quiet", "off")):
                set_settings(transaction, address(chat), {name: value}, now=now - timedelta(hours=1))
    found = [paper(f"A graph of kind {n}", arxiv_id=f"2601.{n:05d}", abstract="Text. " * 60) for n in range(papers)]
    ingested(store, *found, now=now - timedelta(minutes=30))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the journal of the fake says of a story."""

    lost: int  # papers that some chat did not get
    duplicates: int  # posts beyond the first of the same text in a chat
    disorder: int  # chats whose messages came in another order
    at_once: int  # the most posts that were open in one lane at the same moment


def judged(posts: Sequence[Entry], *, lanes: int, papers: int) -> Verdict:
    """Judges what every chat got: all papers, in one order, each once."""
    wanted = [f"2601.{n:05d}" for n in range(papers)]
    texts: dict[str, dict[str, str]] = {str(number): {} for number in range(1, lanes + 1)}
    duplicates = 0
    for entry in posts:
        known = texts[entry.chat]
        duplicates += entry.text in known
        known.setdefault(entry.text, str(entry.payload))
    shown = {chat: list(dict.fromkeys(LINK.findall(" ".join(known.values())))) for chat, known in texts.items()}
    order = Counter(tuple(papers) for papers in shown.values() if len(papers) == len(wanted)).most_common(1)
    return Verdict(
        lost=sum(len(set(wanted) - set(found)) for found in shown.values()),
        duplicates=duplicates,
        disorder=sum(tuple(found) != order[0][0] for found in shown.values()) if order else lanes,
        at_once=max((entry.concurrent for entry in posts), default=0),
    )
