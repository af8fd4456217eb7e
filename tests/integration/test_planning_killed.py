"""A plan that is killed at any statement or commit: the next one goes on, and nothing is lost, doubled or planned wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from subscriptions.service.planner import plan as _plan
from subscriptions.service.planner import plan_due
from subscriptions.store import Store
from subscriptions.store.rows import ChatRow, DeliveryItemRow, DeliveryRow, PaperRow, SubscriptionRow
from tests.make import NOON, ingested, paper, subscribes

HOUR = timedelta(hours=1)
WISHES = {"telegram:1": "graph", "telegram:2": "tree", "telegram:3": "graph OR tree", "telegram:4": "leaf"}
TITLES = ("A graph", "A tree", "A graph of trees")
OWED = {  # (chat, title): each once
    ("1", "A graph"), ("1", "A graph of trees"), ("2", "A tree"), ("2", "A graph of trees"),
    ("3", "A graph"), ("3", "A tree"), ("3", "A graph of trees"),
}  # fmt: skip


class Killed(BaseException):
    """What ends a process; nothing catches it."""


@contextmanager
def killed_at(store: Store, step: int) -> Iterator[list[str]]:
    """Raises Killed at the statement or commit number `step`; yields those that came before it."""
    steps: list[str] = []

    def reached(name: str) -> None:
        if len(steps) == step:
            raise Killed
        steps.append(name)

    def at_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        reached(statement.split(maxsplit=1)[0])

    def at_commit(_connection: Any) -> None:
        reached("COMMIT")

    listeners = (("before_cursor_execute", at_statement), ("commit", at_commit))
    for name, listener in listeners:
        event.listen(store._engine, name, listener)
    try:
        yield steps
    finally:
        for name, listener in listeners:
            event.remove(store._engine, name, listener)


def state_of(store: Store) -> tuple[list[tuple[str, str]], list[tuple[object, ...]], list[bool], int]:
    """(chat, title) of each planned paper, where each subscription stands, which chats were spoken to, deliveries."""
    with store.read() as transaction:
        delivered = transaction.exec(
            select(ChatRow.address, PaperRow.title)
            .join(DeliveryItemRow, DeliveryItemRow.chat == ChatRow.id)  # type: ignore[arg-type]
            .join(PaperRow, PaperRow.id == DeliveryItemRow.paper)  # type: ignore[arg-type]
        ).all()
        subscriptions, chats = transaction.exec(select(SubscriptionRow)).all(), transaction.exec(select(ChatRow)).all()
        stands = sorted((one.chat, one.cursor, one.next_due_at, one.latest_due_at) for one in subscriptions)
        spoken = [chat.first_delivery_planned for chat in chats]
        deliveries = len(transaction.exec(select(DeliveryRow.seq)).all())
    return sorted(delivered), list(stands), spoken, deliveries


def test_a_plan_that_is_killed_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "SLICE", 2)
    prepared = Store(f"sqlite:///{tmp_path / 'prepared.db'}")
    prepared.open(now=NOON)
    for where, query in WISHES.items():
        subscribes(prepared, where, query, every="daily", at="13:00")
    ingested(prepared, *map(paper, TITLES), now=NOON + HOUR / 2)
    prepared.close()

    found: list[Any] = []
    killed: list[str] = []
    for step in count():
        path = tmp_path / f"at {step}.db"
        shutil.copy(tmp_path / "prepared.db", path)
        store = Store(f"sqlite:///{path}")
        try:
            with killed_at(store, step) as steps:
                plan_due(store, now=NOON + HOUR)
        except Killed:
            killed.append(steps[-1] if steps else "")
            store.close()
            store = Store(f"sqlite:///{path}")  # the next process
            plan_due(store, now=NOON + HOUR)
            found.append(state_of(store))
            assert plan_due(store, now=NOON + HOUR) == ()
            store.close()
            path.unlink()
            assert found[-1] == found[0], f"killed at step {step}, after {steps[-3:]}"
        else:
            assert state_of(store) == found[0]
            store.close()
            break
    delivered, stands, spoken, deliveries = found[0]
    assert (len(delivered), set(delivered)) == (len(OWED), OWED)
    assert (len(stands), spoken, deliveries) == (4, [True] * 4, 4)
    assert killed.count("COMMIT") >= 2, "both slices were committed"
    assert killed.count("INSERT") >= 4, "deliveries and items of both"
