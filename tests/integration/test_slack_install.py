"""Workspaces install the app by OAuth over real HTTP with a fake Slack, from the browser's first request to the tokens."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.web_server import serving
from bot.platforms.slack.adapter import SlackChannel
from bot.platforms.slack.installing import COOKIE, INSTALL, Installer
from bot.platforms.slack.manifest import REDIRECT, scopes_of
from bot.settings import Settings, SlackSettings, SlackWorkspace
from subscriptions.model import ChatAddress, Message
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.pausing import uninstall
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.store.bot_state import installations, uninstalled
from tests.fakes import slack_oauth
from tests.fakes.slack import TEAM, TOKEN
from tests.integration.slack_bot import OTHER
from tests.integration.slack_conversation import begun, installed
from tests.make import NOON, FakeClock, clean_up

THIRD = "T3THIRD"
KEY = SecretStr("correct horse battery staple")
HELLO = Message(number=1, payload=json.dumps({"text": "hello", "blocks": []}), plain='{"text": "hello"}')


@pytest.fixture
def slack() -> Iterator[slack_oauth.FakeOAuth]:
    with slack_oauth.FakeOAuth() as fake:
        yield fake


def settings_of(
    tmp_path: Path, fake: slack_oauth.FakeOAuth, *, own: bool = True, key: SecretStr | None = KEY
) -> Settings:
    return Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        secret_key=key,
        web_port=0,
        slack=SlackSettings(
            workspaces=(SlackWorkspace(bot_token=SecretStr(TOKEN)),) if own else (),
            client_id=slack_oauth.CLIENT_ID,
            client_secret=SecretStr(slack_oauth.CLIENT_SECRET),
            signing_secret=SecretStr("signed"),
            api_url=fake.url,
        ),
    )


@asynccontextmanager
async def a_bot(tmp_path: Path, fake: slack_oauth.FakeOAuth, clock: FakeClock, **more: object) -> AsyncIterator[App]:
    """Yields an app that holds the sender lock."""
    app = build_app(settings_of(tmp_path, fake, **more), clock=clock)  # type: ignore[arg-type]
    app.open()
    try:
        await app.sender.prepare()
        yield app
    finally:
        await app.close()


@asynccontextmanager
async def a_browser(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A person's browser at the app's web address."""
    said: list[str] = []
    doors = [door for receiver in app.receivers() for door in receiver.routes]
    async with serving(app.settings, dict, said.append, doors):
        root = said[0].partition("http://")[2].partition("/")[0]
        async with httpx.AsyncClient(base_url=f"http://{root}", trust_env=False) as browser:
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
    channel = app.context.channels["slack"]
    assert isinstance(channel, SlackChannel)
    return channel


def installer_of(app: App) -> Installer:
    return next(receiver for receiver in app.receivers() if isinstance(receiver, Installer))


# -------------------------------------------------------------------------------------------- from the browser to Slack


async def test_the_browser_is_sent_to_slack_with_our_scopes(browser: httpx.AsyncClient) -> None:
    answer = await browser.get(INSTALL)
    where = urlsplit(answer.headers["location"])
    query = parse_qs(where.query)
    assert (answer.status_code, where.path) == (302, "/oauth/v2/authorize")
    assert query["client_id"] == [slack_oauth.CLIENT_ID]
    assert query["scope"] == [",".join(scopes_of())]
    cookie = answer.headers["set-cookie"]
    assert f"{COOKIE}={query['state'][0]};" in cookie
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=600"))


async def test_a_workspace_that_let_the_app_in_is_served_at_once(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth
) -> None:
    answer = await installed(browser, slack)
    assert (answer.status_code, answer.text) == (
        200,
        "paperwire is installed in Example. In Slack, type /paperwire to begin.\n",
    )
    assert f"{COOKIE}=;" in answer.headers["set-cookie"]
    slack.knows("C1", team=OTHER)
    await channel_of(app).post(ChatAddress("slack", f"{OTHER}/C1"), HELLO, delivery="x")
    assert len(slack.posted_to(f"{OTHER}/C1")) == 1


async def test_its_token_is_sealed_and_the_next_process_opens_it(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app, a_browser(app) as browser:
        await installed(browser, slack)
        app.store.copy_into(tmp_path / "copies", "daily", NOON)
    (copy,) = (tmp_path / "copies").glob("*.db")
    for name in (tmp_path / "paperwire.db", copy):
        assert b"xoxb-" not in name.read_bytes()
    async with a_bot(tmp_path, slack, clock) as app:
        slack.knows("C1", team=OTHER)
        await channel_of(app).post(ChatAddress("slack", f"{OTHER}/C1"), HELLO, delivery="x")


async def test_an_app_without_own_workspace_serves_all_installed(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock, own=False) as app, a_browser(app) as browser:
        await installed(browser, slack)
        assert [one.team for one in channel_of(app).workspaces.all] == [OTHER]
        assert await channel_of(app).identity() == ""


# -------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("state", "cookie"),
    [
        ("ours", ""),
        ("ours", "another"),
        ("", "ours"),
        ("guessed", "guessed"),
        ("x" * 300, "x" * 300),
        ("ours", "\u00e9"),
    ],
)
async def test_another_browser_or_a_guess_installs_nothing(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, state: str, cookie: str
) -> None:
    real = await begun(browser)
    browser.cookies.clear()
    headers = {b"cookie": f"{COOKIE}={cookie.replace('ours', real)}".encode()}
    code = slack.lets_in(OTHER)
    params = {"state": state.replace("ours", real), "code": code}
    answer = await browser.get(REDIRECT, params=params, headers=headers)
    assert answer.status_code == 400
    assert INSTALL in answer.text
    assert code not in answer.text
    assert not installations(app.store)
    assert not slack.arrived("oauth.v2.access")


async def test_a_state_is_good_once(browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth) -> None:
    state = await begun(browser)
    for status in (200, 400):
        browser.cookies.set(COOKIE, state)
        answer = await browser.get(REDIRECT, params={"state": state, "code": slack.lets_in(OTHER)})
        assert answer.status_code == status


async def test_beginning_again_and_again_stores_nothing(app: App, browser: httpx.AsyncClient) -> None:
    states = {await begun(browser) for _ in range(20)}
    answer = await browser.get(REDIRECT, params={"state": await begun(browser), "code": "never-given"})
    with app.store.read() as session:
        stored = session.connection().exec_driver_sql("SELECT count(*) FROM completed_installation").scalar()
    assert (len(states), answer.status_code, stored) == (20, 502, 0)


async def test_tokens_of_the_vault_are_no_states(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        installer = installer_of(app)
        for sealed in (
            b"",
            b"x",
            *(installer.cipher.encrypt(text) for text in (b"{}", b'["a"]', b"[1, 2]")),
        ):
            assert not await installer.is_open(sealed.decode().rstrip("="))


async def test_and_for_ten_minutes(browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, clock: FakeClock) -> None:
    state = await begun(browser)
    clock.advance(timedelta(minutes=11))
    answer = await browser.get(REDIRECT, params={"state": state, "code": slack.lets_in(OTHER)})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"error": "access_denied"}, 200, "Nothing was installed."),
        ({}, 400, "Slack sent no code."),
        ({"code": "x" * 501}, 400, "Slack sent no code."),
        ({"code": "never-given"}, 502, "Slack did not confirm"),
    ],
)
async def test_what_slack_does_not_grant_installs_nothing(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, params: dict[str, str], status: int, words: str
) -> None:
    async with a_bot(tmp_path, slack, FakeClock(NOON)) as app, a_browser(app) as browser:
        answer = await browser.get(REDIRECT, params={"state": await begun(browser), **params})
        assert (answer.status_code, answer.text.startswith(words)) == (status, True)
        assert not installations(app.store)


async def test_an_organisation_is_no_workspace(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth
) -> None:
    assert (await installed(browser, slack, enterprise=True)).status_code == 502
    assert not installations(app.store)


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_other_methods_are_refused(browser: httpx.AsyncClient, method: str) -> None:
    for path in (INSTALL, REDIRECT):
        assert (await browser.request(method, path)).status_code == 405


async def test_without_a_client_there_is_no_such_page(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    settings = settings_of(tmp_path, slack)
    settings = replace(settings, slack=replace(settings.slack, client_id=None, client_secret=None))
    app = build_app(settings, clock=clock)
    app.open()
    async with a_browser(app) as browser:
        assert (await browser.get(INSTALL)).status_code == 404
    await app.close()


async def test_no_secret_stands_in_an_error_or_a_log(
    browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    slack.answers("echo page", times=1, method="oauth.v2.access")
    answer = await installed(browser, slack)
    await installed(browser, slack)
    shown = caplog.text + answer.text
    assert slack_oauth.CLIENT_SECRET not in shown
    assert KEY.get_secret_value() not in shown
    assert "xoxb-" not in shown


# ------------------------------------------------------------------------------- the app is removed and installed again


async def test_a_workspace_that_reinstalls_the_app_goes_on(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    chat = ChatAddress("slack", f"{OTHER}/C1")
    await installed(browser, slack)
    subscribe(app.store, chat, SubscriptionRequest(text="diffusion"), now=clock.now())
    uninstall(app.store, OTHER, now=clock.now())
    await installer_of(app).update()
    assert [one.team for one in channel_of(app).workspaces.all] == [TEAM]
    assert not installations(app.store)
    assert get_chat(app.store, chat).state == "paused"
    await installed(browser, slack)
    assert get_chat(app.store, chat).state == "active"
    assert uninstalled(app.store) == ()
    slack.knows("C1", team=OTHER)
    await channel_of(app).post(chat, HELLO, delivery="x")


async def test_after_thirty_days_the_workspace_is_erased(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    for team in (OTHER, THIRD):
        await installed(browser, slack, team)
        subscribe(app.store, ChatAddress("slack", f"{team}/C1"), SubscriptionRequest(text="diffusion"), now=clock.now())
    uninstall(app.store, OTHER, now=clock.now())
    clean_up(app.store, now=clock.now() + timedelta(days=31))
    assert {one.chat.address.address for one in listed(app.store, None)} == {f"{THIRD}/C1"}
    assert set(installations(app.store)) == {THIRD}


async def test_installed_twice_the_newer_token_counts(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth
) -> None:
    for _ in range(2):
        await installed(browser, slack)
    tokens = [one.tokens.bot.get_secret_value() for one in channel_of(app).workspaces.all if one.team == OTHER]
    assert tokens == [slack.token_of(OTHER)]


# ------------------------------------------------------------------------------------------------------ tokens that rotate


async def test_tokens_are_renewed_two_hours_before_they_end(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app, a_browser(app) as browser:
        await installed(browser, slack, rotates=True)
        before = dict(installations(app.store))
        clock.advance(timedelta(seconds=slack_oauth.LASTS) - timedelta(hours=3))
        await installer_of(app).update()
        assert slack.refreshed == []
        clock.advance(timedelta(hours=1, minutes=1))
        await installer_of(app).update()
        assert len(slack.refreshed) == 1
        assert installations(app.store) != before
        slack.knows("C1", team=OTHER)
        await channel_of(app).post(ChatAddress("slack", f"{OTHER}/C1"), HELLO, delivery="x")
        await installer_of(app).update()
        assert len(slack.refreshed) == 1
    async with a_bot(tmp_path, slack, clock) as app:  # the token for later refreshes was kept
        clock.advance(timedelta(seconds=slack_oauth.LASTS))
        await installer_of(app).update()
        assert len(slack.refreshed) == 2
        assert installer_of(app).problem == ""


async def test_who_only_looks_renews_nothing(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    await installed(browser, slack, rotates=True)
    clock.advance(timedelta(seconds=slack_oauth.LASTS))
    assert await app.platforms["slack"].load_installations() == ()
    assert slack.refreshed == []


async def test_a_token_that_cannot_be_renewed_is_said_and_tried_again(
    app: App, browser: httpx.AsyncClient, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    await installed(browser, slack, rotates=True)
    clock.advance(timedelta(seconds=slack_oauth.LASTS) - timedelta(hours=1))
    slack.answers("500", times=1, method="oauth.v2.access")
    await installer_of(app).update()
    assert f"workspace {OTHER}: its token cannot be renewed" in installer_of(app).problem
    clock.advance(timedelta(minutes=5))
    await installer_of(app).update()
    assert installer_of(app).problem == ""


# -------------------------------------------------------------------------------------------------------------- the key


async def test_with_another_key_nothing_opens_and_advice_is_given(
    tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app, a_browser(app) as browser:
        await installed(browser, slack)
    async with a_bot(tmp_path, slack, clock, key=SecretStr("another")) as app:
        assert [one.team for one in channel_of(app).workspaces.all] == [TEAM]
        assert "another PAPERWIRE_SECRET_KEY" in installer_of(app).problem
        async with a_browser(app) as browser:
            await installed(browser, slack)
        await installer_of(app).update()
        assert installer_of(app).problem == ""


async def test_a_changed_seal_is_refused(tmp_path: Path, slack: slack_oauth.FakeOAuth, clock: FakeClock) -> None:
    async with a_bot(tmp_path, slack, clock) as app, a_browser(app) as browser:
        await installed(browser, slack)
    with sqlite3.connect(tmp_path / "paperwire.db") as database:
        database.execute("UPDATE installation SET tokens = 'A' || substr(tokens, 2)")
    database.close()
    async with a_bot(tmp_path, slack, clock) as app:
        assert installer_of(app).problem
