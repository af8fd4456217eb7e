"""Python's garbage collector does not work while a process holds the database: with many papers in memory it takes a tenth of a second."""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest

from subscriptions.store import ReadThenWrite, Store
from tests.make import NOON

CYCLES = 5000  # of garbage, far more than a collection waits for


def makes_garbage() -> None:
    for _ in range(CYCLES):
        one: list[object] = []
        one.append(one)


@contextmanager
def collections() -> Iterator[list[int]]:
    """Yields a list that gets the generation of each collection."""
    found: list[int] = []

    def noted(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(info["generation"])

    gc.callbacks.append(noted)
    try:
        yield found
    finally:
        gc.callbacks.remove(noted)


def test_nothing_is_collected_while_a_transaction_writes(store: Store) -> None:
    with store.write(), collections() as writing:
        makes_garbage()
    with store.read(), collections() as reading:
        makes_garbage()
    assert reading, "elsewhere it is"
    assert not writing


def test_nothing_is_collected_before_the_commit(store: Store) -> None:
    work = ReadThenWrite(store)
    with work.read(), collections() as reading:
        makes_garbage()
    with work.write(), collections() as writing:
        makes_garbage()
    assert reading
    assert not writing


def test_collections_go_on_after_errors_and_several_writers(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(ValueError, match="wrong"), store.write():
        raise ValueError("wrong")
    assert gc.isenabled()
    other = Store(f"sqlite:///{tmp_path_factory.mktemp('other')}/other.db")
    other.open(now=NOON)
    both, one_is_done = Barrier(2), Barrier(2)

    def first() -> None:
        with store.write():
            both.wait()
        one_is_done.wait()

    def second() -> None:
        with other.write():
            both.wait()
            one_is_done.wait()

    with ThreadPoolExecutor() as threads:
        for done in (threads.submit(first), threads.submit(second)):
            done.result()
    assert gc.isenabled()
    other.close()


def test_a_collector_that_is_off_stays_off(store: Store) -> None:
    gc.disable()
    try:
        with store.write():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
