"""One of several workers receives. `/health/ready` of each says that the database is lost, and for how long."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import cast

import pytest

from bot.context import SystemClock
from bot.delivery.cluster import ClusterEngine
from bot.operation.health import Health
from bot.operation.worker import Supervised, problems_of
from bot.ports import conversation
from bot.ports.channel import Limits
from subscriptions.store.database.store import Store
from subscriptions.store.workers import begin_worker
from tests.make import NOON, FakeClock
from tests.patience import PATIENCE
from tests.postgres.own import OwnServer, own_server
from tests.stored import change

LIMITS = {"telegram": Limits(text=4096, per_second=50, per_lane=1)}
LOST = "this worker does not receive: the database cannot be asked who does"


class Polling:
    """A Receiver that polls; it gets only the requests that a test puts into `requests`."""

    name = "telegram updates"
    problem = ""
    is_exclusive = True
    routes: Sequence[conversation.WebRoute] = ()
    is_receiving = False

    def __init__(self) -> None:
        self.requests: asyncio.Queue[conversation.Request] = asyncio.Queue()  # what the platform returns

    async def listen(self, dispatcher: conversation.RequestDispatcher) -> None:
        self.is_receiving = True
        try:
            while True:
                await dispatcher.dispatch(await self.requests.get())
        finally:
            self.is_receiving = False

    async def drain(self, dispatcher: conversation.RequestDispatcher) -> None:
        raise NotImplementedError


class Worker:
    """A worker that only receives, if it is elected. Its clock advances each time it asks whether it is."""

    def __init__(self, url: str) -> None:
        self.store, self.clock, self.polling = Store(url), FakeClock(NOON), Polling()
        begin_worker(self.store, holds_sender_lock=False)
        self.cluster = ClusterEngine(self.store, SystemClock(), LIMITS)
        self._goes_on, self._looks = asyncio.Event(), asyncio.Event()
        self.go_on()
        self._asks, vars(self.cluster)["is_elected"] = self.cluster.is_elected, self._is_elected
        self.handled: list[conversation.Request] = []
        receivers = [Supervised(self.polling, self.clock, self.cluster)]
        self.health = Health(self.store, self.clock, lambda: problems_of(receivers))
        self.task = asyncio.create_task(receivers[0].listen(cast(conversation.RequestDispatcher, self)))

    async def dispatch(self, request: conversation.Request) -> Mapping[str, str]:
        self.handled.append(request)
        return {}

    def stop(self) -> None:
        """Stops the worker, as SIGSTOP would, for longer than its lease lasts: it does nothing from its next look until
        `go_on`.
        """
        self._goes_on.clear()
        change(self.store, "UPDATE lease SET ends = clock_timestamp()")

    def go_on(self) -> None:
        self._goes_on.set()

    async def _is_elected(self, name: str) -> bool:
        self._looks.set()
        await self._goes_on.wait()
        return await self._asks(name)

    async def becomes(self, what: Callable[[], bool]) -> None:
        """Waits until something is so, which may change each time that the worker looks at who is elected."""
        async with asyncio.timeout(PATIENCE):
            while not what():
                self._looks.clear()
                await self._looks.wait()

    async def looks(self) -> None:
        with ThreadPoolExecutor(1, "of this test") as thread:
            await self.health.look(thread)

    def says(self, why: str) -> bool:
        problem = self.health.problems().get(Polling.name)
        return (problem.why if problem else "") == why

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))
        await self.cluster.close()
        self.store.close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.operation.worker.ELECTION_INTERVAL", 0.01)


@pytest.fixture(scope="module")
def own() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture
async def two(own: OwnServer) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers; the first one receives."""
    url = own.database()
    async with AsyncExitStack() as stack:
        first = Worker(url)
        stack.push_async_callback(first.end)
        await first.becomes(lambda: first.polling.is_receiving)
        second = Worker(url)
        stack.push_async_callback(second.end)
        yield first, second


async def test_updates_of_a_stopped_worker_go_to_its_successor(
    two: tuple[Worker, Worker],
) -> None:
    """An answer of the platform may have waited for the stopped worker, which cannot notice how long it was stopped."""
    first, second = two
    earlier, later = (cast(conversation.Request, SimpleNamespace(number=number)) for number in (1, 2))
    await first.polling.requests.put(earlier)
    await first.becomes(lambda: first.handled == [earlier])
    first.stop()
    await second.becomes(lambda: second.polling.is_receiving)
    first.clock.advance(timedelta(seconds=60))
    await first.polling.requests.put(later)
    await first.becomes(first.polling.requests.empty)
    first.go_on()
    await first.becomes(lambda: not first.polling.is_receiving)
    assert first.handled == [earlier]


async def test_a_worker_without_database_says_that_it_is_not_ready(own: OwnServer, two: tuple[Worker, Worker]) -> None:
    first, second = two
    own.goes_down()
    for one in two:
        await one.becomes(partial(one.says, LOST))
        await one.looks()
        one.clock.advance(timedelta(seconds=90))
        found = one.health.problems()
        assert found["database"].why.startswith("nothing can be written: ")
        assert min(found["database"].seconds, found[Polling.name].seconds) >= 90
    assert not first.polling.is_receiving
    own.comes_back()
    await first.becomes(lambda: first.polling.is_receiving != second.polling.is_receiving)
    for one in two:
        await one.becomes(partial(one.says, ""))
        await one.looks()
        assert one.health.problems() == {}
    assert first.polling.is_receiving != second.polling.is_receiving
