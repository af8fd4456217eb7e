"""Writes that must not be lost while the process lives: the outcomes of posts that a platform accepted."""

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
