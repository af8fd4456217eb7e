"""The bot's web address: `/metrics`, and Telegram's webhook, which refuses every other sender."""

import asyncio
import dataclasses
import json
from collections import abc
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation import http_server, passwords, web_server, worker
from bot.platforms.telegram import receiving
from bot.platforms.telegram.adapter import TelegramChannel
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.incoming import ALLOWED
from bot.ports.conversation import Receiver
from bot.settings.loading import load_settings
from subscriptions.service.conversation_state import apply_once as real_once
from tests.clock import NOON, FakeClock
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration import telegram_bot
from tests.integration.locked import away
from tests.integration.program import RestingClock, free_port, opened
from tests.patience import PATIENCE

PASSWORD, METRICS_TOKEN = "correct horse battery", "a token of Prometheus"


async def _metrics() -> tuple[bytes, str]:
    return b'paperwire_source_overdue{source="our-list"} 1.0', "text/plain"


def measured(folder: Path, **named: str) -> httpx.AsyncClient:
    settings = load_settings({f"PAPERWIRE_{name}": value for name, value in named.items()}, folder)
    page = web_server.health_app(
        dict, metrics=_metrics, metrics_lock=passwords.lock_of_metrics(settings, FakeClock(NOON))
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://x")


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("settings", "shows", "status"),
    [
        ({}, {}, 200),
        ({"WEB_PASSWORD": PASSWORD}, {}, 401),
        ({"WEB_PASSWORD": PASSWORD}, {"auth": ("anybody", PASSWORD)}, 200),
        ({"WEB_PASSWORD": PASSWORD}, {"headers": bearing(PASSWORD)}, 200),
        ({"WEB_PASSWORD": PASSWORD}, {"auth": ("anybody", METRICS_TOKEN)}, 401),
        ({"WEB_PASSWORD": PASSWORD}, {"headers": {"authorization": "Basic ???"}}, 401),
        ({"WEB_PASSWORD": PASSWORD}, {"headers": bearing("")}, 401),
        ({"WEB_PASSWORD": PASSWORD, "METRICS_TOKEN": METRICS_TOKEN}, {"headers": bearing(METRICS_TOKEN)}, 200),
        ({"METRICS_TOKEN": METRICS_TOKEN}, {}, 401),
        ({"METRICS_TOKEN": METRICS_TOKEN}, {"headers": bearing(METRICS_TOKEN)}, 200),
    ],
)
async def test_metrics_are_shown_to_who_has_the_password(
    tmp_path: Path, settings: dict[str, str], shows: dict[str, Any], status: int
) -> None:
    async with measured(tmp_path, **settings) as prometheus:
        answer = await prometheus.get("/metrics", **shows)
        assert answer.status_code == status
        assert ("our-list" in answer.text) is (status == 200)
        assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_the_password_cannot_be_guessed_at_metrics(tmp_path: Path) -> None:
    async with measured(tmp_path, WEB_PASSWORD=PASSWORD) as eve:
        for number in range(passwords.MOST_TRIES_OF_AN_ADDRESS):
            assert (await eve.get("/metrics", headers=bearing(f"guess {number}"))).status_code == 401
        assert (await eve.get("/metrics", headers=bearing(PASSWORD))).status_code == 429


# ── Telegram posts updates to the web address ─────────────────────────────────────────────────────────────────────────

SECRET = "a-word-of-the-operator"


@pytest.fixture
def telegram(telegram: FakeTelegram) -> FakeTelegram:
    """The fake Telegram as a local Bot API server, which accepts webhooks over http."""
    telegram.queue.local = True
    telegram.sets_time(NOON.timestamp())
    return telegram


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


@asynccontextmanager
async def a_bot_with_a_webhook(
    tmp_path: Path,
    fake: FakeTelegram,
    clock: RestingClock,
    *,
    secret: str | None = SECRET,
    url: str = "http://127.0.0.1:1",
) -> abc.AsyncIterator[tuple[App, list[Receiver]]]:
    """Yields an app and its receivers, which do not listen yet."""
    settings = telegram_bot.telegram_settings(
        tmp_path, fake, webhook_url=url, webhook_secret=SecretStr(secret) if secret else None
    )
    async with opened(
        build_app(
            settings, clock=clock, channels={"telegram": TelegramChannel(Client(TOKEN, fake.url, connect=2, read=2))}
        )
    ) as app:
        yield app, app.receivers()


def client_of(receivers: list[Receiver]) -> httpx.AsyncClient:
    """Returns a client that calls the web address without a network."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(
            web_server.health_app(dict, [route for receiver in receivers for route in receiver.routes])
        ),
        base_url="http://test",
    )


def update(text: str = "/list", number: int = 1, chat: int = 42) -> bytes:
    message = {
        "message_id": number,
        "date": int(NOON.timestamp()),
        "chat": {"id": chat, "type": "private", "first_name": "Ada"},
        "from": {"id": chat, "is_bot": False, "first_name": "Ada"},
        "text": text,
    }
    return json.dumps({"update_id": number, "message": message}).encode()


async def post(
    web: httpx.AsyncClient, body: Any, *, secret: str = SECRET, path: str = "", kind: str = "application/json"
) -> tuple[int, str]:
    """Posts a body to the webhook as Telegram does. Returns (status, text of the answer)."""
    answer = await web.post(
        path or receiving.webhook_path(TOKEN),
        content=body,
        headers={b"content-type": kind.encode(), b"X-Telegram-Bot-Api-Secret-Token": secret.encode()},
    )
    return answer.status_code, answer.text


@asynccontextmanager
async def web(tmp_path: Path, fake: FakeTelegram, clock: RestingClock) -> abc.AsyncIterator[httpx.AsyncClient]:
    """Yields a client of the webhook of a bot that listens. Before and after, the webhook answers 503."""
    async with a_bot_with_a_webhook(tmp_path, fake, clock) as (app, receivers), client_of(receivers) as page:
        assert await post(page, update()) == (503, "Not now.\n")
        async with worker.listening(app, receivers):
            await asyncio.to_thread(fake.waits_for, "getWebhookInfo", 1)
            yield page
        assert await post(page, update(number=99)) == (503, "Not now.\n")


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
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with web(tmp_path, telegram, clock) as page:
        answered = [
            (why, *await post(page, **{"body": update("/sub sesame"), **request})) for why, request, _, _ in REFUSED
        ]
    assert answered == [(why, status, words) for why, _, status, words in REFUSED]
    assert "sesame" not in caplog.text
    assert telegram.posted_to("42") == []


async def test_an_update_is_taken_and_answered_once(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web(tmp_path, telegram, clock) as page:
        for method in ("GET", "PUT", "DELETE"):
            answer = await page.request(method, receiving.webhook_path(TOKEN))
            assert (answer.status_code, answer.text) == (405, "Not so.\n")
        monkeypatch.setattr("bot.conversation.handler.apply_once", away)
        assert await post(page, update()) == (503, "Not now.\n")  # while the database is away
        monkeypatch.setattr("bot.conversation.handler.apply_once", real_once)
        assert [await post(page, update()) for _ in range(2)] == [(200, "")] * 2
        assert await post(page, update(number=2), path="/bots/paperwire" + receiving.webhook_path(TOKEN)) == (200, "")
        for unknown in (b'{"update_id": 5, "message": {"chat": []}}', b'{"update_id": 6, "what": 1}'):
            assert await post(page, unknown) == (200, "")
    assert len(telegram.posted_to("42")) == 2


async def test_a_secret_is_looked_at_before_the_body_is_read(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
) -> None:
    read = []

    async def body() -> abc.AsyncIterator[bytes]:
        read.append(1)
        yield b"{}"

    async with a_bot_with_a_webhook(tmp_path, telegram, clock) as (_, receivers), client_of(receivers) as client:
        answer = await client.post(receiving.webhook_path(TOKEN), content=body())
    assert (answer.status_code, read) == (404, [])


# ── what Telegram gets ────────────────────────────────────────────────────────


@pytest.mark.parametrize("secret", [SECRET, None])
async def test_telegram_is_told_address_and_secret(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, secret: str | None
) -> None:
    telegram.user_writes("/list")
    async with (
        a_bot_with_a_webhook(tmp_path, telegram, clock, secret=secret) as (app, receivers),
        worker.listening(app, receivers),
    ):
        await asyncio.to_thread(telegram.waits_for, "getWebhookInfo", 1)
    webhook = telegram.queue.webhook
    assert (webhook.url, webhook.connections) == (receiving.webhook_address("http://127.0.0.1:1", TOKEN), 20)
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
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
) -> None:
    telegram.queue.local = False
    async with a_bot_with_a_webhook(tmp_path, telegram, clock) as (app, receivers), worker.listening(app, receivers):
        await clock.rested(1)
        assert "an https url must be provided" in worker.problems_of(receivers)["telegram updates"]


async def test_with_once_nobody_can_ask_for_what_is_sent(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot_with_a_webhook(tmp_path, telegram, clock) as (app, _):
        await worker.answer_once(app)
    assert "webhook" in caplog.text


# ── end to end, over a real web server ────────────────────────────────────────


@asynccontextmanager
async def a_served_bot(
    tmp_path: Path, fake: FakeTelegram, clock: RestingClock
) -> abc.AsyncIterator[tuple[App, list[Receiver], abc.Callable[[], None]]]:
    """Yields a bot whose web server listens on loopback, its receivers, and a function that ends the waits of its clock."""
    port = free_port()
    async with a_bot_with_a_webhook(tmp_path, fake, clock, url=f"http://127.0.0.1:{port}/tg") as (app, receivers):
        hooks = [route for receiver in receivers for route in receiver.routes]
        async with (
            http_server.serving(dataclasses.replace(app.settings, web_port=port), web_server.health_app(dict, hooks)),
            worker.listening(app, receivers),
        ):
            yield app, receivers, clock.rings


async def test_updates_that_the_database_refused_are_sent_again(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, monkeypatch: pytest.MonkeyPatch
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
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
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
