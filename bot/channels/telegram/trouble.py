"""What listening to Telegram does when it does not work: says so once, waits, tries again, for ever."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.channels.telegram._errors import UpdatesConflict
from bot.ports.clock import Clock
from subscriptions.errors import NotDelivered, RetryLater, SenderStopped

log = logging.getLogger("paperwire")

T = TypeVar("T")

# (seconds of the first wait, of the longest)
NETWORK_BACKOFF = (1.0, 60.0)
CONFLICT_BACKOFF = (5.0, 30.0)
STOPPED_BACKOFF = (60.0, 900.0)
CONFLICT_OVER_AFTER = 60.0  # seconds without a conflict until it counts as over
REPORT_AFTER = 3  # failures of the line in a row; one is no news

_CONFLICT = (
    "another program asks Telegram for this bot's updates, so people are answered by chance; "
    "stop it, or give it a token of its own"
)
_WEBHOOK = (
    "another program had Telegram send this bot's updates to a webhook; "
    "give it a token of its own, and start paperwire again"
)


class TelegramBackoff:
    """Tries what may fail until it works, and remembers why it does not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.problem = ""  # one line for the operator, "": all is well
        self._failures = 0
        self._last_conflict = float("-inf")  # monotonic second of the last answer that somebody else listens

    async def retry_until_done(self, do: Callable[[], Awaitable[T]]) -> T:
        """What `do` returns, as soon as it does not raise NotDelivered."""
        while True:
            try:
                done = await do()
            except NotDelivered as error:
                await self._back_off(error)
            else:
                self._mark_healthy()
                return done

    async def _back_off(self, error: NotDelivered) -> None:
        self._failures += 1
        problem, (first, longest) = _reading(error)
        if isinstance(error, UpdatesConflict):
            self._last_conflict = self._clock.monotonic()
        if self._failures >= REPORT_AFTER or not isinstance(error, RetryLater) or isinstance(error, UpdatesConflict):
            self._report(problem)
        else:
            log.info("Telegram cannot be listened to now: %s", error.reason)
        asked = error.after.total_seconds() if isinstance(error, RetryLater) else 0.0
        await self._clock.sleep(max(asked, min(first * 2 ** min(self._failures - 1, 10), longest)))

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            log.error("Nobody can talk to the bot on Telegram: %s.", problem)
        self.problem = problem

    def _mark_healthy(self) -> None:
        self._failures = 0
        if self._clock.monotonic() - self._last_conflict < CONFLICT_OVER_AFTER:
            return  # two who listen get the updates by turns
        if self.problem:
            log.info("Telegram is listened to again.")
        self.problem = ""


def _reading(error: NotDelivered) -> tuple[str, tuple[float, float]]:
    """What an error is called, and how long it is waited for."""
    match error:
        case UpdatesConflict(webhook=True):
            return _WEBHOOK, CONFLICT_BACKOFF
        case UpdatesConflict():
            return _CONFLICT, CONFLICT_BACKOFF
        case RetryLater():
            return error.reason.rstrip("."), NETWORK_BACKOFF
        case SenderStopped():
            return f"{error.reason.rstrip('.')}; put the token that @BotFather shows into the settings", STOPPED_BACKOFF
        case _:
            return error.reason.rstrip("."), STOPPED_BACKOFF
