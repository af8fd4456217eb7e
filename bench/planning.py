"""Measures how fast a morning is planned for many chats, beside the bare bulk insert of the same rows into the same tables.

    python -m bench.planning [CHATS]

Every chat has one daily subscription; a day of papers came in. Both sides write the same deliveries and items, in
transactions of the same size. Aim: within 3 times.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, inspect, select

from subscriptions.service.planner import plan_due
from subscriptions.store import Store
from subscriptions.store.rows import ChatRow, DeliveryItemRow, DeliveryRow, QueryRow, SubscriptionRow
from tests.make import ingested, paper

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)
WORDS = ("diffusion", "graph", "agent", "language", "vision", "robot", "quantum", "protein", "survey", "market")
PAPERS = 180
SLICE = 1000


def main() -> int:
    chats = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/planned.db")
        store.open(now=NOON)
        fill(store, chats)
        start = time.perf_counter()
        planned = len(plan_due(store, now=NOON + timedelta(hours=1)))
        planning = time.perf_counter() - start
        bare = insert_again(store, Path(folder), chats)
        store.close()
    print(
        f"{planned:,} deliveries of {chats:,} chats planned in {planning:.2f} s ({planning / chats * 1e6:.0f} µs a chat)"
    )
    print(f"the same rows, bare bulk insert: {bare:.2f} s")
    print(f"planning / bare insert = {planning / bare:.2f}  (aim: 3)")
    return 0


def fill(store: Store, chats: int, queries: Sequence[str] = ()) -> None:
    """Stores a day of papers, and chats that share queries as real ones do: these, else all pairs of WORDS."""
    titles = [f"On {WORDS[n % len(WORDS)]} and {WORDS[n * 7 % len(WORDS)]}, part {n}" for n in range(PAPERS)]
    ingested(store, *(paper(title, "cs.LG", arxiv_id=f"2601.{n:05d}") for n, title in enumerate(titles)))
    queries = queries or [f"{a} {b}" for a in WORDS for b in WORDS if a < b]
    with store.write() as session:
        connection = session.connection()
        connection.execute(insert(QueryRow), [{"id": n + 1, "canonical": q} for n, q in enumerate(queries)])
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


def columns(table: type[object]) -> list[Any]:
    return list(inspect(table).columns)


def insert_again(store: Store, folder: Path, chats: int) -> float:
    """Returns the seconds to insert the same deliveries and items into an empty database of the same shape."""
    with store.read() as session:
        connection = session.connection()
        deliveries = [dict(row) for row in connection.execute(select(*columns(DeliveryRow))).mappings()]
        items = [dict(row) for row in connection.execute(select(*columns(DeliveryItemRow))).mappings()]
    bare = Store(f"sqlite:///{folder}/bare.db")
    bare.open(now=NOON)
    fill(bare, chats)
    by_delivery: dict[int, list[dict[str, object]]] = {}
    for item in items:
        by_delivery.setdefault(item["delivery"], []).append(item)
    start = time.perf_counter()
    for first in range(0, len(deliveries), SLICE):
        part = deliveries[first : first + SLICE]
        with bare.write() as session:
            connection = session.connection()
            connection.execute(insert(DeliveryRow), part)
            connection.execute(
                insert(DeliveryItemRow), [item for row in part for item in by_delivery.get(row["seq"], [])]
            )
    elapsed = time.perf_counter() - start
    bare.close()
    return elapsed


if __name__ == "__main__":
    sys.exit(main())
