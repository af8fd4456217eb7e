"""A database is lost, and an older copy replaces it. No chat gets a paper twice that was due before the loss, and papers
that came later are not lost.

The tests look at the journals of the platforms, which have all messages from before and after the loss.
"""

import asyncio
import datetime as dt
from collections import Counter, abc
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlmodel

from bot.sources.ingest import store_digest
from subscriptions.planning import receipts
from subscriptions.service import ingest, retention
from subscriptions.service.plan import plan_due
from subscriptions.store import rows
from subscriptions.store.database.store import Store
from subscriptions.store.digests import Ingested
from subscriptions.store.outbox import outbox_counts
from subscriptions.store.retention import last_loss
from tests import copies, make, source_harness
from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import page
from tests.programs.faults.year import simulated_bot

pytestmark = pytest.mark.both_databases
Restoring = abc.Callable[[Path, dt.datetime], Store]

START = dt.datetime(2026, 1, 20, tzinfo=dt.UTC)  # a Tuesday
LAST = 10 * 24  # hours after the start, when every weekly subscription has been due again after the last digest
CHATS: tuple[tuple[str, dict[str, str]], ...] = (
    ("telegram:1", {"every": "now"}),  # quiet from 22:00 to 8:00
    ("console:1", {"every": "now"}),  # never quiet
    ("telegram:2", {"every": "daily", "at": "09:00", "tz": "UTC"}),
    ("telegram:3", {"every": "daily", "at": "09:00", "tz": "Asia/Shanghai"}),
    ("telegram:4", {"every": "weekly", "on": "thu", "at": "10:00", "tz": "America/New_York"}),
    ("telegram:5", {}),  # has the default, when-out
)
DUE_HOURS = (1, 8, 9, 15, 20)  # hours in UTC
BOTH = "telegram:6"  # has two subscriptions to the same papers, which are due at different times
LATE = "telegram:7"  # subscribes after the copy, and again after the restore


@dataclass(frozen=True, slots=True)
class Brought:
    """A digest that comes some hours after the start, and the way in which it is read again after a restore."""

    number: int
    hour: int
    # what the program knows when it reads the digest again: "file" (the time of the file), "day" (only its day, such as
    # of a web address or standard input), or "nothing"
    reader: str

    @property
    def at(self) -> dt.datetime:
        return START + dt.timedelta(hours=self.hour, minutes=1)

    @property
    def work(self) -> str:
        return f"n{self.number:06}"


class Bot:
    """The real app in simulated time. Its database can be copied, lost and restored."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.bot = simulated_bot.SimulatedBot(url, START)

    def subscribes(self, chat: str, query: str = "graph", **schedule: str) -> None:
        make.subscribes(self.bot.store, chat, query, now=self.bot.clock.now(), **schedule)

    async def reads(self, brought: Brought, *, first: bool, looked_at: dt.datetime | None = None) -> Ingested:
        """Ingests a digest when it comes (`first`), or ingests it again after a restore."""
        content = make.digest(
            make.paper(f"Graph {brought.work}", arxiv_id=None),
            day=None if brought.reader == "nothing" else brought.at.date(),
        )
        arrival = receipts.Arrival(
            written_at=brought.at if brought.reader == "file" or first else None, looked_at=looked_at
        )
        assert brought.at <= self.bot.clock.now()
        return await store_digest(self.bot.app.context, content, source=brought.reader, arrival=arrival)

    async def comes_to(self, moment: dt.datetime) -> None:
        """Advances the clock to a moment, with ticks at each hour at which something may be due."""
        while self.bot.clock.now() < moment:
            now = self.bot.clock.now()
            hours = (now.replace(hour=hour, minute=0, second=0, microsecond=0) for hour in DUE_HOURS)
            midnight = (now + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            self.bot.comes_to(min(moment, next((at for at in hours if at > now), midnight)))
            await self.bot.ticks()

    async def loses(self, copy: Path, lost_at: dt.datetime, now: dt.datetime) -> None:
        """The database is lost at `lost_at`, and the copy replaces it at `now`. The app starts again."""
        await self.bot.app.close()
        self.bot.comes_to(now)
        copies.put_back(self.bot.store, copy, lost_at=lost_at, now=now)
        await self.bot.begins_anew()


@dataclass(frozen=True, slots=True)
class Case:
    """A loss. Its times are in hours after the start. `order` are the places of the digests in the order of reading again."""

    copied: int
    lost: int
    restored: int
    brought: abc.Sequence[Brought]
    order: abc.Sequence[int]

    @property
    def lost_at(self) -> dt.datetime:
        return START + dt.timedelta(hours=self.lost)

    @property
    def restored_at(self) -> dt.datetime:
        return START + dt.timedelta(hours=self.restored)


# each case has a digest before the copy or the loss, between loss and restore, and after the restore
CHOSEN = (
    Case(20, 31, 33, [Brought(1, 23, "file"), Brought(2, 30, "day"), Brought(3, 32, "file"), Brought(4, 40, "day")], (2, 1, 0, 3)),
    Case(9, 52, 60, [Brought(1, 10, "nothing"), Brought(2, 44, "file"), Brought(3, 55, "day"), Brought(4, 66, "file")], (0, 1, 2, 3)),
    Case(40, 40, 55, [Brought(1, 12, "nothing"), Brought(2, 38, "day"), Brought(3, 54, "file"), Brought(4, 70, "nothing")], (3, 2, 1, 0)),
)  # fmt: skip


@pytest.mark.parametrize("case", CHOSEN)
def test_after_a_loss_nothing_is_lost_or_doubled(database_url: str, tmp_path: Path, case: Case) -> None:
    bot = Bot(database_url, tmp_path)
    try:
        asyncio.run(_goes_through(bot, case))
        _judged(bot, case)
    finally:
        asyncio.run(bot.bot.app.close())


async def _goes_through(bot: Bot, case: Case) -> None:
    for chat, schedule in CHATS:
        bot.subscribes(chat, **schedule)
    bot.subscribes(BOTH, every="daily", at="09:00", tz="UTC")
    bot.subscribes(BOTH, "graph OR tree", every="weekly", on="thu", at="10:00", tz="UTC")
    for hour in range(1, case.lost + 1):
        await bot.comes_to(START + dt.timedelta(hours=hour))
        if hour == case.copied:
            copy = copies.copied(bot.bot.store, bot.folder)
            bot.subscribes(LATE, every="now")
        for one in case.brought:
            if one.hour == hour < case.lost:
                await bot.comes_to(one.at)
                await bot.reads(one, first=True)
                await bot.bot.ticks()
    await bot.loses(copy, case.lost_at, case.restored_at)
    await _goes_on(bot, case)


async def _goes_on(bot: Bot, case: Case) -> None:
    """After the restore, reads the earlier digests again, subscribes LATE again, and reads the later digests as they come."""
    there = {one for one in case.brought if one.at <= case.restored_at}
    for one in (case.brought[place] for place in case.order):
        if one in there:
            await bot.reads(one, first=False)
            if one.number % 2:  # a digest with an even number is read at the same time as the next one
                await bot.comes_to(bot.bot.clock.now() + dt.timedelta(minutes=7))
    bot.subscribes(LATE, every="now")
    for one in case.brought:
        if one not in there:
            await bot.comes_to(one.at)
            await bot.reads(one, first=False, looked_at=case.restored_at)
    await bot.comes_to(START + dt.timedelta(hours=LAST))


def _judged(bot: Bot, case: Case) -> None:
    times = Counter((one.chat, work) for one in bot.bot.deliveries() for work in one.shown.elements())
    assert [pair for pair, count in times.items() if count > 1] == []
    for one in case.brought:
        came_later = one.at > case.restored_at or (one.at > case.lost_at and one.reader == "file")
        for chat in (*dict(CHATS), BOTH):
            # only of a file the program knows when it came; and of a when-out window (telegram:5), the program cannot know
            # whether its delivery went out before the loss
            if came_later or (one.reader == "file" and chat != "telegram:5"):
                assert (chat, one.work) in times, (chat, one)
        if one.at > case.restored_at + dt.timedelta(hours=1):
            assert (LATE, one.work) in times


@pytest.fixture
def restored(store: Store, tmp_path: Path) -> abc.Iterator[Restoring]:
    """Yields a function that replaces the store by a copy, and returns the restored store. The loss was at `lost_at`."""
    opened = []

    def restore(copy: Path, lost_at: dt.datetime) -> Store:
        now = lost_at + dt.timedelta(minutes=1)
        copies.put_back(store, copy, lost_at=lost_at, now=now)
        opened.append(Store(store.url.render_as_string(hide_password=False), zone=store.zone))
        opened[0].open(now=now)
        return opened[0]

    yield restore
    for one in opened:
        one.close()


def planned(store: Store, now: dt.datetime) -> list[str]:
    """Plans the due deliveries. Returns the titles of all papers that are in a delivery, sorted."""
    plan_due(store, now=now)
    wanted = sqlmodel.select(rows.PaperRow.title).join(
        rows.DeliveryItemRow, sqlmodel.col(rows.DeliveryItemRow.paper) == rows.PaperRow.id
    )
    with store.read() as session:
        return sorted(session.exec(wanted.where(sqlmodel.col(rows.DeliveryItemRow.delivery).is_not(None))))


async def test_a_page_counts_as_sent_at_the_first_look_after_a_restore(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, tmp_path: Path, restored: Restoring
) -> None:
    make.subscribes(store, "console:me", "cat:cs.LG", now=clock.now(), every="now")
    copy = copies.copied(store, tmp_path)
    arxiv.holds("/list.md", page(("2601.00001", "Told before", "Clouds.")))
    store = restored(copy, clock.now() + dt.timedelta(hours=1))
    clock.advance(dt.timedelta(hours=2))
    feeding = source_harness.SourceHarness(store, clock, arxiv, source_harness.web_source(f"{arxiv.url}/list.md"))
    assert (await feeding.poll()).detail == "1 papers came before the database was lost, and count as sent."
    assert planned(store, clock.now()) == []
    clock.advance(dt.timedelta(hours=1))
    arxiv.holds("/list.md", page(("2601.00001", "Told before", "Clouds."), ("2601.00002", "New", "Nodes.")))
    await feeding.poll()
    assert planned(store, clock.now()) == ["New"]


@pytest.mark.parametrize(("lost", "expected"), [("00:02", ["Graphs"]), ("00:10", [])])
async def test_a_batch_of_arxiv_came_when_its_schedule_expected_it(  # noqa: PLR0917 - fixtures
    store: Store,
    clock: make.FakeClock,
    arxiv: FakeArxiv,
    tmp_path: Path,
    restored: Restoring,
    lost: str,
    expected: list[str],
) -> None:
    clock.set_now(source_harness.new_york("2026-01-21 23:00"))
    make.subscribes(store, "console:me", "cat:cs.LG", now=clock.now(), every="now")
    copy = copies.copied(store, tmp_path)
    arxiv.announces(dt.date(2026, 1, 22), make.paper("Graphs", "cs.LG"))
    store = restored(copy, source_harness.new_york(f"2026-01-22 {lost}"))
    clock.set_now(source_harness.new_york("2026-01-22 01:00"))
    await source_harness.polled(store, clock, arxiv, source_harness.arxiv_source("cs.LG"))
    assert planned(store, clock.now()) == expected


def test_counting_that_is_killed_is_finished_by_the_next_call(store: Store) -> None:
    """A process is killed while it counts the lost papers as sent. The next call finishes this. It keeps the times of the
    loss that the first call has stored, because later plans change what the copy shows.
    """
    lost_at = make.NOON + dt.timedelta(hours=2)
    make.subscribes(store, "console:me", "graph", now=make.NOON, every="now")
    make.ingested(store, make.paper("Graphs"), now=make.NOON + dt.timedelta(hours=1))
    with patch.object(ingest, "count_known", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        retention.count_lost_as_sent(store, lost_at, now=lost_at + dt.timedelta(hours=1))
    assert retention.count_lost_as_sent(store, lost_at, now=lost_at + dt.timedelta(hours=2)) == 1
    with store.read() as transaction:
        assert last_loss(transaction) == receipts.Loss(
            lost_at=lost_at, copied_at=make.NOON + dt.timedelta(hours=1), restored_at=lost_at + dt.timedelta(hours=1)
        )
    assert outbox_counts(store).waiting == 0
