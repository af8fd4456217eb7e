"""The daily maintenance of the running process: what failed is tried again on the same day, and an operator sees it."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.process import Process
from bot.settings import Settings, SourceSettings
from tests.make import FakeClock


def opened(tmp_path: Path, clock: FakeClock) -> App:
    folder = SourceSettings(name="inbox", path=tmp_path / "*.md")
    url = SecretStr(f"sqlite:///{tmp_path}/paperwire.db")
    app = build_app(Settings(database_url=url, sources=(folder,)), clock=clock)
    app.open()
    return app


def copies(tmp_path: Path) -> list[str]:
    return sorted(copy.name[:14] for copy in (tmp_path / "backups").glob("*.db"))


async def test_a_copy_that_failed_is_made_later_on_the_same_day(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    app = opened(tmp_path, clock)
    in_the_way = tmp_path / "backups"
    in_the_way.write_text("a file where the folder should be")
    process = Process(app, app.source_scheduler())

    await process.tick()
    assert process.attention == {"daily work": "the clean-up or the copy failed; the log says why"}
    assert "The daily clean-up or copy failed" in caplog.text

    in_the_way.unlink()
    await process.tick()
    assert copies(tmp_path) == []  # a disk that is full is not asked each second
    clock.advance(timedelta(hours=1))
    await process.tick()
    assert copies(tmp_path) == [f"daily-{clock.now():%Y%m%d}"]
    assert process.attention == {}

    clock.advance(timedelta(hours=1))
    await process.tick()
    assert len(copies(tmp_path)) == 1
    clock.advance(timedelta(days=1))
    await process.tick()
    assert len(copies(tmp_path)) == 2
    await app.close()


async def test_a_clock_that_was_a_year_ahead_delays_no_copy(tmp_path: Path, clock: FakeClock) -> None:
    app = opened(tmp_path, clock)
    clock.advance(timedelta(days=365))
    await Process(app, app.source_scheduler()).tick()
    clock.advance(timedelta(days=-365))
    await Process(app, app.source_scheduler()).tick()
    assert len(copies(tmp_path)) == 2
    await app.close()


async def test_the_queries_beside_the_database_are_removed_each_day(tmp_path: Path, clock: FakeClock) -> None:
    app = opened(tmp_path, clock)
    process = Process(app, app.source_scheduler())
    await process.tick()
    kept = tmp_path / "paperwire.db-queries"
    kept.write_text("words of queries that somebody removed")
    clock.advance(timedelta(hours=1))
    await process.tick()
    assert kept.exists()
    clock.advance(timedelta(days=1))
    await process.tick()
    assert not kept.exists()
    await app.close()
