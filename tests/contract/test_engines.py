"""The engine: which lanes run when, and that a token is never asked for more than its rate."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.delivery.sender import EmbeddedEngine
from bot.ports.channel import Limits
from bot.ports.rate_limiter import RateLimiter
from subscriptions.model import Lane
from tests.clock import FakeClock
from tests.patience import PATIENCE

LANES = [Lane("telegram", str(n)) for n in range(30)]
REST = 30  # seconds for which a test pauses a lane
LIMITS = {
    "telegram": Limits(text=4096, per_second=28, per_lane=1),
    "slack": Limits(text=4000, per_second=0, per_lane=1),
}


@pytest.fixture
def rate_limiter() -> RateLimiter:
    return RateLimiter(LIMITS)


@pytest.fixture
def engine(clock: FakeClock, rate_limiter: RateLimiter) -> EmbeddedEngine:
    return EmbeddedEngine(clock, rate_limiter, concurrency=4)


async def delivered(engine: EmbeddedEngine) -> list[Lane]:
    """Runs an engine until no lane waits. Returns the lanes in the order of their delivery."""
    done: list[Lane] = []

    async def deliver(lane: Lane) -> None:
        done.append(lane)
        await asyncio.sleep(0)

    await engine.run(deliver)
    return done


async def test_every_nudged_lane_is_delivered_once(engine: EmbeddedEngine) -> None:
    engine.wake(LANES)
    assert Counter(await delivered(engine)) == Counter(LANES)


async def test_a_lane_woken_twice_runs_at_least_once_after_that(engine: EmbeddedEngine) -> None:
    engine.wake(LANES)
    engine.wake(LANES)
    done = await delivered(engine)
    assert set(done) == set(LANES)
    assert max(Counter(done).values()) <= 2


async def test_posts_of_a_lane_come_one_after_another_in_their_order(engine: EmbeddedEngine) -> None:
    begun: list[int] = []
    ended: list[int] = []

    async def post(number: int) -> None:
        async with engine.posting(LANES[0]):
            assert len(begun) == len(ended)
            begun.append(number)
            async with engine.posting(LANES[1 + number]):  # other lanes need not wait for the post in LANES[0]
                await asyncio.sleep(0)
            ended.append(number)

    await asyncio.gather(*map(post, range(9)))
    assert begun == ended == list(range(9))


async def test_one_lane_never_has_two_senders_and_few_run_at_once(engine: EmbeddedEngine) -> None:
    open_now: Counter[Lane] = Counter()
    most, all_at_work = 0, asyncio.Event()

    async def deliver(lane: Lane) -> None:
        nonlocal most
        open_now[lane] += 1
        assert open_now[lane] == 1
        most = max(most, sum(open_now.values()))
        if most == 4:
            all_at_work.set()
        await asyncio.wait_for(all_at_work.wait(), PATIENCE)
        engine.wake([lane] if len(seen) < 50 else [])
        seen.append(lane)
        await asyncio.sleep(0)
        open_now[lane] -= 1

    seen: list[Lane] = []
    engine.wake(LANES)
    await engine.run(deliver)
    assert most == 4


async def test_no_lane_waits_behind_the_backlog_of_another_platform(engine: EmbeddedEngine) -> None:
    of_slack, done, sent = Lane("slack", "C1"), list[Lane](), asyncio.Event()

    async def deliver(lane: Lane) -> None:
        if lane == of_slack:
            sent.set()
        else:
            await asyncio.wait_for(sent.wait(), PATIENCE)  # Telegram stays busy until Slack has its message
        done.append(lane)

    engine.wake([*LANES, of_slack])
    await engine.run(deliver)
    assert done[0] == of_slack
    assert Counter(done) == Counter([*LANES, of_slack])


async def test_a_lane_nudged_while_it_runs_runs_again(engine: EmbeddedEngine) -> None:
    runs: list[Lane] = []

    async def deliver(lane: Lane) -> None:
        runs.append(lane)
        if len(runs) == 1:
            engine.wake([lane])
        await asyncio.sleep(0)

    engine.wake(LANES[:1])
    await engine.run(deliver)
    assert runs == LANES[:1] * 2


async def test_lanes_run_in_the_order_in_which_they_were_woken(engine: EmbeddedEngine) -> None:
    engine.wake(LANES[5:10])
    engine.wake(LANES[:8])
    assert await delivered(engine) == LANES[5:10] + LANES[:5]


async def test_what_deliver_raises_is_not_swallowed(engine: EmbeddedEngine) -> None:
    async def deliver(lane: Lane) -> None:
        raise RuntimeError(lane.address)

    engine.wake(LANES[:1])
    with pytest.raises(ExceptionGroup):
        await engine.run(deliver)


async def test_a_lane_that_rests_runs_when_its_rest_is_over(engine: EmbeddedEngine, clock: FakeClock) -> None:
    engine.wake(LANES[:1], not_before=clock.now() + timedelta(seconds=REST))
    engine.wake(LANES[:2])
    assert await delivered(engine) == [LANES[1], LANES[0]]


async def test_a_token_is_never_asked_for_more_than_its_rate(engine: EmbeddedEngine, clock: FakeClock) -> None:
    begin = clock.monotonic()
    starts = [await engine.reserve("telegram") for _ in range(57)]
    for second in (1, 2):
        assert second - 0.001 <= starts[28 * second] - begin <= second + 1e-6


async def test_an_answer_does_not_wait_for_waiting_deliveries(engine: EmbeddedEngine, clock: FakeClock) -> None:
    """Forty deliveries wait for their turn at 28 requests a second, which takes longer than a second. An answer goes first."""
    deliveries = [asyncio.create_task(engine.reserve("telegram")) for _ in range(40)]
    await asyncio.wait(deliveries, return_when=asyncio.FIRST_COMPLETED)
    asked = clock.monotonic()
    start = await engine.reserve("telegram", urgent=True)
    behind = sum(later > start for later in await asyncio.gather(*deliveries))
    assert start - asked <= 0.3 or behind >= 25


async def test_a_pause_of_the_whole_token_holds_up_every_slot(
    engine: EmbeddedEngine, rate_limiter: RateLimiter, clock: FakeClock
) -> None:
    now = clock.monotonic()
    # a platform does not say which limit was exceeded; if it refuses two lanes at once, it must be the token's limit
    for lane in LANES[:2]:
        rate_limiter.pause(lane, now + REST, now)
    assert await engine.reserve("telegram", urgent=True) >= now + REST - 0.01
