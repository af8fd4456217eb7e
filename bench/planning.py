"""Measures how fast a morning is planned, beside the bare bulk insert of the same rows, and what a tick with nothing due costs.

    python -m bench.planning [CHATS]          without a number: 100,000

A morning: a day of papers came, and every chat has a daily subscription that is due at the same minute and matches ten of
them. The bare insert puts the very same deliveries and items, as the database stores them, into the same tables with the
same indexes, by `executemany` of Python's sqlite3, in one transaction. Aim: within 3 times, and 1 GB at most.
Each part runs in a process of its own, and is measured by the time of a processor: a commit also waits for the disk.
"""

import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

from sqlalchemy import insert, text

from subscriptions.query import parse_query
from subscriptions.service.planner import plan_due, planned_slices
from subscriptions.store import Store
from subscriptions.store.rows import ChatRow, QueryRow, SubscriptionRow
from tests.make import ingested, paper
from tests.statements import recording

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORDS = ("diffusion", "graph", "agent", "language", "vision", "robot", "quantum", "protein", "survey", "market")
RARE = tuple(f"topic{first}{second}" for first in "abcdef" for second in "abcdef")  # of a morning: five papers each
PAPERS = 180
CHATS = 100_000
AIM, MOST_MEMORY = 3, 1024
OPEN = ("when-out 08:00-20:00", NOON - 4 * HOUR, NOON + 8 * HOUR)
_Part = Callable[[Path, int], str]


def main() -> int:
    match sys.argv[1:]:
        case [part, folder, chats]:
            print(PARTS[part](Path(folder), int(chats)))
        case [*chats]:
            measure(int(chats[0]) if chats else CHATS)
    return 0


def measure(chats: int) -> None:
    """Runs the parts one after the other, each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("fill", folder, chats)
        shutil.copy(folder / "planned.db", folder / "bare.db")
        planned, memory, *_ = numbers(run("plan", folder, chats))
        bare, rows, *_ = numbers(run("bare", folder, chats))
        print(
            f"{chats:,} chats x 10 papers at one minute: planned in {planned:.1f} s of a processor, {memory:.0f} MB at the peak"
        )
        print(f"the same {rows:,.0f} rows, bare bulk insert: {bare:.1f} s of a processor")
        print(f"planning / bare insert = {planned / bare:.2f}  (aim: {AIM}; memory {MOST_MEMORY} MB)")
    for subscriptions in (chats, 10 * chats):
        with tempfile.TemporaryDirectory() as name:
            milliseconds, steps, *_ = numbers(run("idle", Path(name), subscriptions))
            print(
                f"a tick with nothing due, {subscriptions:,} subscriptions: {milliseconds:.2f} ms, {steps:.0f} steps of SQLite"
            )
    with tempfile.TemporaryDirectory() as name:
        ingest, first, whole, *_ = numbers(run("news", Path(name), chats))
        print(
            f"1,000 papers come, {chats:,} subscriptions now: stored in {ingest:.2f} s, the first deliveries planned {first:.2f} s"
        )
        print(f"  after that, all of them {whole:.1f} s after that (of a processor)")


def run(part: str, folder: Path, chats: int) -> str:
    """The answer of a part."""
    command = [sys.executable, "-m", "bench.planning", part, str(folder), str(chats)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def numbers(answer: str) -> Sequence[float]:
    return [float(one) for one in answer.split()]


def opened(path: Path) -> Store:
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    return store


# --------------------------------------------------------------------------------------------------------------- parts


def fill_morning(folder: Path, chats: int) -> str:
    """Every chat asks for two of RARE; each of these stands in five papers."""
    store = opened(folder / "planned.db")
    queries = [f"{one} OR {other}" for one, other in combinations(RARE, 2)]
    fill(store, chats, queries, [f"On {RARE[n % len(RARE)]}, part {n}" for n in range(PAPERS)])
    store.close()
    return ""


def plan_morning(folder: Path, _chats: int) -> str:
    """Seconds of a processor, megabytes at the peak."""
    store = opened(folder / "planned.db")
    start = time.process_time()
    plan_due(store, now=NOON + HOUR)
    taken = time.process_time() - start
    store.close()
    return f"{taken} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}"


def insert_again(folder: Path, _chats: int) -> str:
    """Seconds of a processor to insert what was planned into a copy of the database as it was before; rows."""
    with closing(sqlite3.connect(folder / "planned.db")) as planned:
        rows = {table: planned.execute(f"SELECT * FROM {table}").fetchall() for table in ("delivery", "delivery_item")}  # noqa: S608 - two names of ours
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as bare:
        bare.execute("PRAGMA synchronous=FULL")  # as the product has it
        bare.execute("PRAGMA foreign_keys=ON")
        start = time.process_time()
        bare.execute("BEGIN IMMEDIATE")
        for table, values in rows.items():
            bare.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)  # noqa: S608 - as above
        bare.execute("COMMIT")
        taken = time.process_time() - start
    return f"{taken} {sum(map(len, rows.values()))}"


def idle(folder: Path, subscriptions: int) -> str:
    """Milliseconds of a processor for a tick with nothing due, and the steps of SQLite's machine.

    By turns subscriptions wait in an open window, having looked at all papers, for tomorrow, and for new papers.
    """
    store = opened(folder / "idle.db")
    fill(store, subscriptions)
    due = {0: OPEN, 1: ("daily 09:00", NOON + 21 * HOUR, NOON + 21 * HOUR), 2: ("now", None, None)}
    with store.write() as session:
        for turn, (cadence, next_due, latest_due) in due.items():
            session.connection().execute(
                text(
                    "UPDATE subscription SET cadence = :cadence, next_due_at = :next, latest_due_at = :latest, cursor = :cursor"
                    " WHERE id % 3 = :turn"
                ),
                {
                    "cadence": cadence,
                    "next": next_due and f"{next_due:%Y-%m-%d %H:%M:%S.%f}",
                    "latest": latest_due and f"{latest_due:%Y-%m-%d %H:%M:%S.%f}",
                    "cursor": 0 if cadence.startswith("daily") else PAPERS,
                    "turn": turn,
                },
            )
    ticks = []
    for _ in range(10):
        start = time.process_time()
        if plan_due(store, now=NOON):
            raise SystemExit("something was due")
        ticks.append(time.process_time() - start)
    with recording(store) as recorded:
        plan_due(store, now=NOON)
    store.close()
    return f"{min(ticks) * 1e3} {recorded.steps * 10}"


def news(folder: Path, chats: int) -> str:
    """Seconds of a processor to store 1,000 papers, until the first deliveries are planned, and until all are."""
    store = opened(folder / "news.db")
    fill(store, chats)
    with store.write() as session:
        session.connection().execute(
            text("UPDATE subscription SET cadence = 'now', next_due_at = NULL, latest_due_at = NULL, cursor = :last"),
            {"last": PAPERS},
        )
    papers = [paper(title, "cs.LG", arxiv_id=f"2602.{n:05d}") for n, title in enumerate(titles(1000))]
    start = time.process_time()
    ingested(store, *papers, name="news", now=NOON + HOUR)
    stored = time.process_time()
    slices = planned_slices(store, now=NOON + HOUR)
    next(slices)
    first = time.process_time()
    list(slices)
    whole = time.process_time()
    store.close()
    return f"{stored - start} {first - stored} {whole - first}"


PARTS: dict[str, _Part] = {
    "fill": fill_morning, "plan": plan_morning, "bare": insert_again, "idle": idle, "news": news,
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- filling


def titles(how_many: int) -> list[str]:
    return [f"On {WORDS[n % len(WORDS)]} and {WORDS[n * 7 % len(WORDS)]}, part {n}" for n in range(how_many)]


def fill(store: Store, chats: int, queries: Sequence[str] = (), papers: Sequence[str] = ()) -> None:
    """Stores a day of papers, and chats that share queries as real ones do: these, else all pairs of WORDS."""
    papers = papers or titles(PAPERS)
    ingested(store, *(paper(title, "cs.LG", arxiv_id=f"2601.{n:05d}") for n, title in enumerate(papers)))
    queries = queries or [f"{a} {b}" for a in WORDS for b in WORDS if a < b]
    with store.write() as session:
        connection = session.connection()
        canonical = [parse_query(query).canonical for query in queries]
        connection.execute(insert(QueryRow), [{"id": n + 1, "canonical": q} for n, q in enumerate(canonical)])
        connection.execute(insert(ChatRow), [chat_row(n) for n in range(1, chats + 1)])
        rows = [subscription_row(n, n % len(queries), queries) for n in range(1, chats + 1)]
        connection.execute(insert(SubscriptionRow), rows)


def chat_row(n: int) -> dict[str, object]:
    return {
        "id": n,
        "platform": "telegram",
        "address": str(n),
        "topic": "",
        "title": "",
        "kind": "private",
        "lang": "",
        "timezone": "",
        "settings": {},
        "state": "active",
        "state_detail": "",
        "owner": "",
        "admin": False,
        "first_delivery_planned": True,
        "next_number": 2,
        "created_at": NOON,
    }


def subscription_row(n: int, query: int, queries: Sequence[str]) -> dict[str, object]:
    return {
        "id": n,
        "chat": n,
        "query": query + 1,
        "number": 1,
        "name": "",
        "text": queries[query],
        "cadence": "daily 13:00",
        "state": "active",
        "added_by": "",
        "since": NOON - timedelta(days=1),
        "cursor": 0,
        "next_due_at": NOON + timedelta(hours=1),
        "latest_due_at": NOON + timedelta(hours=1),
    }


if __name__ == "__main__":
    sys.exit(main())
