"""The writer thread of a process: which tasks share a transaction and how many, that each fails alone, and how many may wait."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, field, replace
from threading import Condition, Thread, current_thread
from typing import Any, TypeVar

from subscriptions import errors
from subscriptions.store.database import LOCKED

T = TypeVar("T")


Begin = Callable[[], AbstractContextManager[Any]]  # begins a transaction, see store.Transaction
Work = Callable[[Any], T]  # a task; its argument is a part of the transaction


def write_together(begin: Begin, works: Sequence[Work[T]]) -> list[T | Exception]:
    """Runs tasks in one transaction, which `begin` begins. Returns, for each task, its result or its error.

    If the database is locked or full, all tasks that are not done get this error, so that no task waits for the database
    a second time. Any other error may come from a single task. Then each task runs again in its own transaction.
    """
    try:
        return [*_committed(begin, works)]
    except errors.StoreUnavailable as error:
        return [copy(error) for _ in works]
    except Exception as error:  # noqa: BLE001 - raised to the caller that requested the task
        if len(works) == 1:
            return [error]
    results: list[T | Exception] = []
    for place, work in enumerate(works):
        results += write_together(begin, [work])
        if isinstance(results[-1], errors.StoreUnavailable):
            return results + [copy(results[-1]) for _ in works[place + 1 :]]
    return results


def _committed(begin: Begin, works: Sequence[Work[T]]) -> list[T]:
    """Runs tasks in one transaction and returns their results. After an error nothing is committed."""
    results = []
    with begin() as transaction:
        for work in works:
            with transaction.write() as part:
                results.append(work(part))
    return results


# The writer is the only thread of a process that writes to its database.


MOST_WAITING = 1000  # tasks; if more wait, the database seems to hang, and new tasks are refused
MOST_TOGETHER = 64  # tasks in one transaction; limited, because the first task has to wait for the last


@dataclass(slots=True, eq=False)
class _Asked:
    """A task that waits for the writer."""

    work: Callable[..., Any]
    shares: bool  # whether it may share its transaction with other tasks
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Runs tasks in one thread, in the order of the requests.

    A caller gets a future, so no other thread waits for the database's write lock. If another program holds the lock,
    the writer waits for it only once. Then all waiting tasks get the same error, and their callers can request them
    again. The writer does a task even if its caller no longer waits for the result, because the outbox must learn of
    each message that a platform has accepted.
    """

    def __init__(self, begin: Begin, where: str) -> None:
        """`begin` begins a transaction that tasks share. `where` is the database's name in errors.

        The thread starts with the first task, or with `start`.
        """
        self._begin = begin
        self._where = where
        self._waiting: deque[_Asked] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def start(self) -> None:
        """Starts the thread, unless it has started."""
        with self._changed:
            if self._thread is None and not self._is_closed:
                self._thread = Thread(target=self._run, name="paperwire-writer", daemon=True)
                self._thread.start()

    def is_another_thread(self) -> bool:
        """Returns whether the writer has started, in another thread than this one."""
        return self._thread is not None and self._thread is not current_thread()

    def ask(self, work: Callable[[], T]) -> Future[T]:
        """Requests a task that begins its own transactions. Returns a future of its result.

        Raises StoreUnavailable if too many tasks wait, or if the writer is closed.
        """
        return self._ask(_Asked(work, shares=False))

    def ask_to_share(self, work: Work[T]) -> Future[T]:
        """Requests a task that shares its transaction with tasks that were requested at about the same time.

        Returns a future, which is done after the commit. An error of one task does not undo other tasks. Raises
        StoreUnavailable like `ask`.
        """
        return self._ask(_Asked(work, shares=True))

    def _ask(self, asked: _Asked) -> Future[Any]:
        with self._changed:
            if self._is_closed:
                raise self._refusal(errors.Sentence("The program is stopping; nothing more is written to {where}."))
            if len(self._waiting) >= MOST_WAITING:
                raise self._refusal(errors.Sentence("Too much waits to be written to the database {where}."))
            self._waiting.append(asked)
            self.start()
            self._changed.notify()
        return asked.future

    def _refusal(self, sentence: errors.Sentence) -> errors.StoreUnavailable:
        return errors.StoreUnavailable(
            replace(sentence, values={"where": self._where}), errors.Sentence("Try again later.")
        )

    def close(self) -> None:
        """Runs all waiting tasks, then ends the thread. Refuses new tasks."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while asked := self._next():
            results = self._results(asked)
            locked = next(
                (one for one in results if isinstance(one, errors.StoreUnavailable) and one.cause == LOCKED), None
            )
            # takes the waiting tasks before the futures get the error, since a caller may request its task again at once
            if locked is not None:
                waiting = self._take_waiting()
                asked, results = [*asked, *waiting], [*results, *(copy(locked) for _ in waiting)]
            for one, result in zip(asked, results, strict=True):
                _settle(one, result)

    def _next(self) -> list[_Asked]:
        """Waits for tasks. Returns the first task and those that share its transaction; [] after `close`."""
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
        """Runs tasks. Returns, for each task, its result or its error."""
        try:
            if asked[0].shares:
                return write_together(self._begin, [one.work for one in asked])
            return [asked[0].work()]
        except BaseException as error:  # noqa: BLE001 - raised to the caller that requested the task
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
