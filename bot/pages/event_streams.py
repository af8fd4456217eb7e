"""The event streams of open pages: how many tabs one person, one address and all may have open, and which is closed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.ports import measurements
from subscriptions.errors import StoreError

MOST_OF_A_NAME = 8
SETTLES = 0.2  # seconds until a new stream asks the database; one of too many is closed earlier
MOST_STREAMS_OF_AN_ADDRESS = 32
SHARE_OF_CONNECTIONS = 2  # streams may use half of the connections; the other half is for all other requests
FULL = "event: full\ndata: \n\n"  # tells the page that its stream is closed, so that it does not connect again


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """An open stream."""

    name: str  # the visitor's name
    address: str  # the visitor's network; "" for this machine, where a proxy may run
    over: asyncio.Event = field(default_factory=asyncio.Event)


def surplus(streams: Sequence[Stream], most: int) -> Stream | None:
    """Returns the stream to close because there are too many; None if there are not too many.

    `streams` are in the order in which they were opened, so the last one is new. An old stream is closed instead of the
    new one, so that the page that was just opened works. If the name or address of the new stream has too many streams,
    the oldest of these is closed. Otherwise, the oldest stream of the name with the most streams is closed.
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
    return max(streams, key=lambda one: has[one.name])  # the oldest, since max returns the first of equals


class Streams:
    """The open streams of one process. At most `most` are open at once."""

    def __init__(self, observe: measurements.Observe, most: int) -> None:
        self._observe = observe
        self._most = most
        self._open: list[Stream] = []
        self._is_closed = False

    async def follow(
        self, parts: AsyncIterator[str], *, name: str, address: str, may_hear: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Yields the parts until `may_hear` returns False, the stream is closed as surplus, or the process stops.

        A stream that is closed as surplus at once reads no part.
        """
        one = self._opened(name, address)
        over = asyncio.create_task(one.over.wait())
        following: asyncio.Future[str | None] | None = None
        try:
            await asyncio.wait((over,), timeout=SETTLES)
            if not one.over.is_set() and not await may_hear():
                yield FULL
                return
            while not one.over.is_set():
                following = asyncio.ensure_future(anext(parts, None))
                await asyncio.wait((over, following), return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    break
                part = following.result()
                if part is None or not await may_hear():
                    return
                yield part
            if not self._is_closed:
                yield FULL
        except StoreError:  # the stream ends; the browser connects again until the database works
            return
        finally:
            over.cancel()
            if following is not None:
                following.cancel()
            if one in self._open:
                self._open.remove(one)

    def close(self) -> None:
        """Ends all streams; otherwise the server would wait for them when it stops."""
        self._is_closed = True
        for one in self._open:
            one.over.set()

    def _opened(self, name: str, address: str) -> Stream:
        """Returns a new stream. If there are too many streams now, closes one."""
        one = Stream(name=name, address=address)
        if self._is_closed:
            one.over.set()
            return one
        self._open.append(one)
        if extra := surplus(self._open, self._most):
            self._open.remove(extra)
            extra.over.set()
            self._observe(measurements.ConnectionClosed(kind="stream"))
        return one
