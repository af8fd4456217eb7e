"""The web address under many connections: silent ones are closed, and requests are answered."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from bot.operation import sign_in
from bot.operation import web_server as web_server_room
from bot.settings import Settings
from bot.settings.loading import load_settings
from tests.make import NOON, FakeClock

LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", "PAPERWIRE_WEB_PORT": "0"}, tmp_path)


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[int]:
    """Yields the port of a web address that listens on loopback."""
    said: list[str] = []
    async with web_server_room.serving(settings, dict, said.append, []):
        yield int(said[0].partition("127.0.0.1:")[2].partition("/")[0])


class Line(NamedTuple):
    """A raw TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def says(self, words: bytes) -> None:
        self.writer.write(words)
        await self.writer.drain()

    async def reads(self, words: bytes) -> bytes:
        return await self.reader.readuntil(words)

    async def ended(self) -> bool:
        """Waits until the other side closes the connection. Returns whether it sent nothing before."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True


@asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Line]]:
    found = [Line(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    try:
        yield found
    finally:
        for line in found:
            line.writer.close()


async def test_a_thousand_silent_connections_keep_nobody_out(
    settings: Settings, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with served(settings) as port, lines(port, 1000) as silent:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/health/live")
        assert answer.text == '{"live":true}'
        assert await silent[0].ended()  # the client that has been silent longest
        await silent[-1].says(b"\x16\x03\x01 hello\r\n\r\n")
        assert b"400" in await silent[-1].reads(b"\r\n"), "what is no HTTP is refused"
    assert (caplog.text, capfd.readouterr().err) == ("", "")


@pytest.mark.parametrize("said", [b"", b"GET", LIVE, b"POST /x HTTP/1.1\r\nX: " + b"y" * 1000])
async def test_a_head_that_does_not_end_ends_the_connection(
    settings: Settings, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(settings) as port, lines(port, 1) as (second,):
        await second.says(LIVE + b"\r\n")
        await second.reads(b'{"live":true}')
        monkeypatch.setattr(web_server_room, "LONGEST_HEAD", 0.05)
        async with lines(port, 1) as (first,):
            for line, words in ((first, said), (second, LIVE)):  # nor does a second request keep it open
                await line.says(words)
                assert await line.ended()


async def test_one_address_takes_no_more_than_its_part(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def host(self: web_server_room.LimitedProtocol) -> str:
        return self.client[0] if self.client else ""

    monkeypatch.setattr(web_server_room, "MOST_OF_AN_ADDRESS", 3)
    monkeypatch.setattr(web_server_room.LimitedProtocol, "_host", host)
    async with served(settings) as port, lines(port, 4) as (first, *others):
        assert await first.ended()
        for line in others:
            await line.says(LIVE + b"\r\n")
            await line.reads(b'{"live":true}')


@pytest.mark.parametrize(("files", "most"), [(256, 64), (10**6, 512), (-1, 512)])
def test_connections_leave_most_of_the_files_to_the_work(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert web_server_room.most_connections() == most


# ------------------------------------------------------------------------------------------------------------- /metrics

PASSWORD, TOKEN = "correct horse battery", "a token of Prometheus"


async def _metrics() -> tuple[bytes, str]:
    return b'paperwire_source_overdue{source="our-list"} 1.0', "text/plain"


def measured(folder: Path, **named: str) -> httpx.AsyncClient:
    settings = load_settings({f"PAPERWIRE_{name}": value for name, value in named.items()}, folder)
    page = web_server_room.health_app(
        dict, metrics=_metrics, metrics_lock=sign_in.lock_of_metrics(settings, FakeClock(NOON))
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
        ({"WEB_PASSWORD": PASSWORD}, {"auth": ("anybody", TOKEN)}, 401),
        ({"WEB_PASSWORD": PASSWORD}, {"headers": {"authorization": "Basic ???"}}, 401),
        ({"WEB_PASSWORD": PASSWORD}, {"headers": bearing("")}, 401),
        ({"WEB_PASSWORD": PASSWORD, "METRICS_TOKEN": TOKEN}, {"headers": bearing(TOKEN)}, 200),
        ({"METRICS_TOKEN": TOKEN}, {}, 401),
        ({"METRICS_TOKEN": TOKEN}, {"headers": bearing(TOKEN)}, 200),
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
        for number in range(sign_in.MOST_TRIES_OF_AN_ADDRESS):
            assert (await eve.get("/metrics", headers=bearing(f"guess {number}"))).status_code == 401
        assert (await eve.get("/metrics", headers=bearing(PASSWORD))).status_code == 429


# ----------------------------------------------------------------------------------------------------------------------


async def test_a_damaged_body_of_a_head_request_makes_no_traceback(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Found by fuzzing: h11 allows no answer to such a request, and asyncio logged a fatal error for each one."""
    head = b"HEAD /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with served(settings) as port, lines(port, 1) as found:
        await found[0].says(head + b"2\r\n{}upde\r\n")
        await found[0].ended()  # the server had already begun an answer
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
