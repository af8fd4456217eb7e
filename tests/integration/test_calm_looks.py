"""How often `run` reads a store that does not change, and that it still misses nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.operation import process
from subscriptions.store.bot_state import stopped_platforms
from subscriptions.store.database.store import Store
from tests import make
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import running
from tests.source_harness import NoSources

SECOND = timedelta(seconds=1)


@pytest.fixture
async def app(tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram) -> AsyncIterator[App]:
    async with running(tmp_path, clock, telegram=telegram) as made:
        yield made


@pytest.fixture
async def calm(app: App, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch) -> "Calm":
    """A process whose store has not changed for a while, at 20 seconds past a full minute."""
    found = Calm(app, clock, monkeypatch)
    await found.ticks(round(process.CALM) + 50)
    clock.advance(timedelta(seconds=20 - clock.now().second % 60))
    await found.ticks(1)
    found.looks = 0
    return found


class Calm:
    """A process, and the number of its looks into the store."""

    def __init__(self, app: App, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.process, self.clock, self.looks = process.Process(app, NoSources()), clock, 0  # type: ignore[arg-type]

        def counted(store: Store) -> dict[str, str]:
            self.looks += 1
            return stopped_platforms(store)

        monkeypatch.setattr("subscriptions.store.bot_state.stopped_platforms", counted)

    async def ticks(self, times: int) -> None:
        """Ticks once a second, and waits for the work that was begun."""
        for _ in range(times):
            await self.process.tick()
            await self.process.finish()
            self.clock.advance(SECOND)

    async def looks_once(self) -> None:
        """Ticks until the process has looked into the store."""
        before = self.looks
        while self.looks == before:
            await self.ticks(1)


async def test_an_unchanged_store_is_looked_at_every_few_seconds(calm: Calm) -> None:
    await calm.ticks(300)
    assert calm.looks <= 300 / process.LOOK_INTERVAL + 2 * 5  # it also looks at each full minute
    assert calm.looks >= 300 / process.LOOK_INTERVAL - 5


@pytest.mark.parametrize("by_another_process", [True, False])
async def test_what_any_process_stores_is_sent_within_a_second(
    calm: Calm, app: App, clock: make.FakeClock, telegram: FakeTelegram, *, by_another_process: bool
) -> None:
    other = Store(app.store.kind.url.render_as_string(hide_password=False))
    store = other if by_another_process else app.store
    make.subscribes(store, "telegram:1", "graph", every="now", now=clock.now())
    await calm.ticks(3)  # the first tick looks into the store
    await calm.looks_once()
    make.ingested(store, make.paper("A graph"), now=clock.now())
    other.close()
    await calm.ticks(1)
    assert len(telegram.posted_to("1")) == 1


async def test_what_is_due_at_a_minute_is_sent_in_its_first_second(
    calm: Calm, app: App, clock: make.FakeClock, telegram: FakeTelegram
) -> None:
    due = clock.now() + timedelta(minutes=5)
    make.subscribes(app.store, "telegram:1", "graph", every=f"daily {due:%H:%M}", now=clock.now())
    make.ingested(app.store, make.paper("A graph"), now=clock.now())
    while (clock.now() + SECOND).minute != due.minute:
        await calm.ticks(1)
    assert telegram.posted_to("1") == []
    await calm.ticks(2)
    assert len(telegram.posted_to("1")) == 1


async def test_a_message_that_waits_for_its_platform_is_sent_in_time(
    calm: Calm, app: App, clock: make.FakeClock, telegram: FakeTelegram
) -> None:
    make.subscribes(app.store, "telegram:1", "graph", every="now", now=clock.now())
    make.ingested(app.store, make.paper("A graph"), now=clock.now())
    telegram.answers("429", retry_after=12)
    await calm.ticks(12)
    assert telegram.posted_to("1") == []
    await calm.ticks(2)
    assert len(telegram.posted_to("1")) == 1
