"""People and a bot on the fake Slack. Each action returns after the bot's answers have arrived."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from bot.app import App
from bot.platforms.slack.installing import COOKIE, INSTALL
from bot.platforms.slack.manifest import REDIRECT
from subscriptions.addresses import parse_address
from subscriptions.model import ChatKind
from subscriptions.service.chat_status import known_or_new
from subscriptions.service.next_deliveries import listed
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_oauth import FakeOAuth
from tests.integration import slack_bot
from tests.make import FakeClock


@dataclass(slots=True)
class Scene:
    """A bot that listens, and its fake Slack."""

    app: App
    fake: FakeSlack

    async def does(self, sent: object) -> None:
        """Waits until a person's action was dispatched and answered."""
        del sent
        await slack_bot.settled(self.fake)
        while under_way := [
            task for task in asyncio.all_tasks() if _name(task) in ("send_reply", "_refresh_home_view", "_run_lookup")
        ]:
            await asyncio.wait(under_way)

    def queries(self, chat: str = "slack:C1") -> list[str]:
        """Returns the queries of a chat, as typed."""
        if not known_or_new(self.app.store, parse_address(chat), ChatKind.TEAM).id:
            return []
        return [one.subscription.text for one in listed(self.app.store, parse_address(chat))]


Scenes = Callable[..., AbstractAsyncContextManager[Scene]]


@asynccontextmanager
async def a_scene(tmp_path: Path, fake: FakeSlack, clock: FakeClock, **more: Any) -> AsyncIterator[Scene]:
    """Yields a Scene whose bot listens by Socket Mode."""
    async with slack_bot.a_listening_bot(tmp_path, fake, clock, **more) as app:
        yield Scene(app, fake)


def _name(task: "asyncio.Task[Any]") -> str:
    return str(getattr(task.get_coro(), "__name__", ""))


async def begun(browser: httpx.AsyncClient) -> str:
    """Redirects the browser to Slack and returns the state. httpx would not send back the secure cookie, so we set it
    here.
    """
    answer = await browser.get(INSTALL)
    assert answer.status_code == 302
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    browser.cookies.set(COOKIE, state)
    return state


async def installed(
    browser: httpx.AsyncClient, fake: FakeOAuth, team: str = slack_bot.OTHER, **more: Any
) -> httpx.Response:
    state = await begun(browser)
    return await browser.get(REDIRECT, params={"state": state, "code": fake.lets_in(team, **more)})
