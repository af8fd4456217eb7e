"""Writes that share one transaction and fail apart."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, field, replace
from threading import Condition, Thread
from typing import Any, Literal, TypeVar

from subscriptions.errors import Sentence, StoreUnavailable
from subscriptions.store.database import is_locked

T = TypeVar("T")


Begin = Callable[[], AbstractContextManager[Any]]  # begins a transaction, see store.Transaction
Work = Callable[[Any], T]  # gets a part of the transaction


def write_together(begin: Begin, works: Sequence[Work[T]]) -> list[T | Exception]:
    """Does works in one transaction, which `begin` begins; returns for each its result, or the error that it raised.

    If the database takes no writes (it is locked or full), that error is the result of all that are not done: no work
    waits for the database once more. Any other error may be caused by one of the works, so each is then done alone.
    """
    try:
        return [*_committed(begin, works)]
    except StoreUnavailable as error:
        return [copy(error) for _ in works]
    except Exception as error:  # noqa: BLE001 - raised where the work was asked for
        if len(works) == 1:
            return [error]
    results: list[T | Exception] = []
    for place, work in enumerate(works):
        results += write_together(begin, [work])
        if isinstance(results[-1], StoreUnavailable):
            return results + [copy(results[-1]) for _ in works[place + 1 :]]
    return results


def _committed(begin: Begin, works: Sequence[Work[T]]) -> list[T]:
    """The results of works, all committed. After an error nothing is committed."""
    results = []
    with begin() as transaction:
        for work in works:
            with transaction.write() as part:
                results.append(work(part))
                part.flush()  # so that a row that the database refuses is this work's error
    return results


# ------------------------------------------------------------------------------------------------------- work in steps

# each says whether it writes, so that a process can do what writes in its one writer thread.


StepKind = Literal["reads", "writes"]
READS: StepKind = "reads"
WRITES: StepKind = "writes"

# Yields before each step what that step does; the first step reads. Another thread may do each of them, so between two
# steps nothing is open that belongs to a thread: no transaction, no lock.
Steps = Generator[StepKind, None, T]


def done(steps: Steps[T]) -> T:
    """Does all steps in this thread. Returns the result of the work, and raises its error."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


# ---------------------------------------------------------------------------------------------------------- the writer

# the one thread in which a process that does several things at once writes to its database.


MOST_WAITING = 1000  # works; with more the database hangs, and new ones are refused
MOST_TOGETHER = 64  # works in one transaction, which the first of them waits for


@dataclass(slots=True, eq=False)
class _Asked:
    """A work that waits."""

    work: Callable[..., Any]
    shares: bool  # its transaction, with others
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Does works in one thread, in the order in which they were asked for.

    So no other thread waits for the database's write lock: a caller gets a future. If another program holds the lock,
    the writer waits for it once: all works of that time get the same error, and their callers can ask again. A work
    that was begun, or that waits, is done even if no caller waits for its future any more: what a platform has taken
    must be written down.
    """

    def __init__(self, begin: Begin, where: str) -> None:
        """`begin` begins a transaction that works share. `where` is the database's name in errors. Starts no thread yet."""
        self._begin = begin
        self._where = where
        self._waiting: deque[_Asked] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def ask(self, work: Callable[[], T]) -> Future[T]:
        """Asks for a work that begins its transactions itself. Raises StoreUnavailable if too many wait, or at the end."""
        return self._ask(_Asked(work, shares=False))

    def ask_to_share(self, work: Work[T]) -> Future[T]:
        """Asks for a work that shares its transaction with those asked for just before and after it. Raises as `ask`.

        The future is done after the commit. An error of one work does not undo the others.
        """
        return self._ask(_Asked(work, shares=True))

    def _ask(self, asked: _Asked) -> Future[Any]:
        with self._changed:
            if self._is_closed:
                raise self._refusal(Sentence("The program is stopping; nothing more is written to {where}."))
            if len(self._waiting) >= MOST_WAITING:
                raise self._refusal(Sentence("Too much waits to be written to the database {where}."))
            self._waiting.append(asked)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="paperwire-writer", daemon=True)
                self._thread.start()
            self._changed.notify()
        return asked.future

    def _refusal(self, sentence: Sentence) -> StoreUnavailable:
        return StoreUnavailable(replace(sentence, values={"where": self._where}), Sentence("Try again later."))

    def close(self) -> None:
        """Does what waits, and ends the thread. New works are refused."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while asked := self._next():
            results = self._results(asked)
            locked = next((one for one in results if isinstance(one, StoreUnavailable) and is_locked(one)), None)
            if locked is not None:  # what waits is taken first: who hears of this error may ask again at once
                waiting = self._take_waiting()
                asked, results = [*asked, *waiting], [*results, *(copy(locked) for _ in waiting)]
            for one, result in zip(asked, results, strict=True):
                _settle(one, result)

    def _next(self) -> list[_Asked]:
        """Waits for works. Returns the first that waits, with those after it that share its transaction; [] at the end."""
        with self._changed:
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            asked = [self._waiting.popleft()] if self._waiting else []
            while (
                asked and asked[0].shares and self._waiting and self._waiting[0].shares and len(asked) < MOST_TOGETHER
            ):
                asked.append(self._waiting.popleft())
            return asked

    def _results(self, asked: Sequence[_Asked]) -> list[Any]:
        """The result of each work, or its error."""
        try:
            if asked[0].shares:
                return write_together(self._begin, [one.work for one in asked])
            return [asked[0].work()]
        except BaseException as error:  # noqa: BLE001 - raised where the work was asked for
            return [error] * len(asked)

    def _take_waiting(self) -> deque[_Asked]:
        with self._changed:
            waiting, self._waiting = self._waiting, deque()
        return waiting


def _settle(asked: _Asked, result: object) -> None:
    if not asked.future.set_running_or_notify_cancel():
        return
    if isinstance(result, BaseException):
        asked.future.set_exception(result)
    else:
        asked.future.set_result(result)
