"""Planning while other threads and processes write: they need not wait, and a kill loses nothing."""

import contextlib
from collections import abc
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from subscriptions.service import plan, subscribing
from subscriptions.store import planner
from subscriptions.store.database.store import Store
from subscriptions.store.outbox import outbox_entries
from tests import make
from tests.clock import NOON
from tests.make import HOUR, MINUTE, address, subscribes


def called(before: abc.Callable[[], None], function: abc.Callable[..., Any]) -> abc.Callable[..., Any]:
    """Returns a function that first calls `before` and then `function`."""

    def call(*args: Any, **named: Any) -> Any:
        before()
        return function(*args, **named)

    return call


def sent_to(store: Store) -> list[tuple[str, int]]:
    return [(entry.chat, entry.papers) for entry in outbox_entries(store, now=NOON + HOUR)]


def on_call(number: int, work: abc.Callable[[], object]) -> abc.Callable[[], None]:
    """Returns a function of which call `number` runs `work` in a separate thread. Other calls do nothing."""
    calls = count(1)

    def call() -> None:
        if next(calls) == number:
            with ThreadPoolExecutor(1) as other:
                other.submit(work).result()

    return call


@pytest.fixture
def due(store: Store) -> Store:
    """A store with one chat, to which a paper is due."""
    make.due(store, "telegram:1")
    return store


def test_what_was_planned_meanwhile_is_not_planned_again(due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now_already = on_call(1, lambda: plan.plan_due(due, now=NOON + HOUR))
    monkeypatch.setattr(planner, "due_queries", called(now_already, planner.due_queries))
    plan.plan_due(due, now=NOON + HOUR)
    assert sent_to(due) == [("telegram:1", 1)]


@pytest.mark.both_databases
def test_when_the_operator_changes_the_zone_nothing_is_late(store: Store) -> None:
    """A chat that chose no time zone uses the operator's.

    When the operator moves from UTC to Shanghai, the night has passed.
    """
    morning = NOON + 14 * HOUR
    for chat, quiet in (("telegram:1", "off"), ("telegram:2", "22:00-08:00")):
        subscribes(store, chat, "graph", when="now")
        subscribing.set_settings(store, address(chat), {"quiet": quiet}, now=NOON)
    make.ingested(store, "A first graph", now=NOON + MINUTE)
    assert len(plan.plan_due(store, now=NOON + MINUTE)) == 2
    with contextlib.closing(Store(str(store.url), zone="Asia/Shanghai")) as moved:
        make.ingested(moved, "A graph of the night", now=morning)
        assert [lane.address for lane in plan.plan_due(moved, now=morning)] == ["1", "2"]
