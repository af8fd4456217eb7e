"""A short run of `make faults`."""

from pathlib import Path

import pytest

from tests.postgres.server import Server
from tests.programs.faults import rows, slack_storm, table


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in rows.ROWS if fault.short])
def test_a_fault(fault: rows.Fault, tmp_path: Path) -> None:
    verdict = fault.measured(tmp_path, fault.short)
    assert fault.is_as_it_must_be(verdict, fault.short), table.line(fault.name, verdict)


def test_slack_on_postgresql(tmp_path: Path, postgres: Server) -> None:
    with postgres.lent() as url:
        found = slack_storm.storm(tmp_path, 8, reading="at times", on_unclear="skip", database=url)
    assert found.tries >= 8
    assert found.kept
    assert found.doubled == found.allowed
