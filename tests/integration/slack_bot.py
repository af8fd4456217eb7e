"""Runs a bot in this process that listens to the fake Slack over real HTTP and WebSockets, as `paperwire run` does.

A test lets people act on the fake Slack, and awaits `Scene.does`, which returns when the bot's answers have arrived.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from bot.app import App
from bot.build import build_app
from bot.delivery.sender import Sender
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.client import Workspace
from bot.run import listeners as worker
from bot.settings import Settings
from subscriptions.chats.addresses import parse_address
from subscriptions.chats.known import known_or_new, listed
from subscriptions.model import ChatKind
from tests.clock import FakeClock
from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.fakes.slack_event_delivery import SentEnvelope
from tests.integration.program import opened
from tests.patience import PATIENCE

Sent = TypeVar("Sent")
OPERATOR = parse_address("slack:U5")
ANSWERING = {"_work"}  # the coroutine that handles an update and posts its answer


@asynccontextmanager
async def a_bot(
    tmp_path: Path, fake: FakeSlack, clock: FakeClock, *, read: float = PATIENCE, **more: Any
) -> AsyncIterator[App]:
    """Yields an app that has opened its database and has the role, but does not listen.

    `more` are other fields of the settings.
    """
    fake.sets_time(clock.now().timestamp())
    database = SecretStr(more.pop("database_url", f"sqlite:///{tmp_path}/paperwire.db"))
    settings = Settings(
        database_url=database,
        slack_bot_token=SecretStr(TOKEN),
        slack_app_token=SecretStr(APP_TOKEN),
        slack_api_url=fake.url,
        **{"access": "open", **more},
    )
    channel = SlackPlatform(
        Workspace(SecretStr(TOKEN), api_url=fake.url, app_token=SecretStr(APP_TOKEN), timeouts=(2, read))
    )
    async with opened(build_app(settings, clock=clock, platforms={"slack": channel})) as app:
        await Sender(app).prepare()
        yield app


@asynccontextmanager
async def a_listening_bot(tmp_path: Path, fake: FakeSlack, clock: FakeClock, **more: Any) -> AsyncIterator[App]:
    """Yields a bot that listens by Socket Mode as `paperwire run` does. Its connection is open."""
    lookup = more.pop("lookup", None)
    async with (
        a_bot(tmp_path, fake, clock, **more) as app,
        worker.listening(app, app.receivers(), lookup),
    ):
        await asyncio.to_thread(fake.waits_connected)
        yield app


async def settled(fake: FakeSlack) -> None:
    """Waits until each action of people is acknowledged or has failed, and the bot has posted its answers.

    The task that posts an answer begins before the acknowledgement and may end after it.
    """
    await asyncio.to_thread(fake.waits_until_settled)
    while under_way := [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") in ANSWERING]:
        await asyncio.wait(under_way)


@dataclasses.dataclass(slots=True)
class Scene:
    """A bot that listens, and the fake Slack to which it listens."""

    app: App
    fake: FakeSlack

    async def does(self, sent: Sent) -> Sent:
        """Waits until the bot has answered all actions of people, then returns `sent`, which is what people just did."""
        await settled(self.fake)
        return sent

    async def types(self, text: str, *channel: str, **who: str) -> SentEnvelope:
        """A person types a slash command."""
        return await self.does(self.fake.user_types(text, *channel, **who))

    async def mentions(self, text: str, **who: str) -> SentEnvelope:
        """A person mentions the bot in #vision."""
        return await self.does(self.fake.mentions(text, **who))

    async def writes(self, text: str, **who: Any) -> SentEnvelope:
        """A person writes to the bot in private."""
        return await self.does(self.fake.writes_dm(text, **who))

    async def clicks(self, what: str, *channel: str, **who: Any) -> SentEnvelope:
        """A person presses a button."""
        return await self.does(self.fake.clicks(what, *channel, **who))

    def queries(self, chat: str = "slack:C1") -> list[str]:
        """Returns the queries of a chat, as people typed them."""
        if not self.app.store.read_now(known_or_new, parse_address(chat), ChatKind.TEAM).id:
            return []
        return [one.subscription.text for one in self.app.store.read_now(listed, parse_address(chat))]


Scenes = Callable[..., AbstractAsyncContextManager[Scene]]


@asynccontextmanager
async def a_scene(tmp_path: Path, fake: FakeSlack, clock: FakeClock, **more: Any) -> AsyncIterator[Scene]:
    """Yields a Scene whose bot listens by Socket Mode."""
    async with a_listening_bot(tmp_path, fake, clock, **more) as app:
        yield Scene(app, fake)
