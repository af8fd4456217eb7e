"""Reading and writing for senders: what several of them want at the same moment is done in one thread and one transaction.

Each still waits until what it wanted is stored. So nobody's promise is weaker, and ten senders cost little more than one.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from subscriptions.service.outbox import batch
from subscriptions.store import Store, Transaction

T = TypeVar("T")


class GroupCommit:
    """Does use cases of one store, in the order in which they were asked for."""

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
        """What `work(store, …)` returns, once it is committed. Raises what it raises."""
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
                if done.done():  # whoever asked was cancelled
                    continue
                if isinstance(result, Exception):
                    done.set_exception(result)
                else:
                    done.set_result(result)
