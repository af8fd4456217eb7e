"""Turns of the writes of a process: their order, how long one waits for others, and which of them share a commit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from subscriptions.errors import Sentence, StoreUnavailable

TURN_SECONDS = 10.0  # how long a write waits for other writes of this process

Begin = Callable[[], AbstractContextManager[Any]]  # begins a transaction that may write
Work = Callable[[Any], Any]  # a function of the transaction


@dataclass(slots=True, eq=False)
class _Asked:
    """A write that was asked for, and what became of it."""

    work: Work
    result: Any = None
    error: Exception | None = None
    is_done: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
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
        self._sharing: list[_Asked] = []  # what was asked for last, waits for its turn and may share a commit

    async def write(self, work: Work, *, shares: bool) -> Any:  # noqa: ANN401 - what the work returns
        """Does work in a transaction of its own, or in one that it shares. Returns its result.

        Those that share take one turn, that of the first; a write that does not share begins a new group. Raises the
        error of the work, and StoreUnavailable if its turn does not come in time or nothing is written any more.
        """
        asked = _Asked(work)
        if not shares:
            self._sharing = []
        together = self._sharing if shares else []
        together.append(asked)
        if asked is together[0]:
            await self._take_turn(together)
        await asked.is_done.wait()
        if asked.error is not None:
            raise asked.error
        return asked.result

    def close(self) -> None:
        """Waits for what is being written, and refuses further writes."""
        self._is_closed = True
        self._thread.shutdown()

    async def _take_turn(self, together: list[_Asked]) -> None:
        try:
            async with self._turn():
                self._begin_group(together)
                await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, together)
        except StoreUnavailable as error:
            for one in together:
                one.error = copy(error)
        finally:
            self._begin_group(together)
            for one in together:
                one.is_done.set()

    def _begin_group(self, before: list[_Asked]) -> None:
        """Lets nobody join a group any more."""
        if self._sharing is before:
            self._sharing = []

    def _commit(self, together: Sequence[_Asked]) -> None:
        """Does works in one transaction.

        If one of them fails, does each again by itself, so that only that one fails.
        """
        try:
            with self._begin() as transaction:
                results = [one.work(transaction) for one in together]
        except Exception as error:  # noqa: BLE001 - raised to the caller that asked for the work
            if isinstance(error, StoreUnavailable) or len(together) == 1:
                for one in together:
                    one.error = copy(error) if len(together) > 1 else error
            else:
                for one in together:
                    self._commit([one])
        else:
            for one, result in zip(together, results, strict=True):
                one.result = result

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._is_closed:
            raise self._refusal(Sentence("The program is stopping; nothing more is written to {where}."))
        lock = self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await lock.acquire()
        except TimeoutError as error:
            raise self._refusal(Sentence("Too much waits to be written to the database {where}.")) from error
        try:
            yield
        finally:
            lock.release()

    def _refusal(self, sentence: Sentence) -> StoreUnavailable:
        return StoreUnavailable(replace(sentence, values={"where": self._where}), Sentence("Try again later."))
