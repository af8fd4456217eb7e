"""The loop of a receiver: how long it waits after failures, when it reports them, and how long a page waits for its reply.

`wait_for_reply` is for receivers whose page shows the reply.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.ports.channel import Clock
from subscriptions.errors import NotDelivered, RetryLater

log = logging.getLogger("paperwire")

T = TypeVar("T")

REPORT_AFTER = 3  # failures in a row after which a temporary error is reported
_MOST_DOUBLINGS = 10
REPLY_WITHIN = 5.0  # seconds that a page waits for its reply


@dataclass(frozen=True, slots=True)
class Backoff:
    """The seconds to wait after failures in a row: `first`, then twice as long each time, up to `longest`."""

    first: float
    longest: float

    def seconds(self, failures: int) -> float:
        """Returns the wait after this number of failures in a row, from 1."""
        return min(self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), self.longest)


NETWORK_BACKOFF = Backoff(1.0, 60.0)
STOPPED_BACKOFF = Backoff(60.0, 900.0)  # for errors that last until a person does something


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a failed call means for the receiver."""

    problem: str  # one line for the operator, without a full stop
    backoff: Backoff
    may_pass: bool = False  # the failure may be temporary, so it is reported only after REPORT_AFTER failures in a row
    lasts: float = 0.0  # seconds after the failure in which a success does not prove that the receiver works


def assess(error: NotDelivered) -> Failure:
    """Returns the failure of a call. RetryLater may be temporary; any other error lasts until a person acts."""
    may_pass = isinstance(error, RetryLater)
    backoff = NETWORK_BACKOFF if may_pass else STOPPED_BACKOFF
    return Failure(problem=error.reason.rstrip("."), backoff=backoff, may_pass=may_pass)


class ReceiverLoop:
    """Repeats the calls and steps of one receiver, and remembers why it does not work.

    `platform` is the platform's name for people. `assess` returns the Failure for an error of that platform.
    """

    def __init__(self, platform: str, clock: Clock, *, assess: Callable[[NotDelivered], Failure] = assess) -> None:
        self.problem = ""  # one line for the operator; "" if it works
        self._platform = platform
        self._clock = clock
        self._assess = assess
        self._failures = 0  # in a row
        self._doubtful_until = float("-inf")  # monotonic second from which a success proves that the receiver works

    async def retry(self, call: Callable[[], Awaitable[T]], *, proves_health: bool = True) -> T:
        """Repeats `call` until it does not raise NotDelivered. Returns its result.

        With `proves_health` a result shows that the receiver works; otherwise the caller calls `mark_healthy` when it works.
        """
        while True:
            try:
                result = await call()
            except NotDelivered as error:
                await self._clock.sleep(self._record_failure(error))
            else:
                if proves_health:
                    self.mark_healthy()
                return result

    def mark_healthy(self) -> None:
        """Resets the wait. Also clears the problem, unless the last failure is known to last longer."""
        self._failures = 0
        if self._clock.monotonic() < self._doubtful_until:
            return
        if self.problem:
            log.info("%s is listened to again.", self._platform)
        self.problem = ""

    def _record_failure(self, error: NotDelivered) -> float:
        """Reports why a call failed. Returns the seconds to wait: the back-off, or the platform's time if that is longer."""
        failure = self._assess(error)
        self._failures += 1
        asked = 0.0
        if isinstance(error, RetryLater):
            asked = error.after.total_seconds()
        wait = max(asked, failure.backoff.seconds(self._failures))
        if failure.lasts:
            self._doubtful_until = self._clock.monotonic() + failure.lasts
        if failure.may_pass and self._failures < REPORT_AFTER:
            log.info("%s cannot be listened to now: %s", self._platform, error.reason)
            return wait
        if failure.problem != self.problem:
            log.error("No one can talk to the bot on %s: %s.", self._platform, failure.problem)
        self.problem = failure.problem
        return wait


async def wait_for_reply(posting: asyncio.Task[None]) -> None:
    """Waits until the reply to an update is posted, at most REPLY_WITHIN seconds."""
    await asyncio.wait((posting,), timeout=REPLY_WITHIN)
