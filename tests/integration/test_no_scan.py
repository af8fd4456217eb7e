"""No statement that `run` executes reads a whole table that grows: idle, per request, per delivery, per ingest, cleaning up.

SQLite plans without statistics, which nothing here makes: as if each table had a million rows, whatever it has.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.channels.gallery.outbound import GalleryChannel
from bot.operation.process import Process
from bot.ports.channel import Limits
from bot.settings import Settings
from bot.settings._model import SourceSettings
from subscriptions.service.chats import clean_up, forget
from subscriptions.service.outbox import begin_worker, outbox_counts, recent_sends
from subscriptions.store import Store
from subscriptions.store.rows import TABLES
from tests.bot_harness import BotHarness
from tests.filling import fill
from tests.make import FakeClock, address, ingested, paper, summary
from tests.statements import GROWING, Recorded, recording

HARMLESS = {  # the end of a statement → why it may walk a whole table
    "ORDER BY paper.day DESC, paper.id DESC LIMIT ? OFFSET ?": "it walks an index in order, and ends after its LIMIT",
    "SELECT count(*) AS count_1 FROM paper": "one /search, not each: it walks the smallest index, 5 ms for 100,000 papers",
}
REQUESTS = ("/start", "/sub robot", "/sub tree daily 9:00", "/sub id:2601.00001", "/list", "/today", "/status", "/why", "/why 2601.00001",
            "/whynot 2601.00002", "/search graph", "/preview graph", "graph", "/pause", "/resume", "/undo", "/settings",
            "/edit 2 at 10:00", "/unsub 2", "/export", "/export bib 1y", "/privacy", "/help")  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """A bot whose store holds what some weeks leave, with a process that is not started."""

    app: App
    bot: BotHarness
    process: Process
    channel: GalleryChannel
    clock: FakeClock

    async def ticks(self, times: int) -> None:
        for _ in range(times):
            await self.process.tick()
            await self.process.finish()


@pytest.fixture
async def world(tmp_path: Path, store: Store, clock: FakeClock) -> AsyncIterator[World]:
    fill(store, 40)
    store.close()
    (tmp_path / "inbox").mkdir()
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        sources=(SourceSettings(name="daily", path=tmp_path / "inbox" / "*.md"),),
        access="open",
    )
    channel = GalleryChannel("telegram", Limits(text=4096, per_second=0, per_lane=0), clock)
    app = build_app(settings, clock=clock, channels={"telegram": channel})
    app.open()
    world = World(app, BotHarness(app.store, clock=clock), Process(app, app.source_scheduler()), channel, clock)
    try:
        await world.ticks(2)  # the daily clean-up, and what a first tick does
        yield world
    finally:
        await app.close()


def scans(recorded: Recorded) -> dict[str, str]:
    """The scans that are not harmless, by statement."""
    assert recorded.statements, "nothing was recorded"
    return {text: scan for text, scan in recorded.scans().items() if not text.endswith(tuple(HARMLESS))}


def test_the_recorder_names_a_scan(store: Store) -> None:
    with recording(store) as recorded, store.read() as session:
        session.connection().exec_driver_sql("SELECT id FROM paper AS p WHERE title = ?", ("x",))
        session.connection().exec_driver_sql("SELECT id FROM paper WHERE sequence > ?", (7,))
    assert recorded.scans() == {"SELECT id FROM paper AS p WHERE title = ?": "SCAN p"}


def test_sqlite_has_no_statistics_to_plan_by(store: Store) -> None:
    with store.read() as session:
        tables = session.connection().exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    assert "sqlite_stat1" not in tables
    assert set(TABLES.tables) - GROWING == {"source", "key_value", "installation", "worker"}, "these are small"


async def test_an_idle_tick_scans_nothing(world: World) -> None:
    with recording(world.app.store) as recorded:
        await world.ticks(2)
        world.clock.advance(timedelta(minutes=2))
        await world.ticks(1)
    assert scans(recorded) == {}


async def test_no_request_scans_anything(world: World) -> None:
    bot, found = world.bot, dict[str, dict[str, str]]()
    ingested(world.app.store, paper("A graph of trees", "cs.LG", arxiv_id="2601.00001"), now=world.clock.now())
    await bot.says("/sub graph now")
    await bot.says("/sub tree now")
    for text in REQUESTS:
        with recording(world.app.store) as recorded:
            await bot.says(text)
            for _ in range(2):
                if buttons := bot.last["telegram:42"][-1].buttons:
                    await bot.presses(buttons[0])
        found[text] = scans(recorded)
    assert {text: those for text, those in found.items() if those} == {}


async def test_forgetting_scans_nothing(world: World) -> None:
    await world.bot.says("/sub graph now")
    with recording(world.app.store) as recorded:
        forget(world.app.store, address("telegram:42"))
    assert scans(recorded) == {}


async def test_a_delivery_scans_nothing(world: World) -> None:
    await world.bot.says("/sub graph now")
    await world.bot.says("/set quiet off")
    with recording(world.app.store) as recorded:
        world.clock.advance(timedelta(minutes=1))
        ingested(world.app.store, *(paper(f"A graph {n}") for n in range(30)), now=world.clock.now())
        await world.ticks(3)
        outbox_counts(world.app.store)
        begin_worker(world.app.store, holds_sender_lock=True)
        recent_sends(world.app.store, "telegram", now=world.clock.now(), wall=world.clock.wall())
    assert {post.chat.address for post in world.channel.posts} == {"42"}
    assert scans(recorded) == {}


async def test_an_ingest_scans_nothing(world: World) -> None:
    await world.bot.says("/sub graph now")
    ingested(world.app.store, paper("A graph", arxiv_id=None), now=world.clock.now())
    await world.ticks(2)
    gone = "This paper has been withdrawn by the authors."
    with recording(world.app.store) as recorded:
        ingested(world.app.store, *(paper(f"A tree {n}") for n in range(3)), now=world.clock.now(), name="new")
        ingested(
            world.app.store,
            paper("A graph", arxiv_id="2601.00009", version=2, abstract=gone, summaries=summary("x")),
            now=world.clock.now(),
        )
        await world.ticks(2)
    assert scans(recorded) == {}


async def test_the_clean_up_scans_nothing(world: World) -> None:
    await world.bot.says("/sub graph now")
    with recording(world.app.store) as recorded:
        clean_up(world.app.store, now=world.clock.now() + timedelta(days=100), papers=timedelta(days=90))
        clean_up(world.app.store, now=world.clock.now() + timedelta(days=400), papers=timedelta(days=90))
    assert scans(recorded) == {}


def test_every_reference_has_an_index_so_that_what_is_referred_to_can_be_deleted(store: Store) -> None:
    with store.read() as session:
        raw = session.connection()

        def leading(table: str) -> Sequence[str]:
            names = [row[1] for row in raw.exec_driver_sql(f"PRAGMA index_list('{table}')")]
            return [raw.exec_driver_sql(f"PRAGMA index_info('{name}')").all()[0][2] for name in names]

        missing = [
            f"{table.name}.{column.name}"
            for table in TABLES.sorted_tables
            for column in table.columns
            if column.foreign_keys and column.name not in leading(table.name)
        ]
    assert missing == []


async def test_an_idle_tick_takes_as_long_beside_much_history_as_beside_little(world: World) -> None:
    async def steps() -> int:
        with recording(world.app.store) as recorded:
            await world.ticks(3)
        return recorded.steps

    little = await steps()
    fill(world.app.store, 400, papers=1000, now=world.clock.now(), gone=2)
    await world.ticks(1)
    assert await steps() < little * 1.3
