"""Writes that must not be lost while the process lives: the outcome of a post that a platform has taken."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.context.dependencies import Context
from subscriptions.errors import StoreError

log = logging.getLogger("paperwire")

T = TypeVar("T")

FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def write_until_stored(context: Context, write: Callable[[], Awaitable[T]]) -> T:
    """Returns the result of `write`, which is repeated until the database takes it, however long that lasts.

    What is not written is posted again, so it is given up only with the process: when a stop has lasted too long, the
    caller is cancelled. After a crash the message is found marked as sending, which means perhaps sent. `write` has to
    be harmless when its commit succeeded and only the answer was lost.
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
