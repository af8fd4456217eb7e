"""All faults of Slack at the same time, on PostgreSQL. `make faults` does this with more tries, and in more ways, on SQLite."""

from pathlib import Path

import pytest

from tests.postgres.server import Server
from tests.programs.faults import slack_storm

TRIES = 8


@pytest.mark.parametrize(("reading", "on_unclear"), [("never", "resend"), ("at times", "skip")])
async def test_nothing_is_lost_and_nothing_doubled_that_need_not_be(
    tmp_path: Path, postgres: Server, reading: slack_storm.Reading, on_unclear: slack_storm.OnUnclear
) -> None:
    with postgres.lent() as url:
        found = await slack_storm.storm(tmp_path, TRIES, reading=reading, on_unclear=on_unclear, database_url=url)
    assert found.tries >= TRIES
    assert found.kept
    assert found.doubled == found.allowed
