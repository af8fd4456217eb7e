"""WriteQueue of the writes of a process: their order, how long one waits for others, and which of them share a commit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from copy import copy
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from subscriptions.errors import Sentence, StoreUnavailable

WRITE_QUEUE_SECONDS = 10.0  # how long a write waits for other writes of this process

Begin = Callable[[], AbstractContextManager[Any]]  # begins a transaction that may write
Work = Callable[[Any], Any]  # a function of the transaction
_Group = list[tuple[Work, asyncio.Future[Any]]]  # writes that were asked for, and what becomes of them


class WriteQueue:
    """Lets tasks of an event loop write one after another, in the order in which they asked.

    All writes have one thread.
    """

    def __init__(self, begin: Begin, where: str) -> None:
        """`where` is the database's name in errors."""
        self._begin = begin
        self._where = where
        self._is_closed = False
        # a thread of its own, so that no write waits for threads that read
        self._thread = ThreadPoolExecutor(1, "paperwire-writer")
        # event loop → its lock, which is fair; threads would starve at a lock of their own
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._sharing: _Group = []  # what was asked for last, waits for its turn and may share a commit

    async def write(self, work: Work, *, shares: bool) -> Any:  # noqa: ANN401 - what the work returns
        """Do work in a transaction of its own, or in one that it shares. Return its result.

        Those that share take one turn, that of the first; a write that does not share begins a new group. Raise the
        error of the work, and StoreUnavailable if its turn does not come in time or nothing is written any more.
        """
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not shares:
            self._sharing = []
        together = self._sharing if shares else []
        together.append((work, result))
        if len(together) == 1:
            await self._take_turn(together)
        return await result

    def close(self) -> None:
        """Wait for what is being written, and refuse further writes."""
        self._is_closed = True
        self._thread.shutdown()

    async def _take_turn(self, together: _Group) -> None:
        try:
            async with self._turn():
                self._begin_group(together)
                works = [work for work, _ in together]
                done = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, works)
        except Exception as error:  # noqa: BLE001 - raised to the callers
            self._begin_group(together)
            done = [copy(error) for _ in together]
        for (_, result), outcome in zip(together, done, strict=True):
            if isinstance(outcome, Exception):
                result.set_exception(outcome)
            else:
                result.set_result(outcome)

    def _begin_group(self, before: _Group) -> None:
        """Let nobody join a group any more."""
        if self._sharing is before:
            self._sharing = []

    def _commit(self, works: Sequence[Work]) -> list[Any]:
        """Do works in one transaction. Return the result or the error of each.

        If one of them fails, does each again by itself, so that only that one fails.
        """
        try:
            with self._begin() as transaction:
                return [work(transaction) for work in works]
        except StoreUnavailable as error:
            return [copy(error) for _ in works]
        except Exception as error:  # noqa: BLE001 - raised to the caller that asked for the work
            if len(works) == 1:
                return [error]
            return [outcome for work in works for outcome in self._commit([work])]

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._is_closed:
            raise self._refusal(Sentence("The program is stopping; nothing more is written to {where}."))
        lock = self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        try:
            async with asyncio.timeout(WRITE_QUEUE_SECONDS):
                await lock.acquire()
        except TimeoutError as error:
            raise self._refusal(Sentence("Too much waits to be written to the database {where}.")) from error
        try:
            yield
        finally:
            lock.release()

    def _refusal(self, sentence: Sentence) -> StoreUnavailable:
        return StoreUnavailable(replace(sentence, values={"where": self._where}), Sentence("Try again later."))
