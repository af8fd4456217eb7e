"""A short run of `make faults`: each kind of fault a few times."""

from pathlib import Path

import pytest

from tests.forked import Forked
from tests.patience import PATIENCE
from tests.programs.faults import rows, table

IN_SIMULATED_TIME = [
    pytest.param(fault, id=fault.name) for fault in rows.ROWS if not fault.is_by_process and not fault.must_be_red
]


def tries_of(fault: rows.Fault) -> int:
    """Returns a number of tries in which each kind of trouble of the row comes at least once."""
    if "at times" in fault.name:
        return 60  # one turn of the right to read leaves more messages in a channel than it has tries
    if fault.name.startswith("Slack"):
        return 12
    if fault.name.startswith("mail"):
        return 4
    if fault.name.startswith("language model"):
        return 4  # one round of each kind
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
