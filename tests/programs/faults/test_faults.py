"""A short run of `make faults`: each kind of fault a few times."""

import re
from pathlib import Path

import pytest

from tests.forked import Forked
from tests.patience import PATIENCE
from tests.postgres.server import Server
from tests.programs.faults import rows, slack_storm, table

# each of these is seen among the other rows of Slack, too
LEFT_OUT = re.compile("Slack, cut after.*skip|Slack, every fault.*: (the bot may read, skip|it may at times, resend)")
IN_SIMULATED_TIME = [
    pytest.param(fault, id=fault.name)
    for fault in rows.ROWS
    if not fault.is_by_process and not fault.must_be_red and not LEFT_OUT.match(fault.name)
]


def tries_of(fault: rows.Fault) -> int:
    """Returns a number of tries in which each kind of trouble of the row comes at least once."""
    if "at times, skip" in fault.name:
        return 24  # one turn of the right to read leaves more messages in a channel than it has tries
    if fault.name.startswith("Slack"):
        return 12
    if fault.name.startswith("mail"):
        return 3
    if fault.name.startswith("language model"):
        return 1  # one round of each kind
    return 2 if "for a minute" in fault.name or "too late" in fault.name else 7


@pytest.mark.parametrize("fault", IN_SIMULATED_TIME)
def test_a_fault_in_simulated_time(fault: rows.Fault, tmp_path: Path) -> None:
    tries = tries_of(fault)
    verdict = fault.measured(tmp_path, tries)
    assert fault.is_as_it_must_be(verdict, tries), table.line(fault.name, verdict)


@pytest.mark.parametrize("begins", ["power lost", "database damaged"])
def test_a_fault_of_real_processes(begins: str) -> None:
    (name,) = (fault.name for fault in rows.ROWS if fault.name.startswith(begins))
    with Forked(["tests.programs.faults", "--only", name, "--tries", "1"], cwd=table.ROOT) as process:
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(("reading", "on_unclear"), [("never", "resend"), ("at times", "skip")])
def test_slack_on_postgresql(
    tmp_path: Path, postgres: Server, reading: slack_storm.Reading, on_unclear: slack_storm.OnUnclear
) -> None:
    with postgres.lent() as url:
        found = slack_storm.storm(tmp_path, 8, reading=reading, on_unclear=on_unclear, database=url)
    assert found.tries >= 8
    assert found.kept
    assert found.doubled == found.allowed


@pytest.mark.parametrize("fault", [fault for fault in rows.ROWS if fault.must_be_red], ids=lambda fault: fault.name)
def test_the_judge_sees_what_is_broken_on_purpose(fault: rows.Fault, tmp_path: Path) -> None:
    verdict = fault.measured(tmp_path, 8)
    assert fault.is_as_it_must_be(verdict, 8), table.line(fault.name, verdict)
