"""The interface to the engine that runs the senders of lanes."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from subscriptions import model

Deliver = Callable[[model.Lane], Awaitable[None]]


class Engine(Protocol):
    """Runs the senders of lanes (`EmbeddedEngine` in bot/delivery)."""

    def wake(self, lanes: Sequence[model.Lane], *, not_before: datetime | None = None) -> None:
        """Makes each lane run, that is, lets its sender look for messages to send, not earlier than `not_before`.

        If a lane is waiting to run, it runs at least once after this call. A lane that is running runs again
        afterwards.
        """

    async def run(self, deliver: Deliver) -> None:
        """Calls `deliver` for every woken lane until no lane has to run soon. For one lane, only one call runs at a time.

        An error of `deliver` does not stop other lanes. All errors are raised at the end, as an ExceptionGroup.
        """

    def posting(self, lane: model.Lane) -> AbstractAsyncContextManager[None]:
        """Locks a lane for posting while the body runs, so that deliveries and replies are posted there one after another."""

    async def reserve(self, token: str, *, urgent: bool = False) -> float:
        """Reserves one send in a token's budget. Returns the monotonic second at which the send may start.

        `urgent` sends are replies to people, and go before all other waiting sends. The call itself may also wait before it returns.
        """
