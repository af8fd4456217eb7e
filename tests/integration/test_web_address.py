"""The bot's web address: `/metrics`."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.web import server as web_server
from tests.clock import NOON, FakeClock
from tests.given_settings import settings_of

PASSWORD, METRICS_TOKEN = "correct horse battery", "a token of Prometheus"


async def _metrics() -> tuple[bytes, str]:
    return b'paperwire_source_overdue{source="our-list"} 1.0', "text/plain"


def measured(folder: Path, **named: str) -> httpx.AsyncClient:
    settings = settings_of({f"PAPERWIRE_{name}": value for name, value in named.items()}, folder)
    password = settings.web_password
    lock = web_server.Lock(FakeClock(NOON), password.get_secret_value()) if password else None
    page = web_server.create_app([*web_server.health_routes(dict), *web_server.metrics_routes(_metrics, lock)])
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
        for number in range(web_server.MOST_TRIES):
            assert (await eve.get("/metrics", headers=bearing(f"guess {number}"))).status_code == 401
        assert (await eve.get("/metrics", headers=bearing(PASSWORD))).status_code == 429
