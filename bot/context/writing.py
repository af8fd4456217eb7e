"""Writes to the store from the event loop: in the one writer thread of the store, so that no other thread waits for a lock.

Reads use the shared threads (`asyncio.to_thread`), so they never wait for a write. A write is done even if the caller
is cancelled meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.context.dependencies import Context
from subscriptions.errors import StoreError
from subscriptions.store import READS, Steps, Store

T = TypeVar("T")


async def write(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - as asyncio.to_thread
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Returns the result of `work(store, …)`, which begins its transactions itself. Raises its error, or StoreError."""
    return await asyncio.shield(asyncio.wrap_future(store.writer.ask(partial(work, store, *args, **named))))


async def write_together(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - as above
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Returns the result of `work(transaction, …)`, once that is committed. Raises its error, or StoreError.

    Works that wait at the same time share one transaction. So the writes of ten senders take little more time than those
    of one, and each is as durable as in its own transaction. An error of one work does not undo the others. `work` may
    run twice, if a later one fails.
    """
    return await asyncio.shield(
        asyncio.wrap_future(store.writer.ask_to_share(lambda transaction: work(transaction, *args, **named)))
    )


async def do_steps(steps: Steps[T], store: Store) -> T:
    """Returns the result of work in steps. Raises its error, or StoreError."""
    return await asyncio.shield(asyncio.create_task(_all(UnderWay(steps, store))))


async def _all(work: "UnderWay[T]") -> T:
    while await work.step():
        pass
    return work.results[0]


class UnderWay(Generic[T]):
    """Work in steps that is under way: those that write are done in the writer thread."""

    def __init__(self, steps: Steps[T], store: Store) -> None:
        self._steps = steps
        self._store = store
        self._kind = READS  # of the next step
        self.results: list[T] = []  # one, at the end

    async def step(self) -> bool:
        """Does the next step. Returns whether there are more. Raises the error of the work, or StoreError."""
        try:
            if self._kind == READS:
                return await asyncio.to_thread(self._do_next)
            return await asyncio.wrap_future(self._store.writer.ask(self._do_next))
        except Exception:
            self._steps.close()  # a writer that refuses has not begun the step
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


# ---------------------------------------------------------------------------------------------------------------------
# Writes that must not be lost while the process lives: the outcomes of posts that a platform accepted.


log = logging.getLogger("paperwire")


FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def write_until_stored(context: Context, write: Callable[[], Awaitable[T]]) -> T:
    """Repeats `write` until the database takes it, with no limit of time. Returns its result.

    A message whose outcome is not stored is posted again, so only a stop that lasts too long cancels the caller. After
    a crash the message is still marked as sending, which means perhaps sent. `write` must be idempotent: its commit may
    have succeeded and only the answer been lost.
    """

    async def attempt() -> T:
        return await write()

    attempts = AsyncRetrying(
        retry=retry_if_exception_type(StoreError),
        wait=wait_exponential(FIRST_RETRY, LONGEST_RETRY),
        sleep=context.clock.sleep,
        before_sleep=_warn_once,
    )
    return await attempts(attempt)


def _warn_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome:
        log.warning("What was sent cannot be written down yet: %s", attempt.outcome.exception())
