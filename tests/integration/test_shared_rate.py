"""Workers share the rate of a token, and the rests that a platform asks of it, by one row of the database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.clock import SystemClock
from bot.delivery.engines.cluster import ClusterEngine
from bot.delivery.sender_lock import only_sender
from bot.errors import SenderLockHeld
from bot.ports.channel import Limits
from subscriptions.model import Lane
from subscriptions.service.operations.at_work import terms
from subscriptions.service.outbox.owners import begin_worker, end_worker
from subscriptions.store import Store
from subscriptions.store.database.kind import Holder
from tests.patience import PATIENCE

LIMITS = {"telegram": Limits(text=4096, per_second=50, per_lane=1)}


@pytest.fixture
async def workers(url: str) -> AsyncIterator[list[ClusterEngine]]:
    stores = [Store(url) for _ in range(3)]
    engines = [ClusterEngine(store, SystemClock(), LIMITS) for store in stores]
    yield engines
    for engine, store in zip(engines, stores, strict=True):
        await engine.close()
        store.close()


async def test_three_workers_together_keep_to_the_rate(workers: list[ClusterEngine]) -> None:
    """That they also use nearly all of it depends on the machine, and is what `make test-cluster` measures."""

    async def sends(worker: ClusterEngine) -> list[float]:
        return [await worker.reserve("telegram") for _ in range(40)]

    begin = SystemClock().monotonic()
    starts = sorted(start for found in await asyncio.gather(*map(sends, workers)) for start in found)
    assert len(starts) == 120
    assert [start - begin >= number / 50 - 0.001 for number, start in enumerate(starts)] == [True] * 120


async def test_a_worker_hears_of_a_rest_that_another_one_was_asked_for(workers: list[ClusterEngine]) -> None:
    told, other, _ = workers
    clock = SystemClock()
    now = clock.monotonic()
    for address in ("1", "2"):
        told.rate_limiter.pause(Lane("telegram", address), now + 60, now)
    await told.wait_for_writes()
    assert other.rate_limiter.pause_left("telegram", clock.monotonic()) == 0
    await other.reserve("telegram")  # takes no slot, and does not wait for a minute
    heard = clock.monotonic()
    assert heard - now < 60
    assert now + 60 - 0.01 <= heard + other.rate_limiter.pause_left("telegram", heard) <= heard + 60


async def is_elected(worker: ClusterEngine, name: str, *, takes_over: bool = False) -> bool:
    return await worker.election(name, takes_over=takes_over) is Holder.MINE


async def test_another_worker_is_elected_when_the_session_ends(workers: list[ClusterEngine]) -> None:
    one, other, _ = workers
    assert await is_elected(one, "receiver")
    assert await is_elected(one, "receiver")
    assert not await is_elected(other, "receiver")
    await one.resign("receiver")
    assert await is_elected(other, "receiver")
    await other.close()
    async with asyncio.timeout(PATIENCE):  # the server ends a session when it notices
        while not await is_elected(one, "receiver"):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)


async def test_a_stopped_worker_sees_that_another_took_over(workers: list[ClusterEngine], url: str) -> None:
    first, second, third = workers
    stores = [worker._store for worker in workers]
    for store in stores:
        begin_worker(store, holds_sender_lock=False)
    assert await first.election("receiver") is Holder.MINE
    assert await second.election("receiver", takes_over=True) is Holder.AT_WORK
    end_worker(stores[0])  # as others do when its heartbeat has stopped; its session holds what it held
    assert await second.election("receiver") is Holder.SILENT
    assert await second.election("receiver", takes_over=True) is Holder.MINE
    assert await third.election("receiver", takes_over=True) is Holder.AT_WORK
    assert await first.election("receiver") is Holder.AT_WORK  # it goes on, and gives way
    end_worker(stores[1])
    assert await third.election("receiver", takes_over=True) is Holder.MINE
    assert await second.election("receiver", takes_over=True) is Holder.AT_WORK
    await third.resign("receiver")
    assert await second.election("receiver") is Holder.MINE  # nothing is left of the earlier terms


async def test_who_takes_an_earlier_term_at_the_same_time_gives_way(workers: list[ClusterEngine]) -> None:
    one, other, _ = workers
    for worker in workers:
        begin_worker(worker._store, holds_sender_lock=False)
    assert await other._aside(
        other._session.hold, terms("receiver")[1]
    )  # it had seen a stopped worker, which then ended
    assert await one._aside(one._session.hold, terms("receiver")[0])
    assert not await is_elected(one, "receiver")
    assert await is_elected(other, "receiver")
    assert (await other._aside(other._session.holders, terms("receiver"))) == {terms("receiver")[1]: Holder.MINE}


async def test_a_worker_whose_session_ended_is_not_elected(workers: list[ClusterEngine]) -> None:
    one, other, _ = workers
    assert await is_elected(one, "receiver")
    await one._aside(one._session.close)
    async with asyncio.timeout(PATIENCE):
        while not await is_elected(other, "receiver"):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
    assert not await is_elected(one, "receiver")


async def test_who_sends_alone_is_kept_out_while_a_worker_lives(workers: list[ClusterEngine], url: str) -> None:
    one, other, _ = workers
    alone = Store(url)
    assert await is_elected(one, "receiver")  # its session is open
    with pytest.raises(SenderLockHeld), only_sender(alone):
        pytest.fail("it sends beside a worker")
    await other.join()  # another worker may
    assert await is_elected(other, "another")
    alone.close()
