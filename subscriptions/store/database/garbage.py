"""Puts off the work of Python's garbage collector."""

import gc
from collections.abc import Iterator
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
