"""Workers share the rate of a token, and the rests that a platform asks of it, by one row of the database."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from bot.clock import SystemClock
from bot.delivery.cluster import ClusterEngine
from bot.delivery.lane_sender import only_sender
from bot.errors import SenderLockHeld
from bot.ports.channel import Limits
from subscriptions.model import Lane
from subscriptions.store.database.store import Store

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


async def test_a_worker_that_resigns_is_followed_by_another(workers: list[ClusterEngine]) -> None:
    one, other, _ = workers
    assert await one.is_elected("receiver")
    assert await one.is_elected("receiver")
    assert not await other.is_elected("receiver")
    await other.resign("receiver")  # it is not its own
    assert not await other.is_elected("receiver")
    await one.resign("receiver")
    assert await other.is_elected("receiver")


async def test_a_stopped_worker_sees_that_another_took_over(workers: list[ClusterEngine], url: str) -> None:
    first, second, third = workers
    assert await first.is_elected("receiver")
    assert await second.is_elected("another")
    lease_ends(url, first)
    assert await second.is_elected("receiver")
    assert not await third.is_elected("receiver")
    assert not await first.is_elected("receiver")
    lease_ends(url, second)
    assert await second.is_elected("receiver")  # no other one wanted it meanwhile
    assert not await first.is_elected("receiver")


async def test_a_worker_whose_session_was_cut_is_still_elected(workers: list[ClusterEngine]) -> None:
    one, other, _ = workers
    assert await one.is_elected("receiver")
    await one._aside(one._session.close)
    assert not await other.is_elected("receiver")
    assert await one.is_elected("receiver")


def lease_ends(url: str, worker: ClusterEngine) -> None:
    """As when it was stopped for longer than its leases last."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE lease SET ends = clock_timestamp() WHERE worker = %s", (worker._store.worker,))


async def test_who_sends_alone_is_kept_out_while_a_worker_lives(workers: list[ClusterEngine], url: str) -> None:
    one, other, _ = workers
    alone = Store(url)
    assert await one.is_elected("receiver")  # its session is open
    with pytest.raises(SenderLockHeld), only_sender(alone):
        pytest.fail("it sends beside a worker")
    await other.join()  # another worker may
    assert await other.is_elected("another")
    alone.close()
