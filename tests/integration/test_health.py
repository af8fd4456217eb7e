"""How other programs learn whether all is well: `/health/ready` and `/health/live` over real HTTP, and
PAPERWIRE_HEARTBEAT_URL.
"""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app import build_app
from bot.operation import ticks
from bot.operation.health import Health
from bot.operation.process import Process
from bot.operation.web_server import serving
from bot.settings.loading import load_settings
from subscriptions.errors import StoreUnavailable
from subscriptions.store.database.store import Store, write_refusal
from tests import make
from tests.fakes.telegram import FakeTelegram
from tests.fakes.watchman import Watchman
from tests.integration import cli
from tests.integration.locked import ForeignLock
from tests.integration.telegram_bot import a_bot
from tests.source_harness import NoSources

READY = {"ready": True, "problems": {}}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("subscriptions.store.database.store.PATIENCE", 0.01)


class Page:
    """The web address of a process; its ticks come when a test calls them."""

    def __init__(self, store: Store, process: Process, health: Health, clock: make.FakeClock, url: str) -> None:
        self.store = store
        self._process = process
        self._health = health
        self._clock = clock
        self._url = url

    async def goes_on(self, seconds: float) -> None:
        """Lets time pass, and ends with a tick and a health check."""
        self._clock.advance(timedelta(seconds=seconds))
        await self._process.tick()
        await self._health.look()

    async def ready(self) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self._url}/health/ready")
        return answer.status_code, answer.json()


@asynccontextmanager
async def a_page(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock, sources: object = None
) -> AsyncIterator[Page]:
    said: list[str] = []
    async with a_bot(tmp_path, telegram, clock) as app:
        process = Process(app, sources or NoSources())  # type: ignore[arg-type]
        health = Health(app.store, clock, lambda: process.problems)
        async with serving(app.settings, health.problems, said.append, []):
            url = said[0].removeprefix("Health: ").removesuffix("/health/ready")
            yield Page(app.store, process, health, clock, url)


@pytest.fixture
async def page(tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock) -> AsyncIterator[Page]:
    async with a_page(tmp_path, telegram, clock) as made:
        yield made


async def test_ready_is_503_while_a_foreign_lock_blocks_writes(page: Page, tmp_path: Path) -> None:
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
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    sources = NoSources()
    sources.problems = {"our-secret-list": "the folder cannot be read", "another": "the folder cannot be read"}
    async with a_page(tmp_path, telegram, clock, sources) as page:
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


async def test_ready_is_503_while_the_disk_is_full(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def limits_pages(store: Store, most: int) -> None:
        with store.write() as transaction:
            transaction.connection().exec_driver_sql(f"PRAGMA max_page_count = {most}")

    papers = [make.paper(f"Paper {n}", abstract="Text. " * 500) for n in range(100)]
    await page.goes_on(1)
    limits_pages(page.store, 1)  # SQLite raises the limit to the current number of pages
    with pytest.raises(StoreUnavailable, match="full"):
        make.ingested(page.store, *papers)
    await page.goes_on(1)
    await page.goes_on(30)
    status, said = await page.ready()
    assert (status, said["problems"]) == (503, {"database": "nothing can be written: its disk is full"})
    limits_pages(page.store, 1_000_000)
    await page.goes_on(1)
    assert (await page.ready())[0] == 503, "nothing was written yet"
    make.ingested(page.store, *papers)
    await page.goes_on(1)
    assert await page.ready() == (200, READY)
    monkeypatch.setattr("subscriptions.store.database.store.LEAST_ROOM", 2**70)  # found before anything is written
    await page.goes_on(1)
    await page.goes_on(30)
    status, said = await page.ready()
    assert (status, said["problems"]) == (503, {"database": "nothing can be written: its disk is full"})


def test_a_long_write_of_the_process_itself_is_no_lock(store: Store) -> None:
    with store.write() as transaction:
        make.subscribes(transaction, "telegram:1", "graph")
        found: list[object] = []
        looking = threading.Thread(target=lambda: found.append(write_refusal(store)))
        looking.start()
        looking.join()
    assert found == [None]


async def test_each_problem_is_named_with_its_age(page: Page, clock: make.FakeClock) -> None:
    assert (await page.ready())[1]["seconds"] == {"start": 0}
    clock.advance(timedelta(seconds=7))
    assert await page.ready() == (
        503,
        {"ready": False, "problems": {"start": "still starting"}, "seconds": {"start": 7}},
    )


# ------------------ PAPERWIRE_HEARTBEAT_URL gets a request every few minutes while all is well, and none at other times


PATH = "/ping/sesame-4711"


@pytest.fixture
def watchman() -> Iterator[Watchman]:
    with Watchman() as found:
        yield found


@pytest.fixture
async def heartbeat(tmp_path: Path, clock: make.FakeClock, watchman: Watchman) -> AsyncIterator[ticks.Heartbeat]:
    environ = {"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", "PAPERWIRE_HEARTBEAT_URL": watchman.url}
    app = build_app(load_settings(environ, tmp_path), clock=clock)
    made = ticks.make_heartbeat(app)
    yield made
    await made.close()
    await app.close()


async def beats(heartbeat: ticks.Heartbeat, *, well: bool = True) -> None:
    """Sends a heartbeat, and waits for the answer."""
    heartbeat.beat(well=well)
    if heartbeat._task is not None:
        await heartbeat._task


async def test_while_all_is_well_it_is_asked_every_five_minutes(
    heartbeat: ticks.Heartbeat, clock: make.FakeClock, watchman: Watchman
) -> None:
    for later, well, calls in ((0, True, 1), (0, True, 1), (ticks.INTERVAL - 1, True, 1), (1, False, 1), (0, True, 2)):
        clock.advance(timedelta(seconds=later))
        await beats(heartbeat, well=well)
        assert watchman.calls == [PATH] * calls


async def test_a_failed_heartbeat_is_one_line_without_the_address(
    heartbeat: ticks.Heartbeat, clock: make.FakeClock, watchman: Watchman, caplog: pytest.LogCaptureFixture
) -> None:
    for status in (404, 500, 200, 201, 202, 204, 503):
        watchman.status = status
        await beats(heartbeat)
        clock.advance(timedelta(hours=2))
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: 127.0.0.1 answers 404 Not Found.",
        "The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: 127.0.0.1 is too busy to answer (503).",
    ]
    assert len(watchman.calls) == 7


async def test_nobody_at_the_address_disturbs_nothing(
    heartbeat: ticks.Heartbeat, clock: make.FakeClock, watchman: Watchman, caplog: pytest.LogCaptureFixture
) -> None:
    watchman.goes_down()
    for _ in range(3):
        await beats(heartbeat)
        clock.advance(timedelta(seconds=ticks.INTERVAL))
    (record,) = caplog.records
    assert "refuses connections" in record.getMessage()
    assert "sesame" not in record.getMessage()


def test_once_calls_at_its_end_if_all_went_well(terminal: cli.Terminal, watchman: Watchman) -> None:
    terminal.set("HEARTBEAT_URL", watchman.url)
    terminal.set("WEB_PORT", "0")
    terminal.file("inbox/today.md", cli.PAGE)
    assert (terminal("run", "--once").status, watchman.calls) == (0, [PATH])
    terminal.file("inbox/today.md", "These are notes.\n")
    assert (terminal("run", "--once").status, watchman.calls) == (1, [PATH])
