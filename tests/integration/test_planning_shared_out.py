"""Several planners on one PostgreSQL plan different chats at once; chats that one leaves, another one plans."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from subscriptions.errors import StoreUnavailable
from subscriptions.model import Lane
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import set_settings
from subscriptions.service.look import apart
from subscriptions.service.plan import plan_due
from subscriptions.store import announcing
from subscriptions.store.database import store as database
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import done
from tests.make import NOON, address, ingested, paper, subscribes
from tests.postgres.server import Server

CHATS = 6
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def url(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database where six chats are due; two are planned at a time."""
    monkeypatch.setattr(_plan, "SLICE", 2)
    with postgres.database() as url, closing(Store(url)) as store:
        for number in range(CHATS):
            subscribes(store, f"telegram:{number + 1}", "graph", every="now")
        ingested(store, paper("A graph"), now=NOON + timedelta(minutes=1))
        plan_due(store, now=NOON + timedelta(minutes=2))  # from now on they follow a shared cursor
        ingested(store, paper("Another graph"), now=NOON + timedelta(minutes=3))
        yield url


@contextmanager
def impatient(url: str) -> Iterator[Store]:
    """A store that hardly waits for locks, so that one thread can hold one and meet it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "BUSY_SECONDS", 0.2)
        with closing(Store(url)) as store:
            store.revision()  # connects now, while no lock is held
            yield store


def test_what_another_one_planned_meanwhile_is_passed_over(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plan_slice = _plan._plan_slice

    def noted(store: Store, chat_ids: Sequence[int], context: Any) -> Any:
        read.extend(chat_ids)
        return plan_slice(store, chat_ids, context)

    with closing(Store(url)) as first, closing(Store(url)) as second:
        slices = _plan.plan_slices(first, now=LATER)
        in_hand = next(slices)  # not planned yet, so the other one plans it, too
        assert len(plan_due(second, now=LATER)) == CHATS
        monkeypatch.setattr(_plan, "_plan_slice", noted)
        assert done(in_hand) == []
        assert [lane for one in slices for lane in done(one)] == []
    assert read == [], "the others are not even read"


def test_what_a_planner_left_is_planned_by_another_one(url: str) -> None:
    with closing(Store(url)) as first, closing(Store(url)) as second:
        slices = _plan.plan_slices(first, now=LATER)
        assert len(done(next(slices))) == 2
        slices.close()
        assert len(plan_due(second, now=LATER)) == CHATS - 2
        assert plan_due(second, now=LATER) == ()


def test_two_planners_seldom_begin_with_the_same_chats(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "shuffle", list.reverse)
    assert apart([1, 2, 3, 4, 5], Store(url), 2) == [5, 3, 4, 1, 2]
    assert apart([1, 2, 3], Store("sqlite:///one.db"), 2) == [1, 2, 3], "a file has one planner"


@pytest.fixture
def while_written(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Store], object]], None]:
    """Plans; between the reads and the write of each plan, does something in another process."""

    def plans(something: Callable[[Store], object]) -> None:
        written: list[int] = []
        write = _plan._write

        def write_beside(*arguments: Any) -> list[Lane]:
            something(second)
            written.append(1)
            return write(*arguments)

        with closing(Store(url)) as first, impatient(url) as second:
            monkeypatch.setattr(_plan, "_write", write_beside)
            assert len(plan_due(first, now=LATER)) == CHATS
        assert len(written) == CHATS / 2

    return plans


def test_no_paper_comes_while_a_plan_is_written(while_written: Callable[[Callable[[Store], object]], None]) -> None:
    def bring(store: Store) -> None:
        with pytest.raises(StoreUnavailable):
            ingested(store, paper("A second graph"), now=LATER)
        with store.write() as transaction:
            announcing.share_sequence(transaction)  # another planner does not wait

    while_written(bring)


def test_nobody_changes_a_chat_while_its_plan_is_written(
    while_written: Callable[[Callable[[Store], object]], None],
) -> None:
    refused: list[str] = []

    def change(store: Store) -> None:
        for number in range(CHATS):
            try:
                set_settings(store, address(f"telegram:{number + 1}"), {"limit": "3"}, now=LATER)
            except StoreUnavailable:
                refused.append(str(number))

    while_written(change)
    assert len(refused) == len(set(refused)) == CHATS
