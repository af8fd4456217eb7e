"""The storm over Slack of `make faults`, with fewer tries, on PostgreSQL."""

from pathlib import Path

import pytest

from tests.faults.cut_slack import OnUnclear
from tests.faults.slack_storm import storm
from tests.postgres.server import Server

TRIES = 30


@pytest.mark.parametrize("on_unclear", ["resend", "skip"])
@pytest.mark.parametrize("readable", [True, False])
async def test_nothing_is_lost_and_nothing_doubled_that_need_not_be(
    tmp_path: Path, postgres: Server, *, readable: bool, on_unclear: OnUnclear
) -> None:
    with postgres.lent() as url:
        found = await storm(tmp_path, TRIES, readable=readable, on_unclear=on_unclear, database_url=url)
    assert found.tries >= TRIES
    assert (found.lost, found.doubled, found.strange) == (0, found.allowed, 0)
