"""Processor time: other load of the machine hardly changes it."""

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Returns the result of a call and the processor seconds that it took."""
    gc.collect()
    start = time.process_time()
    result = work()
    return result, time.process_time() - start
