"""The ticker ticks at its interval, even after the machine's clock was changed."""

import asyncio
from datetime import timedelta

import pytest

from bot.operation.ticks import Ticker
from tests.clock import FakeClock
from tests.patience import PATIENCE


async def nothing() -> None:
    """A tick with nothing to do."""


@pytest.mark.parametrize(
    ("step", "noticed"),
    [
        (timedelta(0), False),
        (timedelta(seconds=1), False),
        (timedelta(hours=-1), True),
        (timedelta(days=2), True),
    ],
)
async def test_the_guard_notices_a_clock_that_was_set(clock: FakeClock, step: timedelta, noticed: bool) -> None:
    ticker = Ticker(clock, nothing, seconds=3600)
    stopped = asyncio.Event()
    running = asyncio.create_task(ticker.run(stopped))
    await asyncio.sleep(0)
    clock.advance(timedelta(minutes=5))
    assert ticker.guard() is False
    clock.step(step)
    assert ticker.guard() is noticed
    assert ticker.guard() is False  # the guard reports a change only once
    stopped.set()
    await running


async def test_a_clock_that_is_set_forward_by_a_year_costs_one_tick(clock: FakeClock) -> None:
    ticker = Ticker(clock, nothing)
    stopped = asyncio.Event()
    running = asyncio.create_task(ticker.run(stopped))
    await asyncio.sleep(0)
    job = ticker._scheduler.get_job("tick")
    a_year_later = job.next_run_time + timedelta(days=400)
    assert job._get_run_times(a_year_later) == [job.next_run_time]
    assert job.trigger.get_next_fire_time(job.next_run_time, a_year_later) == a_year_later + timedelta(seconds=1)
    stopped.set()
    await running


async def test_it_ticks_until_it_is_stopped_and_one_tick_at_a_time(clock: FakeClock) -> None:
    stopped = asyncio.Event()
    open_ticks, ticks = 0, 0

    async def tick() -> None:
        nonlocal open_ticks, ticks
        open_ticks += 1
        assert open_ticks == 1
        ticks += 1
        await asyncio.sleep(0)
        open_ticks -= 1
        if ticks == 3:
            stopped.set()

    await asyncio.wait_for(Ticker(clock, tick, seconds=0.01).run(stopped), PATIENCE)
    assert ticks >= 3
