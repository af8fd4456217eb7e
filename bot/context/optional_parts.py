"""Loads libraries without optional parts that the bot does not use and that take memory as long as the process runs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Makes modules look as if they were not installed while the body imports a library that does without them.

    A module that is loaded already stays, and afterwards each can be imported as usual.
    """
    left_out = [name for name in modules if name not in sys.modules]
    blocked: dict[str, object] = sys.modules  # type: ignore[assignment]  # None says: not to be found
    blocked.update(dict.fromkeys(left_out))
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]
