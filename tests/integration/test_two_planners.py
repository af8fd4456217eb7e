"""Two planners on one database: if anything happens between their steps, still no paper is lost and none comes twice.

Each run is a day of a small world by a seed: papers come, people subscribe, pause, resume, skip and set quiet hours,
and two planners, each with its own store, plan a slice now and then. Either may be killed at any step. Between the
reads and the writes of one planner, the other may plan and people may write. At the end of a day one planner plans
alone; then all owed papers must be there. The oracle is a list of who asked for what since when.
"""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from subscriptions.model import ChatAddress, Lane
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import set_settings
from subscriptions.service.next_deliveries import listed
from subscriptions.service.pausing import get_waiting_papers, pause, resume, send_waiting, skip_waiting
from subscriptions.service.plan import plan_due
from subscriptions.service.requests import unsubscribe
from subscriptions.states import SubscriptionState
from subscriptions.store import planner as _plans
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import done
from subscriptions.store.rows import ChatRow, DeliveryItemRow, PaperRow
from tests.integration.row_locks import cannot_tell
from tests.make import NOON, address, ingested, paper, planned_slices, subscribes
from tests.postgres.server import Server

pytestmark = pytest.mark.both_databases

SEEDS = (1, 3, 6, 8)
DAYS = 250 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 15  # of each seed
FEWER_DAYS = 20
STEPS = 12  # of a day
WORDS = ("graph", "tree", "leaf")
SCHEDULES = ("now", "now", "now", "now", "daily 13:00", "daily 14:30", "when-out 08:00-20:00")
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """What ends a process; nothing catches it."""


@dataclass(slots=True)
class Wish:
    """What a subscription asks for, as the person who made it sees it."""

    chat: ChatAddress
    number: int
    word: str
    since: datetime
    dropped: set[str] = field(default_factory=set)  # titles that the person skipped


@dataclass(slots=True)
class Planner:
    """A process that plans."""

    store: Store
    slices: Iterator[Sequence[Lane]] | None = None
    steps: bool = False  # it is between its reading and its writing, so it cannot be asked for a step


class World:
    """A database, two planners, people, and what the people are owed."""

    def __init__(self, stores: Sequence[Store], rng: random.Random) -> None:
        self.people, *planning = stores
        self.planners = [Planner(store) for store in planning]
        self.rng = rng
        self.now = NOON
        self.came: dict[str, datetime] = {}  # title of a paper of this day -> when it came
        self.wishes: list[Wish] = []
        self.ended: list[Wish] = []
        self.restless: set[ChatAddress] = set()  # where a person paused something or set quiet hours
        self.killed = 0
        self.papers = 0

    # ---------------------------------------------------------------------------------------------------------- people

    def act(self) -> None:
        """Does one thing that changes what is to be planned."""
        self.now += timedelta(seconds=self.rng.choice((1, 1, 20, 61, 400, 1500)))
        does = (
            self.bring,
            self.bring,
            self.ask,
            self.ask,
            self.rest,
            self.wake,
            self.skip,
            self.send,
            self.quiet,
            self.end,
        )
        self.rng.choice(does)()

    def bring(self) -> None:
        """A digest comes in."""
        self.papers += 1
        title = f"On {' and '.join(self.rng.sample(WORDS, self.rng.choice((1, 1, 2))))}, part {self.papers}"
        ingested(self.people, paper(title), now=self.now)
        self.came[title] = self.now

    def ask(self) -> None:
        """A person subscribes, perhaps with a look back."""
        chat = address(f"telegram:{self.rng.randint(1, 3)}")
        word, every = self.rng.choice(WORDS), self.rng.choice(SCHEDULES)
        if any((wish.chat, wish.word) == (chat, word) for wish in self.wishes):
            return
        back = self.rng.choice((None, timedelta(hours=1), timedelta(hours=3)))
        since = {} if back is None else {"since": (self.now - back).isoformat()}
        done = subscribes(self.people, str(chat), word, when=every, now=self.now, **since)
        self.wishes.append(Wish(chat, done.subscription.number, word, done.subscription.since))

    def rest(self) -> None:
        """A person pauses a subscription or the chat."""
        if wish := self._one():
            self.restless.add(wish.chat)
            until = self.rng.choice((None, self.now + 30 * MINUTE))
            pause(self.people, wish.chat, self.rng.choice((None, wish.number)), until=until, now=self.now)

    def wake(self) -> None:
        """A person resumes a subscription, or the chat with all of them."""
        if wish := self._one():
            resume(self.people, wish.chat, self.rng.choice((None, wish.number)), now=self.now)

    def skip(self) -> None:
        """A person skips what waits; what is in a delivery already is theirs."""
        if wish := self._one():
            waiting = get_waiting_papers(self.people, wish.chat, now=self.now, number=wish.number)
            had = self.delivered()
            skip_waiting(self.people, wish.chat, upto=waiting.upto, by=self.now, now=self.now, number=wish.number)
            known = {one.subscription.number: one.subscription for one in listed(self.people, wish.chat)}
            if known[wish.number].state is SubscriptionState.ACTIVE:
                wish.dropped |= {title for title in self.came if (str(wish.chat), title) not in had}

    def send(self) -> None:
        """A person wants at once what waits."""
        if wish := self._one():
            send_waiting(self.people, wish.chat, now=self.now, number=self.rng.choice((None, wish.number)))

    def quiet(self) -> None:
        """A person sets quiet hours around this moment, or ends them."""
        if wish := self._one():
            self.restless.add(wish.chat)
            hours = f"{self.now - 30 * MINUTE:%H:%M}-{self.now + 30 * MINUTE:%H:%M}"
            set_settings(self.people, wish.chat, {"quiet": self.rng.choice((hours, "off"))}, now=self.now)

    def end(self) -> None:
        """A person unsubscribes."""
        if (wish := self._one()) and self.rng.random() < 0.3:
            unsubscribe(self.people, wish.chat, str(wish.number), now=self.now)
            self.wishes.remove(wish)
            self.ended.append(wish)

    def _one(self) -> Wish | None:
        return self.rng.choice(self.wishes) if self.wishes else None

    # -------------------------------------------------------------------------------------------------------- planners

    def step(self) -> None:
        """One of the planners begins a plan, plans a slice, or is killed between two."""
        planner = self.rng.choice([one for one in self.planners if not one.steps] or [None])
        if planner is None:
            return
        if planner.slices is None:
            planner.slices = planned_slices(planner.store, now=self.now)
        elif self.rng.random() < 0.05:
            planner.slices = None
            self.killed += 1
            return
        planner.steps = True
        try:
            if next(planner.slices, None) is None:
                planner.slices = None
        except Killed:
            planner.slices = None
            self.killed += 1
        finally:
            planner.steps = False

    def meanwhile(self) -> None:
        """What happens while a planner is between its reading and its writing."""
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            self.rng.choice((self.act, self.step))()

    def perhaps_killed(self) -> None:
        if self.rng.random() < 0.03:
            raise Killed

    def live(self) -> None:
        """Most of a day."""
        self.bring()
        for _ in range(STEPS):
            self.rng.choice((self.act, self.step, self.step))()

    def end_of_day(self) -> None:
        """All pauses and quiet hours end, both planners are gone, and a third one plans alone."""
        for planner in self.planners:
            planner.slices = None
        for chat in self.restless:
            resume(self.people, chat, None, now=self.now)
            set_settings(self.people, chat, {"quiet": "off"}, now=self.now)
        for _ in range(2):
            self.now = self.now.replace(hour=12, minute=0) + timedelta(days=1)
            plan_due(self.people, now=self.now)

    def next_day(self) -> None:
        """Forgets what came and went."""
        self.came, self.ended = {}, []
        self.restless.clear()
        for wish in self.wishes:
            wish.dropped.clear()

    # ------------------------------------------------------------------------------------------------------- the oracle

    def delivered(self) -> set[tuple[str, str]]:
        """(chat, title) of each paper of this day that is in a delivery."""
        with self.people.read() as transaction:
            rows = transaction.exec(
                select(ChatRow.address, PaperRow.title)
                .join(DeliveryItemRow, DeliveryItemRow.chat == ChatRow.id)  # type: ignore[arg-type]
                .join(PaperRow, PaperRow.id == DeliveryItemRow.paper)  # type: ignore[arg-type]
                .where(col(PaperRow.title).in_(self.came))
            ).all()
        return {(f"telegram:{where}", title) for where, title in rows}

    def wanted(self, *wishes: Wish) -> set[tuple[str, str]]:
        """(chat, title) of each paper that one of these wishes brings."""
        return {
            (str(wish.chat), title)
            for wish in wishes
            for title, at in self.came.items()
            if wish.word in title and at >= wish.since and title not in wish.dropped
        }


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    """Returns three stores on one database, as three processes have."""
    with three_on(f"sqlite:///{tmp_path / 'shared.db'}") as stores:
        yield stores


@contextmanager
def three_on(url: str) -> Iterator[list[Store]]:
    stores = [Store(url) for _ in range(3)]
    if stores[0].kind.file is not None:
        for store in stores:
            event.listen(store._engine, "connect", _unsynced)
    stores[0].open(now=NOON)
    yield stores
    for store in stores:
        store.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_two_planners_lose_nothing_and_double_nothing(
    seed: int, stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    _lives(DAYS, World(stores, random.Random(seed)), monkeypatch)


def test_nor_do_they_where_a_database_cannot_tell_of_writes(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in stores:
        cannot_tell(store)
    _lives(FEWER_DAYS, World(stores, random.Random(SEEDS[0])), monkeypatch)


def test_nor_do_they_on_postgresql(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.database() as url, three_on(url) as stores:
        _lives(FEWER_DAYS, World(stores, random.Random(SEEDS[1])), monkeypatch)


def _lives(days: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(days):
        with monkeypatch.context() as at_steps:
            at_steps.setattr(_plan, "SLICE", 1)
            at_steps.setattr(_plan, "_decide_all", _and_then(world.meanwhile, _plan._decide_all))
            for module, name in ((_plans, "add_deliveries"), (_plans, "advance")):
                at_steps.setattr(module, name, _and_then(world.perhaps_killed, getattr(module, name)))
            world.live()
        world.end_of_day()
        delivered = world.delivered()
        assert world.wanted(*world.wishes) - delivered == set(), f"lost on day {day}"
        assert delivered - world.wanted(*world.wishes, *world.ended) == set(), f"came on day {day}, and nobody asked"
        world.next_day()
    assert world.killed > days / 10


def test_an_earlier_planner_takes_nothing_from_a_new_one(stores: list[Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "SLICE", 1)
    people, *planning = stores
    for number in (1, 2, 3):
        subscribes(people, f"telegram:{number}", "graph", every="now")
    ingested(people, paper("A graph"), now=NOON + MINUTE)
    earlier = _plan.plan_slices(planning[0], now=NOON + 2 * MINUTE)
    later = planned_slices(planning[1], now=NOON + 2 * MINUTE)
    done(next(earlier))
    in_hand = next(earlier)  # the second chat, which the later one plans
    ingested(people, paper("A tree"), now=NOON + 2 * MINUTE)
    next(later)
    next(later)  # the third chat; then the second one asks for more
    subscribes(people, "telegram:2", "tree", every="now", since="1d", now=NOON + 2 * MINUTE)
    assert not done(in_hand)
    assert [len(list(slices)) for slices in (earlier, later)] == [0, 1]
    plan_due(people, now=NOON + 5 * MINUTE)
    assert papers_of(people, "2") == {"A graph", "A tree"}


def test_an_earlier_planner_brings_nothing_that_was_skipped(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "SLICE", 1)
    people, planning, _ = stores
    for number in (1, 2):
        subscribes(people, f"telegram:{number}", "graph", every="daily", at="13:00")
    ingested(people, paper("A graph"), now=NOON + MINUTE)
    slices = planned_slices(planning, now=NOON + timedelta(hours=1))
    next(slices)
    ingested(people, paper("Another graph"), now=NOON + timedelta(hours=1))
    skip_waiting(people, address("telegram:2"), upto=2, by=NOON, now=NOON + timedelta(hours=1))
    assert len(list(slices)) == 1
    plan_due(people, now=NOON + timedelta(days=1, hours=1))
    assert papers_of(people, "1") == {"A graph", "Another graph"}
    assert papers_of(people, "2") == set()


def papers_of(store: Store, where: str) -> set[str]:
    """The titles of the papers in deliveries of a chat."""
    with store.read() as transaction:
        rows = transaction.exec(
            select(PaperRow.title)
            .join(DeliveryItemRow, DeliveryItemRow.paper == PaperRow.id)  # type: ignore[arg-type]
            .join(ChatRow, ChatRow.id == DeliveryItemRow.chat)  # type: ignore[arg-type]
            .where(ChatRow.address == where)
        )
        return set(rows)


def _unsynced(connection: sqlite3.Connection, _record: object) -> None:
    """No power fails here, so no commit waits for the disk."""
    connection.execute("PRAGMA synchronous=OFF")


def _and_then(what: Callable[[], None], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        done = function(*args, **named)
        what()
        return done

    return call
