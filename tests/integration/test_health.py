"""How operators and other programs learn whether all is well, and which workers run: by `/health/ready` and
`/health/live` over real HTTP, PAPERWIRE_HEARTBEAT_URL and `paperwire status`.
"""

import contextlib
import dataclasses
import datetime as dt
import shutil
from collections import abc
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.build import build_app
from bot.run.maintenance import HEARTBEAT_INTERVAL, LOOK_INTERVAL, MaintenanceJobs
from bot.run.process import Process
from bot.web import server as web_server
from subscriptions.database.store import Store
from tests import make
from tests.clock import FakeClock
from tests.fakes.process import Remote
from tests.fakes.telegram import FakeTelegram
from tests.fakes.watchman import Watchman
from tests.given_settings import settings_of
from tests.integration import cli
from tests.integration.cli import Terminal
from tests.integration.locked import ForeignLock
from tests.integration.program import free_port
from tests.integration.telegram_bot import a_bot
from tests.patience import PATIENCE
from tests.source_harness import NoSources

READY = {"ready": True, "problems": {}}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.database.store.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("subscriptions.database.store.PROBE_SECONDS", 0.01)


class Page:
    """A process and its web address. A test calls the ticks of the process."""

    def __init__(self, store: Store, process: Process, clock: FakeClock, url: str) -> None:
        self.store = store
        self._process = process
        self._clock = clock
        self._url = url

    async def goes_on(self, seconds: float) -> None:
        """Advances the clock. Then runs a tick and a check of the health."""
        self._clock.advance(dt.timedelta(seconds=seconds))
        await self._process.tick()
        await self._process.health.look()

    async def ready(self) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            answer = await client.get(f"{self._url}/health/ready")
        return answer.status_code, answer.json()

    async def after(self, seconds: float) -> tuple[int, dict[str, Any]]:
        """Goes on for so many seconds. Returns what the page of the health then answers."""
        await self.goes_on(seconds)
        return await self.ready()


@contextlib.asynccontextmanager
async def a_page(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, sources: object = None
) -> abc.AsyncIterator[Page]:
    async with a_bot(tmp_path, telegram, clock) as app:
        process = Process(app, sources or NoSources())  # type: ignore[arg-type]
        web = web_server.create_app(web_server.health_routes(process.health.problems))
        async with web_server.serving(app.settings, web) as url:
            yield Page(app.store, process, clock, url)


@pytest.fixture
async def page(tmp_path: Path, telegram: FakeTelegram, clock: FakeClock) -> abc.AsyncIterator[Page]:
    async with a_page(tmp_path, telegram, clock) as made:
        yield made


async def test_ready_is_503_while_a_foreign_lock_blocks_writes(page: Page, tmp_path: Path) -> None:
    assert await page.after(1) == (200, READY)
    lock = ForeignLock(tmp_path / "paperwire.db")
    lock.take()
    assert await page.after(1) == (200, READY), "a neighbour at work is no problem"
    await page.goes_on(60)
    assert await page.after(122) == (
        503,
        {
            "ready": False,
            "problems": {"database": "nothing can be written: it is locked by another program"},
            "seconds": {"database": 182},
        },
    )
    lock.close()
    assert await page.after(1) == (200, READY)


async def test_ready_counts_sources_and_names_none_to_strangers(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    sources = NoSources()
    sources.problems = {"our-secret-list": "the folder cannot be read", "another": "the folder cannot be read"}
    async with a_page(tmp_path, telegram, clock, sources) as page:
        await page.goes_on(1)
        assert await page.after(60) == (
            503,
            {
                "ready": False,
                "problems": {"sources": "2 cannot be read; paperwire sources says which"},
                "seconds": {"sources": 60},
            },
        )
        sources.problems = {}
        assert await page.after(1) == (200, READY)


FULL = (503, {"database": "nothing can be written: its disk is full"})


async def test_ready_is_503_while_the_disk_is_full(
    page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await page.goes_on(1)
    room = 1
    monkeypatch.setattr("subscriptions.database.sqlite.disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, room))
    for seconds in (1, 30):  # at once, unlike a lock
        await page.goes_on(seconds)
        status, said = await page.ready()
        assert (status, said["problems"]) == FULL
    assert caplog.messages.count("database: nothing can be written: its disk is full") == 1
    room = 2**40
    assert await page.after(1) == (200, READY)


# PAPERWIRE_HEARTBEAT_URL gets a request every few minutes while all is well, and none at other times

PATH = "/ping/sesame-4711"


@pytest.fixture
def watchman() -> abc.Iterator[Watchman]:
    with Watchman() as found:
        yield found


@dataclasses.dataclass
class Beating:
    """The upkeep of a process that is well until a test says otherwise."""

    upkeep: MaintenanceJobs
    is_well: bool = True


@pytest.fixture
async def beating(tmp_path: Path, clock: FakeClock, watchman: Watchman) -> abc.AsyncIterator[Beating]:
    app = build_app(
        settings_of(
            {"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", "PAPERWIRE_HEARTBEAT_URL": watchman.url}, tmp_path
        ),
        clock=clock,
    )
    made = Beating(MaintenanceJobs(app, is_well=lambda: made.is_well))
    yield made
    await app.close()


async def test_a_heartbeat_is_sent_only_while_all_is_well(beating: Beating, watchman: Watchman) -> None:
    for well, calls in ((True, 1), (False, 1), (True, 2)):
        beating.is_well = well
        await beating.upkeep.heartbeat()
        assert watchman.calls == [PATH] * calls


async def test_a_failed_heartbeat_is_one_line_without_the_address(
    beating: Beating, watchman: Watchman, caplog: pytest.LogCaptureFixture
) -> None:
    for status in (404, 500, 200, 201, 202, 204, 503):
        watchman.status = status
        await beating.upkeep.heartbeat()
    assert [record.getMessage() for record in caplog.records] == [
        "The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: 127.0.0.1 answers 404.",
        "The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: 127.0.0.1 answers 503.",
    ]
    assert len(watchman.calls) == 7


async def test_clock_that_is_set_back_stops_no_heartbeat(beating: Beating, clock: FakeClock) -> None:
    beating.upkeep.start()
    clock.step(-dt.timedelta(hours=2))
    before = beating.upkeep.next_runs()
    beating.upkeep.follow_clock()
    after = beating.upkeep.next_runs()
    await beating.upkeep.close()
    assert min(before.values()) > clock.wall() + dt.timedelta(hours=1)
    assert after["heartbeat"] <= clock.wall() + HEARTBEAT_INTERVAL
    assert max(after.values()) <= clock.wall() + LOOK_INTERVAL


def test_once_calls_at_its_end_if_all_went_well(terminal: Terminal, watchman: Watchman) -> None:
    terminal.set("HEARTBEAT_URL", watchman.url)
    terminal.set("WEB_PORT", "0")
    terminal.file("inbox/today.md", cli.PAGE)
    assert (terminal("run", "--once").status, watchman.calls) == (0, [PATH])
    terminal.file("inbox/today.md", "These are notes.\n")
    assert (terminal("run", "--once").status, watchman.calls) == (1, [PATH])


@pytest.fixture
def port() -> int:
    """A port that no program uses."""
    return free_port()


@pytest.fixture
def kept(terminal: Terminal, port: int) -> Terminal:
    """A terminal in a folder with a database. The web address has the port `port`."""
    terminal.set("WEB_PORT", str(port))
    with make.an_open_store(f"sqlite:///{terminal.database}", now=dt.datetime.now(dt.UTC)):
        return terminal


def test_status_says_what_the_page_of_the_process_says(kept: Terminal, remote: Remote, port: int) -> None:
    with cli.Process(kept.folder, "run", fake=remote, port=str(port)) as program:
        program.says("Watching ")
        with httpx.Client(timeout=PATIENCE, trust_env=False) as line:
            while line.get(f"http://127.0.0.1:{port}/health/ready").status_code != 200:
                pass  # the program is still starting
        ended = kept("status")
        assert (ended.status, ended.out.splitlines()[0]) == (0, "✓ paperwire runs, and all is well.")
        assert kept("status", "--json").json["problems"] == {}
        kept.file("paperwire.toml", '[[source]]\nname = "daily"\nurl = "http://127.0.0.1:9/"\n')
        polled = kept("sources", "poll")
        assert (polled.status, "failed" in polled.out) == (1, True), polled.err
        ended = kept("status")
        assert (ended.status, ended.out.splitlines()[0]) == (1, "✗ paperwire runs, but not all is well:")
        assert "✗ Source daily: failed, " in ended.out
        kept.set("DATABASE_URL", f"sqlite:///{kept.folder}/other.db")
        kept("subscribe", "graph", "--as", "console:me")
        ended = kept("status", "--json")
        assert (ended.status, ended.json["ready"]) == (1, False)
        assert "works on another database" in ended.json["problems"]["process"]
        kept.set("DATABASE_URL", f"sqlite:///{kept.database}")
        kept.file("paperwire.toml", "")
        remote.call("revokes")
        remote.call("user_writes", "/list", "4242")  # ends the request for updates that waits for half a minute
        program.says("No one can talk to the bot on Telegram: Telegram does not know this token")
        ended = kept("status", "--json")
        page = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=PATIENCE, trust_env=False).json()
        assert (ended.status, ended.json["ready"], ended.json["problems"].keys()) == (1, False, page["problems"].keys())
        assert "  telegram updates: " in kept("status").out
