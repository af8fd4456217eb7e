"""Telegram posts updates to the web address: other senders are refused, and an update is acknowledged once it is stored."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation import web_server, worker
from bot.platforms.telegram import receiving
from bot.platforms.telegram.adapter import TelegramChannel
from bot.platforms.telegram.incoming import ALLOWED
from bot.ports.conversation import Receiver
from subscriptions.service.chat_status import apply_once as real_once
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration import telegram_bot
from tests.integration.locked import away
from tests.make import NOON
from tests.patience import PATIENCE

SECRET = "a-word-of-the-operator"


@pytest.fixture
def telegram(telegram: FakeTelegram) -> FakeTelegram:
    """The fake Telegram as a local server, which also reaches webhooks over http."""
    telegram.queue.local = True
    telegram.sets_time(NOON.timestamp())
    return telegram


@pytest.fixture
def clock() -> telegram_bot.RestingClock:
    return telegram_bot.RestingClock()


@asynccontextmanager
async def a_bot_with_a_webhook(
    tmp_path: Path,
    fake: FakeTelegram,
    clock: telegram_bot.RestingClock,
    *,
    secret: str | None = SECRET,
    url: str = "http://127.0.0.1:1",
) -> AsyncIterator[tuple[App, list[Receiver]]]:
    """Yields an app and its receivers, before they listen."""
    given = SecretStr(secret) if secret else None
    settings = telegram_bot.telegram_settings(tmp_path, fake, webhook_url=url, webhook_secret=given)
    channel = TelegramChannel(TOKEN, api_url=fake.url, connect=2, read=2)
    app = build_app(settings, clock=clock, channels={"telegram": channel})
    app.open()
    try:
        yield app, app.receivers()
    finally:
        await app.close()


def client_of(receivers: list[Receiver]) -> httpx.AsyncClient:
    """Returns a client that calls the web address without a network."""
    web = web_server.health_app(dict, [route for receiver in receivers for route in receiver.routes])
    return httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://test")


def update(text: str = "/list", number: int = 1, chat: int = 42) -> bytes:
    person = {"id": chat, "is_bot": False, "first_name": "Ada"}
    place = {"id": chat, "type": "private", "first_name": "Ada"}
    message = {"message_id": number, "date": int(NOON.timestamp()), "chat": place, "from": person, "text": text}
    return json.dumps({"update_id": number, "message": message}).encode()


class Web:
    """A client of the web address."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(
        self, body: Any, *, secret: str = SECRET, path: str = "", kind: str = "application/json"
    ) -> tuple[int, str]:
        headers = {b"content-type": kind.encode(), b"X-Telegram-Bot-Api-Secret-Token": secret.encode()}
        answer = await self.client.post(path or receiving.webhook_path(TOKEN), content=body, headers=headers)
        return answer.status_code, answer.text


@asynccontextmanager
async def web(tmp_path: Path, fake: FakeTelegram, clock: telegram_bot.RestingClock) -> AsyncIterator[Web]:
    """A client of the web address of a bot that listens. Before and after, the address takes nothing."""
    async with a_bot_with_a_webhook(tmp_path, fake, clock) as (app, receivers), client_of(receivers) as client:
        page = Web(client)
        assert await page.post(update()) == (503, "Not now.\n")
        async with worker.listening(app, receivers):
            await asyncio.to_thread(fake.waits_for, "getWebhookInfo", 1)
            yield page
        assert await page.post(update(number=99)) == (503, "Not now.\n")


# ── which requests are accepted ───────────────────────────────────────────────

REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("the wrong secret", {"secret": "another"}, 404, "There is no such page.\n"),
    ("no secret", {"secret": ""}, 404, "There is no such page.\n"),
    ("a secret of other letters", {"secret": "caf\u00e9"}, 404, "There is no such page.\n"),
    ("another path", {"path": "/telegram-" + "0" * 32}, 404, "There is no such page.\n"),
    ("a form", {"kind": "application/x-www-form-urlencoded"}, 415, "That is no JSON.\n"),
    ("no JSON", {"body": b"{"}, 400, "That cannot be read.\n"),
    ("a list", {"body": b"[]"}, 400, "That cannot be read.\n"),
    ("no number", {"body": b'{"message": {}}'}, 400, "That cannot be read.\n"),
    ("no UTF-8", {"body": b'"\xff\xfe\xfd"'}, 400, "That cannot be read.\n"),
    ("nothing", {"body": b""}, 400, "That cannot be read.\n"),
    ("very deep", {"body": b"[" * 100_000}, 400, "That cannot be read.\n"),
    ("too much", {"body": b'"' + b"x" * web_server.LARGEST_BODY + b'"'}, 413, "That is too large.\n"),
]


async def test_what_is_no_update_of_telegram_is_refused_in_one_line(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with web(tmp_path, telegram, clock) as page:
        answered = [
            (why, *await page.post(**{"body": update("/sub sesame"), **request})) for why, request, _, _ in REFUSED
        ]
    assert answered == [(why, status, words) for why, _, status, words in REFUSED]
    assert "sesame" not in caplog.text
    assert telegram.posted_to("42") == []


async def test_an_update_is_taken_and_answered_once(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web(tmp_path, telegram, clock) as page:
        for method in ("GET", "PUT", "DELETE"):
            answer = await page.client.request(method, receiving.webhook_path(TOKEN))
            assert (answer.status_code, answer.text) == (405, "Not so.\n")
        monkeypatch.setattr("bot.conversation.handler.apply_once", away)
        assert await page.post(update()) == (503, "Not now.\n")  # while the database is away
        monkeypatch.setattr("bot.conversation.handler.apply_once", real_once)
        assert [await page.post(update()) for _ in range(2)] == [(200, "")] * 2
        assert await page.post(update(number=2), path="/bots/paperwire" + receiving.webhook_path(TOKEN)) == (200, "")
        for unknown in (b'{"update_id": 5, "message": {"chat": []}}', b'{"update_id": 6, "what": 1}'):
            assert await page.post(unknown) == (200, "")
    assert len(telegram.posted_to("42")) == 2


async def test_a_secret_is_looked_at_before_the_body_is_read(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock
) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"{}"

    async with a_bot_with_a_webhook(tmp_path, telegram, clock) as (_, receivers), client_of(receivers) as client:
        answer = await client.post(receiving.webhook_path(TOKEN), content=body())
    assert (answer.status_code, read) == (404, [])


# ── what Telegram gets ────────────────────────────────────────────────────────


@pytest.mark.parametrize("secret", [SECRET, None])
async def test_telegram_is_told_address_and_secret(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock, secret: str | None
) -> None:
    telegram.user_writes("/list")
    one = a_bot_with_a_webhook(tmp_path, telegram, clock, secret=secret)
    async with one as (app, receivers), worker.listening(app, receivers):
        await asyncio.to_thread(telegram.waits_for, "getWebhookInfo", 1)
    webhook = telegram.queue.webhook
    assert webhook.url == receiving.webhook_address("http://127.0.0.1:1", TOKEN)
    assert webhook.connections == 20
    assert telegram.waiting() == 1
    if secret:
        assert webhook.secret == secret
    else:
        assert len(webhook.secret) == 64
        assert webhook.secret not in webhook.url
    assert TOKEN.partition(":")[2] not in webhook.url + webhook.secret
    assert receiving.webhook_path(TOKEN) != receiving.webhook_path(TOKEN + "x")
    assert receiving.webhook_address("https://x.org/bot/", TOKEN) == "https://x.org/bot" + receiving.webhook_path(TOKEN)


async def test_an_address_that_telegram_does_not_take_is_named(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock
) -> None:
    telegram.queue.local = False
    async with a_bot_with_a_webhook(tmp_path, telegram, clock) as (app, receivers), worker.listening(app, receivers):
        await clock.rested(1)
        assert "an https url must be provided" in worker.problems_of(receivers)["telegram updates"]


async def test_with_once_nobody_can_ask_for_what_is_sent(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot_with_a_webhook(tmp_path, telegram, clock) as (app, _):
        await worker.answer_once(app)
    assert "webhook" in caplog.text


# ── end to end, over a real web server ────────────────────────────────────────


@asynccontextmanager
async def a_served_bot(
    tmp_path: Path, fake: FakeTelegram, clock: telegram_bot.RestingClock
) -> AsyncIterator[tuple[App, list[Receiver], Callable[[], None]]]:
    """Yields a bot whose web address listens on loopback, and a function that starts it again after it was stopped."""
    said: list[str] = []
    settings = telegram_bot.telegram_settings(tmp_path, fake)
    async with web_server.serving(settings, dict, said.append, []):
        address = said[0].partition("http://")[2].partition("/")[0]
    port = int(address.rpartition(":")[2])  # this port has just become free
    async with a_bot_with_a_webhook(tmp_path, fake, clock, url=f"http://127.0.0.1:{port}/tg") as (app, receivers):
        hooks = [route for receiver in receivers for route in receiver.routes]
        async with (
            web_server.serving(replace(app.settings, web_port=port), dict, said.append, hooks),
            worker.listening(app, receivers),
        ):
            yield app, receivers, clock.rings


async def test_updates_that_the_database_refused_are_sent_again(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.user_writes("/sub before")
    async with a_served_bot(tmp_path, telegram, clock) as (_, receivers, rings):
        await asyncio.to_thread(telegram.waits_for, "getWebhookInfo", 1)
        await telegram_bot.confirmed(telegram)
        monkeypatch.setattr("bot.conversation.handler.apply_once", away)
        telegram.user_writes("/sub diffusion")
        telegram.user_writes("/sub graph")
        await asyncio.to_thread(telegram.queue.failed.wait, PATIENCE)
        await clock.rested(1)
        rings()
        await asyncio.to_thread(telegram.waits_for, "getWebhookInfo", 2)
        await clock.rested(2)
        assert "503" in worker.problems_of(receivers)["telegram updates"]
        monkeypatch.setattr("bot.conversation.handler.apply_once", real_once)
        telegram.repeats()
        await telegram_bot.confirmed(telegram)
        rings()
        await clock.rested(3)
        assert worker.problems_of(receivers) == {}
    assert [entry.text[:4] for entry in telegram.posted_to("42")] == ["✓ 1 ", "✓ 2 ", "✓ 3 "]


async def test_a_webhook_that_somebody_took_away_is_set_again(
    tmp_path: Path, telegram: FakeTelegram, clock: telegram_bot.RestingClock
) -> None:
    async with a_served_bot(tmp_path, telegram, clock) as (_, _, rings):
        await clock.rested(1)
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{telegram.url}/bot{TOKEN}/deleteWebhook")
        telegram.user_writes("/sub diffusion")
        rings()
        await telegram_bot.posts(telegram, 1)
    assert len(telegram.posted_to("42")) == 1
    assert set(telegram.queue.webhook_info()["allowed_updates"]) == set(ALLOWED)
