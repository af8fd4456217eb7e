"""Fixtures of the tests of Slack: a fake workspace, and a bot that listens to it."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.slack import FakeSlack
from tests.integration import slack_bot
from tests.integration.program import RestingClock
from tests.integration.slack_bot import Scenes


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with #vision (C1) and a private channel (C2).

    U3 is a guest, U5 an admin, U9 from another workspace.
    """
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U1", "U2", "U3", "U5", "U9"))
        fake.knows("C2", name="private", private=True, people=("U5",))
        fake.knows_person("U1")
        fake.knows_person("U2", name="Bob Ray", tz="America/New_York")
        fake.knows_person("U3", guest=True)
        fake.knows_person("U5", admin=True)
        fake.knows_person("U9", home="T9")
        fake.grants_all()
        yield fake


@pytest.fixture
def scene(tmp_path: Path, slack: FakeSlack, clock: RestingClock) -> Scenes:
    """Returns a function that opens a Scene: a bot that listens to the workspace. U5 is its operator."""
    return partial(slack_bot.a_scene, tmp_path, slack, clock, admins=(slack_bot.OPERATOR,))


@pytest.fixture
async def on(scene: Scenes) -> AsyncIterator[slack_bot.Scene]:
    """A Scene with a bot that listens to the workspace."""
    async with scene() as made:
        yield made
