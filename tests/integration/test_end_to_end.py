"""From arXiv to the chats: real HTTP on both sides, a real database, the ticks of `paperwire run`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copy

import pytest

from bot.app import App
from bot.operation.process import Process
from bot.sources.source_scheduler import MAX_CATCH_UP_WAIT
from subscriptions.service.amendments import set_settings
from tests import make, source_harness
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.telegram import FakeTelegram
from tests.integration import telegram_bot

WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 1, day) for day in (21, 22, 23))
CHAT = "telegram:1"


@pytest.fixture
def clock() -> make.FakeClock:
    """Ten past midnight in New York, Thursday 22 January 2026."""
    return make.FakeClock(source_harness.new_york("2026-01-22 00:10"))


@dataclass(frozen=True)
class World:
    """The fake servers that a process uses."""

    folder: Path
    clock: make.FakeClock
    arxiv: FakeArxiv
    telegram: FakeTelegram


@pytest.fixture
def world(
    tmp_path: Path, empty_database: Path, clock: make.FakeClock, arxiv: FakeArxiv, telegram: FakeTelegram
) -> World:
    copy(empty_database, tmp_path / "paperwire.db")
    return World(tmp_path, clock, arxiv, telegram)


class Machine:
    """A running process: its app, its sources, its ticks."""

    def __init__(self, app: App, feeding: source_harness.SourceHarness) -> None:
        self.app = app
        self.feeding = feeding
        self.process = Process(app, feeding.scheduler)

    async def ticks(self, times: int = 2) -> None:
        """Runs ticks; after each one, waits until everything that it started has ended."""
        for _ in range(times):
            await self.process.tick()
            await self.feeding.ticks()
            await self.process.finish()
            self.app.clock.advance(timedelta(seconds=6))  # type: ignore[attr-defined]  # a FakeClock
        assert self.process.problems == {}


@asynccontextmanager
async def machine(world: World) -> AsyncIterator[Machine]:
    async with telegram_bot.running(world.folder, world.clock, telegram=world.telegram) as app:
        source = source_harness.arxiv_source("cs.LG")
        yield Machine(app, source_harness.SourceHarness(app.store, world.clock, world.arxiv, source))


def adds_subscription(running: Machine, chat: str, query: str, **request: str) -> None:
    """Subscribes a chat without quiet hours."""
    now = running.app.clock.now()
    make.subscribes(running.app.store, chat, query, now=now, **request)
    set_settings(running.app.store, make.address(chat), {"quiet": "off"}, now=now)


# ── outages ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_waits_long_for_a_source_that_says_nothing(world: World) -> None:
    world.arxiv.announces(WEDNESDAY, make.paper("Graphs of Wednesday", "cs.LG"))
    world.clock.set_now(source_harness.new_york("2026-01-21 00:10"))
    async with machine(world) as running:
        adds_subscription(running, CHAT, "graphs", every="daily", at="09:00")
        await running.ticks()
    world.clock.set_now(source_harness.new_york("2026-01-22 06:00"))
    world.arxiv.hangs()
    async with machine(world) as running:
        await running.process.tick()
        await asyncio.to_thread(world.arxiv.waits_hanging)
        await running.process.tick()
        await running.process.finish()
        assert (running.feeding.scheduler.is_catching_up, world.telegram.posted_to("1")) == (True, [])
        world.clock.advance(timedelta(seconds=MAX_CATCH_UP_WAIT))
        await running.process.tick()
        await running.process.finish()
        assert len(world.telegram.posted_to("1")) == 1
        await running.feeding.scheduler.close()


# ── clocks that are changed ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", [48 * make.HOUR, -168 * make.HOUR], ids=["two days ahead", "a week back"])
async def test_a_jumping_clock_loses_and_repeats_nothing(by: timedelta, world: World) -> None:
    world.arxiv.announces(THURSDAY, make.paper("Graphs of Thursday", "cs.LG"))
    async with machine(world) as running:
        adds_subscription(running, CHAT, "graphs", every="daily", at="06:00")
        adds_subscription(running, "telegram:2", "graphs", every="now")
        world.clock.advance(timedelta(minutes=1))
        await running.ticks()
        await _until(running, source_harness.new_york("2026-01-22 01:30"))
        assert [len(world.telegram.posted_to(chat)) for chat in "12"] == [1, 1]
        world.clock.step(by)
        world.arxiv.announces(FRIDAY, make.paper("Graphs of Friday", "cs.LG"))
        await running.ticks()
        await _until(running, max(world.clock.now(), source_harness.new_york("2026-01-23 00:00")) + 30 * make.HOUR)
    for chat in "12":
        texts = "\n".join(entry.text for entry in world.telegram.posted_to(chat))
        assert [texts.count(f"Graphs of {day}") for day in ("Thursday", "Friday")] == [1, 1]


async def _until(running: Machine, moment: datetime) -> None:
    """Advances to a moment, in about twenty steps."""
    clock = running.app.clock
    step = (moment - clock.now()) / 20
    while clock.now() < moment:
        clock.advance(step)  # type: ignore[attr-defined]  # a FakeClock
        await running.ticks(1)
