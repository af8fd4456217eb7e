"""The rate limiter never exceeds a limit in any window, is fair, and is restored after a restart."""

import heapq
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports.channel import Limits
from bot.ports.rate_limiter import FULL, RateLimiter, reserve
from subscriptions.model import Lane

TELEGRAM = Limits(text=4096, per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3)
SLACK = Limits(text=10_000, per_second=0, per_lane=1)
CONSOLE = Limits(text=10_000, per_second=0, per_lane=0)

ANN = Lane("telegram", "1")
BEN = Lane("telegram", "2")
GROUP = Lane("telegram", "-1001")
TEAM = Lane("slack", "C1")

gaps = st.lists(st.floats(0, 3) | st.just(0.0), min_size=1, max_size=80)


def limiter() -> RateLimiter:
    return RateLimiter({"telegram": TELEGRAM, "slack": SLACK, "console": CONSOLE})


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


@given(gaps, st.sampled_from([0.25, 1.0, 28.0]), st.integers(1, 5), st.floats(0.1, 100))
def test_no_window_ever_holds_more_than_burst_plus_rate(
    gaps: list[float], rate: float, burst: int, window: float
) -> None:
    state, now, starts = FULL, 0.0, []
    for gap in gaps:
        now += gap
        state, start = reserve(state, now, rate, burst)
        assert start >= now
        starts.append(start)
    assert busiest(starts, window) <= burst + rate * window
    assert starts == sorted(starts), "who asks first goes first"


def test_a_full_budget_is_used_fully() -> None:
    state, starts = FULL, []
    for _ in range(281):
        state, start = reserve(state, 0.0, 28)
        starts.append(start)
    assert starts[-1] == pytest.approx(10.0)


@given(st.lists(st.tuples(st.floats(0, 120), st.sampled_from([ANN, BEN, GROUP, TEAM])), min_size=1, max_size=150))
def test_no_lane_and_no_group_ever_exceeds_its_limit(arrivals: list[tuple[float, Lane]]) -> None:
    starts = drain(limiter(), arrivals)
    for lane in (ANN, BEN, GROUP):
        assert busiest(starts.get(lane, []), 2.9) <= 3
    assert busiest(starts.get(GROUP, []), 60) <= 20
    assert busiest(starts.get(TEAM, []), 0.99) <= 1
    assert sum(len(times) for times in starts.values()) == len(arrivals)


@given(st.integers(1, 400), st.floats(0, 2))
def test_a_token_never_exceeds_thirty_a_second(lanes: int, spread: float) -> None:
    arrivals = [(i * spread / lanes, Lane("telegram", str(i))) for i in range(lanes)] * 2
    starts = [start for times in drain(limiter(), arrivals).values() for start in times]
    assert busiest(starts, 1) <= 29


def test_three_pass_at_once_and_then_three_in_three_seconds() -> None:
    starts = drain(limiter(), [(0.0, ANN)] * 7)[ANN]
    assert starts[2] < 0.2
    assert starts[3] == pytest.approx(3.0)
    assert starts[6] == pytest.approx(6.0)


def test_a_group_gets_twenty_a_minute_and_nearly_all_of_them() -> None:
    starts = drain(limiter(), [(0.0, GROUP)] * 120)[GROUP]
    assert busiest(starts, 60) <= 20
    assert len([start for start in starts if start < 300]) >= 70  # the rest is reserved for answers


def test_a_lane_with_much_to_say_does_not_hold_up_another() -> None:
    starts = drain(limiter(), [(0.0, ANN)] * 100 + [(0.5, BEN)])
    assert starts[BEN] == [pytest.approx(0.5)]
    assert starts[ANN][-1] == pytest.approx(99, abs=0.2)


def test_a_platform_without_limits_never_waits() -> None:
    lane = Lane("console", "me")
    assert drain(limiter(), [(0.0, lane)] * 50)[lane] == [0.0] * 50


def test_a_paused_lane_waits_and_the_others_go_on(paced: RateLimiter) -> None:
    paced.pause(ANN, 30.0, now=0.0)
    assert paced.ready_at(ANN, 1.0) == 30.0
    assert paced.ready_at(ANN, 31.0) == 31.0
    assert paced.ready_at(BEN, 1.0) == 1.0
    assert paced.pause_left("telegram", 1.0) == 0.0
    assert paced.reserve("telegram", 1.0) == 1.0


def test_a_second_lane_paused_inside_the_pause_pauses_the_token(paced: RateLimiter) -> None:
    paced.pause(ANN, 30.0, now=0.0)
    paced.pause(BEN, 40.0, now=10.0)
    assert paced.pause_left("telegram", 11.0) == 29.0
    assert paced.reserve("telegram", 11.0) == 40.0
    assert paced.reserve("telegram", 41.0) == 41.0
    assert paced.pause_left("telegram", 41.0) == 0.0


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
    paced.record_earlier_sends([(GROUP, -0.1 * i) for i in range(20)], [], now=0.0)
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


def test_sends_later_than_now_hold_nothing_back(paced: RateLimiter) -> None:
    paced.record_earlier_sends([(ANN, 3600.0)] * 20, [], now=0.0)
    assert paced.ready_at(ANN, 0.0) == 0.0
    assert paced.reserve("telegram", 0.0) == 0.0


def test_idle_lanes_are_forgotten(paced: RateLimiter) -> None:
    for i in range(20_000):
        paced.record_send(Lane("telegram", str(i)), i / 28)
    assert len(paced._lane_states) < 5_000
    assert paced.ready_at(Lane("telegram", "19999"), 19_999 / 28) == pytest.approx(19_999 / 28)


@given(st.lists(st.tuples(st.floats(0, 120), st.booleans(), st.sampled_from([ANN, GROUP])), min_size=1, max_size=150))
def test_answers_and_bulk_together_keep_the_limit_of_a_group(events: list[tuple[float, bool, Lane]]) -> None:
    paced = limiter()
    starts: dict[Lane, list[float]] = {ANN: [], GROUP: []}
    now = 0.0
    for at, urgent, lane in sorted(events):
        now = paced.ready_at(lane, max(now, at), urgent=urgent)
        paced.record_send(lane, now)
        starts[lane].append(now)
    assert busiest(starts[GROUP], 60) <= 20
    for lane in (ANN, GROUP):
        assert busiest(starts[lane], 2.9) <= 3


def test_of_the_minute_of_a_group_a_part_is_kept_for_answers(paced: RateLimiter) -> None:
    for second in (0.0, 0.0, 0.0, 3.0):
        paced.record_send(GROUP, second)
    assert paced.ready_at(GROUP, 3.1) > 4
    assert paced.ready_at(GROUP, 3.1, urgent=True) == 3.1


class TestAnswersBesideAFanOut:
    def test_an_answer_takes_the_next_slot_that_somebody_waits_for(self, paced: RateLimiter) -> None:
        waiting = [paced.reserve("telegram", 0.0) for _ in range(10)]
        assert paced.reserve("telegram", 0.01, urgent=True) == waiting[1]
        assert paced.was_preempted("telegram")
        assert not paced.was_preempted("telegram")
        assert paced.reserve("telegram", waiting[1]) == pytest.approx(10 / 28)

    def test_an_answer_where_nobody_waits_goes_at_once(self, paced: RateLimiter) -> None:
        assert paced.reserve("telegram", 7.0, urgent=True) == 7.0
        assert not paced.was_preempted("telegram")

    def test_answers_among_themselves_keep_the_rate(self, paced: RateLimiter) -> None:
        for _ in range(10):
            paced.reserve("telegram", 0.0)
        answers = [paced.reserve("telegram", 0.01, urgent=True) for _ in range(29)]
        assert answers[28] - answers[0] == pytest.approx(1.0)

    def test_two_answers_at_each_slot_keep_the_rate(self) -> None:
        paced, now, starts = limiter(), 0.0, list[float]()
        for _ in range(60):
            pair = [paced.reserve("telegram", now, urgent=True) for _ in range(2)]
            starts += pair
            now = pair[0]
        assert busiest(starts, 1) <= 29

    @given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=200))
    def test_together_they_never_exceed_thirty_a_second(self, events: list[tuple[float, bool]]) -> None:
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
