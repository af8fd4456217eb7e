"""A team in Slack: they install the app, get papers at nine in a thread, remove the app and install it again.

Everything goes over real HTTP, as with `paperwire run`: a browser installs the app, Slack sends signed requests, and
the channel posts the answers.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.http_server import serving
from bot.operation.web_server import health_app
from bot.operation.worker import Supervised, listening
from bot.platforms.slack.settings import SlackSettings
from bot.settings import Settings
from tests.conversation.slack_harness import state_of
from tests.fakes import slack_oauth
from tests.fakes.journal import Entry
from tests.fakes.slack import SECRET
from tests.fakes.slack_oauth import FakeOAuth
from tests.integration.program import RestingClock
from tests.integration.slack_bot import Scene, installed
from tests.make import ingested

TEAM, CHANNEL = "T2OTHER", "T2OTHER/C1"


@pytest.fixture
def slack() -> Iterator[FakeOAuth]:
    with FakeOAuth() as fake:
        yield fake


@asynccontextmanager
async def an_app_for_everybody(folder: Path, fake: FakeOAuth) -> AsyncIterator[tuple[Scene, httpx.AsyncClient]]:
    """Runs `paperwire run` with an OAuth client but without a workspace. Yields it with a person's browser."""
    clock = RestingClock()
    fake.sets_time(clock.now().timestamp())
    slack = SlackSettings(
        client_id=slack_oauth.CLIENT_ID,
        client_secret=SecretStr(slack_oauth.CLIENT_SECRET),
        signing_secret=SecretStr(SECRET),
        api_url=fake.url,
        secret_key=SecretStr("a key that seals"),
    )
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/paperwire.db"),
        web_port=0,
        access="open",
        of_rooms=(slack,),
    )
    app = build_app(settings, clock=clock)
    app.open()
    try:
        await app.sender.prepare()
        async with _reached(app, fake, clock) as browser:
            yield Scene(app, fake), browser
    finally:
        await app.close()


@asynccontextmanager
async def _reached(app: App, fake: FakeOAuth, clock: RestingClock) -> AsyncIterator[httpx.AsyncClient]:
    receivers = [Supervised(receiver, clock) for receiver in app.receivers()]
    doors = [door for receiver in receivers for door in receiver.routes]
    async with serving(app.settings, health_app(dict, doors)) as root, listening(app, receivers):
        fake.delivers_to(root)
        async with httpx.AsyncClient(base_url=root, trust_env=False) as browser:
            yield browser


def knows_the_team(fake: FakeOAuth) -> None:
    for person in ("U1", "U2"):
        fake.knows_person(person, name=person.lower(), tz="Europe/Berlin", team=TEAM)
    fake.knows("C1", name="vision", people=("U1", "U2"), team=TEAM)
    fake.grants_all()


async def fills_in(on: Scene, fake: FakeOAuth, **chosen: str) -> None:
    """Submits the open form with these fields. All other fields stay unchanged."""
    view = fake.views("views.open")[-1].view
    inputs = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    state = {name: {name: state_of(element, chosen.get(name))} for name, element in inputs.items()}
    payload: dict[str, Any] = {
        "type": "view_submission",
        "user": {"id": "U1", "name": "u1"},
        "team": {"id": TEAM},
        "trigger_id": fake._trigger("U1"),
        "view": {**view, "id": "V1", "hash": "1.h", "state": {"values": state}},
    }
    await on.does(fake.brings(payload, team=TEAM))


async def later(on: Scene, fake: FakeOAuth, **by: float) -> list[Entry]:
    """Advances the clock and delivers what is due. Returns the new messages in the channel."""
    before = len(fake.posted_to(CHANNEL))
    on.app.clock.advance(timedelta(**by))  # type: ignore[attr-defined]
    fake.sets_time(on.app.clock.now().timestamp())
    await on.app.sender.send_once()
    return fake.posted_to(CHANNEL)[before:]


def graphs(on: Scene, first: int, last: int) -> None:
    ingested(on.app.store, *(f"A graph {n}" for n in range(first, last + 1)), now=on.app.clock.now())


async def test_a_team_installs_the_app_is_brought_papers_mutes_asks_why_and_has_them_again_after_a_reinstall(
    tmp_path: Path, slack: FakeOAuth
) -> None:
    async with an_app_for_everybody(tmp_path, slack) as (on, browser):
        # A person installs the app, and the bot serves the workspace at once.
        assert (await installed(browser, slack, TEAM)).status_code == 200
        knows_the_team(slack)

        # A form subscribes to papers at nine, and the channel sees the result.
        await on.does(slack.user_types("/paperwire sub", by="U1", team=TEAM))
        await fills_in(on, slack, query="graph", when="daily", clock="09:00")
        (digest,) = slack.posted_to(CHANNEL)
        assert "daily 09:00 Europe/Berlin" in digest.text

        # At nine in their time zone, and not earlier, five papers come as one line with a thread.
        graphs(on, 1, 5)
        assert await later(on, slack, hours=19, minutes=59) == []  # it was 13:00 in Berlin
        line, thread = await later(on, slack, minutes=1)
        assert line.text.startswith("5 papers for #vision")
        assert (line.thread, thread.thread) == ("", line.id)

        # A colleague mutes the channel for a while, which everyone sees. Only the colleague sees the answer to [why].
        await on.does(slack.clicks("mute ▾", by="U2", team=TEAM))
        await on.does(slack.clicks("1 for a week", by="U2", team=TEAM))
        assert "is quiet until" in slack.posted_to(CHANNEL)[-1].text
        await on.does(slack.clicks("why", by="U2", team=TEAM))
        assert "graph" in slack.ephemerals_to("U2", CHANNEL)[-1].text

        # The app is removed. New papers wait.
        await on.does(slack.uninstalls(team=TEAM))
        graphs(on, 6, 9)
        assert await later(on, slack, days=9) == []

        # The app is installed again. Deliveries continue where they stopped, and each paper comes once.
        assert (await installed(browser, slack, TEAM)).status_code == 200
        knows_the_team(slack)
        line, thread = await later(on, slack, days=1)
        assert line.text.startswith("4 papers for #vision")
        assert all(f"A graph {n}" in thread.text for n in range(6, 10)), thread.text
        assert "A graph 5" not in thread.text
        assert await later(on, slack, days=1) == []
