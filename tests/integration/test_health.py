"""`/health/ready` and `/health/live` over real HTTP: what is wrong, and for how long."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.operation.health import Health
from bot.operation.process import Process
from bot.operation.web_server import serving
from bot.settings import Settings, load_settings
from subscriptions.errors import StoreUnavailable
from subscriptions.store.database.store import Store, write_refusal
from tests.fakes.telegram import FakeTelegram
from tests.integration.locked import ForeignLock
from tests.integration.telegram_bot import a_bot
from tests.make import FakeClock, ingested, paper, subscribes
from tests.source_harness import NoSources

READY = {"ready": True, "problems": {}}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("subscriptions.store.database.store.PATIENCE", 0.01)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", "PAPERWIRE_WEB_PORT": "0"}, tmp_path)


class Page:
    """The web address of a process that ticks when a test says so."""

    def __init__(self, store: Store, process: Process, health: Health, clock: FakeClock, url: str) -> None:
        self.store = store
        self._process = process
        self._health = health
        self._clock = clock
        self._url = url

    async def goes_on(self, seconds: float) -> None:
        """Lets time pass, with a tick and a look at its end."""
        self._clock.advance(timedelta(seconds=seconds))
        await self._process.tick()
        await self._health.look()

    async def ready(self) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self._url}/health/ready")
        return answer.status_code, answer.json()


@asynccontextmanager
async def a_page(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, settings: Settings, sources: object = None
) -> AsyncIterator[Page]:
    said: list[str] = []
    async with a_bot(tmp_path, telegram, clock) as app:
        process = Process(app, sources or NoSources())  # type: ignore[arg-type]
        health = Health(app.store, clock, lambda: process.problems)
        async with serving(settings, health.problems, said.append, []):
            url = said[0].removeprefix("Health: ").removesuffix("/health/ready")
            yield Page(app.store, process, health, clock, url)


async def test_ready_is_503_while_a_foreign_lock_blocks_writes(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, settings: Settings
) -> None:
    async with a_page(tmp_path, telegram, clock, settings) as page:
        await page.goes_on(1)
        assert await page.ready() == (200, READY)
        lock = ForeignLock(tmp_path / "paperwire.db")
        lock.take()
        await page.goes_on(1)
        assert await page.ready() == (200, READY), "a neighbour at work is no problem"
        await page.goes_on(60)
        await page.goes_on(122)
        assert await page.ready() == (
            503,
            {
                "ready": False,
                "problems": {"database": "nothing can be written: it is locked by another program"},
                "seconds": {"database": 182},
            },
        )
        lock.close()
        await page.goes_on(1)
        assert await page.ready() == (200, READY)


async def test_ready_counts_sources_and_names_none_to_strangers(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, settings: Settings
) -> None:
    sources = NoSources()
    sources.problems = {"our-secret-list": "the folder cannot be read", "another": "the folder cannot be read"}
    async with a_page(tmp_path, telegram, clock, settings, sources) as page:
        await page.goes_on(1)
        await page.goes_on(60)
        assert await page.ready() == (
            503,
            {
                "ready": False,
                "problems": {"sources": "2 cannot be read; paperwire sources says which"},
                "seconds": {"sources": 60},
            },
        )
        sources.problems = {}
        await page.goes_on(1)
        assert await page.ready() == (200, READY)


async def test_ready_is_503_while_the_disk_is_full(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, settings: Settings
) -> None:
    def limits_pages(store: Store, most: int) -> None:
        with store.write() as transaction:
            transaction.connection().exec_driver_sql(f"PRAGMA max_page_count = {most}")

    papers = [paper(f"Paper {n}", abstract="Text. " * 500) for n in range(100)]
    async with a_page(tmp_path, telegram, clock, settings) as page:
        await page.goes_on(1)
        limits_pages(page.store, 1)  # as many as there are
        with pytest.raises(StoreUnavailable, match="full"):
            ingested(page.store, *papers)
        await page.goes_on(1)
        await page.goes_on(30)
        status, said = await page.ready()
        assert (status, said["problems"]) == (503, {"database": "nothing can be written: its disk is full"})
        limits_pages(page.store, 1_000_000)
        await page.goes_on(1)
        assert (await page.ready())[0] == 503, "nothing was written yet"
        ingested(page.store, *papers)
        await page.goes_on(1)
        assert await page.ready() == (200, READY)


async def test_a_disk_without_room_is_found_before_anything_is_written(
    tmp_path: Path,
    telegram: FakeTelegram,
    clock: FakeClock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_page(tmp_path, telegram, clock, settings) as page:
        monkeypatch.setattr("subscriptions.store.database.store.LEAST_ROOM", 2**70)
        await page.goes_on(1)
        await page.goes_on(30)
        status, said = await page.ready()
    assert (status, said["problems"]) == (503, {"database": "nothing can be written: its disk is full"})


def test_a_long_write_of_the_process_itself_is_no_lock(store: Store) -> None:
    with store.write() as transaction:
        subscribes(transaction, "telegram:1", "graph")
        found: list[object] = []
        looking = threading.Thread(target=lambda: found.append(write_refusal(store)))
        looking.start()
        looking.join()
    assert found == [None]


async def test_each_problem_is_named_with_its_age(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, settings: Settings
) -> None:
    async with a_page(tmp_path, telegram, clock, settings) as page:
        assert (await page.ready())[1]["seconds"] == {"start": 0}
        clock.advance(timedelta(seconds=7))
        assert await page.ready() == (
            503,
            {"ready": False, "problems": {"start": "still starting"}, "seconds": {"start": 7}},
        )
