"""Writes that share one transaction and fail apart."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from subscriptions.errors import StoreUnavailable

T = TypeVar("T")


class Shared(Protocol):
    """A transaction with parts. See Transaction."""

    def write(self) -> AbstractContextManager[Any]:
        """Begins a part."""


Begin = Callable[[], AbstractContextManager[Shared]]
Work = Callable[[Any], T]  # gets a part of the transaction


def write_together(begin: Begin, works: Sequence[Work[T]]) -> list[T | Exception]:
    """Does works in one transaction, which `begin` begins; returns for each its result, or the error that it raised.

    A work that fails is left out, and the others are done again without it. If the database takes no writes (it is
    locked or full), that error is the result of all of them: no work waits for the database once more. Any other error
    of the database may be caused by one of the works, so each of them is then done alone.
    """
    failed: dict[int, Exception] = {}
    while len(failed) < len(works):
        left = [(place, work) for place, work in enumerate(works) if place not in failed]
        try:
            done = _committed(begin, left)
        except _WorkFailed as failure:
            failed[failure.place] = failure.error
        except Exception as error:  # noqa: BLE001 - raised where the work was asked for
            if isinstance(error, StoreUnavailable) or len(left) == 1:
                return [failed.get(place, error) for place in range(len(works))]
            return [
                failed[place] if place in failed else write_together(begin, [work])[0]
                for place, work in enumerate(works)
            ]
        else:
            return [failed[place] if place in failed else done[place] for place in range(len(works))]
    return [failed[place] for place in range(len(works))]


class _WorkFailed(Exception):
    """One work raised an error that the others need not meet."""

    def __init__(self, place: int, error: Exception) -> None:
        super().__init__(place, error)
        self.place, self.error = place, error


def _committed(begin: Begin, works: Iterable[tuple[int, Work[T]]]) -> dict[int, T]:
    """The results of works by their places, all committed. After an error nothing is committed. Raises _WorkFailed, StoreError."""
    done: dict[int, T] = {}
    with begin() as transaction:
        for place, work in works:
            try:
                with transaction.write() as part:
                    done[place] = work(part)
                    part.flush()  # so that a row that the database refuses is this work's error
            except StoreUnavailable:
                raise
            except Exception as error:
                raise _WorkFailed(place, error) from error
    return done
