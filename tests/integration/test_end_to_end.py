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
from bot.settings import SourceSettings
from bot.sources.source_scheduler import MAX_CATCH_UP_WAIT
from subscriptions.service.amendments import set_settings
from tests import make, source_harness
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.integration import telegram_bot

WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 1, day) for day in (21, 22, 23))
CHAT, CHANNEL = "telegram:1", "slack:C1"


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
    slack: FakeSlack


@pytest.fixture
def world(  # noqa: PLR0917 - the places of the world are as many
    tmp_path: Path,
    empty_database: Path,
    clock: make.FakeClock,
    arxiv: FakeArxiv,
    telegram: FakeTelegram,
    slack: FakeSlack,
) -> World:
    copy(empty_database, tmp_path / "paperwire.db")
    return World(tmp_path, clock, arxiv, telegram, slack)


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
async def machine(world: World, *sources: SourceSettings) -> AsyncIterator[Machine]:
    async with telegram_bot.running(world.folder, world.clock, telegram=world.telegram, slack=world.slack) as app:
        read = sources or (source_harness.arxiv_source("cs.LG"),)
        yield Machine(app, source_harness.SourceHarness(app.store, world.clock, world.arxiv, *read))


def adds_subscription(running: Machine, chat: str, query: str, **request: str) -> None:
    """Subscribes a chat without quiet hours."""
    now = running.app.clock.now()
    make.subscribes(running.app.store, chat, query, now=now, **request)
    set_settings(running.app.store, make.address(chat), {"quiet": "off"}, now=now)


# ── withdrawals ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", ["feed", "API"])
async def test_a_withdrawn_paper_is_struck_through_in_every_chat(by: str, world: World) -> None:
    source = {
        "feed": source_harness.arxiv_source("cs.LG"),
        "API": source_harness.web_source(f"{world.arxiv.url}/api/query?search_query=cat:cs.LG&start=0&max_results=50"),
    }[by]
    hasty = make.paper("Hasty graphs", "cs.LG")
    async with machine(world, source) as running:
        for chat in (CHAT, CHANNEL):
            adds_subscription(running, chat, "graphs", every="now")
        world.clock.advance(timedelta(minutes=1))
        world.arxiv.announces(THURSDAY, hasty, make.paper("Trees", "cs.LG"))
        await running.ticks()
        (on_telegram,) = world.telegram.posted_to("1")
        (on_slack,) = world.slack.posted_to("C1")
        world.arxiv.withdraws(hasty, in_comment=by != "feed")
        world.arxiv.announces(FRIDAY, make.paper("More trees", "cs.LG"))
        world.clock.advance(timedelta(days=1))
        await running.ticks(3)
        (edit,) = world.telegram.edits_in("1")
        assert edit.id == on_telegram.id
        assert "<s>" in edit.payload["text"]
        assert "withdrawn by the authors" in edit.text
        (edit,) = world.slack.edits_in("C1")
        assert edit.id == on_slack.id
        assert "withdrawn by the authors" in str(edit.payload)
        assert (len(world.telegram.posted_to("1")), len(world.slack.posted_to("C1"))) == (1, 1)


# ── outages ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_waits_long_for_a_source_that_says_nothing(
    world: World,
) -> None:
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


# ── two processes, and clocks that are changed ────────────────────────────────────────────────────────────────────────


async def test_two_processes_send_and_ask_everything_once(
    world: World,
) -> None:
    web = source_harness.web_source(f"{world.arxiv.url}/list/stat.ML/new", schedule="arxiv")
    given = (world, source_harness.arxiv_source("cs.LG"), web)
    async with machine(*given) as first, machine(*given) as second:
        for number in range(1, 21):
            every = "now" if number % 2 else "when-out"
            adds_subscription(first, f"telegram:{number}", "graphs", every=every)
        world.clock.advance(timedelta(minutes=1))
        for day, name in ((THURSDAY, "Thursday"), (FRIDAY, "Friday")):
            world.arxiv.announces(day, *(make.paper(f"Graphs of {name} {n}", "cs.LG", "stat.ML") for n in range(3)))
            asked = len(world.arxiv.arrivals)
            for _ in range(4):
                await asyncio.gather(first.process.tick(), second.process.tick())
                await asyncio.gather(first.feeding.ticks(), second.feeding.ticks())
                await asyncio.gather(first.process.finish(), second.process.finish())
                world.clock.advance(timedelta(seconds=6))
            assert len(world.arxiv.arrivals) - asked == 2
            world.clock.advance(
                source_harness.new_york("2026-01-23 00:06") - world.clock.now() if day == THURSDAY else 12 * make.HOUR
            )
        for _ in range(2):
            await asyncio.gather(first.ticks(), second.ticks())
        assert first.process.problems == second.process.problems == {}
    for number in range(1, 21):
        texts = "\n".join(entry.text for entry in world.telegram.posted_to(str(number)))
        for name in ("Thursday", "Friday"):
            assert [texts.count(f"Graphs of {name} {n}") for n in range(3)] == [1, 1, 1], number


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
