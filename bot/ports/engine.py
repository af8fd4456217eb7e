"""The engine: runs the senders of lanes."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from subscriptions.model import Lane

Deliver = Callable[[Lane], Awaitable[None]]


class Engine(Protocol):
    """Who delivers when. One process: bot/delivery/engines/embedded; many: a later module behind the same four methods."""

    def wake(self, lanes: Sequence[Lane], *, priority: int = 0, not_before: datetime | None = None) -> None:
        """Wakes lanes. A lane that is nudged twice runs once; one that runs is run again afterwards."""

    async def run(self, deliver: Deliver) -> None:
        """Runs `deliver` for every nudged lane, never twice at once for one lane, until nothing is left to do.

        What `deliver` raises breaks off no other lane; it is raised at the end, as a group.
        """

    async def reserve(self, token: str, n: int = 1, *, urgent: bool = False) -> float:
        """Takes `n` sends of a token's budget; returns the monotonic second at which the first may start.

        `urgent` ones, answers to people, go before all others that wait. It may wait itself.
        """

    async def claim_tick(self, name: str, due: datetime) -> bool:
        """True for exactly one caller per (name, due), over all processes on the store."""


class LaneRateLimiter(Protocol):
    """How fast one lane may go; lanes have one sender each, so this stays in the process that delivers."""

    def ready_at(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """The monotonic second at which the next message of the lane may go, pauses of its token included.

        For `urgent` ones, answers to people, a part of what a lane may hold is kept free.
        """

    def record_send(self, lane: Lane, at: float) -> None:
        """A message of the lane started at that second."""

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """The platform asked the lane to wait until that second."""

    def pause_left(self, token: str, now: float) -> float:
        """Seconds for which the platform wants nothing of the whole token."""

    def record_earlier_sends(self, sends: Iterable[tuple[Lane, float]], now: float) -> None:
        """What an earlier process sent, as (lane, second)."""
