"""Workspaces install the Slack app by OAuth, from the browser's first request to the stored tokens, over real HTTP."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib import parse

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation import http_server, web_server
from bot.platforms.slack import installing, manifest
from bot.platforms.slack.adapter import SlackChannel
from bot.platforms.slack.settings import SlackSettings, WorkspaceTokens
from bot.settings import Settings
from subscriptions.model import ChatAddress, Message
from subscriptions.store import installations
from tests.clock import NOON, FakeClock
from tests.fakes import slack_oauth
from tests.fakes.slack import TEAM, TOKEN
from tests.integration import slack_bot
from tests.integration.program import opened
from tests.integration.slack_bot import OTHER

KEY = SecretStr("correct horse battery staple")
HELLO = Message(number=1, payload=json.dumps({"text": "hello", "blocks": []}), plain='{"text": "hello"}')
THEIRS = ChatAddress("slack", f"{OTHER}/C1")


def settings_of(tmp_path: Path, fake: slack_oauth.FakeOAuth, *, own: bool = True, key: SecretStr = KEY) -> Settings:
    return Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        web_port=0,
        of_rooms=(
            SlackSettings(
                others=(WorkspaceTokens(SecretStr(TOKEN)),) if own else (),
                secret_key=key,
                client_id=slack_oauth.CLIENT_ID,
                client_secret=SecretStr(slack_oauth.CLIENT_SECRET),
                signing_secret=SecretStr("signed"),
                api_url=fake.url,
            ),
        ),
    )


@asynccontextmanager
async def a_bot(tmp_path: Path, fake: slack_oauth.FakeOAuth, clock: FakeClock, **more: object) -> AsyncIterator[App]:
    """Yields an app that holds the sender lock."""
    async with opened(build_app(settings_of(tmp_path, fake, **more), clock=clock)) as app:  # type: ignore[arg-type]
        await app.sender.prepare()
        yield app


@asynccontextmanager
async def a_browser(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A person's browser at the app's web address."""
    doors = [door for receiver in app.receivers() for door in receiver.routes]
    async with (
        http_server.serving(app.settings, web_server.health_app(dict, doors)) as root,
        httpx.AsyncClient(base_url=root, trust_env=False) as browser,
    ):
        yield browser


@pytest.fixture
async def app(tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock) -> AsyncIterator[App]:
    async with a_bot(tmp_path, slack, clock) as made:
        yield made


@pytest.fixture
async def browser(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with a_browser(app) as opened:
        yield opened


def channel_of(app: App) -> SlackChannel:
    channel = app.deps.channels["slack"]
    assert isinstance(channel, SlackChannel)
    return channel


def installer_of(app: App) -> installing.Installer:
    return next(receiver for receiver in app.receivers() if isinstance(receiver, installing.Installer))


def teams(app: App) -> list[str]:
    return [one.team for one in channel_of(app).workspaces.all]


async def posts_there(app: App, slack: slack_oauth.FakeOAuth) -> None:
    """Posts a message in the workspace that installed the app. This needs the token of that workspace."""
    slack.knows("C1", team=OTHER)
    await channel_of(app).post(THEIRS, HELLO, delivery="x")


async def test_the_browser_is_sent_to_slack_with_our_scopes(browser: httpx.AsyncClient) -> None:
    answer = await browser.get(installing.INSTALL)
    where = parse.urlsplit(answer.headers["location"])
    query = parse.parse_qs(where.query)
    assert (answer.status_code, where.path) == (302, "/oauth/v2/authorize")
    assert (query["client_id"], query["scope"]) == ([slack_oauth.CLIENT_ID], [",".join(manifest.scopes_of())])
    cookie = answer.headers["set-cookie"]
    assert f"{installing.COOKIE}={query['state'][0]};" in cookie
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=600"))
    for path in (installing.INSTALL, manifest.REDIRECT):
        assert (await browser.post(path)).status_code == 405


async def test_a_workspace_is_served_at_once_and_its_token_sealed(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock, own=False) as app, a_browser(app) as browser:
        answer = await slack_bot.installed(browser, slack)
        assert (answer.status_code, answer.text) == (
            200,
            "paperwire is installed in Example. In Slack, type /paperwire to begin.\n",
        )
        assert f"{installing.COOKIE}=;" in answer.headers["set-cookie"]
        assert (teams(app), await channel_of(app).identity()) == ([OTHER], "")
        await posts_there(app, slack)
        await slack_bot.installed(browser, slack)
        await posts_there(app, slack)  # of two installations, the newer token counts
        app.store.copy_into(tmp_path / "copies", "daily", NOON)
    (copy,) = (tmp_path / "copies").glob("*.db")
    for name in (tmp_path / "paperwire.db", copy):
        assert b"xoxb-" not in name.read_bytes()
    async with a_bot(tmp_path, slack, clock) as app:  # the next process decrypts the stored token
        assert set(teams(app)) == {TEAM, OTHER}
        await posts_there(app, slack)


async def test_another_browser_or_a_guess_installs_nothing(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth
) -> None:
    real = await slack_bot.begun(browser)
    browser.cookies.clear()
    for state, cookie in (
        (real, ""),
        (real, "another"),
        ("", real),
        ("guessed", "guessed"),
        ("x" * 300, "x" * 300),
        (real, "\u00e9"),
    ):
        code = slack.lets_in(OTHER)
        headers = {b"cookie": f"{installing.COOKIE}={cookie}".encode()}
        answer = await browser.get(manifest.REDIRECT, params={"state": state, "code": code}, headers=headers)
        assert (cookie, answer.status_code) == (cookie, 400)
        assert installing.INSTALL in answer.text
        assert code not in answer.text
    assert not installations.installations(app.store)
    assert not slack.arrived("oauth.v2.access")


async def test_a_state_is_good_once_and_for_ten_minutes(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    used, late = await slack_bot.begun(browser), await slack_bot.begun(browser)
    with app.store.read() as session:
        stored = session.connection().exec_driver_sql("SELECT count(*) FROM completed_installation").scalar()
    assert (used != late, stored) == (True, 0)
    for state, minutes, status in ((used, 9, 200), (used, 0, 400), (late, 2, 400)):
        clock.advance(timedelta(minutes=minutes))
        browser.cookies.set(installing.COOKIE, state)
        answer = await browser.get(manifest.REDIRECT, params={"state": state, "code": slack.lets_in(OTHER)})
        assert answer.status_code == status


async def test_tokens_of_the_vault_are_no_states(app: App) -> None:
    installer = installer_of(app)
    for sealed in (b"", b"x", *(installer.cipher.encrypt(text) for text in (b"{}", b'["a"]', b"[1, 2]"))):
        assert not await installer.use_state(sealed.decode().rstrip("="))


async def test_what_slack_does_not_grant_installs_nothing(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth
) -> None:
    for params, status, words in (
        ({"error": "access_denied"}, 200, "Nothing was installed."),
        ({}, 400, "Slack sent no code."),
        ({"code": "x" * 501}, 400, "Slack sent no code."),
        ({"code": "never-given"}, 502, "Slack did not confirm"),
        ({"code": slack.lets_in(OTHER, enterprise=True)}, 502, ""),  # an organisation is no workspace
    ):
        answer = await browser.get(manifest.REDIRECT, params={"state": await slack_bot.begun(browser), **params})
        assert (answer.status_code, answer.text.startswith(words)) == (status, True)
    assert not installations.installations(app.store)


async def test_without_a_client_there_is_no_such_page(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    settings = settings_of(tmp_path, slack)
    slack_settings = replace(settings.of(SlackSettings), client_id=None, client_secret=None)
    settings = replace(settings, of_rooms=(slack_settings,))
    async with opened(build_app(settings, clock=clock)) as app, a_browser(app) as browser:
        assert (await browser.get(installing.INSTALL)).status_code == 404


async def test_no_secret_stands_in_an_error_or_a_log(
    browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    slack.answers("echo page", times=1, method="oauth.v2.access")
    answer = await slack_bot.installed(browser, slack)
    await slack_bot.installed(browser, slack)
    shown = caplog.text + answer.text
    assert slack_oauth.CLIENT_SECRET not in shown
    assert KEY.get_secret_value() not in shown
    assert "xoxb-" not in shown


async def test_tokens_are_renewed_two_hours_before_they_end(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app, a_browser(app) as browser:
        await slack_bot.installed(browser, slack, rotates=True)
        before = dict(installations.installations(app.store))
        clock.advance(timedelta(seconds=slack_oauth.LASTS) - timedelta(hours=3))
        await installer_of(app).update()
        clock.advance(timedelta(hours=1, minutes=1))
        assert await app.platforms["slack"].load_installations() == ()  # to load the tokens renews none of them
        assert slack.refreshed == []
        slack.answers("500", times=1, method="oauth.v2.access")
        await installer_of(app).update()
        assert f"workspace {OTHER}: its token cannot be renewed" in installer_of(app).problem
        clock.advance(timedelta(minutes=5))
        await installer_of(app).update()
        assert (installer_of(app).problem, len(slack.refreshed)) == ("", 1)
        assert installations.installations(app.store) != before
        await posts_there(app, slack)
        await installer_of(app).update()
        assert len(slack.refreshed) == 1
    async with a_bot(tmp_path, slack, clock) as app:  # the next process uses the stored refresh token
        clock.advance(timedelta(seconds=slack_oauth.LASTS))
        await installer_of(app).update()
        assert (installer_of(app).problem, len(slack.refreshed)) == ("", 2)


async def test_with_another_key_nothing_opens_and_advice_is_given(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app, a_browser(app) as browser:
        await slack_bot.installed(browser, slack)
    async with a_bot(tmp_path, slack, clock, key=SecretStr("another")) as app, a_browser(app) as browser:
        assert teams(app) == [TEAM]
        assert "another PAPERWIRE_SECRET_KEY" in installer_of(app).problem
        await slack_bot.installed(browser, slack)
        await installer_of(app).update()
        assert installer_of(app).problem == ""
    with sqlite3.connect(tmp_path / "paperwire.db") as database:
        database.execute("UPDATE installation SET tokens = 'A' || substr(tokens, 2)")
    database.close()
    async with a_bot(tmp_path, slack, clock, key=SecretStr("another")) as app:  # the seal was changed
        assert installer_of(app).problem
