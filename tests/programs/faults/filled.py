"""Ready-made stores: many chats, and deliveries of one paper each that wait to be sent."""

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from tests.fakes.journal import Entry
from tests.make import NOON, ingested, paper, subscribes
from tests.programs.faults.judging import Arrival

GROUP_EVERY, TOPIC_EVERY, TOPIC = 10, 20, 7
LINK = re.compile(r"arxiv\.org/abs/(2601\.\d{5})")


def telegram_chats(count: int) -> list[str]:
    """Returns addresses: private chats; every tenth is a group, every twentieth a forum's topic."""
    return [_telegram_chat(n) for n in range(1, count + 1)]


def _telegram_chat(n: int) -> str:
    if n % TOPIC_EVERY == 0:
        return f"telegram:-{1000 + n}/{TOPIC}"
    return f"telegram:-{1000 + n}" if n % GROUP_EVERY == 0 else f"telegram:{n}"


def lane_of(chat: str) -> str:
    """Returns the address as the platform's journal names it: without the platform and the topic."""
    return chat.partition(":")[2].partition("/")[0]


def paper_id(n: int) -> str:
    return f"2601.{n:05d}"


def fill(store: Store, chats: Sequence[str], rounds: int, *, now: datetime = NOON) -> datetime:
    """Subscribes the chats and plans so many deliveries for each. Returns the moment after the last one."""
    with store.write() as transaction:
        for chat in chats:
            subscribes(transaction, chat, "graph", every="now", now=now - timedelta(hours=1))
    for n in range(rounds):
        brings(store, n, now=now)
        plan_due(store, now=now)
        now += timedelta(minutes=1)
    return now


def brings(store: Store, n: int, *, now: datetime) -> None:
    """Ingests the n-th paper, which every chat wants."""
    ingested(store, paper(f"A graph of kind {n}", arxiv_id=paper_id(n)), now=now)


def ready_made(folder: Path, chats: Sequence[str], rounds: int) -> Path:
    """Returns a database that `fill` filled."""
    path = folder / "ready.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    fill(store, chats, rounds)
    store.close()
    return path


def copy_of(ready: Path, path: Path) -> None:
    """Copies a closed database to `path`, without the files next to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(ready, path)


def wanted(chats: Iterable[str], rounds: int) -> Mapping[str, Sequence[str]]:
    """Returns what should arrive: lane → papers, in order."""
    return {lane_of(chat): [paper_id(n) for n in range(rounds)] for chat in chats}


def arrivals(entries: Iterable[Entry]) -> list[Arrival]:
    """Returns the papers among the messages that a platform took; replies and notices hold none.

    Papers of one message come together, so they have the order of their digests, however the message lists them.
    """
    return [
        Arrival(at=entry.at, lane=entry.chat, paper=found)
        for entry in entries
        if entry.kind == "post"
        for found in sorted(set(LINK.findall(str(entry.payload))))
    ]
