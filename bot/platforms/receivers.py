"""What receivers share: waits after failures, their reports, and that what a platform sent is read once.

A receiver of pages keeps what handles requests, and a page waits for the answer that it shows.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from bot.clock import Clock
from bot.messages import Request
from bot.platforms.base import Receiver, RequestDispatcher
from subscriptions.outcomes import NotDelivered, RetryLater

log = logging.getLogger("paperwire")

T = TypeVar("T")
Dispatch = Callable[[Request], Awaitable[object]]

REPORT_AFTER = 3  # failures in a row after which a temporary error is reported
# (first, longest) seconds to wait after failures in a row, each time twice as long
TEMPORARY, LASTING = (1.0, 60.0), (60.0, 900.0)  # lasting: until a person does something
_MOST_DOUBLINGS = 10
# A conflict counts as over after so many seconds without one. A single success proves nothing, because two receivers
# get updates in turn.
CONFLICT_OVER_AFTER = 60.0
STARTS_WITHIN = 15.0  # seconds that a page waits for the process to start
REPLY_WITHIN = 5.0  # seconds that a page waits for its reply


class Malformed(ValueError):
    """What a platform sent does not have its documented shape.

    The text is the class of the error, without any content.
    """


@contextmanager
def documented_shape() -> Iterator[None]:
    """WriteQueue an error of the body, which reads what a platform sent, into Malformed."""
    try:
        yield
    except (
        KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError, IndexError, RecursionError
    ) as error:  # fmt: skip
        raise Malformed(type(error).__name__) from None  # the error's text may contain what a person wrote


class UpdatesConflict(RetryLater):
    """The platform gives the updates to another receiver, too, until a person stops it."""


class ReceiverLoop(Receiver):
    """A receiver that repeats its calls and steps, and remembers why it does not work.

    `platform` is the platform's name for people.
    """

    def __init__(self, platform: str, clock: Clock) -> None:
        self._platform = platform
        self.clock = clock
        self._failures = 0  # in a row
        self._doubtful_until = float("-inf")  # monotonic second from which a success proves that the receiver works

    async def retry(self, call: Callable[[], Awaitable[T]]) -> T:
        """Repeat `call` until it does not raise NotDelivered. Return its result, which shows that the receiver works."""
        while True:
            try:
                result = await call()
            except NotDelivered as error:
                await self.clock.sleep(self._record_failure(error))
            else:
                self.mark_healthy()
                return result

    async def take(self, what: str, read: Callable[[], Request | None], dispatch: Dispatch) -> None:
        """Dispatch the request that `read` finds in something that the platform sent; does nothing if that is malformed."""
        try:
            request = read()
        except Malformed as error:
            log.warning("%s has an unknown shape (%s).", what, error)
            return
        if request is not None:
            await dispatch(request)

    def mark_healthy(self) -> None:
        """Reset the wait. Also clears the problem, unless there was a conflict lately."""
        self._failures = 0
        if self.clock.monotonic() < self._doubtful_until:
            return
        if self.problem:
            log.info("%s is listened to again.", self._platform)
        self.problem = ""

    def _record_failure(self, error: NotDelivered) -> float:
        """Report why a call failed. Return the seconds to wait: ours, or the platform's if that is longer."""
        may_pass = isinstance(error, RetryLater)
        first, longest = TEMPORARY if may_pass else LASTING
        wait = min(first * 2.0 ** min(self._failures, _MOST_DOUBLINGS), longest)
        self._failures += 1
        if isinstance(error, RetryLater):
            wait = max(wait, error.after.total_seconds())
        if isinstance(error, UpdatesConflict):
            self._doubtful_until = self.clock.monotonic() + CONFLICT_OVER_AFTER
        elif may_pass and self._failures < REPORT_AFTER:
            log.info("%s cannot be listened to now: %s", self._platform, error.reason)
            return wait
        problem = error.reason.rstrip(".")
        if problem != self.problem:
            cure = "" if may_pass else " paperwire check says what to do."
            log.error("No one can talk to the bot on %s: %s.%s", self._platform, problem, cure)
        self.problem = problem
        return wait


class PageReceiver(Receiver):
    """A receiver whose requests come from pages: it only keeps the dispatcher while it listens."""

    def __init__(self) -> None:
        self._dispatcher: RequestDispatcher | None = None
        self._started = asyncio.Event()

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        self._dispatcher = dispatcher
        self._started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._dispatcher = None

    async def dispatcher(self) -> RequestDispatcher | None:
        """Return what handles requests; None if nothing does. A page may be open before the process has started."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._started.wait(), STARTS_WITHIN)
        return self._dispatcher


async def wait_for_reply(posting: asyncio.Task[None]) -> None:
    """Wait until the reply to an update is posted, at most REPLY_WITHIN seconds."""
    await asyncio.wait((posting,), timeout=REPLY_WITHIN)
