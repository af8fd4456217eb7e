"""Which lanes of a drain run when: each at least once after it was woken, few at once, none behind another platform."""

import asyncio
from collections import Counter

import pytest

from bot.delivery.send_round import CONCURRENCY, SendRound
from subscriptions.model import Lane
from tests.clock import FakeClock
from tests.patience import PATIENCE

LANES = [Lane("telegram", str(n)) for n in range(30)]


@pytest.fixture
def drain(clock: FakeClock) -> SendRound:
    return SendRound(clock)


async def delivered(drain: SendRound, rests: float = 0.0) -> list[Lane]:
    """Runs a drain until no lane waits. Returns the lanes in the order in which they ran.

    The first run of the first lane

    makes it rest so many seconds.
    """
    done: list[Lane] = []

    async def deliver(lane: Lane) -> float:
        done.append(lane)
        is_first = len(done) == 1
        await asyncio.sleep(0)
        return rests if is_first else 0.0

    await drain.run(deliver)
    return done


async def test_a_lane_never_runs_twice_at_once_and_few_run_at_once(drain: SendRound) -> None:
    open_now: Counter[Lane] = Counter()
    most, seen, all_at_work = 0, list[Lane](), asyncio.Event()

    async def deliver(lane: Lane) -> float:
        nonlocal most
        open_now[lane] += 1
        assert open_now[lane] == 1
        most = max(most, open_now.total())
        if most == CONCURRENCY:
            all_at_work.set()
        await asyncio.wait_for(all_at_work.wait(), PATIENCE)
        drain.wake([lane] if len(seen) < len(LANES) else [])
        seen.append(lane)
        await asyncio.sleep(0)
        open_now[lane] -= 1
        return 0.0

    drain.wake(LANES)
    await drain.run(deliver)
    assert most == CONCURRENCY
    assert Counter(seen) == dict.fromkeys(LANES, 2), "each was woken while it ran for the first time"


async def test_no_lane_waits_behind_the_backlog_of_another_platform(drain: SendRound) -> None:
    of_slack, done, sent = Lane("slack", "C1"), list[Lane](), asyncio.Event()

    async def deliver(lane: Lane) -> float:
        if lane == of_slack:
            sent.set()
        else:
            await asyncio.wait_for(sent.wait(), PATIENCE)  # Telegram stays busy until Slack has its message
        done.append(lane)
        return 0.0

    drain.wake([*LANES, of_slack])
    await drain.run(deliver)
    assert done[0] == of_slack
    assert {*done} == {*LANES, of_slack}


async def test_a_lane_that_rests_goes_on_when_its_rest_is_over(drain: SendRound) -> None:
    drain.wake(LANES[:2])
    assert await delivered(drain, rests=30) == [LANES[0], LANES[1], LANES[0]]


async def test_an_error_in_a_lane_is_raised_after_the_others_ran(drain: SendRound) -> None:
    done: list[Lane] = []

    async def deliver(lane: Lane) -> float:
        if lane == LANES[0]:
            raise RuntimeError(lane.address)
        await asyncio.sleep(0)
        done.append(lane)
        return 0.0

    drain.wake(LANES)
    with pytest.raises(ExceptionGroup):
        await drain.run(deliver)
    assert done == LANES[1:]
