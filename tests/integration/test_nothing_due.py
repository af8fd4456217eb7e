"""If nothing is due, a tick reads a few rows even if many subscriptions wait, and `run` rarely reads an unchanged store.
If many subscriptions are due, all their queries are matched at once.
"""

import contextlib
import random
import shutil
from collections import abc
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from bot.app import App
from bot.operation import process
from subscriptions.errors import NotFound, Refused
from subscriptions.service.plan import plan_due
from subscriptions.service.subscribing import edit
from subscriptions.store import known_papers, planner
from subscriptions.store.database.store import Store
from subscriptions.store.tables import TABLES
from tests import make
from tests.clock import NOON, FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.integration import program
from tests.make import HOUR, MINUTE, address, ingested, paper, subscribes, unsubscribes
from tests.source_harness import NoSources

TOMORROW = ("daily 09:00", NOON + 21 * HOUR, NOON + 21 * HOUR)


def waiting_subscriptions(store: Store, cadence: tuple[str, datetime | None, datetime | None], how_many: int, cursor: int) -> None:  # fmt: skip
    """Adds `how_many` subscriptions of chat 1. Planning has compared them with the papers up to `cursor`."""
    text, next_due_at, latest_due_at = cadence
    with store.write() as session:
        connection = session.connection()
        first = connection.exec_driver_sql("SELECT max(id) FROM query").scalar_one() + 1
        connection.execute(
            sqlalchemy.insert(TABLES.tables["query"]),
            [{"id": first + n, "canonical": f"word{first + n}"} for n in range(how_many)],
        )
        connection.execute(
            sqlalchemy.insert(TABLES.tables["subscription"]),
            [
                {
                    "chat": 1, "query": first + n, "number": first + n + 10, "name": "", "text": "x", "cadence": text, "state": "active",
                    "since": NOON - 24 * HOUR, "cursor": cursor, "next_due_at": next_due_at,
                    "latest_due_at": latest_due_at,
                }
                for n in range(how_many)
            ],
        )  # fmt: skip


def steps_of(store: Store, waiting: bool) -> int:
    """Returns how many steps SQLite takes to find that nothing is due."""
    tens: list[None] = []
    with store.read() as transaction:
        driver: Any = transaction.connection().connection.driver_connection
        driver.set_progress_handler(lambda: tens.append(None), 10)
        assert planner.due_chats(transaction, NOON, known_papers.last_sequence(transaction), waiting=waiting) == {}
        driver.set_progress_handler(None, 0)
    return len(tens)


@pytest.mark.parametrize(
    ("cadence", "behind", "waiting"),
    [
        (TOMORROW, 5, False),
        (TOMORROW, 5, True),
        (("now", None, None), 0, False),
        (("now", NOON + HOUR, None), 5, False),  # quiet hours have put it off
        (("now", NOON + HOUR, None), 5, True),
    ],
)
def test_many_subscriptions_that_wait_take_no_longer_than_few(
    store: Store,
    cadence: tuple[str, datetime | None, datetime | None],
    behind: int,
    waiting: bool,
) -> None:
    subscribes(store, "telegram:1", "graph", when="now", now=NOON - HOUR)
    ingested(store, *(f"A tree {n}" for n in range(10)), now=NOON - HOUR)
    plan_due(store, now=NOON - HOUR)
    waiting_subscriptions(store, cadence, 20, 10 - behind)
    few = steps_of(store, waiting)
    waiting_subscriptions(store, cadence, 2000, 10 - behind)
    assert steps_of(store, waiting) <= few + 2


def test_of_many_windows_those_with_news_are_found(store: Store) -> None:
    """Neither the first nor the last is missed."""
    openings = {f"telegram:{hour}": f"when-out {hour:02}:00-23:00" for hour in (0, 3, 8, 12)}
    openings["telegram:90"] = "when-out 13:00-23:00"  # this window opens later
    for where, schedule in openings.items():
        subscribes(store, where, "graph", when=schedule, now=NOON - HOUR)
    ingested(store, "A graph", now=NOON)
    assert {f"{lane.platform}:{lane.address}" for lane in plan_due(store, now=NOON + timedelta(minutes=1))} == {
        where for where in openings if where != "telegram:90"
    }


WORDS = ("graph", "tree", "leaf", "root", "branch", "Äpfel", "图像")
SHAPES = ("{}", "{} {}", '"{} {}"', "{} -{}", "{} OR {}", "ti:{}", "au:{}", "{}* cat:cs.LG", "(abs:{} OR {}) -ti:{}")
CHATS, EACH = 4, 6


def asked(rng: random.Random) -> str:
    return rng.choice(SHAPES).format(*rng.choices(WORDS, k=3))


def brings(store: Store, rng: random.Random, number: int) -> None:
    """Ingests a digest of three papers."""
    ingested(
        store,
        *(
            paper(
                f"{' '.join(rng.choices(WORDS, k=3))} {number} {part}",
                rng.choice(("cs.LG", "math.CO")),
                abstract=" ".join(rng.choices(WORDS, k=8)),
                authors=(f"Jane {rng.choice(WORDS)}",),
            )
            for part in range(3)
        ),
        now=NOON + number * MINUTE,
    )


def changes(store: Store, rng: random.Random) -> None:
    """A person subscribes, edits or unsubscribes."""
    where = f"telegram:{rng.randint(1, CHATS)}"
    with contextlib.suppress(NotFound, Refused):  # the chat or subscription does not exist
        match rng.randint(1, 4):
            case 1 | 2:
                subscribes(store, where, asked(rng), when="daily")
            case 3:
                edit(store, address(where), rng.randint(1, EACH), asked(rng), now=NOON)
            case 4:
                unsubscribes(store, address(where), rng.randint(1, EACH))


def all_deliveries(store: Store) -> list[tuple[object, ...]]:
    """Returns the stored facts and papers of all planned deliveries, in order."""
    d, i = (TABLES.tables[name].c for name in ("delivery", "delivery_item"))
    wanted = (
        sqlalchemy.select(d.chat, d.dedupe_key, d.facts, i.paper, i.shown, i.because)
        .where(i.delivery == d.seq)
        .order_by(d.seq, i.position)
    )
    with store.read() as transaction:
        return [tuple(row) for row in transaction.connection().execute(wanted)]


def test_a_plan_stores_the_same_deliveries_either_way(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    for _ in range(40):
        changes(store, rng)
    brings(store, rng, 1)
    store.close()
    with contextlib.closing(Store(f"sqlite:///{tmp_path}/other.db")) as other:
        shutil.copy(store.path, other.path)
        for one, few in ((store, 10**9), (other, 0)):
            monkeypatch.setattr("subscriptions.service.plan.FEW", few)
            one.open(now=NOON)
            days = random.Random(1)
            for day in range(1, 5):
                plan_due(one, now=NOON + timedelta(days=day))
                changes(one, days)
                brings(one, days, day * 24 * 60 + 1)
        assert len(all_deliveries(store)) > 10
        assert all_deliveries(store) == all_deliveries(other)


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


async def test_what_is_due_at_a_minute_is_sent_in_its_first_second(
    ticking: Ticking, app: App, clock: FakeClock, telegram: FakeTelegram
) -> None:
    due = clock.now() + timedelta(minutes=5)
    make.due(app.store, "telegram:1", when=f"daily {due:%H:%M}", now=clock.now())
    while (clock.now() + SECOND).minute != due.minute:
        await ticking.ticks(1)
    assert telegram.posted_to("1") == []
    await ticking.ticks(2)
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
    with store.read() as session:
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
