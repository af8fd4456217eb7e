"""A short run of `make faults`: each kind of fault a few times, and broken programs that the judge must detect."""

from pathlib import Path

import pytest

from tests.forked import Forked
from tests.patience import PATIENCE
from tests.programs.faults import judging, rows, table

A, B, C = (f"2601.0000{n}" for n in range(3))
WANTED = {"1": [A, B, C], "2": [A, B, C]}


def came(*papers: str, lane: str = "1", at: float = 0) -> list[judging.Arrival]:
    return [judging.Arrival(at=at + n, lane=lane, paper=paper) for n, paper in enumerate(papers)]


def test_the_judge_counts_lost_doubled_misordered_and_strange() -> None:
    verdict = judging.judge(WANTED, [*came(A, C, B, B), *came(B, "2601.99999", lane="2"), *came(A, lane="3")], [])
    assert (verdict.lost, verdict.doubled, verdict.disorder, verdict.strange) == (2, 1, 1, 2)
    assert not verdict.kept


def test_a_recovery_lasts_until_the_next_message_of_its_lane() -> None:
    taken = [*came(A, B, at=10), *came(A, at=40, lane="2")]
    hits = [judging.Hit(at=10, lane="1"), judging.Hit(at=10, lane="2"), judging.Hit(at=12), judging.Hit(at=50)]
    assert judging.judge(WANTED, taken, hits).recoveries == (1, 30, 28)


def test_only_the_last_message_before_a_kill_may_come_again() -> None:
    taken = came(A, B, B, C)
    assert judging.unexplained(taken, [judging.Life(0, 2, killed=True), judging.Life(2, 4, killed=False)]) == 0
    assert judging.unexplained(taken, [judging.Life(0, 2, killed=False), judging.Life(2, 4, killed=False)]) == 1, (
        "nothing was killed"
    )
    again = came(A, B, A, C)
    assert judging.unexplained(again, [judging.Life(0, 2, killed=True), judging.Life(2, 4, killed=False)]) == 1, (
        "A was confirmed before B"
    )
    assert judging.in_flight(taken, judging.Life(0, 2, killed=True)) == 1
    assert judging.in_flight(taken, judging.Life(0, 2, killed=False)) == 0


def test_a_row_is_green_only_after_enough_tries() -> None:
    good, bad = (rows.Fault("any", lambda *_: judging.Verdict(), must_be_red=red) for red in (False, True))
    green, red = judging.Verdict(tries=300), judging.Verdict(tries=300, lost=1)
    assert good.is_as_it_must_be(green, 300)
    assert bad.is_as_it_must_be(red, 300)
    assert not good.is_as_it_must_be(red, 300)
    assert not bad.is_as_it_must_be(green, 300), "then the judge would be blind"
    assert not good.is_as_it_must_be(green, 301)
    assert not good.is_as_it_must_be(judging.Verdict(tries=300, doubled=3, allowed=2), 300)


IN_SIMULATED_TIME = [pytest.param(fault, id=fault.name) for fault in rows.ROWS if not fault.is_by_process]


def tries_of(fault: rows.Fault) -> int:
    """Returns a number of tries in which each kind of trouble of the row comes at least once."""
    if "at times" in fault.name:
        return 60  # one turn of the right to read leaves more messages in a channel than it has tries
    if fault.name.startswith("Slack"):
        return 12
    if fault.name.startswith("mail"):
        return 4
    if fault.name.startswith("language model"):
        return 7  # one of each kind
    return 8


@pytest.mark.parametrize("fault", IN_SIMULATED_TIME)
def test_a_fault_in_simulated_time(fault: rows.Fault, tmp_path: Path) -> None:
    tries = tries_of(fault)
    verdict = fault.measured(tmp_path, tries)
    assert fault.is_as_it_must_be(verdict, tries), table.line(fault.name, verdict)


def test_a_fault_of_real_processes() -> None:
    (name,) = (fault.name for fault in rows.ROWS if fault.name.startswith("power lost"))
    with Forked(["tests.programs.faults", "--only", name, "--tries", "3"], cwd=table.ROOT) as process:
        assert process.wait(PATIENCE) == 0
