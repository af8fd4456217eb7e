"""The engine, which runs the senders of lanes, and the rate limiter, which paces them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from math import inf
from typing import Protocol

from subscriptions.model import Lane

Deliver = Callable[[Lane], Awaitable[None]]


class Engine(Protocol):
    """Runs the senders of lanes. `embedded` of bot/delivery/engines runs them in one process, `cluster` in several."""

    @property
    def lanes_in_hand(self) -> int:
        """How many lanes this process delivers now."""

    def wake(self, lanes: Sequence[Lane], *, not_before: datetime | None = None) -> None:
        """Has each lane run, not earlier than `not_before`.

        A lane that waits to run and is woken again runs at least once after that. A running lane that is woken runs again
        afterwards.
        """

    def deliveries_stored(self, lanes: Sequence[Lane]) -> None:
        """Has each lane run, after deliveries for it were committed."""

    async def run(self, deliver: Deliver) -> None:
        """Calls `deliver` for every woken lane, never twice at once for one lane, until no lane is left to run soon.

        An error of `deliver` does not stop other lanes. All errors are raised at the end, as an ExceptionGroup.
        """

    def posting(self, lane: Lane, *, patience: float = inf) -> AbstractAsyncContextManager[bool]:
        """Locks a lane for posting within the context: answers and papers of all processes go one after another.

        Gives False if another worker is still posting there after `patience` seconds.
        """

    async def reserve(self, token: str, *, urgent: bool = False) -> float:
        """Reserves one send of a token's budget. Returns the monotonic second at which it may start.

        `urgent` sends, the answers to people, go before all other sends that wait. The call itself may wait.
        """

    async def count_others(self, lane: Lane, *, anew: bool = False) -> None:
        """Has the rate limiter count what other processes have sent in a lane. Raises StoreError.

        Does nothing if that was counted just now, unless `anew`.
        """


class RateLimiter(Protocol):
    """Tells when a lane may send. Each lane has one sender at a time, so only the sending process needs a limiter."""

    def ready_at(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """Returns the monotonic second at which the lane may send its next message. Pauses of its token count.

        A part of a group's budget is reserved for `urgent` messages, the answers to people.
        """

    def record_send(self, lane: Lane, at: float) -> None:
        """Records that a send in the lane started at the monotonic second `at`."""

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """Pauses the lane until a monotonic second, as the platform asked."""

    def pause_left(self, token: str, now: float) -> float:
        """Returns how many seconds are left of the pause that the platform asked of the whole token; 0: no pause."""

    def count_sends(self, lane: Lane, sends: Iterable[float]) -> None:
        """Counts what workers have sent in a lane in the last minute, from its earliest monotonic second to its latest."""

    def record_earlier_sends(
        self, sends: Iterable[tuple[Lane, float]], answers: Iterable[tuple[Lane, float]], now: float
    ) -> None:
        """Records what an earlier process began to send, and to answer, as (lane, monotonic second).

        Its lanes are taken to have used up all that they may send at once, because of several attempts to send a
        message only the last is known.
        """
