"""An app over a real database with its platforms, which a test drives step by step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from bot.app import App, build_app
from bot.settings import Settings, SlackSettings, SlackWorkspace, TelegramSettings
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.make import FakeClock


@asynccontextmanager
async def running(
    tmp_path: Path,
    clock: FakeClock,
    *,
    telegram: FakeTelegram | None = None,
    slack: FakeSlack | None = None,
    on_unclear: str = "resend",
    token: str = "",
) -> AsyncIterator[App]:
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        telegram=TelegramSettings(token=SecretStr(token or telegram.token), api_url=telegram.url)
        if telegram
        else TelegramSettings(),
        slack=SlackSettings(workspaces=(SlackWorkspace(bot_token=SecretStr(slack.token)),), api_url=slack.url)
        if slack
        else SlackSettings(),
        on_unclear=on_unclear,  # type: ignore[arg-type]
    )
    app = build_app(settings, clock=clock)
    app.open()
    try:
        yield app
    finally:
        await app.close()
