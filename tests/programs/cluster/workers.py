"""Starts, kills, stops and continues workers, and reads in the fake's journal what they did."""

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
from tests import make
from tests.fakes.journal import Entry
from tests.fakes.process import Remote
from tests.fakes.telegram import TOKEN
from tests.forked import Forked, clean_environment
from tests.patience import PATIENCE

LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")


@dataclass(slots=True)
class Workers:
    """The workers of one database."""

    url: str
    fake: Remote
    folder: Path
    factor: float = 1.0  # factor for the platform's limits
    looks: str = "quick"  # how often they check each other
    alive: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    log_of: dict[int, Path] = field(default_factory=dict)  # process id → log of the worker
    _posts: list[Entry] = field(default_factory=list)
    _read: int = 0  # bytes of the journal that were read

    def start(self, count: int = 1) -> None:
        """Starts workers. Returns at once."""
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
        """Returns the posts that the platform accepted. The last line is left out if the fake is still writing it."""
        with self.fake.path.open("rb") as journal:
            journal.seek(self._read)
            whole, end, _ = journal.read().rpartition(b"\n")
        self._read += len(whole + end)
        entries = (Entry(**json.loads(line)) for line in whole.splitlines())
        self._posts += [entry for entry in entries if entry.kind == "post"]
        return self._posts

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
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in self.logs)


@contextmanager
def workers(url: str, fake: Remote, folder: Path, *, factor: float = 1.0, looks: str = "quick") -> Iterator[Workers]:
    """Workers of a database. There are none at first. Those that still run afterwards are killed."""
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
    """Subscribes chats that are due now, and stores papers that each chat gets, thirteen in a message."""
    now = datetime.now(UTC)
    with store.write() as transaction:
        for number in range(1, lanes + 1):
            chat = f"telegram:{number}"
            make.subscribes(transaction, chat, "graph", every="now", since="1d", now=now - timedelta(hours=1))
            for name, value in (("limit", "all"), ("quiet", "off")):
                set_settings(transaction, make.address(chat), {name: value}, now=now - timedelta(hours=1))
    found = [
        make.paper(f"A graph of kind {n}", arxiv_id=f"2601.{n:05d}", abstract="Text. " * 60) for n in range(papers)
    ]
    make.ingested(store, *found, now=now - timedelta(minutes=30))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of a fake's journal."""

    lost: int  # papers that a chat did not get
    duplicates: int  # repeated posts of the same text in a chat
    disorder: int  # chats whose messages came in a different order
    at_once: int  # highest number of open posts in one lane


def judged(posts: Sequence[Entry], *, lanes: int, papers: int) -> Verdict:
    """Returns the judgement of what every chat got: it must be all papers, in the same order, each once."""
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
