"""Runs the source scheduler against the fake arXiv over real HTTP. The clock is fake, so waits end at once."""

import datetime as dt
from collections import abc
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from sqlmodel import col, select

from bot.settings import SourceSettings
from bot.settings.opening import CronSchedule
from bot.sources.fetch_request import Sites
from bot.sources.fetcher import Fetcher, FetchLimits
from bot.sources.poll import PollDependencies
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.database.store import Store
from subscriptions.database.tables import DeliveryRow, PaperRow
from subscriptions.model import ChatAddress, DeliveryKind
from subscriptions.schedule.calendar import ArxivCalendar, Schedules
from subscriptions.schedule.zones import zone
from subscriptions.sources.poll_results import Receipt
from subscriptions.sources.stored import KnownSource, known_sources
from tests import make
from tests.clock import FakeClock
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.server import LOOPBACK
from tests.patience import PATIENCE

LIMITS = FetchLimits(connect=60, idle=60, total=PATIENCE, most=2**20)


class SourceHarness:
    """A source scheduler with its sources. A test makes one harness for each process that it imitates."""

    def __init__(
        self,
        store: Store,
        clock: FakeClock,
        arxiv: FakeArxiv,
        *sources: SourceSettings,
        holidays: tuple[dt.date, ...] | None = None,
        admins: tuple[ChatAddress, ...] = (),
        limits: FetchLimits = LIMITS,
    ) -> None:
        self.store, self.clock, self.arxiv = store, clock, arxiv

        fetcher = Fetcher(
            clock,
            agent="paperwire/1.0 (+me@example.org)",
            allowed_hosts=frozenset({LOOPBACK, "localhost"}),
            limits=limits,
            proxy_of=lambda *_: None,
            is_arxivs=lambda host: host == LOOPBACK,
        )
        calendar = ArxivCalendar(holidays=None if holidays is None else frozenset(holidays))
        store.schedules = Schedules(calendar=calendar, cron=lambda line: CronSchedule(line, zone(store.zone)))
        context = PollDependencies(
            app=make.app(store, clock, admins=admins),
            sites=Sites(**arxiv.sites),
            fetcher=fetcher,
            jitter=lambda: 0.0,
        )
        self.scheduler = SourceScheduler(context, sources)

    async def poll(self, named: str = "") -> Receipt:
        """Polls a source now, or all, as `paperwire sources poll` does. Returns the last receipt."""
        (*_, receipt) = await self.scheduler.poll_now(named)
        note_receipts(self.store)
        return receipt

    async def due(self) -> None:
        """Polls the sources that are due, as `run --once` does."""
        await self.scheduler.drain()
        note_receipts(self.store)

    async def until(self, moment: dt.datetime, step: dt.timedelta | None = None) -> None:
        """Advances the clock to a moment and polls each source when it becomes due.

        With `step`, sources without a due time, such as folders, are polled after each step too.
        """
        while self.clock.now() < moment:
            due = [at for one in self.store.read_now(known_sources) if one.declared and (at := one.state.next_at)]
            following = min([moment, *due, *([self.clock.now() + step] if step else [])])
            self.clock.advance(max(following - self.clock.now(), dt.timedelta(0)))
            await self.due()

    def receipts(self, source: str) -> list[Receipt]:
        """Returns the receipts of a source, oldest first."""
        return receipts_of(self.store, source)

    def outcomes(self, source: str) -> list[str]:
        return [str(receipt.outcome) for receipt in self.receipts(source)]

    def known(self, source: str) -> KnownSource:
        return {one.name: one for one in self.store.read_now(known_sources)}[source]


async def polled(*made_of: Any, **options: Any) -> SourceHarness:
    """Returns a harness after it has polled the sources that were due."""
    feeding = SourceHarness(*made_of, **options)
    await feeding.due()
    return feeding


@dataclass(frozen=True, slots=True)
class Feeds:
    """The store, the clock and the arXiv of a test, which all harnesses of the test share."""

    store: Store
    clock: FakeClock
    arxiv: FakeArxiv

    def of(self, *sources: SourceSettings, **options: Any) -> SourceHarness:
        return SourceHarness(self.store, self.clock, self.arxiv, *sources, **options)

    async def polled(self, *sources: SourceSettings, **options: Any) -> SourceHarness:
        return await polled(self.store, self.clock, self.arxiv, *sources, **options)


def new_york(text: str) -> dt.datetime:
    """Returns the moment of a New York winter time such as `2026-01-22 00:05`."""
    return dt.datetime.fromisoformat(f"{text}-05:00").astimezone(dt.UTC)


def arxiv_source(*categories: str) -> SourceSettings:
    return SourceSettings(name="arxiv", arxiv=categories, schedule="arxiv")


def web_source(url: str, *, name: str = "web", schedule: str = "every 30m", **values: object) -> SourceSettings:
    return SourceSettings(name=name, url=url, schedule=schedule, **values)


@contextmanager
def fake_arxiv(clock: FakeClock) -> abc.Iterator[FakeArxiv]:
    """Runs a fake arXiv. At the end, fails the test if a request broke arXiv's limits for programs."""
    with FakeArxiv(clock) as arxiv:
        yield arxiv
    assert arxiv.violations == []


def titles(store: Store) -> list[str]:
    """Returns the titles of all papers in a store, sorted."""
    with store.reading() as session:
        return sorted(row.title for row in session.exec(select(PaperRow)))


def notices(store: Store) -> list[tuple[str, str]]:
    """Returns (cause, text) of each stored notice, in order."""
    with store.reading() as session:
        rows = session.exec(select(DeliveryRow).order_by(col(DeliveryRow.seq)))
        told = [row for row in rows if row.kind is DeliveryKind.NOTICE]
        return [(row.dedupe_key.split(":")[2], "\n".join(row.facts["lines"])) for row in told]


class NoSources:
    """A scheduler without sources."""

    kept = None
    problems: abc.Mapping[str, str] = MappingProxyType({})
    is_catching_up = False

    def __init__(self) -> None:
        self.sources: tuple[str, ...] = ()
        self.inbox = self

    async def poll(self) -> None:
        return None


_RECEIPTS: WeakKeyDictionary[Store, dict[tuple[str, dt.datetime], Receipt]] = WeakKeyDictionary()


def note_receipts(store: Store) -> None:
    """Keeps the last receipts of sources, since the store keeps no earlier ones."""
    for source in store.read_now(known_sources):
        if source.last:
            _RECEIPTS.setdefault(store, {})[source.name, source.last.at] = source.last


def receipts_of(store: Store, source: str) -> list[Receipt]:
    """Returns the receipts of a source that harnesses have seen, oldest first."""
    note_receipts(store)
    return [receipt for (name, _), receipt in _RECEIPTS.get(store, {}).items() if name == source]
