"""A soak of a few seconds: everything that `make soak` does in half an hour, and leaks that it must find."""

import sys

import pytest

from tests.programs.faults.soak import judge
from tests.programs.faults.soak.load import Pace
from tests.programs.faults.soak.program import Sample
from tests.programs.faults.soak.run import soak

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc"),
    pytest.mark.timeout(1200),  # a busy machine must start three processes, and SETTLES is part of this time
]

BRIEF = Pace(
    seconds=9, chats=20, channels=4, talkers=40, digest=3, talk=0.1, fault=2, lock=6, others=60, sample=0.5, brief=True
)
# a process that has just started is still opening what it keeps
STARTING = {"descriptors": 15, "threads": 4, "children": 0}


def test_nothing_is_lost_left_over_or_doubled() -> None:
    soaked = soak(BRIEF, warm_up=3, most_growth=0.25, spare=STARTING)
    assert soaked.green, [one for one in soaked.verdicts if not one.green]
    assert soaked.account.digests >= 1
    assert soaked.messages > (BRIEF.chats + BRIEF.channels)
    assert {"429", "database locked"} <= set(soaked.account.faults)


def test_a_process_that_leaks_is_found() -> None:
    soaked = soak(BRIEF, warm_up=3, most_growth=0.05, spare=STARTING, leak=1_000_000)
    red = {one.what.partition(",")[0] for one in soaked.verdicts if not one.green}
    assert red == {"memory", "descriptors", "threads", "keys of the store that were added"}


def _sample(second: float, **more: float) -> Sample:
    taken = {"memory": 100_000_000, "descriptors": 30, "threads": 9, "children": 0, "processor": second / 5, **more}
    return Sample(second=second, **taken)  # type: ignore[arg-type]


def test_growth_is_that_of_the_medians_and_not_of_a_peak() -> None:
    calm = [_sample(n) for n in range(30)]
    peak = [_sample(n, memory=100_000_000 + 50_000_000 * (n == 29), descriptors=30 + 9 * (n % 2)) for n in range(30)]
    grows = [_sample(n, memory=100_000_000 + n * 400_000) for n in range(30)]
    assert all(one.green for one in judge.judge_samples(calm, warm_up=0))
    assert all(one.green for one in judge.judge_samples(peak, warm_up=0))
    assert [one.green for one in judge.judge_samples(grows, warm_up=0)] == [False, True, True, True]
    assert judge.growth([1.0, 1.0, 2.0, 3.0, 3.0, 3.0]) == 2.0
    assert judge.slope([(n, 2.0 * n + (n == 7) * 100) for n in range(20)]) == 2.0


def test_what_grows_before_the_warm_up_is_over_does_not_count() -> None:
    samples = [_sample(n, memory=50_000_000 + min(n, 10) * 5_000_000) for n in range(40)]
    assert not judge.judge_samples(samples, warm_up=0)[0].green
    assert judge.judge_samples(samples, warm_up=10)[0].green


@pytest.mark.parametrize("name", ["descriptors", "threads", "children"])
def test_each_kind_that_is_left_over_is_red_by_itself(name: str) -> None:
    samples = [_sample(n, **{name: 30 + n}) for n in range(30)]
    assert [one.what.partition(",")[0] for one in judge.judge_samples(samples, warm_up=0) if not one.green] == [name]


def test_one_in_a_hundred_at_rest_is_too_much() -> None:
    assert judge.judge_rest(2.9, 300, 100_000).green
    assert not judge.judge_rest(3.0, 300, 100_000).green
