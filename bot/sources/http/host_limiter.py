"""Taking turns: one request at a time to every host, and to arXiv one in three seconds, whatever source it is for."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Protocol

from bot.errors import FetchError
from bot.ports.clock import Clock
from subscriptions.errors import Sentence

GAP = 3.0  # seconds between requests to arXiv, all its hosts together (info.arxiv.org/help/api/tou.html)
PUBLISHER = "arxiv"
MAX_SLOT = 60.0  # seconds that a request waits for its turn; whoever was asked to wait longer comes again
LONGEST_REQUEST = 240.0  # seconds that the turn of a process that was killed is kept from the others


class SharedHostSlots(Protocol):
    """The other processes that ask the same publisher."""

    async def acquire(self, publisher: str, most: timedelta) -> timedelta:
        """Zero: the turn is ours, for `most` at the longest. Else so long it is another's, or nobody's."""

    async def release(self, publisher: str, gap: timedelta) -> None:
        """The turn is over; the next one is `gap` later."""


def is_arxiv(host: str) -> bool:
    """Whether a host is one of arXiv's: its limits count over all of them."""
    name = host.rstrip(".").casefold()
    return name == "arxiv.org" or name.endswith(".arxiv.org")


class HostLimiter:
    """The turns of one process, and with `others` of all: one request at a time over all of them.

    The gap is kept from the end of a request, however it ended, to the begin of the next: whatever the line does, requests
    do not arrive closer together.
    """

    def __init__(
        self, clock: Clock, *, others: SharedHostSlots | None = None, polite_to: Callable[[str], bool] = is_arxiv
    ) -> None:
        self._clock = clock
        self._others = others
        self._polite_to = polite_to
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free: dict[str, float] = {}  # lane → the monotonic second from which on it may be asked

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits for the turn of one request, and holds it. Raises FetchError when the host asked for a long wait."""
        lane, gap = (PUBLISHER, GAP) if self._polite_to(host) else (host, 0.0)
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
        """Holds the turn of all processes, where there is a gap to keep."""
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
        """The host asked for a wait."""
        self._reserve(PUBLISHER if self._polite_to(host) else host, wait.total_seconds())

    def _reserve(self, lane: str, seconds: float) -> None:
        self._free[lane] = max(self._free.get(lane, 0.0), self._clock.monotonic() + seconds)


def asked_to_wait(host: str, wait: timedelta, status: int | None = None) -> FetchError:
    """The error of a host that wants to be left alone for a while."""
    values = {"host": host, "status": status or "", "seconds": f"{wait.total_seconds():.0f}"}
    if wait:
        sentence = Sentence("{host} asks for a wait of {seconds} seconds.", values)
    elif status is None or status < HTTPStatus.BAD_REQUEST:  # a page that says so, as if it were an answer
        sentence = Sentence("{host} is too busy to answer.", values)
    else:
        sentence = Sentence("{host} is too busy to answer ({status}).", values)
    return FetchError(sentence, Sentence("It is asked again by itself."), retry_after=wait, busy=True)
