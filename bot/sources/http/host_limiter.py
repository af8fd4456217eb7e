"""Limits requests per host: one at a time to every host, and one in three seconds to all of arXiv."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Protocol

from bot.errors import FetchError
from bot.ports.channel import Clock
from subscriptions.errors import Sentence

GAP = 3.0  # seconds between requests to arXiv, all its hosts together (info.arxiv.org/help/api/tou.html)
PUBLISHER = "arxiv"
MAX_SLOT = (
    60.0  # most seconds that a request waits for its slot; if the host asked for a longer wait, the request fails
)
LONGEST_REQUEST = 240.0  # seconds after which the slot of a killed process is free again


class SharedHostSlots(Protocol):
    """Slots per publisher that all processes on one store share."""

    async def acquire(self, publisher: str, most: timedelta) -> timedelta:
        """Acquires the slot for at most `most`. Returns zero if it is acquired, else how long it is not free."""

    async def release(self, publisher: str, gap: timedelta) -> None:
        """Releases the slot, which is free again after `gap`."""


def is_arxiv(host: str) -> bool:
    """Returns whether a host is arXiv's. arXiv's limits hold for all its hosts together."""
    name = host.rstrip(".").casefold()
    return name == "arxiv.org" or name.endswith(".arxiv.org")


class HostLimiter:
    """Gives out the slots of one process. With `others`, all processes together send one request at a time.

    The gap is kept between the end of a request, also a failed one, and the start of the next one. So requests never arrive
    closer together, even on a slow network.
    """

    def __init__(
        self, clock: Clock, *, others: SharedHostSlots | None = None, is_limited: Callable[[str], bool] = is_arxiv
    ) -> None:
        self._clock = clock
        self._others = others
        self._is_limited = is_limited
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free: dict[str, float] = {}  # lane of hosts -> the monotonic second from which the next request may start

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits for a slot for one request, and holds it. Raises FetchError if the host asked for a long wait."""
        lane, gap = (PUBLISHER, GAP) if self._is_limited(host) else (host, 0.0)
        async with self._lanes[lane]:
            wait = self._free.get(lane, 0.0) - self._clock.monotonic()
            if wait > MAX_SLOT:
                raise asked_to_wait(host, timedelta(seconds=wait))
            if wait > 0:
                await self._clock.sleep(wait)
            async with self._alone(lane, gap):
                try:
                    yield
                finally:
                    self._reserve(lane, gap)

    @asynccontextmanager
    async def _alone(self, publisher: str, gap: float) -> AsyncIterator[None]:
        """Waits for and holds the slot that all processes share. Hosts without a gap have none."""
        if not gap or self._others is None:
            yield
            return
        while wait := await self._others.acquire(publisher, timedelta(seconds=LONGEST_REQUEST)):
            await self._clock.sleep(min(wait.total_seconds(), gap))
        try:
            yield
        finally:
            await self._others.release(publisher, timedelta(seconds=gap))

    def pause(self, host: str, wait: timedelta) -> None:
        """Lets no request to the host start for `wait`, as the host asked."""
        self._reserve(PUBLISHER if self._is_limited(host) else host, wait.total_seconds())

    def _reserve(self, lane: str, seconds: float) -> None:
        self._free[lane] = max(self._free.get(lane, 0.0), self._clock.monotonic() + seconds)


def asked_to_wait(host: str, wait: timedelta, status: int | None = None) -> FetchError:
    """Returns the FetchError for a host that asks to wait; `wait` is zero if the host did not say how long."""
    values = {"host": host, "status": status or "", "seconds": f"{wait.total_seconds():.0f}"}
    if wait:
        sentence = Sentence("{host} asks for a wait of {seconds} seconds.", values)
    elif status is None or status < HTTPStatus.BAD_REQUEST:  # a page with that text and a status of success
        sentence = Sentence("{host} is too busy to answer.", values)
    else:
        sentence = Sentence("{host} is too busy to answer ({status}).", values)
    return FetchError(sentence, Sentence("It is asked again by itself."), retry_after=wait, busy=True)
