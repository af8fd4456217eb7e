"""The event streams of open pages: how many there may be at once, and when one ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.ports.channel import ConnectionClosed, Observe
from subscriptions.errors import StoreError

MOST_OF_A_NAME = 8
MOST_STREAMS_OF_AN_ADDRESS = 32
SHARE_OF_CONNECTIONS = 2  # streams may have half of the connections; the others are left to everything else
FULL = "event: full\ndata: \n\n"  # tells the page that its stream is closed, so that it does not connect again


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """An open stream."""

    name: str  # of the visitor
    address: str  # the visitor's network, "" for this machine, which may be a proxy
    over: asyncio.Event = field(default_factory=asyncio.Event)


def surplus(streams: Sequence[Stream], most: int) -> Stream | None:
    """Returns the stream that is to be closed because there are too many; None if there are not.

    `streams` are in the order in which they were opened. The oldest is closed, so that the page in front of a person works: the
    oldest of the newest one's name or address, if these have too many, else of the name that has most.
    """
    newest = streams[-1]
    of_name = [one for one in streams if one.name == newest.name]
    if len(of_name) > MOST_OF_A_NAME:
        return of_name[0]
    of_address = [one for one in streams if one.address == newest.address]
    if newest.address and len(of_address) > MOST_STREAMS_OF_AN_ADDRESS:
        return of_address[0]
    if len(streams) <= most:
        return None
    has = Counter(one.name for one in streams)
    return max(streams, key=lambda one: has[one.name])  # the first of those with the most


class Streams:
    """The open streams of one process, `most` of them at once."""

    def __init__(self, observe: Observe, most: int) -> None:
        self._observe = observe
        self._most = most
        self._open: list[Stream] = []
        self._is_closed = False

    async def follow(
        self, parts: AsyncIterator[str], *, name: str, address: str, may_hear: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Yields the parts as long as the visitor may hear them, until there are too many streams or the process stops."""
        one = self._opened(name, address)
        over = asyncio.create_task(one.over.wait())
        following: asyncio.Task[str | None] | None = None
        try:
            while not one.over.is_set():
                following = asyncio.create_task(_next(parts))
                await asyncio.wait((over, following), return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    break
                part = following.result()
                if part is None or not await may_hear():
                    return
                yield part
            if not self._is_closed:
                yield FULL
        except StoreError:  # the browser asks again, as long as the database cannot be used
            return
        finally:
            over.cancel()
            if following is not None:
                following.cancel()
            if one in self._open:
                self._open.remove(one)

    def close(self) -> None:
        """Ends all streams, or the server would wait for them."""
        self._is_closed = True
        for one in self._open:
            one.over.set()

    def _opened(self, name: str, address: str) -> Stream:
        """Returns a new stream, and closes another one if there are too many."""
        one = Stream(name=name, address=address)
        if self._is_closed:
            one.over.set()
            return one
        self._open.append(one)
        if extra := surplus(self._open, self._most):
            self._open.remove(extra)
            extra.over.set()
            self._observe(ConnectionClosed(kind="stream"))
        return one


async def _next(parts: AsyncIterator[str]) -> str | None:
    return await anext(parts, None)
