"""Puts off the work of Python's garbage collector."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Has nothing collected within. With a thousand papers in memory a full collection takes a tenth of a second.

    Most objects go when nothing refers to them, and are no garbage. Of several threads whoever put it off ends that, also while another
    one is within: then a collection may come there.
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
    """Yields a function by which the collector leaves alone what is in memory at that moment, until the context ends.

    For long work that keeps much: else each full collection, which stops all threads, looks through all of it again.
    """
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()
