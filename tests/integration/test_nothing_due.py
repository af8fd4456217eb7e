"""What is due, or waits for its platform, is sent in time, though `run` rarely reads an unchanged store."""

import contextlib
from collections import abc
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.run import process
from subscriptions.database.store import Store
from subscriptions.database.tables import TABLES
from tests import make
from tests.clock import FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.integration import program
from tests.make import ingested, subscribes
from tests.source_harness import NoSources

SECOND = timedelta(seconds=1)


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram) -> abc.AsyncIterator[App]:
    async with program.running(tmp_path, clock, telegram=telegram) as made:
        yield made


@pytest.fixture
def ticking(app: App, clock: FakeClock) -> "Ticking":
    return Ticking(process.Process(app, NoSources()), clock)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Ticking:
    """A process whose ticks a test calls."""

    process: process.Process
    clock: FakeClock

    async def ticks(self, times: int) -> None:
        """Runs this number of ticks, one per second, and waits until the work that they begin is done."""
        for _ in range(times):
            await self.process.tick()
            await self.process.finish()
            self.clock.advance(SECOND)


@pytest.mark.parametrize("by_another_process", [True, False])
async def test_what_any_process_stores_is_sent_within_a_second(
    ticking: Ticking, app: App, clock: FakeClock, telegram: FakeTelegram, *, by_another_process: bool
) -> None:
    with contextlib.closing(Store(app.store.kind.url.render_as_string(hide_password=False))) as other:
        store = other if by_another_process else app.store
        subscribes(store, "telegram:1", "graph", when="now", now=clock.now())
        await ticking.ticks(3)
        ingested(store, "A graph", now=clock.now())
    await ticking.ticks(1)
    assert len(telegram.posted_to("1")) == 1


async def test_a_message_that_waits_for_its_platform_is_sent_in_time(
    ticking: Ticking, app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    make.due(app.store, "telegram:1", now=clock.now())
    telegram.answers("429", retry_after=12)
    await ticking.ticks(12)
    assert telegram.posted_to("1") == []
    await ticking.ticks(2)
    assert len(telegram.posted_to("1")) == 1


def test_every_foreign_key_has_an_index(store: Store) -> None:
    with store.reading() as session:
        raw = session.connection()

        def leading(table: str) -> abc.Sequence[str]:
            names = [row[1] for row in raw.exec_driver_sql(f"PRAGMA index_list('{table}')")]
            # SQLite finds a row by a single integer key without an index
            rows_by = [column.name for column in TABLES.tables[table].primary_key]
            own = rows_by if len(rows_by) == 1 else []
            return [*own, *(raw.exec_driver_sql(f"PRAGMA index_info('{name}')").all()[0][2] for name in names)]

        assert not [
            f"{table.name}.{column.name}"
            for table in TABLES.sorted_tables
            for column in table.columns
            if column.foreign_keys and column.name not in leading(table.name)
        ]
