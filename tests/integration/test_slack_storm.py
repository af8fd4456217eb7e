"""Storms over Slack, as `make faults` makes them with more tries: connections that are cut, and all faults at once on PostgreSQL."""

from pathlib import Path

import pytest

from tests.postgres.server import Server
from tests.programs.faults.cut_slack import WAYS as CUT_WAYS
from tests.programs.faults.cut_slack import OnUnclear, cut, promised
from tests.programs.faults.slack_storm import WAYS, Reading, storm

CUTS = 15


@pytest.mark.parametrize(
    ("readable", "on_unclear"), [(row[1], row[2]) for row in CUT_WAYS], ids=[row[0] for row in CUT_WAYS]
)
async def test_no_cut_loses_or_doubles_a_message(tmp_path: Path, *, readable: bool, on_unclear: OnUnclear) -> None:
    outcome = await cut(tmp_path, CUTS, readable=readable, on_unclear=on_unclear)
    assert outcome.cuts == CUTS
    assert promised(outcome, readable=readable, on_unclear=on_unclear), outcome


TRIES = 8


@pytest.mark.parametrize(("reading", "on_unclear"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
async def test_nothing_is_lost_and_nothing_doubled_that_need_not_be(
    tmp_path: Path, postgres: Server, reading: Reading, on_unclear: OnUnclear
) -> None:
    with postgres.lent() as url:
        found = await storm(tmp_path, TRIES, reading=reading, on_unclear=on_unclear, database_url=url)
    assert found.tries >= TRIES
    assert found.kept
    assert found.doubled == found.allowed or reading == "at times"
