"""Measures how fast a morning is planned, compared with a bare bulk insert, and the cost of a tick and an ingest.

    python -m bench.planning [CHATS]          without a number: 100,000

A morning: the papers of a day came, and each chat has a daily subscription that is due at the same minute and matches
ten of them. The bare insert writes the same rows of deliveries and items into the same tables with the same indexes,
with `executemany` of Python's sqlite3, in one transaction. Aim: at most 3 times its time, and at most 1 GB of memory.

An ingest: each chat has ten `now` subscriptions, which share queries like real ones: there is one query for a hundred
subscriptions, and some words are much more common than others. The subscriptions have looked at all papers when 1,000
more come, or, in another run, 20. Each part runs in its own process and is measured in processor time, because a commit
also waits for the disk.
"""

import asyncio
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

from sqlalchemy import insert, text

from bench._timing import timed
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query
from subscriptions.service.plan import find_due, plan_due, steps
from subscriptions.service.subscribing import subscribe
from subscriptions.store import tables
from subscriptions.store.database.store import Store
from tests.filling import chat_row
from tests.make import address, an_open_store, ingested, paper, planned_slices
from tests.statements import recording

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# words of the morning's papers; each word is in five papers
RARE = tuple(f"topic{first}{second}" for first in "abcdef" for second in "abcdef")
PAPERS = 180
CHATS = 100_000
AIM, MOST_MEMORY, AIM_SUB = 3, 1024, 100
OPEN = ("when-out 08:00-20:00", NOON - 4 * HOUR, NOON + 8 * HOUR)


def main() -> int:
    match sys.argv[1:]:
        case [part, folder, chats]:
            print(PARTS[part](Path(folder), int(chats)))
        case [*chats]:
            measure(int(chats[0]) if chats else CHATS)
    return 0


def measure(chats: int) -> None:
    """Runs the parts one after the other, each in its own process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("fill", folder, chats)
        shutil.copy(folder / "planned.db", folder / "bare.db")
        planned, memory = run("plan", folder, chats)
        bare, rows = run("bare", folder, chats)
        print(
            f"{chats:,} chats x 10 papers at one minute: planned in {planned:.1f} s of a processor, {memory:.0f} MB at the peak"
        )
        print(f"the same {rows:,.0f} rows, bare bulk insert: {bare:.1f} s of a processor")
        print(f"planning / bare insert = {planned / bare:.2f}  (aim: {AIM}; memory {MOST_MEMORY} MB)")
    for subscriptions in (chats, 10 * chats):
        with tempfile.TemporaryDirectory() as name:
            milliseconds, steps = run("idle", Path(name), subscriptions)
            print(
                f"a tick with nothing due, {subscriptions:,} subscriptions: {milliseconds:.2f} ms, {steps:.0f} steps of SQLite"
            )
    with tempfile.TemporaryDirectory() as name:
        run("ask", Path(name), chats)
        for papers in (1000, 20):
            ingest, first, whole, found, memory = run(f"news{papers}", Path(name), chats)
            print(f"{papers:,} papers come, {10 * chats:,} subscriptions now of {chats:,} chats:")
            print(f"  stored in {ingest:.2f} s, the first deliveries planned {first:.2f} s after that")
            print(f"  all {found:,.0f} deliveries {whole:.1f} s after that; {memory:.0f} MB at the peak")
        alone, late_alone, median, late = run("sub", Path(name), chats)
        print(
            f"a /sub stored, on the wall: {alone:.0f} ms, p99 {late_alone:.0f} ms; beside the plan of the 1,000 papers:"
        )
        print(f"  {median:.0f} ms, p99 {late:.0f} ms  (aim: {AIM_SUB})")


def run(part: str, folder: Path, chats: int) -> list[float]:
    """Runs a part in its own process. Returns the numbers of its output."""
    command = [sys.executable, "-m", "bench.planning", part, str(folder), str(chats)]
    return [float(one) for one in subprocess.check_output(command, text=True).split()]


def fill_database(folder: Path, chats: int) -> str:
    """Makes the database of a morning."""
    with an_open_store(f"sqlite:///{folder}/planned.db") as store:
        fill(store, chats)
    return ""


def plan_morning(folder: Path, _chats: int) -> str:
    """Returns processor seconds and megabytes at the peak, as text."""
    with an_open_store(f"sqlite:///{folder}/planned.db") as store:
        _, taken = timed(lambda: plan_due(store, now=NOON + HOUR))
    return f"{taken} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}"


def insert_again(folder: Path, _chats: int) -> str:
    """Inserts the planned rows into a copy of the database from before the plan. Returns processor seconds and rows."""
    asked = {table: f"SELECT * FROM {table}" for table in ("delivery", "delivery_item")}  # noqa: S608 - two names of ours
    taken, rows = insert_rows(folder / "planned.db", folder / "bare.db", asked)
    return f"{taken} {rows}"


def insert_rows(source: Path, target: Path, asked: dict[str, str]) -> tuple[float, int]:
    """Inserts the results of queries, by table, into another database. Returns processor seconds and the number of rows."""
    with closing(sqlite3.connect(source)) as full, closing(sqlite3.connect(target, isolation_level=None)) as bare:
        rows = {table: full.execute(query).fetchall() for table, query in asked.items()}
        bare.execute("PRAGMA synchronous=FULL")  # as in paperwire
        bare.execute("PRAGMA foreign_keys=ON")
        start = time.process_time()
        bare.execute("BEGIN IMMEDIATE")
        for table, values in rows.items():
            bare.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)  # noqa: S608 - names of ours
        bare.execute("COMMIT")
        return time.process_time() - start, sum(map(len, rows.values()))


def idle(folder: Path, subscriptions: int) -> str:
    """Returns processor milliseconds of a tick with nothing due, and the steps of SQLite's virtual machine.

    A third of the subscriptions waits in an open window and has looked at all papers, a third is due tomorrow, and a
    third waits for new papers.
    """
    with an_open_store(f"sqlite:///{folder}/idle.db") as store:
        fill(store, subscriptions)
        due = (OPEN, ("daily 09:00", NOON + 21 * HOUR, NOON + 21 * HOUR), ("now", None, None))
        with store.write() as session:
            for turn, (cadence, next_due, latest_due) in enumerate(due):
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
            planned, taken = timed(lambda: plan_due(store, now=NOON))
            assert not planned, "something was due"
            ticks.append(taken)
        with recording(store) as recorded:
            plan_due(store, now=NOON)
    return f"{min(ticks) * 1e3} {recorded.steps * 10}"


def ask(folder: Path, chats: int) -> str:
    """Fills the database of an ingest. Each chat has ten subscriptions, which have looked at all papers."""
    with an_open_store(f"sqlite:///{folder}/news.db") as store:
        rng = random.Random(1)
        asked = (realistic(rng) for _ in range(max(100, chats // 10)))
        known = {parse_query(query).canonical: query for query in asked}
        queries = list(known.values())
        ingested(store, paper("An old one"))
        with store.write() as session:
            connection = session.connection()
            connection.execute(insert(tables.QueryRow), [{"id": n + 1, "canonical": q} for n, q in enumerate(known)])
        for start in range(1, chats + 1, 10_000):
            part = range(start, min(start + 10_000, chats + 1))
            rows = []
            for chat in part:
                for number, query in enumerate(rng.sample(range(len(queries)), 10), 1):
                    row = subscription_row(chat, query, queries)
                    row |= {"id": chat * 10 + number, "number": number, "cadence": "now", "cursor": 1}
                    rows.append(row | {"next_due_at": None, "latest_due_at": None})
            with store.write() as session:
                session.connection().execute(insert(tables.ChatRow), [chat_row(n, NOON) for n in part])
                session.connection().execute(insert(tables.SubscriptionRow), rows)
    return ""


def realistic(rng: random.Random) -> str:
    """Returns a query of one to three words, some much more common than others; sometimes with an unwanted word."""
    words = list(dict.fromkeys(word(rng, 0.4) for _ in range(rng.choice((1, 2, 2, 3)))))
    return " ".join([*words, *([f"-{word(rng, 0.4)}x"] if rng.random() < 0.2 else ())])


def word(rng: random.Random, commonest: float = 0) -> str:
    """Returns a random word. The n-th word is drawn about 1/n times as often as the first.

    `commonest` above 0 leaves out the most common words, which are in all papers; queries do that.
    """
    return f"w{int(20_000 ** rng.uniform(commonest, 1))}"


def abstracts(how_many: int) -> list[Paper]:
    rng = random.Random(how_many)
    return [
        paper(
            " ".join(word(rng) for _ in range(10)),
            "cs.LG",
            arxiv_id=f"2602.{n:05}",
            abstract=" ".join(word(rng) for _ in range(150)),
        )
        for n in range(how_many)
    ]


def news(folder: Path, papers: int) -> str:
    """Measures an ingest of `papers` papers. Returns these figures as text; seconds are processor seconds.

    Seconds to store the papers, seconds until the first deliveries are planned, seconds until all are planned, number
    of deliveries, megabytes.
    """
    shutil.copy(folder / "news.db", folder / "now.db")
    with an_open_store(f"sqlite:///{folder}/now.db") as store:
        new = abstracts(papers)
        start = time.process_time()
        ingested(store, *new, name="news", now=NOON + HOUR)
        stored = time.process_time()
        slices = planned_slices(store, now=NOON + HOUR)
        found = len(next(slices))
        first = time.process_time()
        found += sum(map(len, slices))
        whole = time.process_time()
    return f"{stored - start} {first - stored} {whole - first} {found} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}"


def sub(folder: Path, _chats: int) -> str:
    """Returns wall milliseconds to store a subscription: median and 99th percentile, alone and during a plan.

    Both are done as in `paperwire run`: from an event loop, in turns.
    """
    shutil.copy(folder / "news.db", folder / "now.db")
    with an_open_store(f"sqlite:///{folder}/now.db") as store:
        ingested(store, *abstracts(1000), name="news", now=NOON + HOUR)
        return asyncio.run(subscribed_beside(store))


async def subscribed_beside(store: Store) -> str:
    async def plan() -> None:
        for step in steps(await store.run(find_due, now=NOON + HOUR)):
            if over.is_set():
                break
            await store.run(step)
        over.set()

    async def stored(numbers: range) -> str:
        taken: list[float] = []
        for number in numbers:
            if over.is_set():
                break
            await asyncio.sleep(0.05)
            start = time.monotonic()
            chat = address(f"telegram:{10**9 + number}")
            await store.run(subscribe, chat, f"word{number}", when="now", now=NOON + HOUR)
            taken.append((time.monotonic() - start) * 1e3)
        taken.sort()
        return f"{taken[len(taken) // 2]} {taken[len(taken) * 99 // 100]}"

    over = threading.Event()
    alone = await stored(range(100))
    planning = asyncio.create_task(plan())
    beside = await stored(range(100, 600))
    over.set()
    await planning
    return f"{alone} {beside}"


PARTS: dict[str, Callable[[Path, int], str]] = {
    "fill": fill_database, "plan": plan_morning, "bare": insert_again, "idle": idle, "ask": ask, "sub": sub,
    "news1000": lambda folder, _: news(folder, 1000), "news20": lambda folder, _: news(folder, 20),
}  # fmt: skip


def fill(store: Store, chats: int, queries: list[str] | None = None) -> None:
    """Stores the papers of a day, each word of RARE in five of them, and chats that share queries.

    Without `queries`, a query has two words of RARE.
    """
    titles = [f"On {RARE[n % len(RARE)]}, part {n}" for n in range(PAPERS)]
    ingested(store, *(paper(title, "cs.LG", arxiv_id=f"2601.{n:05d}") for n, title in enumerate(titles)))
    queries = queries or [f"{one} OR {other}" for one, other in combinations(RARE, 2)]
    canonical = [parse_query(query).canonical for query in queries]
    with store.write() as session:
        execute = session.connection().execute
        execute(insert(tables.QueryRow), [{"id": n, "canonical": query} for n, query in enumerate(canonical, start=1)])
        execute(insert(tables.ChatRow), [chat_row(n, NOON) for n in range(1, chats + 1)])
        execute(
            insert(tables.SubscriptionRow),
            [subscription_row(n, n % len(queries), queries) for n in range(1, chats + 1)],
        )


def subscription_row(n: int, query: int, queries: list[str]) -> dict[str, object]:
    return {
        "id": n,
        "chat": n,
        "query": query + 1,
        "number": 1,
        "name": "",
        "text": queries[query],
        "cadence": "daily 13:00",
        "state": "active",
        "since": NOON - timedelta(days=1),
        "cursor": 0,
        "next_due_at": NOON + HOUR,
        "latest_due_at": NOON + HOUR,
    }


if __name__ == "__main__":
    sys.exit(main())
