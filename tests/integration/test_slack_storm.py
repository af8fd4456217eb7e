"""The storm over Slack of `make faults`, with fewer tries, on PostgreSQL."""

from pathlib import Path

import pytest

from tests.postgres.server import Server
from tests.programs.faults.cut_slack import OnUnclear
from tests.programs.faults.slack_storm import WAYS, Reading, storm

TRIES = 12


@pytest.mark.parametrize(("reading", "on_unclear"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
async def test_nothing_is_lost_and_nothing_doubled_that_need_not_be(
    tmp_path: Path, postgres: Server, reading: Reading, on_unclear: OnUnclear
) -> None:
    with postgres.lent() as url:
        found = await storm(tmp_path, TRIES, reading=reading, on_unclear=on_unclear, database_url=url)
    assert found.tries >= TRIES
    assert found.kept
    assert found.doubled == found.allowed or reading == "at times"
