"""The engine, which runs the senders of lanes, and the rate limiter, which paces them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from subscriptions.model import Lane

Deliver = Callable[[Lane], Awaitable[None]]


class Engine(Protocol):
    """Runs the senders of lanes: in one process with bot/delivery/engines/embedded; others may follow."""

    def wake(self, lanes: Sequence[Lane], *, not_before: datetime | None = None) -> None:
        """Wakes lanes, from `not_before` on. A lane that is woken twice runs once; a running lane runs again afterwards."""

    async def run(self, deliver: Deliver) -> None:
        """Calls `deliver` for every woken lane, never twice at once for one lane, until nothing is left to do.

        An error of `deliver` stops no other lane; all errors are raised at the end, as a group.
        """

    async def reserve(self, token: str, n: int = 1, *, urgent: bool = False) -> float:
        """Reserves `n` sends of a token's budget; returns the monotonic second at which the first may start.

        `urgent` sends, the answers to people, go before all others that wait. The call itself may wait.
        """


class RateLimiter(Protocol):
    """Tells how fast one lane may send. A lane has one sender at a time, so the limiter stays in the sending process."""

    def ready_at(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """The monotonic second at which the next message of the lane may go, pauses of its token included.

        A part of a lane's budget is reserved for `urgent` messages, the answers to people.
        """

    def record_send(self, lane: Lane, at: float) -> None:
        """Records that a message of the lane started at the monotonic second `at`."""

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """Pauses the lane until a monotonic second, as the platform asked."""

    def pause_left(self, token: str, now: float) -> float:
        """Seconds for which the platform asked the whole token to pause."""

    def record_earlier_sends(self, sends: Iterable[tuple[Lane, float]], now: float) -> None:
        """Records what an earlier process sent, as (lane, monotonic second)."""
