"""A plan that is killed at any statement or commit: the next one goes on, and nothing is lost, doubled or planned wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from subscriptions.service import plan as _plan
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from subscriptions.store.rows import ChatRow, DeliveryItemRow, DeliveryRow, PaperRow, SubscriptionRow
from subscriptions.store.subscriptions import subscriptions_of
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
    """(chat, title) of each planned paper, cursors and due times, which chats had a first delivery, deliveries."""
    with store.read() as transaction:
        delivered = transaction.exec(
            select(ChatRow.address, PaperRow.title)
            .join(DeliveryItemRow, DeliveryItemRow.chat == ChatRow.id)  # type: ignore[arg-type]
            .join(PaperRow, PaperRow.id == DeliveryItemRow.paper)  # type: ignore[arg-type]
        ).all()
        chats = transaction.exec(select(ChatRow)).all()
        subscriptions = subscriptions_of(transaction, [chat.id or 0 for chat in chats])
        stands = sorted((one.chat_id, one.cursor, one.next_due_at) for of in subscriptions.values() for one in of)
        spoken = [chat.first_delivery_planned for chat in chats]
        deliveries = len(transaction.exec(select(DeliveryRow.seq)).all())
    return sorted(delivered), list(stands), spoken, deliveries


def _killed_everywhere(folder: Path, now: datetime) -> tuple[list[Any], list[str]]:
    """The states after a plan that is killed at each step and the next plan; after which steps it was killed."""
    found: list[Any] = []
    killed: list[str] = []
    for step in count():
        path = folder / f"at {step}.db"
        shutil.copy(folder / "prepared.db", path)
        store = Store(f"sqlite:///{path}")
        try:
            with killed_at(store, step) as steps:
                plan_due(store, now=now)
        except Killed:
            killed.append(steps[-1] if steps else "")
            store.close()
            store = Store(f"sqlite:///{path}")  # the next process
            plan_due(store, now=now)
            found.append(state_of(store))
            assert plan_due(store, now=now) == ()
            store.close()
            path.unlink()
            assert found[-1] == found[0], f"killed at step {step}, after {steps[-3:]}"
        else:
            assert state_of(store) == found[0]
            store.close()
            break
    return found, killed


def test_a_plan_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "SLICE", 2)
    prepared = Store(f"sqlite:///{tmp_path / 'prepared.db'}")
    prepared.open(now=NOON)
    for where, query in WISHES.items():
        subscribes(prepared, where, query, every="daily", at="13:00")
    ingested(prepared, *map(paper, TITLES), now=NOON + HOUR / 2)
    prepared.close()

    found, killed = _killed_everywhere(tmp_path, NOON + HOUR)
    delivered, stands, spoken, deliveries = found[0]
    assert (len(delivered), set(delivered)) == (len(OWED), OWED)
    assert (len(stands), spoken, deliveries) == (4, [True] * 4, 4)
    assert killed.count("COMMIT") >= 2, "both slices were committed"
    assert killed.count("INSERT") >= 4, "deliveries and items of both"


def test_a_look_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of subscriptions that follow a shared cursor, some match and some do not; one process is killed, another one looks again."""
    monkeypatch.setattr(_plan, "SLICE", 2)
    prepared = Store(f"sqlite:///{tmp_path / 'prepared.db'}")
    prepared.open(now=NOON)
    for where, query in WISHES.items():
        subscribes(prepared, where, query, every="now")
    ingested(prepared, paper("A first leaf, graph and tree"), now=NOON)
    plan_due(prepared, now=NOON)
    ingested(prepared, *map(paper, TITLES), now=NOON + HOUR / 2)
    with prepared.read() as transaction:
        assert set(transaction.exec(select(SubscriptionRow.shared_cursor))) == {1}
    prepared.close()

    found, killed = _killed_everywhere(tmp_path, NOON + HOUR)
    delivered, stands, _, deliveries = found[0]
    news = [(chat, title) for chat, title in delivered if "first" not in title]
    assert (len(news), set(news)) == (len(OWED), OWED)
    assert [cursor for _, cursor, *_ in stands] == [4] * 4, "the one without a match has looked, too"
    assert deliveries == 4 + 3
    assert killed.count("COMMIT") >= 3, "both slices were committed, and the shared cursor"
