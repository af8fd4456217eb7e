"""Imports libraries without parts that they can work without."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Hides modules while the body imports a library that can work without them, as if they were not installed.

    Modules that are already loaded are not hidden. Afterwards, each module can be imported as usual.
    """
    left_out = [name for name in modules if name not in sys.modules]
    blocked: dict[str, object] = sys.modules  # type: ignore[assignment]  # None means: cannot be imported
    blocked.update(dict.fromkeys(left_out))
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]
