"""Workers share the limits of a lane, and the rate of a token with the rests that a platform asks of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from bot.clock import SystemClock
from bot.context import Context
from bot.conversation.reply_sender import _reserve
from bot.delivery.cluster import COUNTED_FOR, ClusterEngine
from bot.delivery.lane_sender import only_sender
from bot.delivery.rate_limiter import wait_for_send
from bot.errors import SenderLockHeld
from bot.ports.channel import Limits
from bot.ports.rate_limiter import RateLimiter
from subscriptions.errors import StoreError
from subscriptions.model import ChatAddress, Lane
from subscriptions.service.plan import plan_due
from subscriptions.states import ReplyState
from subscriptions.store.claims import mark_sending
from subscriptions.store.conversation_rows import UpdateRow
from subscriptions.store.database.postgres import OpenSession, open_sessions
from subscriptions.store.database.store import Store
from subscriptions.store.workers import begin_worker, end_worker
from tests.being_sent import being_sent, request, to_be_sent
from tests.make import NOON, FakeClock, ingested, paper, subscribes
from tests.patience import PATIENCE
from tests.postgres.server import Server

NOW = 1000.0  # a monotonic second
GROUP = Lane("telegram", "-1001")
LIMITS = {"telegram": Limits(text=4096, per_second=0, per_lane=1, per_group_minute=20, burst=3, reserved=2)}
CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


class Worker:
    def __init__(self, lane_url: str) -> None:
        self.store, self.clock = Store(lane_url), FakeClock(NOON)
        begin_worker(self.store, holds_sender_lock=False)
        self.engine = ClusterEngine(self.store, self.clock, LIMITS)
        self.context = cast(Context, SimpleNamespace(
            engine=self.engine, rate_limiter=self.engine.rate_limiter, clock=self.clock, store=self.store,
            is_stopping=lambda: False,
        ))  # fmt: skip

    def answers(self, *seconds_ago: float, topic: str = "", state: ReplyState = ReplyState.DONE) -> None:
        """Stores requests that this worker has answered, or has still to answer."""
        chat = str(ChatAddress(GROUP.platform, GROUP.address, topic))
        with self.store.write() as session:
            for ago in seconds_ago:
                at = NOON - timedelta(seconds=ago)
                session.add(
                    UpdateRow(
                        platform="telegram",
                        update_id=f"{chat} {ago}",
                        at=at,
                        chat=chat,
                        state=state,
                        worker=self.store.worker,
                    )
                )

    def ready_in(self, *, urgent: bool = False) -> float:
        now = self.clock.monotonic()
        return self.engine.rate_limiter.ready_at(GROUP, now, urgent=urgent) - now


def ready_in(*seconds_ago: float, urgent: bool = False) -> float:
    """When a lane may send next in one process that sent so long ago."""
    limiter = RateLimiter(LIMITS)
    for ago in sorted(seconds_ago, reverse=True):
        limiter.record_send(GROUP, NOW - ago)
    return limiter.ready_at(GROUP, NOW, urgent=urgent) - NOW


@pytest.fixture
def lane_url(postgres: Server) -> Iterator[str]:
    with postgres.database() as lane_url, closing(Store(lane_url)) as store:
        subscribes(store, "telegram:-1001", "graph", every="now", since="1d")
        ingested(store, paper("A graph"))
        plan_due(store, now=NOON)
        yield lane_url


@pytest.fixture
async def two(lane_url: str) -> AsyncIterator[tuple[Worker, Worker]]:
    workers = Worker(lane_url), Worker(lane_url)
    yield workers
    for one in workers:
        await one.engine.close()
        one.store.close()


async def test_answers_of_one_worker_slow_deliveries_of_another(
    two: tuple[Worker, Worker],
) -> None:
    receives, delivers = two
    receives.answers(9, 6, 3, 1)
    receives.answers(2, topic="5")
    receives.answers(70)  # no budget looks so far back
    await delivers.engine.count_others(GROUP)
    assert delivers.ready_in() == pytest.approx(ready_in(9, 6, 3, 1, 2))
    assert delivers.ready_in() > 1
    delivers.clock.advance(timedelta(seconds=COUNTED_FOR))
    before = delivers.ready_in()
    await delivers.engine.count_others(GROUP)  # known messages are not counted again
    assert delivers.ready_in() == pytest.approx(before)


async def test_a_delivery_waits_for_the_answers_of_another_worker(two: tuple[Worker, Worker]) -> None:
    receives, delivers = two
    assert await wait_for_send(delivers.context, GROUP)
    receives.answers(9, 6, 3, 1, 0.5)
    delivers.clock.advance(timedelta(seconds=COUNTED_FOR))
    assert not await wait_for_send(delivers.context, GROUP)  # the lane is woken again when it may send


async def test_an_answer_waits_for_the_deliveries_of_another_worker(two: tuple[Worker, Worker]) -> None:
    receives, delivers = two
    being_sent(delivers.store, request(GROUP.address))
    other: Any = receives.clock
    receives.answers(7, 6, 5, 4, 3, 2, 1)
    wanted = ready_in(7, 6, 5, 4, 3, 2, 1, 0, urgent=True)
    assert wanted > 0
    begin = other.monotonic()
    await _reserve(receives.context, ChatAddress(GROUP.platform, GROUP.address, ""))
    assert other.monotonic() - begin == pytest.approx(wanted)


async def test_an_unposted_answer_counts_for_the_other_workers(two: tuple[Worker, Worker]) -> None:
    receives, delivers = two
    receives.answers(2, 1, 0, state=ReplyState.READY)
    for one in two:
        await one.engine.count_others(GROUP)
    assert receives.ready_in() == 0
    assert delivers.ready_in() == pytest.approx(ready_in(0, 0, 0))


async def test_a_lane_stays_with_its_worker_when_the_server_cuts_all_connections(
    two: tuple[Worker, Worker], lane_url: str
) -> None:
    one, other = two
    async with one.engine.posting(GROUP):
        cut(lane_url)
        async with other.engine.posting(GROUP, patience=1) as is_free:  # the first look finds its connection cut
            assert not is_free
        async with one.engine.posting(Lane("telegram", "2")) as is_free:
            assert is_free
    async with other.engine.posting(GROUP, patience=1) as is_free:
        assert is_free


async def test_a_lease_that_could_not_be_ended_is_ended_later(two: tuple[Worker, Worker], lane_url: str) -> None:
    one, other = two
    async with one.engine.posting(GROUP):
        cut(lane_url)
    async with other.engine.posting(GROUP, patience=1) as is_free:
        assert not is_free
    with suppress(StoreError):  # the connection of its transactions is cut, too
        await one.engine.recover_failed()
    async with other.engine.posting(GROUP, patience=0) as is_free:
        assert is_free


def cut(lane_url: str) -> None:
    """Cuts all connections, as far as the server sees it."""
    with psycopg.connect(lane_url, autocommit=True) as connection:
        connection.execute(CUT)


@pytest.mark.parametrize(
    ("has_heartbeat", "has_session", "is_left"),
    [(True, True, False), (True, False, False), (False, True, False), (False, False, True)],
    ids=["at work", "its session was cut", "stopped", "killed"],
)
async def test_a_lane_is_left_by_a_worker_without_heartbeat_and_session(
    two: tuple[Worker, Worker], has_heartbeat: bool, has_session: bool, is_left: bool
) -> None:
    one, other = two
    lane = f"{GROUP.platform}:{GROUP.address}"
    assert one.engine._session.hold(lane)
    step = to_be_sent(one.store, request(GROUP.address))
    if not has_heartbeat:
        end_worker(one.store)
    if not has_session:
        one.engine._session.close()
        async with asyncio.timeout(PATIENCE):  # the server ends it when it notices
            while sessions_of(one):  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.002)
    async with other.engine.posting(GROUP, patience=0) as is_free:
        assert is_free == is_left
        assert mark_sending(one.store, step, wall=NOON) == (not is_left), "it posts there although another one does"


def sessions_of(worker: Worker) -> list[OpenSession]:
    with worker.store.read() as session:
        found = open_sessions(session.connection())
    return [one for one in found if worker.store.worker.startswith(one.worker)]


OF_A_TOKEN = {"telegram": Limits(text=4096, per_second=50, per_lane=1)}


@pytest.fixture
async def workers(url: str) -> AsyncIterator[list[ClusterEngine]]:
    stores = [Store(url) for _ in range(3)]
    engines = [ClusterEngine(store, SystemClock(), OF_A_TOKEN) for store in stores]
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
