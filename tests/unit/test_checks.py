"""`paperwire check`: the findings about the machine itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.platforms import base as platforms
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.client import Workspace
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.client import Client
from bot.run import checks
from bot.settings import Settings
from subscriptions.database.store import Store
from tests.clock import NOON
from tests.fakes.slack import APP_TOKEN, FakeSlack
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.patience import PATIENCE


def answers(settings: Settings, store: Store) -> dict[str, platforms.CheckResult]:
    found = [*checks.check_settings(settings), *checks.check_database(settings, store)]
    return {str(finding.question): finding for finding in found}


@pytest.fixture
def settings(store: Store, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("PAPERWIRE_SHARED", raising=False)  # only tests use this variable; `check` would name it
    return Settings(database_url=SecretStr(f"sqlite:///{store.path}"))


@pytest.mark.parametrize(("app_token", "found"), [(APP_TOKEN, "✓"), ("xapp-1-another", "✗"), ("", "·")])
async def test_whether_people_can_talk_to_it_on_slack_is_told(app_token: str, found: str) -> None:
    token = SecretStr(app_token) if app_token else None
    with FakeSlack() as slack:
        slack.grants_all()
        channel = SlackPlatform(Workspace(SecretStr(SLACK_TOKEN), api_url=slack.url, app_token=token))
        hears, scopes = await channel.check()
        await channel.close()
    assert (hears.question, hears.mend, hears.is_open) == ("Slack app token", found == "✗", found == "·")
    assert ("PAPERWIRE_SLACK_APP_TOKEN" in hears.cure) is (found != "✓")
    assert scopes.answer == "all are granted"


def test_a_database_that_cannot_be_used_is_to_be_mended(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"this is no database, whatever its name may say about that. " * 5)
    monkeypatch.setattr("bot.run.checks.HEAD", "9000")
    unreadable, outdated = (answers(settings, of)["Database"] for of in (Store(f"sqlite:///{path}"), store))
    assert (unreadable.mend, "not a paperwire database" in str(unreadable.answer)) == (True, True)
    assert (outdated.mend, "it upgrades the schema" in str(outdated.cure)) == (True, True)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.sets_time(NOON.timestamp())
        yield fake


async def telegram_answers(store: Store, fake: FakeTelegram) -> dict[str, platforms.CheckResult]:
    channel = TelegramPlatform(Client(TOKEN, fake.url, connect=1, read=PATIENCE))
    found = await checks.check_platforms(store, {"telegram": channel})
    await channel.close()
    return {str(finding.question): finding for finding in found if str(finding.question).startswith("Telegram")}


async def test_whether_telegram_knows_the_bot_is_told(store: Store, telegram: FakeTelegram) -> None:
    (found,) = (await telegram_answers(store, telegram)).values()
    assert not found.mend
    assert telegram.arrived("getUpdates") == []  # this request would end the poll of a `run` with the same token
    telegram.answers("404 page", method="getMe")
    (found,) = (await telegram_answers(store, telegram)).values()
    assert (found.mend, "on the way to Telegram" in str(found.answer), "proxy" in str(found.cure)) == (True, True, True)
    telegram.forgives()
    telegram.revokes()
    (found,) = (await telegram_answers(store, telegram)).values()
    assert (found.mend, "PAPERWIRE_TELEGRAM_TOKEN" in str(found.cure)) == (True, True)


def test_a_copy_that_others_may_read_is_warned_of(settings: Settings, store: Store) -> None:
    copy = store.path.parent / "backups" / "my.db"
    copy.parent.mkdir()
    copy.touch(mode=0o600)
    assert "Rights" not in answers(settings, store)
    copy.chmod(0o644)
    assert f"chmod 600 {copy}" in str(answers(settings, store)["Rights"].cure)
