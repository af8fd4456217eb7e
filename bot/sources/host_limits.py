"""Limits of requests to a host: one at a time, gaps between them (arXiv, databases), the waits that it asks for, the longest wait for a turn."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus

from bot.errors import FetchError
from bot.ports.channel import Clock
from subscriptions.store.database.store import Store
from subscriptions.store.sources import claim_slot, release_slot

GAP = 3.0  # seconds between requests to arXiv, all its hosts together (info.arxiv.org/help/api/tou.html)
PUBLISHER = "arxiv"
GAPS = dict.fromkeys(("api.openalex.org", "api.crossref.org", "eutils.ncbi.nlm.nih.gov"), 1.0)  # of other hosts
MAX_SLOT = 60.0  # seconds that a request waits for its slot at most; if it must wait longer, it fails
LONGEST_REQUEST = 240.0  # seconds after which the slot of a killed process is free again


class StoredHostSlots:
    """The slots that all processes of one store share: for each publisher, one request at a time. Raises StoreError."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def acquire(self, publisher: str, most: timedelta) -> timedelta:
        """Tries to acquire the slot for at most `most`. Returns zero if it succeeds, else how long the slot stays taken."""
        return await self._store.run(claim_slot, publisher, most, wall=self._clock.wall())

    async def release(self, publisher: str, gap: timedelta) -> None:
        """Releases the slot, which is free again after `gap`."""
        await self._store.run(release_slot, publisher, gap, wall=self._clock.wall())


def is_arxiv(host: str) -> bool:
    """Returns whether a host is arXiv's. arXiv's limits hold for all its hosts together."""
    name = host.rstrip(".").casefold()
    return name == "arxiv.org" or name.endswith(".arxiv.org")


class HostLimiter:
    """Lets one process send one request at a time to a host. arXiv's hosts count as one, and get further limits.

    There is a gap between the end of a request to arXiv, even a failed one, and the start of the next. So requests never
    arrive closer together, even over a slow network. With `others`, all processes together send arXiv one request at a
    time.
    """

    def __init__(
        self, clock: Clock, *, others: StoredHostSlots | None = None, is_limited: Callable[[str], bool] = is_arxiv
    ) -> None:
        self._clock = clock
        self._others = others
        self._is_limited = is_limited
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # host, or PUBLISHER for all hosts of arXiv -> the monotonic second from which the next request may start
        self._free: dict[str, float] = {}

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits for a slot for one request, and holds it. Raises FetchError if the host asked for a long wait."""
        lane, gap = host, GAPS.get(host, 0.0)
        if self._is_limited(host):
            lane, gap = PUBLISHER, GAP
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
        """Waits for and holds the slot that all processes share. Hosts without a gap need no slot."""
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
        """Lets no request to the host start until `wait` is over, because the host asked for this."""
        self._reserve(PUBLISHER if self._is_limited(host) else host, wait.total_seconds())

    def _reserve(self, lane: str, seconds: float) -> None:
        self._free[lane] = max(self._free.get(lane, 0.0), self._clock.monotonic() + seconds)


def asked_to_wait(host: str, wait: timedelta, status: int | None = None) -> FetchError:
    """Returns the FetchError for a host that asks to wait; `wait` is zero if the host did not say how long."""
    if wait:
        sentence = f"{host} asks for a wait of {wait.total_seconds():.0f} seconds."
    # a page that says "Rate exceeded." but has a status of success
    elif status is None or status < HTTPStatus.BAD_REQUEST:
        sentence = f"{host} is too busy to answer."
    else:
        sentence = f"{host} is too busy to answer ({status})."
    return FetchError(sentence, "It is asked again by itself.", retry_after=wait, busy=True)
