"""PAPERWIRE_HEARTBEAT_URL is asked every few minutes while all is well, and never when it is not."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import build_app
from bot.operation.ticks import INTERVAL, Heartbeat, make_heartbeat
from bot.settings import load_settings
from tests.fakes.process import Remote, running
from tests.fakes.watchman import Watchman
from tests.integration.cli import DIGEST, Process
from tests.make import FakeClock
from tests.patience import PATIENCE

PATH = "/ping/sesame-4711"


@pytest.fixture
def watchman() -> Iterator[Watchman]:
    with Watchman() as found:
        yield found


@asynccontextmanager
async def heartbeat_of(tmp_path: Path, clock: FakeClock, url: str) -> AsyncIterator[Heartbeat]:
    environ = {"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", "PAPERWIRE_HEARTBEAT_URL": url}
    app = build_app(load_settings(environ, tmp_path), clock=clock)
    heartbeat = make_heartbeat(app)
    try:
        yield heartbeat
    finally:
        await heartbeat.close()
        await app.close()


async def beats(heartbeat: Heartbeat, *, well: bool = True) -> None:
    """Beats, and waits for the answer."""
    heartbeat.beat(well=well)
    if heartbeat._task is not None:
        await heartbeat._task


async def test_it_is_asked_every_five_minutes(tmp_path: Path, clock: FakeClock, watchman: Watchman) -> None:
    async with heartbeat_of(tmp_path, clock, watchman.url) as heartbeat:
        await beats(heartbeat)
        await beats(heartbeat)
        clock.advance(timedelta(seconds=INTERVAL - 1))
        await beats(heartbeat)
        assert watchman.calls == [PATH]
        clock.advance(timedelta(seconds=1))
        await beats(heartbeat)
    assert watchman.calls == [PATH, PATH]


async def test_the_heartbeat_stops_with_a_problem_and_resumes_after(
    tmp_path: Path, clock: FakeClock, watchman: Watchman
) -> None:
    async with heartbeat_of(tmp_path, clock, watchman.url) as heartbeat:
        for _ in range(3):
            await beats(heartbeat, well=False)
            clock.advance(timedelta(seconds=INTERVAL))
        assert watchman.calls == []
        await beats(heartbeat)
    assert watchman.calls == [PATH]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_success_will_do(
    status: int, tmp_path: Path, clock: FakeClock, watchman: Watchman, caplog: pytest.LogCaptureFixture
) -> None:
    watchman.status = status
    async with heartbeat_of(tmp_path, clock, watchman.url) as heartbeat:
        await beats(heartbeat)
    assert (watchman.calls, caplog.text) == ([PATH], "")


async def test_a_failed_heartbeat_is_one_line_without_the_address(
    tmp_path: Path, clock: FakeClock, watchman: Watchman, caplog: pytest.LogCaptureFixture
) -> None:
    async with heartbeat_of(tmp_path, clock, watchman.url) as heartbeat:
        for status in (404, 500, 200, 503):
            watchman.status = status
            await beats(heartbeat)
            clock.advance(timedelta(hours=2))
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: 127.0.0.1 answers 404 Not Found.",
        "The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: 127.0.0.1 is too busy to answer (503).",
    ]
    assert len(watchman.calls) == 4


async def test_nobody_at_the_address_disturbs_nothing(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    with Watchman() as gone:
        pass
    async with heartbeat_of(tmp_path, clock, gone.url) as heartbeat:
        for _ in range(3):
            await beats(heartbeat)
            clock.advance(timedelta(seconds=INTERVAL))
    (record,) = caplog.records
    assert "takes no connection" in record.getMessage()
    assert "sesame" not in record.getMessage()


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        yield fake


def test_only_a_healthy_process_sends_heartbeats(tmp_path: Path, telegram: Remote, watchman: Watchman) -> None:
    environ = {"PAPERWIRE_HEARTBEAT_URL": watchman.url}
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    program = Process(tmp_path, "run", fake=telegram, environ=environ)
    try:
        assert watchman.called.get(timeout=PATIENCE) == PATH
    finally:
        assert program.stops() == 0
    (tmp_path / "inbox").rmdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox"\n')
    telegram.call("revokes")
    watchman.calls.clear()
    program = Process(tmp_path, "run", fake=telegram, environ=environ)
    try:
        program.says("Nobody can talk to the bot on Telegram")
    finally:
        assert program.stops() == 0
    assert watchman.calls == []


def test_once_calls_at_its_end_if_all_went_well(tmp_path: Path, telegram: Remote, watchman: Watchman) -> None:
    environ = {"PAPERWIRE_HEARTBEAT_URL": watchman.url}
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    (tmp_path / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
    program = Process(tmp_path, "run", "--once", fake=telegram, environ=environ)
    _, err = program.process.communicate(timeout=PATIENCE)
    assert (program.process.returncode, watchman.calls) == (0, [PATH]), err
    (tmp_path / "inbox" / "today.md").write_text("These are notes.\n")
    program = Process(tmp_path, "run", "--once", fake=telegram, environ=environ)
    program.process.communicate(timeout=PATIENCE)
    assert (program.process.returncode, watchman.calls) == (1, [PATH])
