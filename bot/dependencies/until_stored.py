"""Repeats work until the database accepts it: how long it waits between two attempts."""

import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.dependencies import Dependencies
from bot.ports.channel import Clock
from subscriptions.errors import StoreError
from subscriptions.store.database.store import Store

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("paperwire")

FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def until_stored(
    deps: Dependencies, work: Callable[Concatenate[Store, P], T], /, *args: P.args, **named: P.kwargs
) -> T:
    """Does work of the store (`Store.run`), again and again until the database accepts it. Returns its result.

    It stores the outcome of a post: if that were lost, the message would be posted again. So there is no limit of time,
    and the caller is cancelled only when the process stops and this takes too long. After a crash, the message is still
    marked as sending, which means that it was perhaps sent. `work` must be idempotent, because its commit may have
    succeeded although the answer of the database was lost.
    """

    async def attempt() -> T:
        return await deps.store.run(work, *args, **named)

    return await repeating(deps.clock, FIRST_RETRY, LONGEST_RETRY, _warn_once)(attempt)


def repeating(clock: Clock, first: float, longest: float, warn: Callable[[RetryCallState], None]) -> AsyncRetrying:
    """Returns an object that calls a function again after each StoreError.

    The waits grow from `first` to `longest` seconds.
    """
    wait = wait_exponential(first, longest)
    return AsyncRetrying(retry=retry_if_exception_type(StoreError), wait=wait, sleep=clock.sleep, before_sleep=warn)


def _warn_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome:
        log.warning("What was sent cannot be written down yet: %s", attempt.outcome.exception())
