"""Reads large documents of others in a process of its own, which ends if it takes too long or too much memory.

No reader can be trusted to be quick with every text that somebody may write. What ends so costs itself only: nothing
else of the program waits for it, or runs out of memory.
"""

import resource
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from typing import TypeVar

from bot.failures import BrokenDigest
from subscriptions.errors import Sentence

LARGE = 250_000  # bytes; to start a process for less is not worth its half second
MOST_SECONDS = 20  # of a processor
MOST_MEMORY = 1 << 30  # bytes

T = TypeVar("T")


def read(reader: Callable[..., T], data: bytes, *arguments: object) -> T:
    """Returns `reader(data, *arguments)`, and raises what it raises.

    Raises BrokenDigest if it takes too long or too much memory. `reader`, its arguments and result can be pickled. A
    script that calls this needs `if __name__ == "__main__"`, as for every process that multiprocessing spawns.
    """
    if len(data) < LARGE:
        return reader(data, *arguments)
    process = ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_limit, initargs=(MOST_SECONDS, MOST_MEMORY)
    )
    try:
        return process.submit(reader, data, *arguments).result()
    except (BrokenProcessPool, MemoryError):
        limits = {"seconds": MOST_SECONDS, "memory": MOST_MEMORY >> 20}
        raise BrokenDigest(
            Sentence("It takes more than {seconds} seconds of a processor, or {memory} MiB of memory.", limits)
        ) from None
    finally:
        process.shutdown(wait=False, cancel_futures=True)


def _limit(seconds: int, memory: int) -> None:
    """Limits this process. Whoever ends the program with a signal to all of its processes ends the other one."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),  # of addresses; macOS has no such limit
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
