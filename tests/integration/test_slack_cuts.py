"""Fifteen connections are cut after Slack took the message; `make faults` cuts three hundred."""

from pathlib import Path

import pytest

from tests.programs.faults.cut_slack import WAYS, OnUnclear, cut, promised

CUTS = 15


@pytest.mark.parametrize(("readable", "on_unclear"), [(row[1], row[2]) for row in WAYS], ids=[row[0] for row in WAYS])
async def test_no_cut_loses_or_doubles_a_message(tmp_path: Path, *, readable: bool, on_unclear: OnUnclear) -> None:
    outcome = await cut(tmp_path, CUTS, readable=readable, on_unclear=on_unclear)
    assert outcome.cuts == CUTS
    assert promised(outcome, readable=readable, on_unclear=on_unclear), outcome
