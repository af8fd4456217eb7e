"""Starts, kills and stops processes of `paperwire run` on one database, on which papers come and people write."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import TimeoutExpired

from tests.fakes.journal import Entry
from tests.fakes.process import Remote
from tests.papers import paper
from tests.patience import PATIENCE
from tests.product import Process, Product
from tests.programs.faults import filled

_LOOK_EVERY = 0.2  # seconds


@dataclass(slots=True)
class Processes:
    """The processes on one database, and the door to it."""

    url: str  # of the database
    product: Product
    fake: Remote
    alive: list[Process] = field(default_factory=list)

    def start(self) -> None:
        """Starts a process. Returns at once."""
        self.alive.append(self.product.starts("run"))

    def kill(self, which: Process | None = None) -> None:
        """Kills a process, the oldest one unless another one is given. It cannot finish anything."""
        which = which or self.alive[0]
        self.alive.remove(which)
        which.kill()

    def stop(self) -> int:
        """Asks a process to stop. Returns its exit status."""
        return self.alive.pop(0).stops()

    @property
    def working(self) -> list[Process]:
        """The processes that work as far as they know, the oldest first. The others wait."""
        return [one for one in self.alive if one.said.rfind("/health/ready") > one.said.rfind("this one waits")]

    @property
    def posts(self) -> list[Entry]:
        """Returns the posts that the platform accepted."""
        return [entry for entry in self.fake.journal if entry.kind == "post"]

    def wait_for(self, what: Callable[[], bool], why: str) -> None:
        """Waits until a condition is true. This may take long on a busy machine.

        Fails if nothing is posted for some time.
        """
        known, end = 0, time.monotonic() + PATIENCE
        while not what():
            if (found := len(self.posts)) > known:
                known, end = found, time.monotonic() + PATIENCE
            said = "\n".join(process.said[-1500:] for process in self.alive)
            assert time.monotonic() < end, f"{why}: {found} posts\n{said}"
            with suppress(TimeoutExpired):  # real time, since the processes use the machine's clock
                self.alive[0].popen.wait(_LOOK_EVERY)

    def subscribes(self, chats: Iterable[str]) -> None:
        """Subscribes chats of Telegram to all invented papers, which they get at once."""
        self._is_now()
        filled.subscribe(self.product, (f"telegram:{chat}" for chat in chats), limit="all", quiet="off")

    def brings(self, ids: Iterable[str], *, ago: timedelta = timedelta()) -> bool:
        """Ingests papers. Thirteen of them fill a message. Returns whether the database could be used."""
        self._is_now(ago)
        found = [paper(f"A graph of kind {one}", arxiv_id=one, abstract="Text. " * 60) for one in ids]
        return self.product.tries_to_bring(*found).status == 0

    def _is_now(self, ago: timedelta = timedelta()) -> None:
        self.product.clock.set_now(datetime.now(UTC) - ago)


def paper_ids(first: int, count: int) -> list[str]:
    """Returns the ids of invented papers, beginning with the one that has the number `first`."""
    return [f"2601.{number:05d}" for number in range(first, first + count)]


@contextmanager
def processes(url: str, fake: Remote, folder: Path) -> Iterator[Processes]:
    """The processes of a database. There are none at first. Those that still run afterwards are killed."""
    found = Processes(url, Product(folder, telegram=fake, database=url), fake)
    try:
        yield found
    finally:
        while found.alive:
            found.kill()
