"""Tasks of asyncio: how they end, work in rounds beside other work, and storing until the database accepts it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.clock import Clock
from bot.log import log_text
from subscriptions.errors import StoreError

log = logging.getLogger("paperwire")
T = TypeVar("T")
FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def end_tasks(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks, and wait until they have ended. Drop their results and errors. None is no task."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class Rounds:
    """Work in rounds beside other work: the next begins at least `interval` seconds after the last began."""

    def __init__(self, clock: Clock, interval: float, failed: str) -> None:
        """`failed`: what the log says when a round ended with an error."""
        self._clock = clock
        self._interval = interval
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self._due = float("-inf")  # monotonic second

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a round, if none runs and one is due. Log the error of the last one."""
        if self._task is not None and self._task.done():
            if error := self._task.exception():
                log.error("%s: %s", self._failed, log_text(error))
            self._task = None
        second = self._clock.monotonic()
        if self._task is None and second >= self._due:
            self._due = second + self._interval
            self._task = asyncio.create_task(work())

    async def close(self) -> None:
        """End the round that runs."""
        await end_tasks(self._task)


async def retry_until_stored(clock: Clock, attempt: Callable[[], Awaitable[T]]) -> T:
    """Store something, again and again until the database accepts it. Return the result of the attempt.

    It stores the outcome of a post: if that were lost, the message would be posted again. So there is no limit of time,
    and the caller is cancelled only when the process stops and this takes too long. After a crash, the message is still
    marked as sending, which means that it was perhaps sent. The attempt must be idempotent, because its commit may have
    succeeded although the answer of the database was lost.
    """
    wait = FIRST_RETRY
    while True:
        try:
            return await attempt()
        except StoreError as error:
            if wait == FIRST_RETRY:
                log.warning("What was sent cannot be written down yet: %s", error)
        await clock.sleep(wait)
        wait = min(2 * wait, LONGEST_RETRY)
