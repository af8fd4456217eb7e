"""Measures how fast digests are stored, compared with a bare bulk insert of the same rows, and how long others wait.

    python -m bench.ingesting [PAPERS [LINES]]

It stores a digest of 1,000 new papers, the same digest with changes, and a digest of PAPERS papers, each into a store
that already has papers. Making the words of the full-text index takes most of the time. Then it imports LINES
subscriptions, twice, and exports them. The first time in each line is wall time, the others are processor time.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import planning
from bench._timing import timed
from bot.platforms import ADAPTERS
from subscriptions.model import Paper
from subscriptions.portable import read_lines
from subscriptions.service import import_export
from subscriptions.store.database.store import Store, Transaction
from tests.clock import NOON
from tests.make import an_open_store, digest, ingest_digest

FEW = 1000
ROWS = {  # those of the papers after the first FEW
    "paper": "SELECT * FROM paper WHERE id > 1000",
    "paper_key": "SELECT * FROM paper_key WHERE paper > 1000",
    "indexed_paper": "SELECT * FROM indexed_paper WHERE paper > 1000",
}
LINES_OF_CHAT = 5


class TimedStore(Store):
    """A store that records the processor time of each writing transaction."""

    held: list[float]

    @contextmanager
    def write(self, *, fenced: bool = True) -> Iterator[Transaction]:
        with super().write(fenced=fenced) as transaction:
            began = time.thread_time()
            yield transaction
        self.held.append(time.thread_time() - began)


def main() -> int:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    papers = planning.abstracts(many + 2 * FEW)
    before, few, more = papers[:FEW], papers[FEW : 2 * FEW], papers[2 * FEW :]
    with tempfile.TemporaryDirectory() as folder:
        store = TimedStore(f"sqlite:///{folder}/ingested.db")
        store.held = []
        store.open(now=NOON)
        store_papers(store, before)
        show(store, f"{FEW:,} new papers", lambda: store_papers(store, few))
        in_transactions, bare = sum(store.held), insert_again(store, Path(folder))
        print(
            f"  the same rows without the words, bare bulk insert: {bare:.3f} s;"
            f" transactions / bare = {in_transactions / bare:.1f}"
        )
        changed = [replace(one, abstract=one.abstract + " And more.", version=2) for one in few]
        show(store, f"{FEW:,} known papers, all changed", lambda: store_papers(store, changed))
        show(store, f"{FEW:,} known papers, nothing new", lambda: store_papers(store, changed[::-1]))
        show(store, f"{many:,} new papers", lambda: store_papers(store, more))
        subscribe_many(store, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
        store.close()
    return 0


def subscribe_many(store: TimedStore, amount: int) -> None:
    """Imports `amount` lines twice, and exports them."""
    assert ADAPTERS  # imported, so that addresses of their chats can be read
    chance = random.Random(7)
    blocks = []
    for chat in range(amount // LINES_OF_CHAT):
        typed = (
            f"daily {chance.randrange(24):02}:00 Europe/Berlin"
            f" | {' '.join(chance.sample(planning.RARE, 2))} {chat % 999}x{line} | \n"
            for line in range(LINES_OF_CHAT)
        )
        blocks.append(f"[console:chat{chat}]\n{''.join(typed)}")
    lines, worked = timed(lambda: read_lines("\n".join(blocks)))
    print(f"{amount:,} lines of an import: {worked:.2f} s of work to read them")
    for what in ("imported", "imported again"):
        show(store, f"{amount:,} lines {what}", lambda: import_export.import_lines(store, lines, now=NOON))
    size, worked = timed(lambda: sum(map(len, import_export.export_all(store))))
    print(f"{size // 2**20} MB exported: {worked:.2f} s of work")


def store_papers(store: Store, papers: list[Paper]) -> None:
    ingest_digest(store, digest(*papers), source="daily", day=NOON.date(), now=NOON)


def show(store: TimedStore, what: str, work: Callable[[], object]) -> None:
    """Does some work and prints its times."""
    store.held.clear()
    start = time.perf_counter()
    _, worked = timed(work)
    print(
        f"{what:<31} {time.perf_counter() - start:6.2f} s on the wall, {worked:5.2f} s of work,"
        f" {sum(store.held):5.2f} s of it in {len(store.held)} transactions, {max(store.held):.2f} s in the longest"
    )


def insert_again(store: Store, folder: Path) -> float:
    """Returns the processor seconds to insert the rows of the papers after the first ones into an empty database."""
    with an_open_store(f"sqlite:///{folder}/bare.db") as bare:
        pass  # only the tables are needed
    return planning.insert_rows(store.path, bare.path, ROWS)[0]


if __name__ == "__main__":
    sys.exit(main())
