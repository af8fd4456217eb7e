"""The rate limiter never exceeds a limit in any window, is fair, and is restored after a restart."""

import heapq
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports.channel import Limits
from bot.ports.rate_limiter import RateLimiter
from subscriptions.model import Lane

ANN = Lane("telegram", "1")
BEN = Lane("telegram", "2")
GROUP = Lane("telegram", "-1001")
TEAM = Lane("slack", "C1")


def limiter() -> RateLimiter:
    return RateLimiter(
        {
            "telegram": Limits(text=4096, per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3),
            "slack": Limits(text=10_000, per_second=0, per_lane=1),
            "console": Limits(text=10_000, per_second=0, per_lane=0),
        }
    )


@pytest.fixture
def paced() -> RateLimiter:
    return limiter()


def busiest(starts: list[float], window: float) -> int:
    """Returns the largest number of starts in any closed window of this many seconds."""
    starts = sorted(starts)
    return max((bisect_right(starts, start + window - 1e-6) - i for i, start in enumerate(starts)), default=0)


def drain(limiter: RateLimiter, arrivals: list[tuple[float, Lane]]) -> dict[Lane, list[float]]:
    """Sends every arrival as one sender per lane would, in order of time. Returns the start times of each lane."""
    waiting: dict[Lane, list[float]] = {}
    for at, lane in sorted(arrivals):
        waiting.setdefault(lane, []).append(at)
    starts: dict[Lane, list[float]] = {lane: [] for lane in waiting}
    turns = [(times[0], lane) for lane, times in waiting.items()]
    heapq.heapify(turns)
    while turns:
        now, lane = heapq.heappop(turns)
        if (free := limiter.ready_at(lane, now)) > now:
            heapq.heappush(turns, (free, lane))
            continue
        start = limiter.reserve(lane.platform, now)
        limiter.record_send(lane, start)
        starts[lane].append(start)
        if len(starts[lane]) < len(waiting[lane]):
            heapq.heappush(turns, (max(start, waiting[lane][len(starts[lane])]), lane))
    return starts


def test_each_lane_uses_its_whole_rate_and_holds_up_no_other() -> None:
    console = Lane("console", "me")
    starts = drain(limiter(), [*[(0.0, ANN)] * 100, (0.5, BEN), *[(0.0, GROUP)] * 120, *[(0.0, console)] * 50])
    assert starts[ANN][2] < 0.2
    assert starts[ANN][3:7:3] == pytest.approx([3.0, 6.0], abs=0.1)
    assert starts[ANN][-1] == pytest.approx(99, abs=0.2)
    assert starts[BEN] == [pytest.approx(0.5, abs=0.1)]
    assert len([start for start in starts[GROUP] if start < 300]) >= 70  # the rest is reserved for answers
    assert starts[console] == [0.0] * 50  # a platform without limits


def test_a_paused_lane_waits_and_the_others_go_on(paced: RateLimiter) -> None:
    paced.pause(ANN, 30.0, now=0.0)
    assert (paced.ready_at(ANN, 1.0), paced.ready_at(ANN, 31.0), paced.ready_at(BEN, 1.0)) == (30.0, 31.0, 1.0)
    assert (paced.pause_left("telegram", 1.0), paced.reserve("telegram", 1.0)) == (0.0, 1.0)


def test_a_second_lane_paused_inside_the_pause_pauses_the_token(paced: RateLimiter) -> None:
    paced.pause(ANN, 30.0, now=0.0)
    paced.pause(BEN, 40.0, now=10.0)
    assert (paced.pause_left("telegram", 11.0), paced.reserve("telegram", 11.0)) == (29.0, 40.0)
    assert (paced.reserve("telegram", 41.0), paced.pause_left("telegram", 41.0)) == (41.0, 0.0)


@pytest.mark.parametrize(
    ("second", "until", "at", "platforms"),
    [
        (BEN, 60.0, 31.0, ["telegram"]),  # the first pause is over, so only one lane is paused
        (ANN, 60.0, 10.0, ["telegram"]),  # both pauses are for the same lane
        (TEAM, 30.0, 1.0, ["telegram", "slack"]),  # the lane is on another platform
    ],
)
def test_any_other_second_pause_does_not_pause_the_token(
    paced: RateLimiter, second: Lane, until: float, at: float, platforms: list[str]
) -> None:
    paced.pause(ANN, 30.0, now=0.0)
    paced.pause(second, until, now=at)
    assert [paced.reserve(platform, at + 1) for platform in platforms] == [at + 1] * len(platforms)


def test_what_an_earlier_process_sent_counts(paced: RateLimiter) -> None:
    """But nothing that it seems to have sent later than now."""
    paced.record_earlier_sends([*((GROUP, -0.1 * i) for i in range(20)), *[(ANN, 3600.0)] * 20], [], now=0.0)
    assert paced.ready_at(GROUP, 0.0) > 40
    assert paced.ready_at(ANN, 0.0) == 0.0


@given(st.lists(st.floats(-60, 0), max_size=28))
def test_a_restart_never_exceeds_the_limit_of_the_token(earlier: list[float]) -> None:
    before = limiter()
    starts = [before.reserve("telegram", at) for at in sorted(earlier)]
    after = limiter()
    after.record_earlier_sends([(Lane("telegram", str(i)), at) for i, at in enumerate(starts) if at <= 0], [], now=0.0)
    starts = [at for at in starts if at <= 0] + [after.reserve("telegram", 0.0) for _ in range(60)]
    assert busiest(starts, 1) <= 29


def test_idle_lanes_are_forgotten(paced: RateLimiter) -> None:
    for i in range(20_000):
        paced.record_send(Lane("telegram", str(i)), i / 28)
    assert len(paced._lane_states) < 5_000
    assert paced.ready_at(Lane("telegram", "19999"), 19_999 / 28) == pytest.approx(19_999 / 28)


@given(
    st.lists(st.tuples(st.floats(0, 120), st.booleans(), st.sampled_from([ANN, GROUP, TEAM])), min_size=1, max_size=150)
)
def test_answers_and_bulk_together_keep_the_limit_of_a_lane(events: list[tuple[float, bool, Lane]]) -> None:
    paced = limiter()
    starts: dict[Lane, list[float]] = {ANN: [], GROUP: [], TEAM: []}
    now = 0.0
    for at, urgent, lane in sorted(events):
        now = paced.ready_at(lane, max(now, at), urgent=urgent)
        paced.record_send(lane, now)
        starts[lane].append(now)
    assert busiest(starts[GROUP], 60) <= 20
    assert busiest(starts[TEAM], 0.99) <= 1
    for lane in (ANN, GROUP):
        assert busiest(starts[lane], 2.9) <= 3


def test_of_the_minute_of_a_group_a_part_is_kept_for_answers(paced: RateLimiter) -> None:
    for second in (0.0, 0.0, 0.0, 3.0):
        paced.record_send(GROUP, second)
    assert paced.ready_at(GROUP, 3.1) > 4
    assert paced.ready_at(GROUP, 3.1, urgent=True) == 3.1


def test_an_answer_takes_the_next_slot_that_somebody_waits_for(paced: RateLimiter) -> None:
    waiting = [paced.reserve("telegram", 0.0) for _ in range(10)]
    assert paced.reserve("telegram", 0.01, urgent=True) == waiting[1]
    assert paced.was_preempted("telegram")
    assert not paced.was_preempted("telegram")
    assert paced.reserve("telegram", waiting[1]) == pytest.approx(10 / 28)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=200))
def test_together_they_never_exceed_thirty_a_second(events: list[tuple[float, bool]]) -> None:
    paced, starts = limiter(), []
    waiting = [(at, not urgent, urgent) for at, urgent in events]
    heapq.heapify(waiting)
    slots: list[tuple[float, bool]] = []
    while waiting or slots:
        if slots and (not waiting or slots[0][0] <= waiting[0][0]):
            slot, urgent = heapq.heappop(slots)
            if not urgent and paced.was_preempted("telegram"):
                heapq.heappush(waiting, (slot, True, False))
            else:
                starts.append(slot)
        else:
            at, _, urgent = heapq.heappop(waiting)
            heapq.heappush(slots, (paced.reserve("telegram", at, urgent=urgent), urgent))
    assert len(starts) == len(events)
    assert busiest(starts, 1) <= 29
