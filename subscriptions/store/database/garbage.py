"""Puts off the work of Python's garbage collector."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Runs no collection in the body. With a thousand papers in memory a full one takes a tenth of a second.

    Most objects are freed when nothing refers to them, without the collector. If threads overlap, the first to leave
    re-enables collection.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def left_alone() -> Iterator[Callable[[], None]]:
    """Yields a function that makes the collector ignore what is in memory at that moment, until the context ends.

    For long work that keeps much: otherwise each full collection, which stops all threads, looks through all of it.
    """
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()
