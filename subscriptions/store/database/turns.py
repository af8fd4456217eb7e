"""The turns of the writers of one process, and what became of their writes."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from subscriptions.errors import StoreUnavailable


class Turns:
    """A lock that threads get in the order in which they asked for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = False
        self._waiting: deque[Lock] = deque()

    def __enter__(self) -> None:
        with self._lock:
            turn = Lock() if self._taken else None
            self._taken = True
            if turn is not None:
                turn.acquire()
                self._waiting.append(turn)
        if turn is not None:
            turn.acquire()  # until the holder before releases it

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Writes:
    """What became of the writes of this process. Writers change it in their turns; any thread may read it."""

    def __init__(self) -> None:
        self.is_under_way = False  # the database has let a writer of this process begin
        self.refusal: StoreUnavailable | None = None  # of the last write, if nothing was written since
        self.count = 0  # of the commits that changed something

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Records how the write within ends."""
        try:
            yield
        except StoreUnavailable as error:
            self.refusal = error
            raise
        finally:
            self.is_under_way = False

    def begun(self) -> None:
        """Records that the database has let a writer begin."""
        self.is_under_way = True

    def written(self) -> None:
        """Records that changes are committed."""
        self.refusal = None
        self.count += 1
