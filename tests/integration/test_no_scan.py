"""No statement that `run` executes reads a whole table that grows: idle, per request, per delivery, per ingest,
cleaning up.

The tests keep no statistics, so SQLite plans as if each table had a million rows. In all tests, `Watch` explains each
statement that is executed. The tests here check that `Watch` works, and test costs that no plan shows.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.demo.story import GalleryChannel
from bot.operation.process import LOOK_INTERVAL, Process
from bot.ports.channel import Limits
from bot.settings import Settings, SourceSettings
from subscriptions.service.chat_status import figures
from subscriptions.service.retention import clean_up_steps
from subscriptions.service.sending import recent_sends
from subscriptions.store import deliveries, outbox
from subscriptions.store.conversations import unfinished_replies
from subscriptions.store.database.store import Store, write_refusal
from subscriptions.store.rows import TABLES
from subscriptions.store.workers import begin_worker
from tests import make
from tests.bot_harness import BotHarness
from tests.filling import fill
from tests.million import fill_a_million
from tests.statements import Watch, recording


@dataclass(frozen=True, slots=True)
class World:
    """A bot whose store holds the data of some weeks, with a process that is not started."""

    app: App
    bot: BotHarness
    process: Process
    channel: GalleryChannel
    clock: make.FakeClock

    async def ticks(self, times: int) -> None:
        """Ticks at the long interval at which `run` looks at an unchanged store."""
        for _ in range(times):
            await self.process.tick()
            await self.process.finish()
            self.clock.advance(timedelta(seconds=LOOK_INTERVAL))


@pytest.fixture
async def world(tmp_path: Path, store: Store, clock: make.FakeClock) -> AsyncIterator[World]:
    fill(store, 40)
    store.close()
    async with a_world(tmp_path, clock) as made:
        yield made


@asynccontextmanager
async def a_world(tmp_path: Path, clock: make.FakeClock) -> AsyncIterator[World]:
    """Yields a world that uses the existing database."""
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
        await world.ticks(2)  # does the daily clean-up, and the other work of a first tick
        yield world
    finally:
        await app.close()


@pytest.mark.parametrize("index", ["ix_subscription_due", "ix_update_unfinished", "ix_chat_paused_until"])
async def test_without_an_index_the_statement_that_needs_it_is_named(world: World, index: str) -> None:
    await world.bot.says("/sub graph now")
    with recording(world.app.store) as recorded:
        await world.ticks(1)
        unfinished_replies(world.app.store, now=world.clock.now())
    assert recorded.scans() == {}
    with world.app.store.write() as session:
        session.connection().exec_driver_sql(f"DROP INDEX {index}")
    assert len(recorded.scans()) >= 1, f"nothing needs {index}"


def test_every_test_explains_what_the_product_executes(statements: Watch, store: Store) -> None:
    assert statements.taken() == {}
    with store.read() as session:
        session.connection().exec_driver_sql("SELECT id FROM paper WHERE title = 'of a test, so nobody minds'")
    assert statements.taken() == {}
    with store.write() as session:
        session.connection().exec_driver_sql("DROP INDEX ix_delivery_item_paper")
        deliveries.request_edits_of_withdrawn(
            session, range(9_000, 9_400), now=make.NOON
        )  # a length of list that no other test uses
    (scan,) = statements.taken().values()
    assert scan.startswith("SCAN delivery_item")
    assert "deliveries.py" in scan


def test_every_foreign_key_has_an_index(store: Store) -> None:
    with store.read() as session:
        raw = session.connection()

        def leading(table: str) -> Sequence[str]:
            names = [row[1] for row in raw.exec_driver_sql(f"PRAGMA index_list('{table}')")]
            rows_by = [column.name for column in TABLES.tables[table].primary_key]  # one integer is the row's address
            own = rows_by if len(rows_by) == 1 else []
            return [*own, *(raw.exec_driver_sql(f"PRAGMA index_info('{name}')").all()[0][2] for name in names)]

        missing = [
            f"{table.name}.{column.name}"
            for table in TABLES.sorted_tables
            for column in table.columns
            if column.foreign_keys and column.name not in leading(table.name)
        ]
    assert missing == []


MOST = 40_000  # steps of SQLite's machine for one execution of a statement; a plan moves 500 subscriptions on in 30,000
# a search covers the newest 50,000 papers, which are read once for each digest
_SEARCHED = "ORDER BY paper.day DESC, paper.id DESC LIMIT"
MOST_OF_FIGURES = 500_000  # for statements that read all unfinished rows: 3,000 deliveries wait for chats that are gone


@pytest.mark.timeout(1200)  # takes 10 s on an idle machine
async def test_beside_a_million_rows_each_statement_reads_little(
    tmp_path: Path, store: Store, clock: make.FakeClock
) -> None:
    """A plan does not show this: a statement that uses an index may still walk all of it."""
    store.close()
    assert fill_a_million(tmp_path / "paperwire.db", now=clock.now()) > 1_000_000
    heavy: dict[str, int] = {}
    async with a_world(tmp_path, clock) as world:
        for part, most in PARTS.items():
            with recording(world.app.store) as recorded:
                await part(world)
            assert recorded.scans() == {}
            heavy |= {f"{part.__name__}: {text}": took for text, took in recorded.most.items() if took > most}
    assert {text: took for text, took in heavy.items() if _SEARCHED not in text} == {}


async def _idle(world: World) -> None:
    await world.ticks(2)
    world.clock.advance(timedelta(minutes=2))
    await world.ticks(1)


async def _requests(world: World) -> None:
    for text in (
        "/sub graph now",
        "/set quiet off",
        "/list",
        "/status",
        "/why",
        "/preview",
        "/undo",
        "/sub tree now",
        "/privacy",
        "/help",
    ):
        await world.bot.says(text)


async def _ingest_and_delivery(world: World) -> None:
    make.ingested(world.app.store, *(make.paper(f"A tree {n}") for n in range(30)), now=world.clock.now())
    await world.ticks(3)
    assert world.channel.posts


async def _clean_up(world: World) -> None:
    for _ in islice(clean_up_steps(world.app.store, now=world.clock.now(), papers=timedelta(days=90)), 8):
        pass


async def _start(world: World) -> None:
    begin_worker(world.app.store, holds_sender_lock=True)
    unfinished_replies(world.app.store, now=world.clock.now())
    recent_sends(world.app.store, "telegram", now=world.clock.now(), wall=world.clock.wall())


async def _figures(world: World) -> None:
    figures(world.app.store, now=world.clock.now(), wall=world.clock.wall())
    midnight = world.clock.now().replace(hour=0)
    outbox.came_since(world.app.store, midnight)
    outbox.sent_since(world.app.store, midnight)
    outbox.outbox_counts(world.app.store)
    assert write_refusal(world.app.store) is None


PARTS: Mapping[Callable[[World], Awaitable[None]], int] = {
    _start: MOST, _idle: MOST, _requests: MOST, _ingest_and_delivery: MOST, _clean_up: MOST, _figures: MOST_OF_FIGURES
}  # fmt: skip
