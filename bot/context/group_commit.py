"""Group commit: concurrent writes share one transaction, and each call returns only after that has committed.

So the writes of ten senders take little more time than those of one, and each write is as durable as by itself.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from subscriptions.service.outbox import batch
from subscriptions.store import Store, Transaction

T = TypeVar("T")


class GroupCommit:
    """Runs use cases of one store in a thread, in the order of the calls. Those that wait share one transaction."""

    def __init__(self) -> None:
        self._pending: list[tuple[Callable[[Transaction], Any], asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(
        self,
        work: Callable[..., T],
        store: Store,
        *args: Any,  # noqa: ANN401 - as asyncio.to_thread
        **named: Any,  # noqa: ANN401 - as above
    ) -> T:
        """Returns the result of `work(transaction, …)`, once that is committed. Raises the error of `work`, or StoreError.

        An error of one work does not undo the others of its transaction.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append((lambda transaction: work(transaction, *args, **named), done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_pending(store))
        return await done

    async def _commit_pending(self, store: Store) -> None:
        while self._pending:
            asked, self._pending = self._pending, []
            results = await asyncio.to_thread(batch, store, [work for work, _ in asked])
            for (_, done), result in zip(asked, results, strict=True):
                if done.done():  # the caller was cancelled
                    continue
                if isinstance(result, Exception):
                    done.set_exception(result)
                else:
                    done.set_result(result)
