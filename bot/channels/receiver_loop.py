"""What listening to Slack does when it does not work: says so once, waits, tries again, for ever."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.ports.clock import Clock
from subscriptions.errors import NotDelivered, RetryLater

log = logging.getLogger("paperwire")

T = TypeVar("T")

NETWORK_BACKOFF = (1.0, 60.0)  # seconds of the first wait, of the longest: the line
STOPPED_BACKOFF = (60.0, 900.0)  # and what a person has to mend
REPORT_AFTER = 3  # failures of the line in a row; one is no news


class SlackBackoff:
    """Tries what may fail until it works, and remembers why it does not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.problem = ""  # one line for the operator, "": all is well
        self._failures = 0

    async def retry_until_done(self, do: Callable[[], Awaitable[T]]) -> T:
        """What `do` returns, as soon as it does not raise NotDelivered."""
        while True:
            try:
                return await do()
            except NotDelivered as error:
                await self._back_off(error)

    def mark_healthy(self) -> None:
        """What was tried works."""
        self._failures = 0
        if self.problem:
            log.info("Slack is listened to again.")
        self.problem = ""

    async def _back_off(self, error: NotDelivered) -> None:
        self._failures += 1
        line = isinstance(error, RetryLater)
        first, longest = NETWORK_BACKOFF if line else STOPPED_BACKOFF
        if self._failures >= REPORT_AFTER or not line:
            self._report(error.reason.rstrip("."))
        else:
            log.info("Slack cannot be listened to now: %s", error.reason)
        asked = error.after.total_seconds() if isinstance(error, RetryLater) else 0.0
        await self._clock.sleep(max(asked, min(first * 2 ** min(self._failures - 1, 10), longest)))

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            log.error("Nobody can talk to the bot on Slack: %s.", problem)
        self.problem = problem
