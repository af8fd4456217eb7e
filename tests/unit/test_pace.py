"""The pace never exceeds a limit in any window, lets replies go first, and keeps the pauses that platforms demand."""

import asyncio
import heapq
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Coroutine
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import Limits, Pace
from subscriptions.model import Lane
from tests.clock import NOON, FakeClock

ANN, BEN = Lane("telegram", "1"), Lane("telegram", "2")
GROUP = Lane("telegram", "-1001")
TEAM = Lane("slack", "C1")
CONSOLE = Lane("console", "me")
LIMITS = {
    "telegram": Limits(per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3),
    "slack": Limits(per_lane=1),
    "console": Limits(),
}
CLOSE = 1e-6  # seconds by which a window is shorter, since sums of floats are not exact


class Simulation(FakeClock):
    """A clock of simulated tasks: when all of them wait, it moves to the end of the first wait."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self._second = 0.0
        self._order = count()
        self._waits: list[tuple[float, int, asyncio.Event]] = []
        self.pace = Pace(self, LIMITS)
        self.begun: defaultdict[Lane, list[float]] = defaultdict(list)
        self.replies: list[float] = []  # when they began

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        heapq.heappush(self._waits, (self._second + seconds, next(self._order), over))
        await over.wait()

    async def post(self, lane: Lane, at: float = 0.0, *, urgent: bool = False) -> None:
        """Waits until a post may begin, and notes when it began."""
        if at > self._second:
            await self.sleep(at - self._second)
        async with self.pace.posting(lane):
            assert await self.pace.slot(lane, urgent=urgent)
        self.begun[lane].append(self._second)
        if urgent:
            self.replies.append(self._second)

    def run(self, *works: Coroutine[Any, Any, object]) -> None:
        async def all_of_them() -> None:
            tasks = [asyncio.ensure_future(work) for work in works]
            while not all(task.done() for task in tasks):
                for _ in range(10):  # a task that was woken may take some turns until it waits again
                    await asyncio.sleep(0)
                if self._waits:
                    self._second, _, over = heapq.heappop(self._waits)
                    over.set()
            await asyncio.gather(*tasks)

        asyncio.run(all_of_them())


@pytest.fixture
def world() -> Simulation:
    return Simulation()


def busiest(begun: list[float], window: float) -> int:
    """Returns the largest number of posts in any closed window of this many seconds."""
    begun = sorted(begun)
    return max((bisect_right(begun, start + window - CLOSE) - i for i, start in enumerate(begun)), default=0)


def test_each_lane_uses_its_whole_rate_and_holds_up_no_other(world: Simulation) -> None:
    asked = [*[(ANN, 0.0)] * 30, (BEN, 0.5), *[(GROUP, 0.0)] * 60, *[(CONSOLE, 0.0)] * 50]
    world.run(*(world.post(lane, at) for lane, at in asked))
    begun = world.begun
    assert begun[ANN][2] < 0.2
    assert begun[ANN][3:7:3] == pytest.approx([3.0, 6.0], abs=0.1)
    assert begun[BEN] == [pytest.approx(0.5, abs=0.1)]
    assert sum(at < 120 for at in begun[GROUP]) == 2 * (20 - 3), "the rest is reserved for replies"
    assert begun[CONSOLE] == [0.0] * 50, "a platform without limits"


ARRIVALS = st.tuples(st.floats(0, 90), st.booleans(), st.sampled_from([ANN, GROUP, TEAM]))


@given(st.lists(ARRIVALS, min_size=1, max_size=60))
def test_no_window_has_more_posts_than_the_platform_allows(arrivals: list[tuple[float, bool, Lane]]) -> None:
    world = Simulation()
    world.run(*(world.post(lane, at, urgent=urgent) for at, urgent, lane in arrivals))
    assert sum(map(len, world.begun.values())) == len(arrivals)
    assert busiest(world.begun[GROUP], 60) <= 20
    assert busiest(world.begun[TEAM], 1) <= 1
    for lane in (ANN, GROUP):
        assert busiest(world.begun[lane], 3) <= 3
    assert busiest([*world.begun[ANN], *world.begun[GROUP]], 1) <= 28


def test_replies_go_before_deliveries_that_wait(world: Simulation) -> None:
    """Forty deliveries wait for their turn at 28 posts a second, when two replies are asked for."""
    lanes = [Lane("telegram", str(number)) for number in range(10, 50)]
    world.run(*map(world.post, lanes), *(world.post(lane, 0.1, urgent=True) for lane in (ANN, BEN)))
    assert max(world.replies) <= 0.1 + 3 / 28
    assert max(at for lane in lanes for at in world.begun[lane]) == pytest.approx(41 / 28, abs=0.1)


def test_a_reply_that_waits_for_its_own_lane_holds_up_no_other(world: Simulation) -> None:
    world.pace.pause(ANN, 300)
    world.run(world.post(ANN, urgent=True), *(world.post(Lane("telegram", str(number))) for number in range(10, 40)))
    assert world.replies == [pytest.approx(300, abs=1)]
    assert max(begun[0] for lane, begun in world.begun.items() if lane != ANN) == pytest.approx(29 / 28)


def test_a_reply_in_a_group_finds_its_reserve(world: Simulation) -> None:
    world.run(*(world.post(GROUP) for _ in range(17)), world.post(GROUP, 20.0, urgent=True))
    assert world.replies == [pytest.approx(20.0)]
    assert world.pace.wait_of_lane(GROUP) > 30


@pytest.mark.parametrize(
    ("first", "second", "at", "waits"),
    [
        ((ANN, 30), (BEN, 40), 10, True),
        ((ANN, 30), (BEN, 40), 31, False),  # the first pause is over, so only one lane is paused
        ((ANN, 30), (ANN, 40), 10, False),  # both pauses are for the same lane
        ((ANN, 30), (TEAM, 40), 10, False),  # the lane is on another platform
    ],
)
def test_a_second_lane_paused_inside_the_pause_pauses_the_token(
    world: Simulation, first: tuple[Lane, float], second: tuple[Lane, float], at: float, waits: bool
) -> None:
    async def pauses() -> None:
        world.pace.pause(*first)
        await world.sleep(at)
        world.pace.pause(*second)

    other = Lane("telegram", "3")
    world.run(pauses(), world.post(other, at + 1))
    assert world.begun[other] == [pytest.approx(at + (second[1] if waits else 1))]
    assert (world.pace.token_pause_left("slack"), world.pace.token_pause_left("telegram")) == (0, 0)
