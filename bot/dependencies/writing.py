"""Writes to the store from the event loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.dependencies import Dependencies
from bot.ports import channel
from subscriptions.errors import StoreError
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import READS, Steps

T = TypeVar("T")


async def write(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - like asyncio.to_thread
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Runs `work(store, …)` in the writer thread; `work` begins its own transactions.

    Returns its result or raises its error.
    """
    return await asyncio.shield(asyncio.wrap_future(store.writer.ask(partial(work, store, *args, **named))))


async def write_together(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - as above
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Runs `work(transaction, …)` in the writer thread. Returns its result after the commit. Raises its error, or StoreError.

    All functions that wait at the same time share one transaction. So the writes of ten senders take little more time
    than the writes of one, and are as durable. An error of one function does not undo the work of the others. If a
    later function fails, `work` may run a second time.
    """
    return await asyncio.shield(
        asyncio.wrap_future(store.writer.ask_to_share(lambda transaction: work(transaction, *args, **named)))
    )


async def do_steps(steps: Steps[T], store: Store) -> T:
    """Does all steps of some work and returns its result. Raises its error, or StoreError."""
    return await asyncio.shield(asyncio.create_task(_all(UnderWay(steps, store))))


async def _all(work: "UnderWay[T]") -> T:
    while await work.step():
        pass
    return work.results[0]


class UnderWay(Generic[T]):
    """Work that is being done step by step: steps that write run in the writer thread, other steps in another thread."""

    def __init__(self, steps: Steps[T], store: Store) -> None:
        self._steps = steps
        self._store = store
        self._kind = READS  # the kind of the next step
        self.results: list[T] = []  # has one element after the last step

    async def step(self) -> bool:
        """Does the next step. Returns whether there are more. Raises the error of the work, or StoreError."""
        try:
            if self._kind == READS:
                return await asyncio.to_thread(self._do_next)
            return await asyncio.wrap_future(self._store.writer.ask(self._do_next))
        except Exception:
            self._steps.close()  # ends the generator even if the writer refused the step before it began
            raise

    def _do_next(self) -> bool:
        try:
            self._kind = next(self._steps)
        except StopIteration as end:
            self.results.append(end.value)
            return False
        finally:
            self._store.refuse_held_connection()
        return True


# ---------------------------------------------------------------- writes that must not be lost while the process lives

# The functions below write outcomes of posts. If an outcome were lost, its message would be posted again.


log = logging.getLogger("paperwire")
FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def write_until_stored(deps: Dependencies, write: Callable[[], Awaitable[T]]) -> T:
    """Repeats `write` until the database accepts it, without a limit of time. Returns its result.

    If the outcome of a post is not stored, the message would be posted again. So the caller is cancelled only when the
    process stops and this function takes too long. After a crash, the message is still marked as sending, which means
    that it was perhaps sent. `write` must be idempotent, because its commit may have succeeded although the answer of
    the database was lost.
    """

    async def attempt() -> T:  # tenacity awaits only functions that are declared with `async def`
        return await write()

    return await until_stored(deps.clock, FIRST_RETRY, LONGEST_RETRY, _warn_once)(attempt)


def until_stored(
    clock: channel.Clock, first: float, longest: float, warn: Callable[[RetryCallState], None]
) -> AsyncRetrying:
    """Returns an object that calls a function again after each StoreError.

    The waits grow from `first` to `longest` seconds.
    """
    wait = wait_exponential(first, longest)
    return AsyncRetrying(retry=retry_if_exception_type(StoreError), wait=wait, sleep=clock.sleep, before_sleep=warn)


def _warn_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome:
        log.warning("What was sent cannot be written down yet: %s", attempt.outcome.exception())
