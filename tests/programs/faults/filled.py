"""Prepared databases: many chats, each with waiting deliveries of one paper."""

import re
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from subscriptions.service.amendments import set_settings
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from tests.clock import NOON
from tests.fakes.journal import Entry
from tests.make import HOUR, MINUTE, address, an_open_store, ingested, paper, subscribes
from tests.programs.faults.judging import Arrival

GROUP_EVERY, TOPIC_EVERY, TOPIC = 10, 20, 7
LINK = re.compile(r"arxiv\.org/abs/(2601\.\d{5})")


def telegram_chats(count: int) -> list[str]:
    """Returns addresses of private chats. Every tenth is a group, every twentieth a topic of a forum."""
    chats = [f"telegram:-{1000 + n}" if n % GROUP_EVERY == 0 else f"telegram:{n}" for n in range(1, count + 1)]
    return [chat if n % TOPIC_EVERY else f"{chat}/{TOPIC}" for n, chat in enumerate(chats, start=1)]


def lane_of(chat: str) -> str:
    """Returns the address as in the platform's journal, that is, without the platform and the topic."""
    return chat.partition(":")[2].partition("/")[0]


def paper_id(n: int) -> str:
    return f"2601.{n:05d}"


def subscribe(store: Store, chats: Iterable[str], *, now: datetime = NOON, **settings: str) -> None:
    """Subscribes the chats, an hour ago, to papers on graphs, which they get at once. Gives them these settings."""
    with store.write() as transaction:
        for chat in chats:
            subscribes(transaction, chat, "graph", every="now", now=now - HOUR)
            set_settings(transaction, address(chat), settings, now=now - HOUR)


def fill(store: Store, chats: list[str], rounds: int, *, now: datetime = NOON) -> datetime:
    """Subscribes the chats and plans `rounds` deliveries for each. Returns the moment after the last one."""
    subscribe(store, chats, now=now)
    for n in range(rounds):
        brings(store, n, now=now)
        plan_due(store, now=now)
        now += MINUTE
    return now


def brings(store: Store, n: int, *, now: datetime) -> None:
    """Ingests the n-th paper, which every chat subscribes to."""
    ingested(store, paper(f"A graph of kind {n}", arxiv_id=paper_id(n)), now=now)


def ready_made(folder: Path, chats: list[str], rounds: int) -> Path:
    """Returns the path of a database that `fill` has filled."""
    path = folder / "ready.db"
    with an_open_store(f"sqlite:///{path}") as store:
        fill(store, chats, rounds)
    return path


def copy_of(ready: Path, path: Path) -> None:
    """Copies a closed database to `path` and removes old files next to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(ready, path)


def wanted(chats: Iterable[str], rounds: int) -> dict[str, list[str]]:
    """Returns what must arrive: lane → papers, in order."""
    return {lane_of(chat): [paper_id(n) for n in range(rounds)] for chat in chats}


def arrivals(entries: Iterable[Entry]) -> list[Arrival]:
    """Returns the papers in the messages that a platform accepted. Replies and notices contain none.

    Papers of one message arrive together. They are sorted by their digests, whatever their order in the message.
    """
    return [
        Arrival(at=entry.at, lane=entry.chat, paper=found)
        for entry in entries
        if entry.kind == "post"
        for found in sorted(set(LINK.findall(str(entry.payload))))
    ]
